/* SPDX-License-Identifier: MIT */
/* Embedding: y = W[i]
 *     i [], an integer; W [num, size] ~ N(0, 1); y [size]
 * Source: equinox/nn/_embedding.py */
#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_embedding *const l = (const void *)self;
    char text[VN__SHAPE_TEXT];
    vn_array *const i = vn_kind_of(arg[0]) == VN_KIND_INT
                            ? vn_scalar(VN_I64, (double)vn_int_value(arg[0]))
                            : arg[0];
    (void)n;
    if (!vn__expect_shape("Embedding", "the index", i, VN_SCALAR))
        return NULL;
    if (!vn_dtype_is_integer(vn_dtype_of(i)))
        return vn_error(VN_ERR_DTYPE, "Embedding: the index is %s, expected an integer",
                        vn__describe(text, i));
    return vn_take(l->weight, i, 0);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_embedding, num_embeddings, INT),
    VN_FIELD(struct vn_embedding, embedding_size, INT),
    VN_FIELD(struct vn_embedding, weight, TREE),
};

const vn_type vn_embedding_type =
    VN__LAYER_TYPE("Embedding", struct vn_embedding, fields, call, 1, 2);

/* 0 counts as "as in the weight". */
static bool agrees(int64_t *size, const char *name, int64_t found)
{
    if (*size == 0)
        *size = found;
    if (*size != found)
        vn__fail(VN_ERR_SHAPE, "Embedding: %s is %lld, but weight has %lld", name,
                 (long long)*size, (long long)found);
    return *size == found;
}

vn_tree *vn_embedding(int64_t num_embeddings, int64_t embedding_size, vn_array *key,
                      const vn_embedding_options *options)
{
    vn__named_begin("Embedding");
    vn_dtype dtype = options ? options->dtype : VN_DTYPE_DEFAULT;
    vn_array *weight = options ? options->weight : NULL;
    if (!vn__expect_size("Embedding", "num_embeddings", num_embeddings, 0) ||
        !vn__expect_size("Embedding", "embedding_size", embedding_size, 0))
        return vn__named_end(NULL);
    if (weight) {
        if (!vn__expect_rank("Embedding", "weight", weight, 2) ||
            !agrees(&num_embeddings, "num_embeddings", vn_dim(weight, 0)) ||
            !agrees(&embedding_size, "embedding_size", vn_dim(weight, 1)))
            return vn__named_end(NULL);
    } else {
        if (!vn__expect_inexact("Embedding", &dtype) || !vn__expect_key("Embedding", key))
            return vn__named_end(NULL);
        weight = vn_normal(key, VN_SHAPE(num_embeddings, embedding_size), dtype);
    }
    return vn__named_end(vn_module_new(&vn_embedding_type, &(struct vn_embedding){
                                                               .num_embeddings = num_embeddings,
                                                               .embedding_size = embedding_size,
                                                               .weight = weight,
                                                           }));
}
