/* SPDX-License-Identifier: MIT */
/* MultiheadAttention: y = output_proj(concat_h softmax(mask(Q_h K_h^T / sqrt(d))) V_h)
 *     query [q, ..], key [kv, ..], value [kv, ..]
 *     Q [q, heads, d], K [kv, heads, d], V [kv, heads, v]
 *     masked logits are the lowest finite number, so that a row without any is not NaN
 *     q, k, v, o = split(key, 4); dropout by head from split(key, heads)
 * Source: equinox/nn/_attention.py */
#include <math.h>

#include "core/nn/layer.h"
#include "vernal/transform.h"

#define NAME "MultiheadAttention"

/* ------------------------------------------------------------------------- call */

/* What may follow query, key and value. */
typedef struct extras {
    vn_tree *mask, *key, *inference, *process_heads;
} extras;

/* x [seq, in] through the Linear, as heads [seq, heads, size]. */
static vn_array *project(vn_tree *linear, vn_array *x, int64_t heads)
{
    vn_array *const y = vn_vmap_call(linear, x);
    return vn_reshape(y, VN_SHAPE(vn_dim(x, 0), heads, -1));
}

static double lowest(vn_dtype dtype)
{
    switch (dtype) {
    case VN_F64:
        return -1.7976931348623157e308;
    case VN_F16:
        return -65504.0;
    case VN_BF16:
        return -3.3895313892515355e38;
    default:
        return -3.4028234663852886e38;
    }
}

static bool mask_fits(const vn_array *mask, vn_shape logits)
{
    char found[VN__SHAPE_TEXT], wanted[VN__SHAPE_TEXT];
    const vn_shape without_heads = VN_SHAPE(logits.dim[1], logits.dim[2]);
    if (!mask)
        return true;
    if (!vn__expect_array(NAME, "the mask", mask))
        return false;
    if (vn_shape_equal(vn_shape_of(mask), logits) ||
        vn_shape_equal(vn_shape_of(mask), without_heads))
        return true;
    vn__fail(VN_ERR_SHAPE, NAME ": the mask has shape %s, expected %s, its first axis optional",
             vn__describe(found, mask), vn__shape_text(wanted, vn_dtype_of(mask), logits));
    return false;
}

/* Dropout of the weights [heads, q, kv], with a key of its own for each head. */
static vn_array *drop(const struct vn_multihead_attention *l, vn_array *weights,
                      const extras *e)
{
    vn_tree *const inference = e->inference ? e->inference : vn_none();
    if (!e->key)
        return vn_call(l->dropout, weights, vn_none(), inference);
    vn_tree *const axes[] = { vn_int(0), vn_int(0), vn_none() };
    vn_tree *const by_head =
        vn_filter_vmap(l->dropout, &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    return vn_call(by_head, weights, vn_split(e->key, l->num_heads), inference);
}

/* Q, K, V -> [q, heads, v] */
static vn_array *attend(const struct vn_multihead_attention *l, vn_array *q, vn_array *k,
                        vn_array *v, const extras *e)
{
    const vn_dtype dtype = vn_dtype_of(q);
    vn_array *const scaled = vn_div(q, vn_float(sqrt((double)vn_dim(q, 2))));
    vn_array *logits = vn_einsum("shd,thd->hst", scaled, k);
    if (!mask_fits(e->mask, vn_shape_of(logits)))
        return NULL;
    if (e->mask)
        logits = vn_where(e->mask, logits, vn_float(lowest(vn_dtype_of(logits))));
    logits = vn_cast(logits, vn_promote_types(vn_dtype_of(logits), VN_F32));
    vn_array *const weights = drop(l, vn_cast(vn_softmax(logits, -1), dtype), e);
    return vn_einsum("hst,thd->shd", weights, v);
}

/* (Q, K, V) as process_heads makes them; their shapes must stay. */
static bool process(vn_array *head[3], vn_tree *fn)
{
    vn_tree *const out = fn ? vn_call_n(fn, 3, head) : NULL;
    if (!fn)
        return true;
    if (vn_len(out) != 3) {
        vn__fail(VN_ERR_STRUCTURE, NAME ": process_heads does not return three arrays");
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (!vn__expect_shape(NAME, "a result of process_heads", vn_at(out, i),
                              vn_shape_of(head[i])))
            return false;
        head[i] = vn_at(out, i);
    }
    return true;
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn__named_begin(NAME);
    const struct vn_multihead_attention *const l = (const void *)self;
    const extras e = { vn__optional(n, arg, 3), vn__optional(n, arg, 4),
                       vn__optional(n, arg, 5), vn__optional(n, arg, 6) };
    char key[VN__SHAPE_TEXT], value[VN__SHAPE_TEXT];
    if (!vn__expect_rank(NAME, "query", arg[0], 2) ||
        !vn__expect_rank(NAME, "key", arg[1], 2) || !vn__expect_rank(NAME, "value", arg[2], 2))
        return vn__named_end(NULL);
    if (vn_dim(arg[1], 0) != vn_dim(arg[2], 0))
        return vn__named_end(vn_error(VN_ERR_SHAPE,
                                      NAME ": key has shape %s, value %s: their lengths differ",
                                      vn__describe(key, arg[1]), vn__describe(value, arg[2])));
    vn_array *head[3] = { project(l->query_proj, arg[0], l->num_heads),
                          project(l->key_proj, arg[1], l->num_heads),
                          project(l->value_proj, arg[2], l->num_heads) };
    if (!vn_ok() || !process(head, e.process_heads))
        return vn__named_end(NULL);
    vn_array *const attended = attend(l, head[0], head[1], head[2], &e);
    return vn__named_end(
        attended ? vn_vmap_call(l->output_proj,
                                vn_reshape(attended, VN_SHAPE(vn_dim(arg[0], 0), -1)))
                 : NULL);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_multihead_attention, query_proj, TREE),
    VN_FIELD(struct vn_multihead_attention, key_proj, TREE),
    VN_FIELD(struct vn_multihead_attention, value_proj, TREE),
    VN_FIELD(struct vn_multihead_attention, output_proj, TREE),
    VN_FIELD(struct vn_multihead_attention, dropout, TREE),
    VN_FIELD(struct vn_multihead_attention, num_heads, INT),
    VN_FIELD(struct vn_multihead_attention, query_size, INT),
    VN_FIELD(struct vn_multihead_attention, key_size, INT),
    VN_FIELD(struct vn_multihead_attention, value_size, INT),
    VN_FIELD(struct vn_multihead_attention, output_size, INT),
    VN_FIELD(struct vn_multihead_attention, qk_size, INT),
    VN_FIELD(struct vn_multihead_attention, vo_size, INT),
    VN_FIELD(struct vn_multihead_attention, use_query_bias, BOOL),
    VN_FIELD(struct vn_multihead_attention, use_key_bias, BOOL),
    VN_FIELD(struct vn_multihead_attention, use_value_bias, BOOL),
    VN_FIELD(struct vn_multihead_attention, use_output_bias, BOOL),
};

