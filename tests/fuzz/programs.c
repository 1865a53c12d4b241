/* SPDX-License-Identifier: MIT */
#include "fuzz/programs.h"

#include <stdlib.h>
#include <string.h>

#include "vernal/enumeration.h"
#include "vernal/io.h"
#include "vernal/optim.h"
#include "vernal/plan.h"
#include "vernal/transform.h"

/* ---------------------------------------------------------------------- what is drawn */

static vn_tree *square(vn_tree *const arg[]) { return vn_square(arg[0]); }
static vn_tree *sum(vn_tree *const arg[]) { return vn_add(arg[0], arg[1]); }
static vn_tree *total(vn_tree *const arg[]) { return vn_sum(vn_square(arg[0])); }
static vn_tree *with_aux(vn_tree *const arg[]) { return vn_tuple(total(arg), arg[0]); }
static vn_tree *step(vn_tree *const arg[]) /* carry, x */
{
    return vn_tuple(vn_scale(0.5, arg[0]), vn_sum(arg[0]));
}

vn_tree *fuzz_program(void)
{
    switch (fuzz_below(12)) {
    case 0:
        return vn_function(square, 1);
    case 1:
    case 2:
        return vn_function(total, 1);
    case 3:
        return vn_function(with_aux, 1);
    case 4:
        return vn_function(sum, 2);
    case 5:
        return vn_function(step, 2);
    case 6:
        return vn_filter_jit(vn_function(total, 1), NULL);
    case 7:
        return vn_filter_vmap(vn_function(square, 1), NULL);
    case 8:
        return vn_filter_grad(vn_function(total, 1), NULL);
    case 9:
        return vn_partial(vn_function(sum, 2), fuzz_array());
    default:
        return fuzz_function();
    }
}

int fuzz_count(void) { return fuzz_chance(97) ? 1 + fuzz_below(2) : fuzz_below(5) - 1; }

static vn_tree *usual(void)
{
    return fuzz_chance(60) ? vn_full(VN_F32, VN_SHAPE(4), 0.5) : fuzz_tree();
}

vn_tree *const *fuzz_items(void)
{
    static vn_tree *items[4];
    for (int i = 0; i < 4; i++)
        items[i] = usual();
    return fuzz_chance(2) ? NULL : items;
}

vn_tree *const *fuzz_tangents(void)
{
    static vn_tree *items[4];
    for (int i = 0; i < 4; i++)
        items[i] = fuzz_chance(30) ? vn_none() : usual();
    return fuzz_chance(2) ? NULL : items;
}

vn_tree *const *fuzz_programs(void)
{
    static vn_tree *items[4];
    for (int i = 0; i < 4; i++)
        items[i] = fuzz_program();
    return fuzz_chance(2) ? NULL : items;
}

vn_tree *fuzz_tape(void)
{
    vn_tree *const x = usual();
    vn_tree *const made =
        x ? vn_filter_make_tape(vn_function(square, 1), 1, &x) : NULL;
    vn_error_clear();
    return made && fuzz_chance(80) ? vn_at(made, 0) : fuzz_tree();
}

const char *const *fuzz_texts(void)
{
    static const char *texts[4];
    for (int i = 0; i < 4; i++)
        texts[i] = fuzz_text();
    return fuzz_chance(2) ? NULL : texts;
}

static vn_tree *outcome(vn_status status)
{
    return status == VN_ERR_OK && vn_ok() ? vn_none() : NULL;
}

/* --------------------------------------------------------------------- arrays and trees */

vn_tree *fuzz_array_from(void)
{
    static const double data[1 << 12];
    vn_shape shape = fuzz_shape();
    const int64_t n = vn_shape_size(shape);
    vn_error_clear();
    if (n > (1 << 12)) /* what lies behind the pointer is the caller's word */
        shape = VN_SHAPE(4);
    return vn_array_from(fuzz_dtype(), shape, fuzz_chance(95) ? data : NULL);
}

void fuzz_set_default_dtype(void)
{
    const vn_dtype before = vn_default_dtype();
    vn_set_default_dtype(fuzz_dtype());
    (void)vn_zeros(VN_DTYPE_DEFAULT, VN_SHAPE(2));
    vn_set_default_dtype(before);
}

vn_tree *fuzz_halves(vn_tree *const arg[]) { return vn_scale(0.5, arg[0]); }

static void freed(void *context) { ++*(int *)context; }

vn_tree *fuzz_array_wrap(void)
{
    static double data[1 << 12];
    static int count;
    vn_shape shape = fuzz_shape();
    const int64_t n = vn_shape_size(shape);
    vn_error_clear();
    if (n > (1 << 12))
        shape = VN_SHAPE(4);
    return vn_array_wrap(fuzz_dtype(), shape, fuzz_chance(95) ? data : NULL,
                         fuzz_chance(50) ? freed : NULL, &count);
}

