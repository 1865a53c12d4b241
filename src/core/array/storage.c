/* SPDX-License-Identifier: MIT */
/* The memory of arrays, and arrays that share it. Header and elements are one allocation. */
#include <stdio.h>

#include "core/base/large.h"
#include "core/tree/tree.h"

#define HEADER 64
#define SMALL  192 /* elements with the header in a recycled block */

_Static_assert(sizeof(vn__storage) <= HEADER, "elements begin one cache line after the header");

vn__storage *vn__storage_new(size_t bytes)
{
    if (bytes > PTRDIFF_MAX - HEADER)
        return vn__fail_memory(bytes);
    uint32_t size_class = 0;
    vn__storage *const storage = bytes <= SMALL ? vn__block_new(HEADER + bytes, &size_class)
                                                : vn__large_alloc(HEADER + bytes);
    if (!storage)
        return NULL;
    *storage = (vn__storage){
        .refs = 1, .size_class = size_class, .data = (char *)storage + HEADER, .bytes = bytes
    };
    return storage;
}

void vn__storage_release(vn__storage *storage)
{
    if (!storage || !vn__drop_reference(&storage->refs))
        return;
    if (storage->free_fn)
        storage->free_fn(storage->context);
    if (storage->size_class)
        vn__block_free(storage, storage->size_class);
    else
        vn__large_free(storage, HEADER + storage->bytes);
}

bool vn__shape_valid(const char *who, vn_dtype dtype, vn_shape shape)
{
    const size_t size = vn_dtype_size(dtype);
    if (size == 0)
        return vn__fail(VN_ERR_DTYPE, "%s: %d is no dtype", who, (int)dtype) == VN_ERR_OK;
    if (shape.rank < 0 || shape.rank > VN_MAX_RANK)
        return vn__fail(VN_ERR_LIMIT, "%s: rank %d, at most %d", who, (int)shape.rank,
                        VN_MAX_RANK) == VN_ERR_OK;
    char text[VN__SHAPE_TEXT];
    int64_t bytes = (int64_t)size;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] < 0)
            return vn__fail(VN_ERR_SHAPE, "%s: a negative size in %s", who,
                            vn__shape_text(text, dtype, shape)) == VN_ERR_OK;
        if (shape.dim[i] > 0 && __builtin_mul_overflow(bytes, shape.dim[i], &bytes))
            return vn__fail(VN_ERR_LIMIT, "%s: %s does not fit into memory", who,
                            vn__shape_text(text, dtype, shape)) == VN_ERR_OK;
    }
    return true;
}

vn__array *vn__array_new(vn_dtype dtype, vn_shape shape)
{
    vn__array *const array = (vn__array *)(void *)vn__node_new(&vn__type_array, sizeof *array);
    if (!array)
        return NULL;
    array->dtype = dtype;
    array->shape.rank = shape.rank;
    for (int i = 0; i < shape.rank; i++)
        array->shape.dim[i] = shape.dim[i];
    return array;
}

vn_array *vn_shape_struct(vn_dtype dtype, vn_shape shape)
{
    dtype = dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype;
    if (!vn__shape_valid("shape_struct", dtype, shape))
        return NULL;
    vn__array *const array = vn__array_new(dtype, shape);
    if (!array)
        return NULL;
    array->base.flags |= VN__STRUCT;
    return &array->base;
}

vn_array *vn__array_view(const vn_array *x, vn_shape shape, size_t offset)
{
    const vn__array *const old = vn__as_array(x);
    vn__array *const view = old ? vn__array_new(old->dtype, shape) : NULL;
    if (!view)
        return NULL;
    if (old->storage)
        __atomic_add_fetch(&old->storage->refs, 1, __ATOMIC_RELAXED);
    view->storage = old->storage;
    view->data = old->data ? (char *)old->data + offset : NULL;
    return &view->base;
}

void vn__array_kill(vn_array *x)
{
    vn__array *const array = (vn__array *)(void *)x;
    vn__storage *const storage = array->storage;
    array->storage = NULL;
    array->data = NULL;
    vn__storage_release(storage);
}

vn_array *vn__array_detach(vn_array *x)
{
    const vn__array *const array = vn__as_array(x);
    if (!array || !array->tape)
        return x;
    return vn_data(x) ? vn__array_view(x, array->shape, 0) : NULL;
}

vn_array *vn_array_wrap(vn_dtype dtype, vn_shape shape, void *data,
                        void (*free_fn)(void *context), void *context)
{
    if (!vn__shape_valid("array_wrap", dtype, shape))
        return NULL;
    if (!data)
        return vn_error(VN_ERR_NULL_ARGUMENT, "array_wrap: data is NULL");
    vn__array *const array = vn__array_new(dtype, shape);
    vn__storage *const storage = array ? vn__storage_new(0) : NULL;
    if (!storage)
        return NULL;
    storage->data = data;
    storage->bytes = (size_t)vn_shape_size(shape) * vn_dtype_size(dtype);
    storage->free_fn = free_fn;
    storage->context = context;
    array->storage = storage;
    array->data = data;
    return &array->base;
}
