/* SPDX-License-Identifier: MIT */
/* Group prng: functions of PRNGKey(seed), those without log, erf_inv or QR bit for bit. */
#include <stdlib.h>
#include <string.h>

#include "golden/groups.h"
#include "golden/values.h"
#include "vernal/ops.h"
#include "vernal/random.h"

typedef struct draw {
    vn_array *key;
    const json *op; /* its arguments */
    int known;      /* members of op that the function has asked for */
    vn_shape shape;
    vn_dtype dtype;
} draw;

static const json *argument(draw *d, const char *name)
{
    const json *value = json_get(d->op, name);
    d->known += value != NULL;
    return value && value->kind != JSON_NULL ? value : NULL;
}

static double number(draw *d, const char *name, double missing)
{
    return json_number(argument(d, name), missing);
}

static int64_t integer(draw *d, const char *name, int64_t missing)
{
    return json_int(argument(d, name), missing);
}

static bool flag(draw *d, const char *name, bool missing)
{
    return json_bool(argument(d, name), missing);
}

/* ---- keys */

static vn_array *key_itself(draw *d) { return d->key; }

static vn_array *split(draw *d)
{
    const json *num = argument(d, "num");
    if (num && num->kind == JSON_ARRAY)
        return vn_split_shape(d->key, golden_shape(num));
    return vn_split(d->key, json_int(num, 2));
}

static vn_array *fold_in(draw *d)
{
    return vn_fold_in(d->key, vn_int(integer(d, "data", 0)));
}

/* ---- continuous */

static vn_array *bits(draw *d)
{
    return vn_random_bits(d->key, d->shape, d->dtype ? d->dtype : VN_U32);
}

static vn_array *uniform(draw *d)
{
    return vn_uniform(d->key, d->shape, d->dtype, number(d, "minval", 0),
                      number(d, "maxval", 1));
}

static vn_array *truncated_normal(draw *d)
{
    return vn_truncated_normal(d->key, d->shape, d->dtype, number(d, "lower", -2),
                               number(d, "upper", 2));
}

static vn_array *orthogonal(draw *d)
{
    return vn_orthogonal(d->key, integer(d, "n", 1), integer(d, "m", 0), d->shape, d->dtype);
}

/* ---- discrete */

static vn_array *bernoulli(draw *d)
{
    return vn_bernoulli(d->key, number(d, "p", 0.5), d->shape);
}

static vn_array *randint(draw *d)
{
    return vn_randint(d->key, d->shape, integer(d, "minval", 0), integer(d, "maxval", 0),
                      d->dtype);
}

/* The x that is written as "arange(12)" or "arange(12).reshape(4,3)". */
static vn_array *written_array(const char *text)
{
    long n;
    int used = 0;
    vn_shape shape = { .rank = 0 };
    if (sscanf(text, "arange(%ld)%n", &n, &used) != 1 || !used)
        return vn_error(VN_ERR_ARGUMENT, "golden: an unknown x: %s", text);
    vn_array *array = vn_arange(VN_I32, n);
    const char *at = text + used;
    if (!*at)
        return array;
    for (at += strcspn(at, "0123456789-"); *at && shape.rank < VN_MAX_RANK;
         at += strcspn(at, "0123456789-")) {
        char *end;
        shape.dim[shape.rank++] = strtoll(at, &end, 10);
        at = end;
    }
    return vn_reshape(array, shape);
}

/* permutation(n), or of an array. */
static vn_array *permutation(draw *d)
{
    const char *x = json_string(argument(d, "x"), NULL);
    int axis = (int)integer(d, "axis", 0);
    bool independent = flag(d, "independent", false);
    if (!x)
        return vn_permutation(d->key, integer(d, "n", 0));
    return vn_permute(d->key, written_array(x), axis, independent);
}

static vn_array *choice(draw *d)
{
    const json *p = argument(d, "p");
    int64_t n = integer(d, "a", 0);
    return vn_choice(d->key, n, d->shape, flag(d, "replace", true),
                     p ? golden_numbers(p, VN_DTYPE_DEFAULT) : NULL);
}

static vn_array *categorical(draw *d)
{
    vn_array *logits = golden_numbers(argument(d, "logits"), VN_DTYPE_DEFAULT);
    return vn_categorical(d->key, logits, (int)integer(d, "axis", -1),
                          json_get(d->op, "shape") ? &d->shape : NULL);
}