vn_tree *fuzz_copy_f64(void)
{
    double out[8];
    const int64_t n = fuzz_chance(90) ? fuzz_below(9) : -1;
    (void)vn_copy_f64(out, n, fuzz_tree());
    return outcome(VN_ERR_OK);
}

vn_tree *fuzz_copy_complex(void)
{
    vn_c128 out[8];
    const int64_t n = fuzz_chance(90) ? fuzz_below(9) : -1;
    (void)vn_copy_complex(out, n, fuzz_tree());
    return outcome(VN_ERR_OK);
}

vn_tree *fuzz_tree_path(void)
{
    char text[64];
    const size_t size = fuzz_chance(80) ? sizeof text : (size_t)fuzz_below(4);
    const char *const path = vn_tree_path(fuzz_tree(), fuzz_axis(), text, size);
    if (path && strlen(path) >= sizeof text)
        abort();
    return outcome(VN_ERR_OK);
}

vn_tree *fuzz_assign(void)
{
    vn_tree *variable = NULL;
    const bool first = vn_assign(&variable, fuzz_tree());
    const bool second = vn_assign(fuzz_chance(95) ? &variable : NULL, fuzz_tree());
    vn_release(variable);
    return first && second ? vn_none() : NULL;
}

vn_tree *fuzz_scope_return(void)
{
    vn_scope scope = vn_scope_open();
    vn_tree *const tree = fuzz_tree();
    vn_tree *const kept = vn_scope_return(&scope, vn_tuple(tree, fuzz_tree()));
    vn_scope_close(&scope); /* once more does nothing */
    return vn_retain(kept) ? (vn_release(kept), kept) : NULL;
}

vn_tree *fuzz_module_cast(void)
{
    const vn_type *const type = fuzz_chance(90) ? &vn_linear_type : NULL;
    return vn_module_cast(fuzz_layer(), type) ? vn_none() : NULL;
}

static bool is_tuple(const vn_tree *tree) { return vn_kind_of(tree) == VN_KIND_TUPLE; }

static vn_tree *spec(void)
{
    return fuzz_chance(40)   ? vn_bool(fuzz_chance(50))
           : fuzz_chance(50) ? vn_predicate(vn_is_inexact_array)
                             : fuzz_tree();
}

vn_tree *fuzz_partition(int how)
{
    vn_tree *a, *b;
    vn_filter_options o = { .inverse = fuzz_chance(50),
                            .replace = fuzz_chance(20) ? fuzz_tree() : NULL,
                            .is_leaf = fuzz_chance(20) ? is_tuple : NULL };
    vn_tree *const tree = fuzz_tree();
    const vn_status status =
        how == 0   ? vn_partition(&a, &b, tree, fuzz_chance(95) ? vn_is_array : NULL)
        : how == 1 ? vn_partition_spec(&a, &b, tree, spec())
                   : vn_partition_with(&a, &b, tree, spec(), fuzz_chance(80) ? &o : NULL);
    if ((status == VN_ERR_OK) != (a && b))
        abort();
    return status == VN_ERR_OK ? vn_combine(a, b) : NULL;
}

/* --------------------------------------------------------------------------- programs */

static vn_tree *always(vn_tree *const arg[]) { return (void)arg, vn_bool(true); }
static vn_tree *positive(vn_tree *const arg[]) { return vn_gt(vn_sum(arg[0]), vn_int(0)); }

/* No number of steps that would take long. */
static const vn_loop_options *loop_options(void)
{
    static vn_loop_options o;
    static const int64_t steps[] = { 1, 2, 3, 5, VN_NO_STEPS, -2, INT64_MIN };
    o = (vn_loop_options){ .kind = (vn_loop_kind)(fuzz_chance(90) ? fuzz_below(4) : 9),
                           .max_steps = steps[fuzz_below(7)],
                           .checkpoints = fuzz_chance(50) ? 0 : fuzz_few(),
                           .buffers = fuzz_chance(20) ? spec() : NULL };
    return &o;
}

vn_tree *fuzz_while_loop(void)
{
    vn_tree *const cond = fuzz_chance(40)   ? vn_function(always, 1)
                          : fuzz_chance(70) ? vn_function(positive, 1)
                                            : fuzz_program();
    vn_tree *const body = fuzz_chance(60) ? vn_function(fuzz_halves, 1) : fuzz_program();
    return vn_while_loop(cond, body, usual(), loop_options());
}