const vn_type vn_multihead_attention_type =
    VN__LAYER_TYPE(NAME, struct vn_multihead_attention, fields, call, 3, 7);

/* ------------------------------------------------------------------ construction */

static vn_tree *projection(int64_t in, int64_t out, vn_array *keys, int i, bool bias,
                           vn_dtype dtype)
{
    return vn_linear(in, out, vn_subkey(keys, i),
                     &(vn_linear_options){ .no_bias = !bias, .dtype = dtype });
}

/* The sizes of *l, defaults filled in. */
static bool sizes(struct vn_multihead_attention *l, const vn_multihead_attention_options *o)
{
    if (!vn__expect_size(NAME, "num_heads", l->num_heads, 1) ||
        !vn__expect_size(NAME, "query_size", l->query_size, 1))
        return false;
    const int64_t head = l->query_size / l->num_heads;
    l->key_size = o->key_size ? o->key_size : l->query_size;
    l->value_size = o->value_size ? o->value_size : l->query_size;
    l->output_size = o->output_size ? o->output_size : l->query_size;
    l->qk_size = o->qk_size ? o->qk_size : head;
    l->vo_size = o->vo_size ? o->vo_size : head;
    return vn__expect_size(NAME, "key_size", l->key_size, 1) &&
           vn__expect_size(NAME, "value_size", l->value_size, 1) &&
           vn__expect_size(NAME, "output_size", l->output_size, 1) &&
           vn__expect_size(NAME, "qk_size", l->qk_size, 1) &&
           vn__expect_size(NAME, "vo_size", l->vo_size, 1);
}

vn_tree *vn_multihead_attention(int64_t num_heads, int64_t query_size, vn_array *key,
                                const vn_multihead_attention_options *options)
{
    vn__named_begin(NAME);
    static const vn_multihead_attention_options defaults;
    const vn_multihead_attention_options o = options ? *options : defaults;
    struct vn_multihead_attention l = {
        .num_heads = num_heads,
        .query_size = query_size,
        .use_query_bias = o.use_query_bias,
        .use_key_bias = o.use_key_bias,
        .use_value_bias = o.use_value_bias,
        .use_output_bias = o.use_output_bias,
    };
    if (!sizes(&l, &o) || !vn__expect_key(NAME, key))
        return vn__named_end(NULL);
    vn_array *const keys = vn_split(key, 4);
    const int64_t qk = num_heads * l.qk_size, vo = num_heads * l.vo_size;
    l.query_proj = projection(query_size, qk, keys, 0, o.use_query_bias, o.dtype);
    l.key_proj = projection(l.key_size, qk, keys, 1, o.use_key_bias, o.dtype);
    l.value_proj = projection(l.value_size, vo, keys, 2, o.use_value_bias, o.dtype);
    l.output_proj = projection(vo, l.output_size, keys, 3, o.use_output_bias, o.dtype);
    l.dropout = vn_dropout(o.dropout_p, &(vn_dropout_options){ .inference = o.inference });
    return vn__named_end(vn_module_new(&vn_multihead_attention_type, &l));
}
