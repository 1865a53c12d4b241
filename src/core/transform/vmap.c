/* SPDX-License-Identifier: MIT */
/* filter_vmap: a real axis of the arguments becomes a mapped axis, and a real axis of the
 * result again. Recorded: values get the axis as a property. Eager: core/transform/vmap_eager.c
 * runs each example. */
#include "core/transform/vmap.h"

#include <string.h>

#include "core/transform/detached.h"

#include "vernal/ops.h"
#include "vernal/transform.h"

#define MAX_EXAMPLES (INT64_MAX >> 16) /* more would leave no room to count their bytes */

/* --------------------------------------------------- axes as prefix trees, leaf by leaf */

/* Expands a prefix tree of axes over the arrays of a tree, in leaf order. */
typedef struct expansion {
    vn__axes_list *list;
    vn_tree *spec; /* an int leaf, none, or NULL (if_array(0)) */
    const char *who;
} expansion;

static bool push_axis(vn__axes_list *list, int axis)
{
    if (!vn__grow(&list->axis, &list->capacity, list->n + 1, sizeof *list->axis))
        return false;
    list->axis[list->n++] = axis;
    return true;
}

/* The axis that a function of a specification gives the leaf; -1 and an error. */
static vn_tree *called_axis(const expansion *e, vn_tree *leaf)
{
    vn_tree *const one = e->list->stacked ? vn_index(leaf, 0, 0) : leaf;
    vn_tree *const axis = vn_call(e->spec, one);
    if (axis && !vn_is_none(axis) && vn_kind_of(axis) != VN_KIND_INT)
        return vn_error(VN_ERR_ARGUMENT,
                        "filter_vmap: the function of %s axes returns a %s, expected int or "
                        "none",
                        e->who, axis->type->name);
    return axis;
}

static bool expand_leaf(void *context, vn_tree *leaf)
{
    const expansion *const e = context;
    if (!vn_is_array(leaf))
        return true;
    vn_tree *const spec = e->spec && vn_kind_of(e->spec) == VN_KIND_FUNCTION
                              ? called_axis(e, leaf)
                              : e->spec;
    if (e->spec && !spec)
        return false;
    const int64_t axis = spec ? (vn_is_none(spec) ? VN_AXIS_NONE : vn_int_value(spec)) : 0;
    if (axis == VN_AXIS_NONE)
        return push_axis(e->list, VN_AXIS_NONE);
    const int rank = vn_rank(leaf) + e->list->extra_rank;
    if (axis < -rank || axis >= rank) {
        char text[VN__SHAPE_TEXT];
        vn__fail(VN_ERR_SHAPE, "filter_vmap: %s axis %lld is outside an array %s", e->who,
                 (long long)axis,
                 vn__shape_text(text, vn_dtype_of(leaf), vn_shape_of(leaf)));
        return false;
    }
    return push_axis(e->list, (int)(axis < 0 ? axis + rank : axis));
}

vn_status vn__axes_expand(vn__axes_list *list, vn_tree *tree, vn_tree *spec, const char *who)
{
    const vn_kind kind = vn_kind_of(spec);
    if (kind == VN_KIND_NONE || kind == VN_KIND_INT || kind == VN_KIND_FUNCTION) {
        vn__for_leaves(tree, expand_leaf, &(expansion){ list, spec, who });
        return vn_error_status();
    }
    if (vn_is_leaf(spec))
        return vn__fail(VN_ERR_ARGUMENT,
                        "filter_vmap: %s axes hold a %s, expected int, none or a function", who,
                        spec->type->name);
    if (vn_len(spec) != vn_len(tree))
        return vn__fail(VN_ERR_STRUCTURE,
                        "filter_vmap: %s axes have %d children where the tree has "
                        "%d",
                        who, vn_len(spec), vn_len(tree));
    if (!vn__same_node(spec, tree))
        return vn__fail(VN_ERR_STRUCTURE,
                        "filter_vmap: %s axes hold a %s where the tree has another %s", who,
                        spec->type->name, tree->type->name);
    for (int i = 0; i < vn_len(spec); i++)
        VN_TRY(vn__axes_expand(list, vn_at(tree, i), vn_at(spec, i), who));
    return VN_ERR_OK;
}

void vn__axes_list_free(vn__axes_list *list)
{
    vn__free(list->axis);
    *list = (vn__axes_list){ 0 };
}

/* The axis of every array of every argument, and their common size. */
static vn_status input_axes(const vn__vmap *self, vn__axes_list *axes, vn__leaves *leaves,
                            int n, vn_tree *const arg[])
{
    for (int i = 0; i < n; i++) {
        vn_tree *const spec = vn_is_none(self->in_axes) ? NULL : vn_at(self->in_axes, i);
        VN_TRY(vn__leaves_add(leaves, arg[i], vn_is_array));
        VN_TRY(vn__axes_expand(axes, arg[i], spec, "in"));
    }
    return VN_ERR_OK;
}

