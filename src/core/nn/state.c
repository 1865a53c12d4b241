/* SPDX-License-Identifier: MIT */
/* State: a tuple of values, found by the marker of a StateIndex
 * Source: equinox/nn/_stateful.py */
#include "core/nn/layer.h"
#include "core/tree/path.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ StateIndex */

static const vn_field index_fields[] = {
    VN_FIELD(struct vn_state_index, marker, STRING),
    VN_FIELD(struct vn_state_index, init, TREE),
};

const vn_type vn_state_index_type =
    VN__LAYER_TYPE("StateIndex", struct vn_state_index, index_fields, NULL, 0, 0);

static const struct vn_state_index *as_index(const vn_tree *tree)
{
    return tree && tree->type == &vn_state_index_type ? (const void *)tree : NULL;
}

/* context: what the leaf is a part of, for the sentence. */
static vn_tree *as_array(void *context, vn_tree *leaf)
{
    char text[VN__SHAPE_TEXT];
    if (vn__as_array(leaf))
        return leaf;
    switch (vn_kind_of(leaf)) {
    case VN_KIND_BOOL:
        return vn_scalar(VN_BOOL, vn_bool_value(leaf));
    case VN_KIND_INT:
        return vn_scalar(vn_default_dtype() == VN_F64 ? VN_I64 : VN_I32,
                         (double)vn_int_value(leaf));
    case VN_KIND_FLOAT:
        return vn_scalar(vn_default_dtype(), vn_float_value(leaf));
    default:
        return vn_error(VN_ERR_ARGUMENT, "%s is %s, expected arrays", (const char *)context,
                        vn__describe(text, leaf));
    }
}

vn_tree *vn_state_index(vn_tree *init)
{
    vn__named_begin("StateIndex");
    static int64_t made;
    char marker[32], what[] = "StateIndex: init";
    if (!init)
        return vn__named_end(vn_error(VN_ERR_NULL_ARGUMENT, "StateIndex: init is NULL"));
    snprintf(marker, sizeof marker, "#%lld",
             (long long)__atomic_add_fetch(&made, 1, __ATOMIC_RELAXED));
    return vn__named_end(
        vn_module_new(&vn_state_index_type, &(struct vn_state_index){
                                                .init = vn__map_leaves(init, as_array, what),
                                                .marker = marker,
                                            }));
}

/* ---------------------------------------------------------------- all indices of a tree */

typedef struct indices {
    const struct vn_state_index **item; /* borrowed; markers differ */
    int64_t n, capacity;
    bool failed;
} indices;

static int find_marker(const indices *found, const char *marker)
{
    for (int i = 0; i < found->n; i++)
        if (strcmp(found->item[i]->marker, marker) == 0)
            return i;
    return -1;
}

static void collect(indices *found, vn_tree *tree)
{
    const struct vn_state_index *const index = as_index(tree);
    if (!index) {
        for (int i = 0, n = vn_len(tree); i < n; i++)
            collect(found, vn__child(tree, i));
        return;
    }
    if (find_marker(found, index->marker) >= 0)
        return;
    if (vn__grow(&found->item, &found->capacity, found->n + 1, sizeof found->item[0]))
        found->item[found->n++] = index;
    else
        found->failed = true;
}

bool vn__is_stateful(const vn_tree *tree)
{
    if (as_index(tree))
        return true;
    for (int i = 0, n = vn_len(tree); i < n; i++)
        if (vn__is_stateful(vn__child(tree, i)))
            return true;
    return false;
}

/* ----------------------------------------------------------------------- State */

static const vn_field state_fields[] = {
    VN_FIELD(struct vn_state, markers, STATIC),
    VN_FIELD(struct vn_state, values, TREE),
};

const vn_type vn_state_type =
    VN__LAYER_TYPE("State", struct vn_state, state_fields, NULL, 0, 0);

static const struct vn_state *as_state(const vn_tree *tree)
{
    return vn_module_cast(tree, &vn_state_type);
}

/* The State of the n markers and values, which are freed. */
static vn_tree *state_of(int64_t n, vn_tree **markers, vn_tree **values)
{
    vn_tree *const state = markers && values
                               ? vn_module_new(&vn_state_type,
                                               &(struct vn_state){
                                                   .markers = vn_tuple_n((int)n, markers),
                                                   .values = vn_tuple_n((int)n, values),
                                               })
                               : NULL;
    vn__free(markers);
    vn__free(values);
    return state;
}

