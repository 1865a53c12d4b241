/* SPDX-License-Identifier: MIT */
/* What layer files share: type rows, checks that end in one sentence, initial values. */
#ifndef VN_CORE_NN_LAYER_H
#define VN_CORE_NN_LAYER_H

#include "core/base/fail.h"
#include "core/tree/tree.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/random.h"

/* The descriptor of a layer: its printed name, struct, field table, call and arity. */
#define VN__LAYER_TYPE(text, T, table, call_fn, min, max)                             \
    {                                                                                 \
        .name = (text), .kind = VN_KIND_MODULE, .size = sizeof(T), .fields = (table), \
        .n_fields = (int)(sizeof(table) / sizeof((table)[0])), .call = (call_fn),     \
        .min_args = (min), .max_args = (max)                                          \
    }

/* Argument i of a call; NULL if it is absent or none. */
static inline vn_tree *vn__optional(int n, vn_tree *const arg[], int i)
{
    return i < n && !vn_is_none(arg[i]) ? arg[i] : NULL;
}

/* ------------------------------------------------- what tree_pformat prints of fields */

/* A number of features: 'scalar' for VN_SCALAR_FEATURES. */
vn_tree *vn__shown_features(int64_t features);
/* Paddings as Equinox keeps them: ((lo, hi), ...). */
vn_tree *vn__shown_pairs(vn_shape lo, vn_shape hi);
/* `shown` of a field that Equinox does not have. */
bool vn__not_shown(const vn_tree *self, vn_tree **value);

/* ---------------------------------------------------------------- checks of calls */

/* "Linear: x is a tuple, expected an array" unless it is one. */
bool vn__expect_array(const char *layer, const char *name, const vn_array *x);
/* "Linear: x has shape f32[3], expected f32[4]" */
bool vn__expect_shape(const char *layer, const char *name, const vn_array *x, vn_shape shape);
/* "Conv2d: x has shape f32[3], expected 3 axes" */
bool vn__expect_rank(const char *layer, const char *name, const vn_array *x, int rank);

/* *flag = the bool leaf (or number); "Dropout: inference is f32[3], expected a bool". */
bool vn__expect_flag(bool *flag, const char *layer, const char *name, const vn_tree *leaf);

/* --------------------------------------------------------- checks of constructors */

/* "Linear: in_features is -3, expected 0 or more"; more than 2^31 - 1 likewise, so that
 * products of two sizes do not overflow. */
bool vn__expect_size(const char *layer, const char *name, int64_t value, int64_t min);
/* VN_DTYPE_DEFAULT becomes the default; "Linear: dtype i32, expected a float dtype" */
bool vn__expect_float(const char *layer, vn_dtype *dtype);
/* The same, or a complex one. */
bool vn__expect_inexact(const char *layer, vn_dtype *dtype);
/* "Linear: the key is NULL" */
bool vn__expect_key(const char *layer, const vn_array *key);
/* "LayerNorm: shape has rank 9, expected 0 to 8"; negative dimensions likewise. */
bool vn__expect_dims(const char *layer, vn_shape shape);
/* "Dropout: p is 2, expected 0 to 1" */
bool vn__expect_between(const char *layer, const char *name, double value, double lo,
                        double hi);
/* *value, or `otherwise` where it is 0; "RotaryPositionalEmbedding: theta is -1, expected more
 * than 0" */
bool vn__expect_positive(const char *layer, const char *name, double *value, double otherwise);
/* *value, or `otherwise` where it is 0, or 0 where it is negative; "LayerNorm: eps is nan,
 * expected a finite number" */
bool vn__expect_option(const char *layer, const char *name, double *value, double otherwise);

/* --------------------------------------------------------------- initial values */

/* U(-limit, limit) from row i of the keys: Equinox's default_init. */
vn_array *vn__init_uniform(vn_array *keys, int i, vn_shape shape, vn_dtype dtype, double limit);

/* ------------------------------------------------------------- one number an axis */

/* *full = n entries: `given` itself, its only entry repeated, or `otherwise` where it is empty;
 * "Conv2d: stride has 3 entries, expected 1 or 2", or
 * "Conv2d: stride[0] is 0, expected 1 or more". */
bool vn__per_axis(vn_shape *full, const char *layer, const char *name, vn_shape given, int n,
                  int64_t otherwise, int64_t min);

/* ------------------------------------------------------------- activations, calls */

/* f applied to every element of the vector x apart (Equinox: filter_vmap(lambda f, x: f(x))(f,
 * x)), arrays in f having one entry for each element along axis 0. */
vn_array *vn__call_per_element(vn_tree *f, vn_array *x);

/* True if the tree holds a StateIndex: the layer is called with a State and returns one. */
bool vn__is_stateful(const vn_tree *tree);

#endif