vn_tree *fuzz_scan(bool with)
{
    static const int64_t lengths[] = { 0, 0, 4, 4, 1, -1, INT64_MIN };
    vn_tree *const f = fuzz_chance(70) ? vn_function(step, 2) : fuzz_program();
    vn_tree *const init = usual(), *const xs = usual();
    const int64_t length = lengths[fuzz_below(7)];
    return with ? vn_scan_with(f, init, xs, length,
                               fuzz_chance(80) ? loop_options() : NULL)
                : vn_scan(f, init, xs, length);
}

vn_tree *fuzz_filter_pure_callback(void)
{
    const vn_callback_options o = { .vectorised = fuzz_chance(50) };
    const int n = fuzz_count();
    return vn_filter_pure_callback(fuzz_program(), fuzz_tree(), fuzz_chance(80) ? &o : NULL, n,
                                   fuzz_items());
}

vn_tree *fuzz_branched_error_if(void)
{
    static const char *const messages[] = { "one", "two", "three" };
    const int n = fuzz_chance(90) ? 1 + fuzz_below(3) : -fuzz_below(2);
    return vn_branched_error_if(fuzz_tree(), fuzz_tree(), fuzz_tree(), n,
                                fuzz_chance(95) ? messages : NULL, NULL);
}

static bool run_plan(const vn_plan *plan)
{
    enum { MOST = 8, BYTES = 1 << 16 };
    static char memory[2 * MOST][BYTES];
    void *out[MOST];
    const void *in[MOST];
    const int n_in = vn_plan_inputs(plan), n_out = vn_plan_outputs(plan);
    bool fits = n_in <= MOST && n_out <= MOST;
    for (int i = 0; fits && i < n_in; i++) {
        fits = vn_shape_size(vn_plan_input_shape(plan, i)) * 8 <= BYTES &&
               vn_dtype_size(vn_plan_input_dtype(plan, i)) > 0;
        in[i] = memory[i];
    }
    for (int j = 0; fits && j < n_out; j++) {
        fits = vn_shape_size(vn_plan_output_shape(plan, j)) * 8 <= BYTES &&
               vn_dtype_size(vn_plan_output_dtype(plan, j)) > 0;
        out[j] = memory[MOST + j];
    }
    const size_t bytes = vn_plan_workspace(plan);
    if (!fits || bytes > (1u << 26) || vn_plan_workspace_per_worker(plan) > bytes ||
        vn_plan_flops(plan) < 0)
        return true;
    void *const workspace = aligned_alloc(64, (bytes + 64) / 64 * 64);
    const vn_status status = vn_plan_run(plan, out, in, workspace);
    free(workspace);
    return status == VN_ERR_OK;
}

vn_tree *fuzz_plan_create(void)
{
    const int n = fuzz_count();
    vn_plan *const plan = vn_plan_create(fuzz_program(), n, fuzz_items());
    if (!plan)
        return NULL;
    (void)vn_plan_input_shape(plan, fuzz_axis());
    (void)vn_plan_output_dtype(plan, fuzz_axis());
    vn_error_clear();
    const bool good = run_plan(plan);
    vn_plan_destroy(plan);
    vn_plan_destroy(NULL);
    return good ? vn_none() : NULL;
}

vn_tree *fuzz_printed(bool plan)
{
    static FILE *file;
    file = file ? file : tmpfile();
    if (!file)
        return vn_none();
    rewind(file);
    const int n = fuzz_count();
    if (plan)
        vn_plan_print(file, fuzz_program(), n, fuzz_items());
    else
        vn_tape_print(file, fuzz_program(), n, fuzz_items());
    return outcome(VN_ERR_OK);
}

/* ------------------------------------------------------------------------ enumerations */

static const vn_enum_entry entries[] = { { "a", "first" }, { "b", "second" } };
static const vn_enumeration parent = { .name = "P", .entry = entries, .n = 1 };
static const vn_enumeration *const parents[] = { &parent };
static const vn_enumeration child = {
    .name = "C", .entry = entries + 1, .n = 1, .parent = parents, .n_parents = 1
};

const void *fuzz_enumeration(void)
{
    return fuzz_chance(3) ? NULL : fuzz_chance(50) ? &parent : &child;
}

vn_tree *fuzz_enum_item(void)
{
    return fuzz_chance(40)   ? vn_enum_item(&parent, "a")
           : fuzz_chance(70) ? vn_enum_item(&child, "b")
                             : fuzz_tree();
}

/* ----------------------------------------------------------------------------- files */

static vn_array *saved(fuzz_format format, vn_tree *tree, vn_tree *part)
{
    const vn_npz_options o = { .compression = fuzz_chance(50) ? 0 : fuzz_below(12) - 1 };
    switch (format) {
    case FUZZ_EQX:
        return vn_tree_serialise_leaves_bytes(tree);
    case FUZZ_EQX_SPEC:
        return vn_tree_serialise_leaves_spec_bytes(tree, part);
    case FUZZ_SAFETENSORS:
        return vn_safetensors_save_bytes(tree, fuzz_chance(80) ? NULL : fuzz_tree());
    default:
        return vn_npz_save_bytes(tree, fuzz_chance(70) ? &o : NULL);
    }
}