static vn_tree **trees(int64_t n) { return vn__alloc(((size_t)n + 1) * sizeof(vn_tree *)); }

static int position(const struct vn_state *state, const char *marker)
{
    for (int i = 0, n = vn_len(state->markers); i < n; i++)
        if (strcmp(vn_string_value(vn__child(state->markers, i)), marker) == 0)
            return i;
    return -1;
}

vn_tree *vn_state(vn_tree *model)
{
    vn__named_begin("State");
    indices found = { 0 };
    if (!model)
        return vn__named_end(vn_error(VN_ERR_NULL_ARGUMENT, "State: the model is NULL"));
    collect(&found, model);
    vn_tree **const markers = trees(found.n), **const values = trees(found.n);
    bool fine = markers && values && !found.failed;
    for (int64_t i = 0; fine && i < found.n; i++) {
        markers[i] = vn_string(found.item[i]->marker);
        values[i] = found.item[i]->init;
        fine = markers[i] && !vn_is_none(values[i]);
    }
    const int64_t n = found.n;
    vn__free(found.item);
    if (fine)
        return vn__named_end(state_of(n, markers, values));
    vn__free(markers);
    vn__free(values);
    return vn__named_end(
        vn_error(VN_ERR_ARGUMENT, "State: the initial values of the model have been deleted"));
}

/* The position of the index in the state; -1 and an error if it is not there. */
static int locate(const struct vn_state *state, vn_tree *index_tree)
{
    const struct vn_state_index *const index = vn_module_cast(index_tree, &vn_state_index_type);
    const int i = state && index ? position(state, index->marker) : -1;
    if (state && index && i < 0)
        vn__fail(VN_ERR_ARGUMENT, "State: no value for the StateIndex %s", index->marker);
    return i;
}

vn_tree *vn_state_get(vn_tree *state, vn_tree *index)
{
    vn__named_begin("State");
    const struct vn_state *const s = as_state(state);
    const int i = locate(s, index);
    return vn__named_end(i < 0 ? NULL : vn__child(s->values, i));
}

static vn_tree *same_leaf(void *context, vn_tree *const leaf[])
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    (void)context;
    if (vn_dtype_of(leaf[0]) == vn_dtype_of(leaf[1]) &&
        vn_shape_equal(vn_shape_of(leaf[0]), vn_shape_of(leaf[1])))
        return leaf[0];
    return vn_error(VN_ERR_SHAPE, "State: a value is to change from %s to %s",
                    vn__describe(a, leaf[1]), vn__describe(b, leaf[0]));
}

/* The state with value i replaced. */
static vn_tree *replaced(const struct vn_state *state, int i, vn_tree *value)
{
    const int n = vn_len(state->values);
    vn_tree *const pair[2] = { value, vn__child(state->values, i) };
    vn_tree **const values = trees(n);
    if (!values || !vn__map_leaves_n(2, pair, same_leaf, NULL)) {
        vn__free(values);
        return NULL;
    }
    for (int k = 0; k < n; k++)
        values[k] = k == i ? value : vn__child(state->values, k);
    vn_tree *const result =
        vn_module_new(&vn_state_type, &(struct vn_state){ .markers = state->markers,
                                                          .values = vn_tuple_n(n, values) });
    vn__free(values);
    return result;
}

vn_tree *vn_state_set(vn_tree *state, vn_tree *index, vn_tree *value)
{
    vn__named_begin("State");
    const struct vn_state *const s = as_state(state);
    const int i = locate(s, index);
    char text[] = "State: the value";
    vn_tree *const arrays = i < 0 || !value ? NULL : vn__map_leaves(value, as_array, text);
    return vn__named_end(arrays ? replaced(s, i, arrays) : NULL);
}

