/* SPDX-License-Identifier: MIT */
#include "fuzz/fuzz.h"

#include <math.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define ONE_OF(...)  (((const int64_t[]){ __VA_ARGS__ })[fuzz_below(VN_COUNT_OF_(__VA_ARGS__))])

/* splitmix64, independent of the library's own random numbers */
static uint64_t counter;

void fuzz_seed(uint64_t seed) { counter = seed; }

static uint64_t next_bits(void)
{
    uint64_t z = counter += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int fuzz_below(int n) { return (int)(next_bits() % (uint64_t)n); }

bool fuzz_chance(int percent) { return fuzz_below(100) < percent; }

/* ------------------------------------------------------------------------- numbers */

int64_t fuzz_size(void)
{
    if (fuzz_chance(70))
        return 4;
    return fuzz_chance(60) ? ONE_OF(1, 2, 3, 5, 8)
                           : ONE_OF(0, -1, -3, INT32_MAX, (int64_t)1 << 31, (int64_t)1 << 40,
                                    INT64_MAX, INT64_MAX / 2, INT64_MIN, INT64_MIN + 1);
}

int64_t fuzz_some(void) { return fuzz_chance(60) ? 0 : fuzz_size(); }

int64_t fuzz_few(void)
{
    return fuzz_chance(85) ? fuzz_below(9) - 2 : ONE_OF(INT64_MAX, INT64_MIN, INT32_MIN);
}

int fuzz_axis(void)
{
    return fuzz_chance(80) ? fuzz_below(5) - 2
                           : (int)ONE_OF(7, 8, 9, -8, -9, 100, INT32_MAX, INT32_MIN);
}

double fuzz_number(void)
{
    static const double values[] = { 1e-5,   0.5,   1,   2,        -1,
                                     1e-300, 1e300, NAN, INFINITY, -INFINITY };
    return fuzz_chance(50) ? 0 : values[fuzz_below(COUNT(values))];
}

int fuzz_enum(int n)
{
    return fuzz_chance(90) ? fuzz_below(n) : (int)ONE_OF(-1, 9, 99, INT32_MAX, INT32_MIN);
}

vn_dtype fuzz_dtype(void)
{
    if (fuzz_chance(50))
        return VN_DTYPE_DEFAULT;
    return fuzz_chance(90) ? (vn_dtype)fuzz_below(VN_DTYPE_COUNT)
                           : (vn_dtype)ONE_OF(VN_DTYPE_COUNT, 77, INT32_MAX);
}

/* -------------------------------------------------------------------------- shapes */

static vn_shape shape_of_rank(int rank, int64_t (*dim)(void))
{
    vn_shape shape = { .rank = rank };
    for (int i = 0; i < rank && i < VN_MAX_RANK; i++)
        shape.dim[i] = dim();
    return shape;
}

static int wrong_rank(void) { return (int)ONE_OF(5, 8, 9, -1, INT32_MAX, INT32_MIN); }

vn_shape fuzz_shape(void)
{
    return shape_of_rank(fuzz_chance(92) ? fuzz_below(5) : wrong_rank(), fuzz_size);
}

static int64_t window_size(void)
{
    return fuzz_chance(93) ? 1 + fuzz_below(3)
                           : ONE_OF(0, -1, INT32_MAX, INT64_MAX, INT64_MIN, INT32_MAX / 2);
}

vn_shape fuzz_sizes(void)
{
    const int rank = fuzz_chance(95) ? (int)ONE_OF(0, 0, 0, 1, 1, 1, 2, 3) : wrong_rank();
    return shape_of_rank(rank, window_size);
}

vn_axes fuzz_axes(void)
{
    vn_axes axes = { .count = fuzz_chance(95) ? fuzz_below(4) : (int32_t)ONE_OF(-1, 9, 1000) };
    for (int i = 0; i < VN_MAX_RANK; i++)
        axes.axis[i] = fuzz_axis();
    return axes;
}

const char *fuzz_text(void)
{
    static const char *const texts[] = {
        "weight",       "bias",     "batch",    "layers[0].weight",
        "[0]",          "",         "]",        "a..b",
        "ij,jk->ik",    "i,i->",    "ij,jk",    "ij,j->i",
        "->",           "i,j->k",   "iii,i->i", "a,b,c->a",
        "hij,hjk->hik", "i j,j->i", "1,2->3",   "layers[9]",
        "x\xff\xfe",
    };
    return fuzz_chance(4) ? NULL : texts[fuzz_chance(40) ? 0 : fuzz_below(COUNT(texts))];
}

/* --------------------------------------------------------------------------- trees */

vn_tree *fuzz_array(void)
{
    static const vn_dtype dtypes[] = {
#define DTYPE(name, ...) VN_##name,
        VN_DTYPE_LIST(DTYPE)
#undef DTYPE
    };
    const vn_dtype dtype = fuzz_chance(60) ? VN_F32 : dtypes[fuzz_below(COUNT(dtypes))];
    vn_shape shape = { .rank = fuzz_chance(97) ? fuzz_below(5) : 8 };
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = shape.rank == 8   ? 1 + fuzz_below(2)
                       : fuzz_chance(80) ? 4
                                         : fuzz_below(6);
    if (fuzz_chance(2))
        return vn_shape_struct(dtype, shape);
    double values[2048];
    for (int i = 0; i < COUNT(values); i++)
        values[i] = fuzz_chance(3) ? fuzz_number() : fuzz_below(9) - 4;
    vn_array *const wide = vn_array_from(VN_F64, shape, values);
    return dtype == VN_F64 ? wide : vn_cast(wide, dtype);
}

static vn_tree *square(vn_tree *const arg[]) { return vn_square(arg[0]); }
static vn_tree *sum(vn_tree *const arg[]) { return vn_add(arg[0], arg[1]); }
static vn_tree *three(vn_tree *const arg[]) { return vn_tuple(arg[0], arg[1], arg[2]); }
static vn_tree *refuse(vn_tree *const arg[]) { return (void)arg, NULL; }

vn_tree *fuzz_function(void)
{
    switch (fuzz_below(9)) {
    case 0:
    case 1:
        return vn_unary(vn_relu);
    case 2:
        return vn_function(square, 1);
    case 3:
    case 4:
        return vn_function(sum, 2);
    case 5:
        return vn_function(three, 3);
    case 6:
        return vn_function(refuse, -1);
    case 7:
        return vn_unary(vn_max);
    default:
        return fuzz_tree();
    }
}

static vn_tree *container(void)
{
    static const char *const keys[] = { "a", "b", "c" };
    vn_tree *items[3];
    const int n = fuzz_below(4);
    for (int i = 0; i < n; i++)
        items[i] = fuzz_chance(80) ? fuzz_array() : vn_int(i);
    return fuzz_chance(60)   ? vn_tuple_n(n, items)
           : fuzz_chance(50) ? vn_list_n(n, items)
                             : vn_dict_n(n, keys, items);
}

vn_tree *fuzz_tree(void)
{
    if (fuzz_chance(78))
        return fuzz_array();
    switch (fuzz_below(11)) {
    case 0:
        return NULL;
    case 1:
        return vn_none();
    case 2:
        return vn_bool(fuzz_chance(50));
    case 3:
        return vn_int(fuzz_size());
    case 4:
        return vn_float(fuzz_number());
    case 5:
        return vn_string("batch");
    case 6:
        return vn_unary(vn_tanh);
    case 7:
        return vn_linear(4, 4, vn_key(1), NULL);
    case 8:
        return vn_key(2);
    default:
        return container();
    }
}

vn_tree *fuzz_key(void) { return fuzz_chance(85) ? vn_key(fuzz_below(9)) : fuzz_tree(); }

vn_tree *fuzz_layer(void)
{
    switch (fuzz_below(6)) {
    case 0:
    case 1:
        return vn_linear(4, 4, vn_key(3), NULL);
    case 2:
        return vn_conv1d(4, 4, VN_SHAPE(2), vn_key(4), NULL);
    case 3:
        return vn_identity_layer();
    case 4:
        return vn_mlp(4, 4, 4, 1, vn_key(5), NULL);
    default:
        return fuzz_tree();
    }
}

vn_tree *fuzz_stateful(void)
{
    switch (fuzz_below(4)) {
    case 0:
        return vn_batch_norm(4, "batch", NULL);
    case 1:
        return vn_spectral_norm(vn_linear(4, 4, vn_key(6), NULL), "weight", vn_key(7), NULL);
    case 2:
        return vn_state_index(vn_zeros(VN_F32, VN_SHAPE(4)));
    default:
        return fuzz_tree();
    }
}

vn_tree *fuzz_state(void)
{
    if (fuzz_chance(30))
        return fuzz_tree();
    vn_tree *const state = vn_state(fuzz_stateful());
    vn_error_clear();
    return state;
}

/* One array for all arguments, or twice in a tuple. */
static void draw_alike(vn_tree *arg[], int n, vn_tree *own_state)
{
    const int rank = 1 + fuzz_below(4);
    const vn_shape shape = { .rank = rank, .dim = { 4, 4, 4, 4 } };
    vn_array *const x = vn_full(fuzz_chance(80) ? VN_F32 : VN_F16, shape, 0.5);
    const bool pair = fuzz_chance(30);
    for (int i = 0; i < n; i++)
        arg[i] = i == 0          ? x
                 : i > 2         ? vn_none()
                 : own_state     ? own_state
                 : pair && i > 0 ? vn_tuple(x, x)
                                 : x;
}

int fuzz_arguments(vn_tree *arg[], int n, vn_tree *own_state)
{
    const int given = fuzz_chance(90) ? n : fuzz_below(FUZZ_MAX_ARGUMENTS);
    if (fuzz_chance(40)) {
        draw_alike(arg, given, own_state);
        return given;
    }
    for (int i = 0; i < given; i++) {
        const int kind = fuzz_below(20);
        arg[i] = i == 1 && own_state && kind < 17 ? own_state
                 : i > 0 && kind < 4              ? fuzz_key()
                 : i > 0 && kind < 9              ? vn_none()
                 : i > 2 && kind < 12             ? vn_bool(kind == 10)
                 : i > 2 && kind < 15             ? fuzz_function()
                                                  : fuzz_tree();
    }
    return given;
}