static vn_tree *loaded(fuzz_format format, const void *data, size_t size, vn_tree *like,
                       vn_tree *part)
{
    switch (format) {
    case FUZZ_EQX:
        return vn_tree_deserialise_leaves_bytes(data, size, like);
    case FUZZ_EQX_SPEC:
        return vn_tree_deserialise_leaves_spec_bytes(data, size, like, part);
    case FUZZ_SAFETENSORS:
        return vn_safetensors_load_bytes(data, size);
    default:
        return vn_npz_load_bytes(data, size);
    }
}

vn_tree *fuzz_file(fuzz_format format)
{
    static const char *const keys[] = { "a", "b" };
    vn_tree *const part = spec();
    vn_tree *const like = fuzz_chance(80)
                              ? vn_dict_n(2, keys, VN_TREES(fuzz_array(), fuzz_array()))
                              : fuzz_tree();
    const vn_array *const bytes = saved(format, like, part);
    const size_t size = bytes ? (size_t)vn_size(bytes) : 0;
    char *const data = bytes ? malloc(size + 1) : NULL;
    if (!data)
        return NULL;
    memcpy(data, vn_data(bytes), size);
    for (int i = fuzz_chance(50) ? 0 : 1 + fuzz_below(3); i > 0 && size > 0; i--)
        data[fuzz_below((int)(size < 400 ? size : 400))] ^= (char)(1 << fuzz_below(8));
    const size_t kept = fuzz_chance(80) ? size : (size_t)fuzz_below((int)size + 1);
    vn_tree *const other = fuzz_chance(80) ? like : fuzz_tree();
    vn_tree *const result = loaded(format, data, kept, other, part);
    free(data);
    return result;
}

vn_tree *fuzz_json_parse(void)
{
    static const char *const texts[] = {
        "{\"a\": [1, 2.5, true, null, \"x\\u00e9\"]}", "[]", "[1,]", "{\"a\" 1}", "1e999", "-",
        "\"\\ud800\"", "", "[[[[[[[[[[[[[[[[", "123456789012345678901234567890", "nul",
        "{\"a\":1}x",
    };
    char text[64];
    const char *const drawn = texts[fuzz_below((int)(sizeof texts / sizeof texts[0]))];
    snprintf(text, sizeof text, "%s", drawn);
    const size_t length = strlen(text);
    if (length && fuzz_chance(40))
        text[fuzz_below((int)length)] ^= (char)(1 << fuzz_below(7));
    return vn_json_parse(fuzz_chance(97) ? text : NULL);
}

/* ------------------------------------------------------------------------- optimisers */

vn_tree *fuzz_optimiser(void)
{
    vn_tree *const rate = fuzz_chance(70) ? vn_float(0.1) : fuzz_tree();
    switch (fuzz_below(6)) {
    case 0:
        return vn_sgd(rate, &(vn_sgd_options){ .momentum = fuzz_number(), .nesterov = true });
    case 1:
        return vn_adamw(rate, NULL);
    case 2:
        return vn_adagrad(rate, NULL);
    case 3:
        return vn_chain(vn_clip_by_global_norm(1), vn_lion(rate, NULL));
    case 4:
        return vn_rmsprop(vn_linear_schedule(1, 0, 10, 0), NULL);
    default:
        return fuzz_tree();
    }
}

vn_tree *fuzz_optim_state(void)
{
    vn_tree *const state =
        fuzz_chance(80) ? vn_optim_init(fuzz_optimiser(), usual()) : fuzz_tree();
    vn_error_clear();
    return state;
}

vn_tree *fuzz_piecewise_constant_schedule(void)
{
    const int64_t boundaries[] = { fuzz_few(), fuzz_few(), fuzz_few() };
    const double scales[] = { fuzz_number(), fuzz_number(), fuzz_number() };
    return vn_piecewise_constant_schedule(fuzz_number(), fuzz_below(5) - 1,
                                          fuzz_chance(97) ? boundaries : NULL, scales);
}

vn_tree *fuzz_join_schedules(void)
{
    const int64_t boundaries[] = { fuzz_few(), fuzz_few(), fuzz_few() };
    vn_tree *schedules[3];
    for (int i = 0; i < 3; i++)
        schedules[i] = fuzz_chance(70) ? vn_constant_schedule(fuzz_number()) : fuzz_tree();
    return vn_join_schedules(fuzz_below(5) - 1, fuzz_chance(97) ? schedules : NULL, boundaries);
}
