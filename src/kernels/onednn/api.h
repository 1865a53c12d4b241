/* SPDX-License-Identifier: MIT */
/* What differs between oneDNN 2.x and 3.x, and the functions of the loaded library. In 2.x
 * memory descriptors are structs and a convolution is described before its primitive; in 3.x
 * descriptors are objects and the description is gone. */
#ifndef VN_KERNELS_ONEDNN_API_H
#define VN_KERNELS_ONEDNN_API_H

#include <oneapi/dnnl/dnnl.h>

#include "kernels/onednn/onednn.h"

#define VN_DNNL_COMMON(X)                                                                    \
    X(version) X(engine_create) X(stream_create) X(stream_wait) X(stream_destroy)            \
    X(memory_create) X(memory_destroy) X(memory_desc_get_size)                               \
    X(primitive_attr_create) X(primitive_attr_destroy) X(primitive_attr_set_scratchpad_mode) \
    X(primitive_desc_query) X(primitive_desc_query_md) X(primitive_desc_destroy)             \
    X(reorder_primitive_desc_create) X(primitive_create) X(primitive_execute)                \
    X(primitive_destroy) X(sgemm)

#if DNNL_VERSION_MAJOR >= 3
#define VN_DNNL_FUNCTIONS(X)                                                             \
    VN_DNNL_COMMON(X) X(memory_desc_create_with_tag) X(memory_desc_destroy)              \
    X(convolution_forward_primitive_desc_create)                                         \
    X(convolution_backward_data_primitive_desc_create)                                   \
    X(convolution_backward_weights_primitive_desc_create)
typedef dnnl_memory_desc_t vn__md;
typedef const_dnnl_memory_desc_t vn__md_ref;
#else
#define VN_DNNL_FUNCTIONS(X)                                                             \
    VN_DNNL_COMMON(X) X(memory_desc_init_by_tag) X(primitive_desc_create)                \
    X(dilated_convolution_forward_desc_init) X(dilated_convolution_backward_data_desc_init) \
    X(dilated_convolution_backward_weights_desc_init)
typedef dnnl_memory_desc_t vn__md;
typedef const dnnl_memory_desc_t *vn__md_ref;
#endif

typedef struct vn__dnnl {
#define X(name) __typeof__(&dnnl_##name) name;
    VN_DNNL_FUNCTIONS(X)
#undef X
    void (*set_threads)(int); /* OpenMP's, NULL where oneDNN has no threads */
    int (*threads)(void);
    dnnl_engine_t engine;
} vn__dnnl;

/* The loaded library; NULL: vn__onednn_absent says why. */
const vn__dnnl *vn__dnnl_get(void);

/* Between these the calling thread has one thread of oneDNN's: itself. */
int vn__dnnl_enter(const vn__dnnl *d);
void vn__dnnl_leave(const vn__dnnl *d, int before);

/* The sizes of a convolution as oneDNN takes them. */
typedef struct vn__dnnl_conv {
    vn__md x, w, y; /* channels last, any layout, channels last */
    dnnl_dims_t stride, dilation, before, after;
} vn__dnnl_conv;

#if DNNL_VERSION_MAJOR >= 3

static inline vn__md_ref vn__md_of(const vn__md *md) { return *md; }

static inline bool vn__md_make(const vn__dnnl *d, vn__md *md, int n, const dnnl_dims_t dims,
                               dnnl_format_tag_t tag)
{
    return d->memory_desc_create_with_tag(md, n, dims, dnnl_f32, tag) == dnnl_success;
}

static inline void vn__md_drop(const vn__dnnl *d, vn__md *md)
{
    if (*md)
        d->memory_desc_destroy(*md);
    *md = NULL;
}

static inline dnnl_status_t vn__dnnl_forward(const vn__dnnl *d, dnnl_primitive_desc_t *pd,
                                             const vn__dnnl_conv *c, dnnl_primitive_attr_t attr)
{
    return d->convolution_forward_primitive_desc_create(
        pd, d->engine, dnnl_forward_training, dnnl_convolution_direct, c->x, c->w, NULL, c->y,
        c->stride, c->dilation, c->before, c->after, attr);
}

static inline dnnl_status_t vn__dnnl_backward(const vn__dnnl *d, dnnl_primitive_desc_t *pd,
                                              const vn__dnnl_conv *c, bool weights,
                                              dnnl_primitive_desc_t forward,
                                              dnnl_primitive_attr_t attr)
{
    if (weights)
        return d->convolution_backward_weights_primitive_desc_create(
            pd, d->engine, dnnl_convolution_direct, c->x, c->w, NULL, c->y, c->stride,
            c->dilation, c->before, c->after, forward, attr);
    return d->convolution_backward_data_primitive_desc_create(
        pd, d->engine, dnnl_convolution_direct, c->x, c->w, c->y, c->stride, c->dilation,
        c->before, c->after, forward, attr);
}

#else

static inline vn__md_ref vn__md_of(const vn__md *md) { return md; }

static inline bool vn__md_make(const vn__dnnl *d, vn__md *md, int n, const dnnl_dims_t dims,
                               dnnl_format_tag_t tag)
{
    return d->memory_desc_init_by_tag(md, n, dims, dnnl_f32, tag) == dnnl_success;
}

static inline void vn__md_drop(const vn__dnnl *d, vn__md *md) { (void)d, (void)md; }

static inline dnnl_status_t vn__dnnl_forward(const vn__dnnl *d, dnnl_primitive_desc_t *pd,
                                             const vn__dnnl_conv *c, dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t op;
    const dnnl_status_t status = d->dilated_convolution_forward_desc_init(
        &op, dnnl_forward_training, dnnl_convolution_direct, &c->x, &c->w, NULL, &c->y,
        c->stride, c->dilation, c->before, c->after);
    return status ? status : d->primitive_desc_create(pd, &op, attr, d->engine, NULL);
}

static inline dnnl_status_t vn__dnnl_backward(const vn__dnnl *d, dnnl_primitive_desc_t *pd,
                                              const vn__dnnl_conv *c, bool weights,
                                              dnnl_primitive_desc_t forward,
                                              dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t op;
    const dnnl_status_t status =
        weights ? d->dilated_convolution_backward_weights_desc_init(
                      &op, dnnl_convolution_direct, &c->x, &c->w, NULL, &c->y, c->stride,
                      c->dilation, c->before, c->after)
                : d->dilated_convolution_backward_data_desc_init(
                      &op, dnnl_convolution_direct, &c->x, &c->w, &c->y, c->stride,
                      c->dilation, c->before, c->after);
    return status ? status : d->primitive_desc_create(pd, &op, attr, d->engine, forward);
}

#endif
#endif