static vn_status common_size(int64_t *size, const vn__vmap *self, const vn__axes_list *axes,
                             const vn__leaves *leaves)
{
    *size = self->axis_size ? self->axis_size : -1;
    for (int64_t i = 0; i < leaves->n; i++) {
        if (axes->axis[i] == VN_AXIS_NONE)
            continue;
        const int64_t dim = vn_dim(leaves->item[i], axes->axis[i]);
        if (*size >= 0 && dim != *size)
            return vn__fail(VN_ERR_SHAPE, "filter_vmap: mapped axes have sizes %lld and %lld",
                            (long long)*size, (long long)dim);
        *size = dim;
    }
    return VN_ERR_OK;
}

static vn_tree *out_spec(const vn__vmap *self)
{
    return vn_is_none(self->out_axes) ? NULL : vn_at(self->out_axes, 0);
}

/* Nothing is mapped and no size is given: the function once, if no result needs the size. */
static vn_tree *call_unmapped(const vn__vmap *self, int n, vn_tree *const arg[])
{
    vn_tree *out = vn_call_n(self->fn, n, arg);
    vn__axes_list axes = { .extra_rank = 1 };
    if (!out || vn__axes_expand(&axes, out, out_spec(self), "out") != VN_ERR_OK)
        out = NULL;
    for (int64_t i = 0; out && i < axes.n; i++)
        if (axes.axis[i] != VN_AXIS_NONE)
            out = vn_error(VN_ERR_ARGUMENT,
                           "filter_vmap: no argument is mapped and axis_size is not "
                           "given: the batch size is unknown");
    vn__axes_list_free(&axes);
    return out;
}

/* --------------------------------------------------------------------- recorded vmap */

static vn_tree *result_leaf(void *context, vn_tree *leaf)
{
    vn__vmap_out *const o = context;
    if (!vn_is_array(leaf))
        return leaf;
    const int position = o->axes->axis[o->next++];
    if (position != VN_AXIS_NONE)
        return vn__map_out(leaf, o->axis, position, o->size);
    const vn__array *const a = vn__as_array(leaf);
    if (a->tape && (a->axes >> o->axis & 1))
        return vn_error(VN_ERR_ARGUMENT, "filter_vmap: a result with out axis none differs by "
                                         "example");
    return leaf;
}

static vn_tree *record(const vn__vmap *self, vn__tape *tape, int n, vn_tree *const arg[],
                       const vn__leaves *leaves, const vn__axes_list *axes, int64_t size)
{
    const int axis = vn__tape_axis_new(tape, size, self->axis_name);
    vn_array **const in = vn__alloc((size_t)(leaves->n + 1) * sizeof *in);
    vn_tree *args[VN__MAX_OPERANDS], *out = NULL;
    bool good = axis >= 0 && in;
    for (int64_t i = 0; good && i < leaves->n; i++) {
        in[i] = axes->axis[i] == VN_AXIS_NONE
                    ? leaves->item[i]
                    : vn__map_in(tape, leaves->item[i], axis, axes->axis[i]);
        good = in[i] != NULL;
    }
    int64_t next = 0;
    for (int i = 0; good && i < n; i++) {
        args[i] = vn__leaves_replace(arg[i], vn_is_array, in, &next, true);
        good = args[i] != NULL;
    }
    if (good)
        out = vn_call_n(self->fn, n, args);
    vn__free(in);
    if (axis >= 0)
        vn__tape_root(tape)->axis[axis].open = false;
    vn__axes_list out_axes = { .extra_rank = 1 };
    if (out && vn__axes_expand(&out_axes, out, out_spec(self), "out") == VN_ERR_OK)
        out = vn__map_leaves(out, result_leaf,
                             &(vn__vmap_out){ .axes = &out_axes, .axis = axis, .size = size });
    else
        out = NULL;
    vn__axes_list_free(&out_axes);
    return out;
}

/* ------------------------------------------------------------------------ eager vmap */

/* The result of the first example, which has to be that of all. */
static vn_tree *common_row(vn_tree *leaf)
{
    const char *const data = vn_data(leaf);
    const int64_t n = vn_dim(leaf, 0);
    const size_t bytes =
        (size_t)(vn_size(leaf) / (n ? n : 1)) * vn_dtype_size(vn_dtype_of(leaf));
    for (int64_t e = 1; data && e < n; e++)
        if (memcmp(data, data + (size_t)e * bytes, bytes) != 0)
            return vn_error(VN_ERR_ARGUMENT, "filter_vmap: a result with out axis none differs "
                                             "by example");
    return vn_index(leaf, 0, 0);
}

static vn_tree *place_leaf(void *context, vn_tree *leaf)
{
    vn__vmap_out *const o = context;
    if (!vn_is_array(leaf))
        return leaf;
    const int position = o->axes->axis[o->next++];
    return position == VN_AXIS_NONE ? common_row(leaf) : vn_moveaxis(leaf, 0, position);
}