/* ---- the table: `plain` is called with key, shape and dtype */

static const struct {
    const char *name;
    golden_level level;
    vn_array *(*draw)(draw *d);
    vn_initializer *plain;
} functions[] = {
    { "PRNGKey", GOLDEN_EXACT, key_itself, NULL },
    { "split", GOLDEN_EXACT, split, NULL },
    { "fold_in", GOLDEN_EXACT, fold_in, NULL },
    { "bits", GOLDEN_EXACT, bits, NULL },
    { "uniform", GOLDEN_EXACT, uniform, NULL },
    { "normal", GOLDEN_ULP, NULL, vn_normal },
    { "truncated_normal", GOLDEN_ULP, truncated_normal, NULL },
    { "gumbel", GOLDEN_ULP, NULL, vn_gumbel },
    { "exponential", GOLDEN_ULP, NULL, vn_exponential },
    { "laplace", GOLDEN_ULP, NULL, vn_laplace },
    { "logistic", GOLDEN_ULP, NULL, vn_logistic },
    { "cauchy", GOLDEN_ULP, NULL, vn_cauchy },
    { "orthogonal", GOLDEN_ULP, orthogonal, NULL },
    { "bernoulli", GOLDEN_EXACT, bernoulli, NULL },
    { "rademacher", GOLDEN_EXACT, NULL, vn_rademacher },
    { "randint", GOLDEN_EXACT, randint, NULL },
    { "permutation", GOLDEN_EXACT, permutation, NULL },
    { "choice", GOLDEN_EXACT, choice, NULL },
    { "categorical", GOLDEN_EXACT, categorical, NULL },
    { "glorot_uniform", GOLDEN_ULP, NULL, vn_glorot_uniform },
    { "glorot_normal", GOLDEN_ULP, NULL, vn_glorot_normal },
    { "he_uniform", GOLDEN_ULP, NULL, vn_he_uniform },
    { "he_normal", GOLDEN_ULP, NULL, vn_he_normal },
    { "lecun_uniform", GOLDEN_ULP, NULL, vn_lecun_uniform },
    { "lecun_normal", GOLDEN_ULP, NULL, vn_lecun_normal },
    { "orthogonal_init", GOLDEN_ULP, NULL, vn_orthogonal_init },
};

/* Indices are i32 in Vernal; JAX's are i64 in x64 mode where no array says otherwise. */
static vn_array *as_stored(const golden_case *c, const char *array, vn_array *got)
{
    const golden_array *want = golden_find(c, array);
    bool wider = want && want->dtype == VN_I64 && vn_dtype_of(got) == VN_I32;
    return wider ? vn_cast(got, VN_I64) : got;
}

static void run_op(golden_run *r, const golden_case *c, const json *op)
{
    draw d = { .key = vn_key(c->seed), .op = op };
    const char *name = json_string(argument(&d, "fn"), "?");
    const char *array = json_string(argument(&d, "array"), "?");
    d.shape = golden_shape(argument(&d, "shape"));
    d.dtype = golden_dtype_name(argument(&d, "dtype"));
    if (d.dtype == VN_DTYPE_COUNT) {
        golden_skip(r, "dtype %s of %s", json_string(json_get(op, "dtype"), ""), name);
        return;
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(functions[i].name, name))
            continue;
        vn_array *got = functions[i].plain ? functions[i].plain(d.key, d.shape, d.dtype)
                                           : functions[i].draw(&d);
        if (d.known == op->count) {
            golden_check(r, array, d.dtype ? got : as_stored(c, array, got),
                         functions[i].level);
        } else {
            vn_error_clear();
            golden_skip(r, "an argument of %s (%s) is not known", name, array);
        }
        return;
    }
    golden_skip(r, "function %s is not known", name);
}

void golden_run_prng(golden_run *r, golden_case *c)
{
    const json *ops = json_get(c->json, "ops");
    const char *layout = json_string(json_get(c->json, "layout"), "partitionable");
    vn_set_threefry_partitionable(!strcmp(layout, "partitionable"));
    for (const json *op = ops ? ops->child : NULL; op; op = op->next)
        VN_SCOPE
    run_op(r, c, op);
    vn_set_threefry_partitionable(true);
}
