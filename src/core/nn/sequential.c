/* SPDX-License-Identifier: MIT */
/* Sequential: x_{k+1} = layer_k(x_k), key_k = split(key, number of layers)[k]
 * Source: equinox/nn/_composed.py. There every layer is called with a key; here only one whose
 * call takes a second argument, so that a bare PReLU or function may stand in the list. */
#include "core/nn/layer.h"

/* What follows x in a call, told apart by type. */
typedef struct extras {
    vn_tree *state, *key; /* NULL: not given */
} extras;

static extras extras_of(int n, vn_tree *const arg[])
{
    extras e = { NULL, NULL };
    for (int i = 1; i < n; i++) {
        if (arg[i]->type == &vn_state_type)
            e.state = arg[i];
        else if (!vn_is_none(arg[i]))
            e.key = arg[i];
    }
    return e;
}

static bool takes_key(const vn_tree *layer)
{
    if (vn_kind_of(layer) == VN_KIND_FUNCTION)
        return ((const vn__leaf *)(const void *)layer)->arity == 2;
    return layer->type->max_args >= 2;
}

static vn_array *call_stateful(vn_tree *layer, vn_array *x, vn_tree **state, vn_tree *key)
{
    if (!*state)
        return vn_error(VN_ERR_ARGUMENT, "Sequential: %s needs a State as second argument",
                        layer->type->name);
    vn_tree *const out = vn_call(layer, x, *state, key);
    *state = out ? vn_at(out, 1) : NULL;
    return out ? vn_at(out, 0) : NULL;
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn_tree *const layers = ((const struct vn_sequential *)(const void *)self)->layers;
    const int count = vn_len(layers);
    const extras given = extras_of(n, arg);
    vn_tree *const keys = given.key && count > 0 ? vn_split(given.key, count) : NULL;
    vn_tree *state = given.state;
    vn_array *x = arg[0];
    if (given.key && count > 0 && !keys)
        return NULL;
    for (int i = 0; i < count && x; i++) {
        vn_tree *const layer = vn_at(layers, i);
        vn_tree *const key = keys ? vn_subkey(keys, i) : vn_none();
        if (vn__is_stateful(layer))
            x = call_stateful(layer, x, &state, key);
        else
            x = keys && takes_key(layer) ? vn_call(layer, x, key) : vn_call(layer, x);
    }
    return given.state && x ? vn_tuple(x, state) : x;
}

static const vn_field fields[] = { VN_FIELD(struct vn_sequential, layers, TREE) };

const vn_type vn_sequential_type =
    VN__LAYER_TYPE("Sequential", struct vn_sequential, fields, call, 1, 3);

vn_tree *vn_sequential_n(int n, vn_tree *const layers[])
{
    vn__named_begin("Sequential");
    for (int i = 0; i < n; i++)
        if (!layers[i])
            return vn__named_end(
                vn_error(VN_ERR_NULL_ARGUMENT, "Sequential: layer %d is NULL", i));
    return vn__named_end(vn_module_new(
        &vn_sequential_type, &(struct vn_sequential){ .layers = vn_tuple_n(n, layers) }));
}

/* -------------------------------------------------------------------- its layers */

static vn_tree *layers_of(const vn_tree *model)
{
    const struct vn_sequential *const l = vn_module_cast(model, &vn_sequential_type);
    return l ? l->layers : NULL;
}

int vn_sequential_len(const vn_tree *model)
{
    vn_tree *const layers = layers_of(model);
    return layers ? vn_len(layers) : 0;
}

vn_tree *vn_sequential_at(vn_tree *model, int i)
{
    vn_tree *const layers = layers_of(model);
    const int n = layers ? vn_len(layers) : 0;
    if (layers && (i < -n || i >= n))
        return vn_error(VN_ERR_ARGUMENT, "Sequential: layer %d of %d", i, n);
    return layers ? vn_at(layers, i < 0 ? i + n : i) : NULL;
}

/* An end of a slice, as Python understands it. */
static int bound(int i, int n)
{
    i += i < 0 ? n : 0;
    return i < 0 ? 0 : i > n ? n : i;
}

vn_tree *vn_sequential_slice(vn_tree *model, int begin, int end, int step)
{
    vn_tree *const layers = layers_of(model);
    const int n = layers ? vn_len(layers) : 0;
    if (!layers)
        return NULL;
    if (step < 1)
        return vn_error(VN_ERR_ARGUMENT, "Sequential: step is %d, expected 1 or more", step);
    vn_tree **const part = vn__alloc(((size_t)n + 1) * sizeof *part);
    if (!part)
        return NULL;
    int count = 0;
    for (int64_t i = bound(begin, n); i < bound(end, n); i += step)
        part[count++] = vn_at(layers, (int)i);
    vn_tree *const result = vn_sequential_n(count, part);
    vn__free(part);
    return result;
}
