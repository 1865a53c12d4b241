/* SPDX-License-Identifier: MIT */
#include "modules.h"

static vn_tree *linear_call(vn_tree *self, int n, vn_tree *const arg[])
{
    (void)n;
    const linear *const l = (const linear *)(const void *)self;
    if (vn_size(arg[0]) != l->in_features)
        return vn_error(VN_ERR_SHAPE, "linear: wants %lld features", (long long)l->in_features);
    return vn_ones(VN_F32, VN_SHAPE(l->out_features));
}

static const vn_field linear_fields[] = {
    VN_FIELD(linear, weight, TREE),     VN_FIELD(linear, bias, TREE),
    VN_FIELD(linear, in_features, INT), VN_FIELD(linear, out_features, INT),
    VN_FIELD(linear, use_bias, BOOL),
};
const vn_type linear_type = { .name = "Linear",
                              .kind = VN_KIND_MODULE,
                              .size = sizeof(linear),
                              .fields = linear_fields,
                              .n_fields = 5,
                              .call = linear_call,
                              .min_args = 1,
                              .max_args = 2 };

vn_tree *linear_new(int64_t in, int64_t out)
{
    return vn_module_new(&linear_type, &(linear){ .weight = vn_ones(VN_F32, VN_SHAPE(out, in)),
                                                  .bias = vn_ones(VN_F32, VN_SHAPE(out)),
                                                  .in_features = in,
                                                  .out_features = out,
                                                  .use_bias = true });
}

static vn_tree *mlp_call(vn_tree *self, int n, vn_tree *const arg[])
{
    (void)n;
    const mlp *const m = (const mlp *)(const void *)self;
    vn_tree *x = arg[0];
    for (int i = 0; i < vn_len(m->layers); i++)
        x = vn_call(vn_at(m->layers, i), x);
    return x;
}

static const vn_field mlp_fields[] = {
    VN_FIELD(mlp, layers, TREE),
    VN_FIELD(mlp, activation, TREE),
    VN_FIELD(mlp, note, STRING),
};
const vn_type mlp_type = { .name = "MLP",
                           .kind = VN_KIND_MODULE,
                           .size = sizeof(mlp),
                           .fields = mlp_fields,
                           .n_fields = 3,
                           .call = mlp_call,
                           .min_args = 1,
                           .max_args = 1 };

vn_tree *mlp_new(int64_t in, int64_t out, int64_t width, int depth)
{
    vn_tree *layer[10];
    for (int i = 0; i <= depth; i++)
        layer[i] = linear_new(i == 0 ? in : width, i == depth ? out : width);
    return vn_module_new(&mlp_type,
                         &(mlp){ .layers = vn_tuple_n(depth + 1, layer),
                                 .activation = vn_unary_named(vn_ones_like, "vn_relu"),
                                 .note = "hi" });
}

static const vn_field dropout_fields[] = {
    VN_FIELD(dropout, p, TREE),
    VN_FIELD(dropout, inference, TREE),
};
const vn_type dropout_type = VN_MODULE_TYPE(dropout, dropout_fields, NULL, 0, 0);

vn_tree *dropout_new(double p)
{
    return vn_module_new(&dropout_type,
                         &(dropout){ .p = vn_float(p), .inference = vn_bool(false) });
}

static const vn_field statics_fields[] = {
    VN_FIELD(statics, flag, BOOL),       VN_FIELD(statics, integer, INT),
    VN_FIELD(statics, number, FLOAT),    VN_FIELD(statics, text, STRING),
    VN_FIELD(statics, shape, SHAPE),     VN_FIELD(statics, tree, STATIC),
    VN_FIELD(statics, pointer, POINTER), VN_FIELD(statics, inference, BOOL),
};
const vn_type statics_type = VN_MODULE_TYPE(statics, statics_fields, NULL, 0, 0);

int counted_alive;

static void counted_destroy(vn_tree *self)
{
    (void)self;
    __atomic_sub_fetch(&counted_alive, 1, __ATOMIC_RELAXED);
}

static void counted_copied(vn_tree *self)
{
    (void)self;
    __atomic_add_fetch(&counted_alive, 1, __ATOMIC_RELAXED);
}

static const vn_field counted_fields[] = { VN_FIELD(counted, child, TREE) };
const vn_type counted_type = { .name = "Counted",
                               .kind = VN_KIND_MODULE,
                               .size = sizeof(counted),
                               .fields = counted_fields,
                               .n_fields = 1,
                               .destroy = counted_destroy,
                               .copied = counted_copied };

vn_tree *counted_new(void)
{
    vn_tree *const module = vn_module_new(&counted_type, &(counted){ .child = vn_int(1) });
    if (module)
        counted_copied(module);
    return module;
}

static const vn_field box_fields[] = { VN_FIELD(box, value, TREE) };
const vn_type box_type = VN_MODULE_TYPE(box, box_fields, NULL, 0, 0);

vn_tree *box_new(vn_tree *value) { return vn_module_new(&box_type, &(box){ .value = value }); }