static vn_tree *run_eager(const vn__vmap *self, int n, vn_tree *const arg[],
                          const vn__axes_list *axes, int64_t size)
{
    vn__leaves shared = { 0 };
    vn__axes_list all = { 0 }, out_axes = { .stacked = true };
    vn_tree *out = NULL;
    bool good = vn__leaves_add(&shared, self->fn, vn_is_array) == VN_ERR_OK;
    for (int64_t i = 0; good && i < shared.n; i++)
        good = push_axis(&all, VN_AXIS_NONE);
    for (int64_t i = 0; good && i < axes->n; i++)
        good = push_axis(&all, axes->axis[i]);
    const int no_operands = 0; /* an axis of NULL would mean: not mapped at all */
    const int *const axis = all.axis ? all.axis : &no_operands;
    if (good)
        out = vn__call_detached(&(vn__call){ self->fn, vn_tuple_n(n, arg), axis, size });
    if (out && vn__axes_expand(&out_axes, out, out_spec(self), "out") == VN_ERR_OK)
        out = vn__map_leaves(out, place_leaf, &(vn__vmap_out){ .axes = &out_axes });
    else
        out = NULL;
    vn__leaves_free(&shared);
    vn__axes_list_free(&all);
    vn__axes_list_free(&out_axes);
    return out;
}

static vn_tree *vmap_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const vn__vmap *const self = (const vn__vmap *)(const void *)tree;
    if (!vn_is_none(self->in_axes) && vn_len(self->in_axes) != n)
        return vn_error(VN_ERR_ARGUMENT,
                        "filter_vmap: in_axes has %d entries, the call %d arguments",
                        vn_len(self->in_axes), n);
    vn__leaves leaves = { 0 };
    vn__axes_list axes = { 0 };
    int64_t size = 0;
    vn_tree *out = NULL;
    if (input_axes(self, &axes, &leaves, n, arg) == VN_ERR_OK &&
        common_size(&size, self, &axes, &leaves) == VN_ERR_OK) {
        vn__tape *const tape = vn__tape_current();
        if (size < 0)
            out = call_unmapped(self, n, arg);
        else if (tape && !tape->eager)
            out = record(self, tape, n, arg, &leaves, &axes, size);
        else if (self->axis_name || size == 0) /* one program: all examples at once, or none */
            out = vn__call_detached(&(vn__call){ .fn = tree, .args = vn_tuple_n(n, arg) });
        else
            out = run_eager(self, n, arg, &axes, size);
    }
    vn__leaves_free(&leaves);
    vn__axes_list_free(&axes);
    return out;
}

static const vn_field vmap_fields[] = {
    VN_FIELD(vn__vmap, fn, TREE),         VN_FIELD(vn__vmap, in_axes, STATIC),
    VN_FIELD(vn__vmap, out_axes, STATIC), VN_FIELD(vn__vmap, axis_name, STRING),
    VN_FIELD(vn__vmap, axis_size, INT),
};
static const vn_type vmap_type = {
    .name = "filter_vmap",
    .kind = VN_KIND_MODULE,
    .size = sizeof(vn__vmap),
    .fields = vmap_fields,
    .n_fields = 5,
    .call = vmap_call,
    .min_args = 0,
    .max_args = VN__MAX_OPERANDS,
};

/* The axes of the arguments as a tuple; NULL stands for axis 0 of every array. */
static vn_tree *axes_tuple(const vn_vmap_options *o)
{
    vn_tree *axes[VN__MAX_OPERANDS];
    if (!o->in_axes)
        return vn_none();
    if (o->n_in < 0 || o->n_in > VN__MAX_OPERANDS)
        return vn_error(VN_ERR_LIMIT, "filter_vmap: n_in is %d", o->n_in);
    for (int i = 0; i < o->n_in; i++)
        axes[i] = o->in_axes[i] ? o->in_axes[i] : vn_if_array(0);
    return vn_tuple_n(o->n_in, axes);
}

vn_tree *vn_if_array(int axis) { return vn_int(axis); }

vn_tree *vn_filter_vmap(vn_tree *f, const vn_vmap_options *options)
{
    const vn_vmap_options o = options ? *options : (vn_vmap_options){ 0 };
    if (o.axis_size < 0 || o.axis_size > MAX_EXAMPLES)
        return vn_error(VN_ERR_ARGUMENT, "filter_vmap: axis_size is %lld",
                        (long long)o.axis_size);
    return vn_module_new(
        &vmap_type,
        &(vn__vmap){ .fn = f,
                     .in_axes = axes_tuple(&o),
                     .out_axes = o.out_axes ? vn_tuple(o.out_axes) : vn_none(),
                     .axis_name = o.axis_name,
                     .axis_size = o.axis_size });
}

vn_tree *vn_vmap_call(vn_tree *f, vn_array *x)
{
    vn_tree *const in_axes[] = { vn_int(0) };
    return vn_call(vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = in_axes, .n_in = 1 }), x);
}