vn_tree *vn_substate(vn_tree *state, vn_tree *tree)
{
    vn__named_begin("State");
    const struct vn_state *const s = as_state(state);
    indices found = { 0 };
    if (!s)
        return vn__named_end(NULL);
    collect(&found, tree);
    vn_tree **const markers = trees(found.n), **const values = trees(found.n);
    bool fine = markers && values && !found.failed;
    for (int64_t k = 0; fine && k < found.n; k++) {
        const int i = position(s, found.item[k]->marker);
        fine = i >= 0;
        if (!fine)
            vn__fail(VN_ERR_ARGUMENT, "State: no value for the StateIndex %s",
                     found.item[k]->marker);
        else
            markers[k] = vn__child(s->markers, i), values[k] = vn__child(s->values, i);
    }
    const int64_t n = found.n;
    vn__free(found.item);
    if (fine)
        return vn__named_end(state_of(n, markers, values));
    vn__free(markers);
    vn__free(values);
    return vn__named_end(NULL);
}

vn_tree *vn_state_update(vn_tree *state, vn_tree *substate)
{
    vn__named_begin("State");
    const struct vn_state *const part = as_state(substate);
    for (int k = 0, n = part ? vn_len(part->values) : 0; k < n && state; k++) {
        const struct vn_state *const s = as_state(state);
        const char *const marker = vn_string_value(vn__child(part->markers, k));
        const int i = s ? position(s, marker) : -1;
        if (s && i < 0)
            return vn__named_end(
                vn_error(VN_ERR_ARGUMENT, "State: no value for the StateIndex %s", marker));
        state = s ? replaced(s, i, vn__child(part->values, k)) : NULL;
    }
    return vn__named_end(part ? state : NULL);
}

/* ----------------------------------------------------------------- making models */

#define PATH_SIZE 1024

/* The index at the end of the trail without its init; where `root` is a name it goes by the
 * path from there. */
static vn_tree *bare_index(const struct vn_state_index *index, const char *root,
                           const vn__trail *trail)
{
    char path[PATH_SIZE];
    if (root) {
        snprintf(path, sizeof path, "%s", root);
        vn__trail_append(path, sizeof path, trail);
        if (strlen(path) == sizeof path - 1) /* cut: no longer the only one of its name */
            return vn_error(VN_ERR_LIMIT,
                            "State: the path of a StateIndex has more than %d characters",
                            PATH_SIZE - 2);
    }
    return vn_module_new(
        &vn_state_index_type,
        &(struct vn_state_index){ .init = vn_none(), .marker = root ? path : index->marker });
}

/* The tree with every StateIndex changed to such a one. */
static vn_tree *strip(vn_tree *tree, const char *root, const vn__trail *trail)
{
    const struct vn_state_index *const index = as_index(tree);
    if (index)
        return bare_index(index, root, trail);
    if (!vn__is_stateful(tree))
        return tree;
    const int n = vn_len(tree);
    vn_tree **const child = trees(n);
    bool fine = child != NULL;
    for (int i = 0; fine && i < n; i++) {
        child[i] = strip(vn__child(tree, i), root, &(vn__trail){ trail, tree, i });
        fine = child[i] != NULL;
    }
    vn_tree *const result = fine ? vn__node_with_children(tree, child) : NULL;
    vn__free(child);
    return result;
}

vn_tree *vn_delete_init_state(vn_tree *model)
{
    vn__named_begin("State");
    return vn__named_end(model ? strip(model, NULL, NULL)
                               : vn_error(VN_ERR_NULL_ARGUMENT, "State: the model is NULL"));
}

vn_tree *vn_make_with_state(vn_tree *model)
{
    vn__named_begin("State");
    vn_tree *const state = vn_state(model);
    indices found = { 0 };
    if (!state)
        return vn__named_end(NULL);
    vn_tree *const stripped = strip(model, model->type->name, NULL);
    if (!stripped)
        return vn__named_end(NULL);
    collect(&found, stripped);
    const int n = vn_len(((const struct vn_state *)(const void *)state)->values);
    vn_tree **const markers = trees(found.n);
    for (int64_t i = 0; markers && i < found.n; i++)
        markers[i] = vn_string(found.item[i]->marker);
    vn_tree *const renamed =
        markers && found.n == n && !found.failed
            ? vn_module_new(
                  &vn_state_type,
                  &(struct vn_state){
                      .markers = vn_tuple_n(n, markers),
                      .values = ((const struct vn_state *)(const void *)state)->values })
            : NULL;
    vn__free(found.item);
    vn__free(markers);
    return vn__named_end(
        renamed ? vn_tuple(stripped, renamed)
                : vn_error(VN_ERR_ARGUMENT, "State: one StateIndex is in two places"));
}
