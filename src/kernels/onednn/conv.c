/* SPDX-License-Identifier: MIT */
/* Convolutions by oneDNN: images with channels last, which it takes without an order of its
 * own; weights in the layout it likes best. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/onednn/api.h"

struct vn__onednn_conv {
    vn__onednn_shape shape;
    dnnl_primitive_desc_t desc, order_desc; /* these own the descriptions below */
    dnnl_primitive_t run, order;            /* order: of the weights */
    vn__md plain;                           /* weights as we have them */
    int64_t weight_bytes, scratch_bytes;
    char name[64];
    struct vn__onednn_conv *next;
};

/* -------------------------------------------------------------------------- description */

/* dims [a][b][spatial..] */
static void image_dims(dnnl_dims_t dims, int64_t a, int64_t b, const int64_t size[], int axes)
{
    dims[0] = a;
    dims[1] = b;
    memcpy(dims + 2, size, (size_t)axes * sizeof *size);
}

/* dims [groups][out][in][window..], without groups where there is one; returns their number. */
static int weight_dims(dnnl_dims_t dims, const vn__onednn_shape *s)
{
    int n = 0;
    if (s->groups > 1)
        dims[n++] = s->groups;
    dims[n++] = s->y_channels / s->groups;
    dims[n++] = s->x_channels / s->groups;
    memcpy(dims + n, s->window, (size_t)s->axes * sizeof *s->window);
    return n + s->axes;
}

static void drop(const vn__dnnl *d, vn__dnnl_conv *c)
{
    vn__md_drop(d, &c->x);
    vn__md_drop(d, &c->w);
    vn__md_drop(d, &c->y);
}

static bool describe(const vn__dnnl *d, vn__dnnl_conv *c, vn__md *plain,
                     const vn__onednn_shape *s)
{
    static const dnnl_format_tag_t last[] = { dnnl_acb, dnnl_acdb, dnnl_acdeb };
    static const dnnl_format_tag_t in_order[] = { dnnl_abc, dnnl_abcd, dnnl_abcde,
                                                  dnnl_abcdef };
    dnnl_dims_t x, w, y;
    image_dims(x, s->batch, s->x_channels, s->x, s->axes);
    image_dims(y, s->batch, s->y_channels, s->y, s->axes);
    const int n = weight_dims(w, s);
    for (int i = 0; i < s->axes; i++) {
        c->stride[i] = s->stride[i];
        c->dilation[i] = s->dilation[i] - 1;
        c->before[i] = s->before[i];
        c->after[i] = s->after[i];
    }
    return vn__md_make(d, &c->x, s->axes + 2, x, last[s->axes - 1]) &&
           vn__md_make(d, &c->y, s->axes + 2, y, last[s->axes - 1]) &&
           vn__md_make(d, &c->w, n, w, dnnl_format_tag_any) &&
           vn__md_make(d, plain, n, w, in_order[n - 3]);
}

static bool make_desc(const vn__dnnl *d, vn__onednn_conv *conv, const vn__dnnl_conv *c,
                      dnnl_primitive_attr_t attr)
{
    const bool forward = conv->shape.kind == VN__ONEDNN_FORWARD;
    if (vn__dnnl_forward(d, &conv->desc, c, attr) != dnnl_success) {
        conv->desc = NULL;
        return false;
    }
    if (forward)
        return true;
    const dnnl_primitive_desc_t hint = conv->desc;
    conv->desc = NULL;
    const dnnl_status_t status = vn__dnnl_backward(
        d, &conv->desc, c, conv->shape.kind == VN__ONEDNN_WEIGHT_GRAD, hint, attr);
    d->primitive_desc_destroy(hint);
    return status == dnnl_success;
}

/* ------------------------------------------------------------------------------ creation */

static vn__md_ref part_of(const vn__dnnl *d, const vn__onednn_conv *conv, dnnl_query_t what)
{
    return d->primitive_desc_query_md(conv->desc, what, 0);
}

static vn__md_ref weights_of(const vn__dnnl *d, const vn__onednn_conv *conv)
{
    return part_of(d, conv, conv->shape.kind == VN__ONEDNN_WEIGHT_GRAD
                                ? dnnl_query_diff_weights_md
                                : dnnl_query_weights_md);
}

static int64_t scratch_of(const vn__dnnl *d, dnnl_primitive_desc_t desc)
{
    const vn__md_ref md = d->primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    return md ? (int64_t)d->memory_desc_get_size(md) : 0;
}

static bool make_order(const vn__dnnl *d, vn__onednn_conv *conv, dnnl_primitive_attr_t attr)
{
    const vn__md_ref own = weights_of(d, conv), plain = vn__md_of(&conv->plain);
    const bool back = conv->shape.kind == VN__ONEDNN_WEIGHT_GRAD;
    conv->weight_bytes = (int64_t)d->memory_desc_get_size(own);
    return d->reorder_primitive_desc_create(&conv->order_desc, back ? own : plain, d->engine,
                                            back ? plain : own, d->engine,
                                            attr) == dnnl_success;
}

static bool make_primitives(const vn__dnnl *d, vn__onednn_conv *conv)
{
    const char *name = "";
    if (d->primitive_create(&conv->run, conv->desc) != dnnl_success ||
        d->primitive_create(&conv->order, conv->order_desc) != dnnl_success)
        return false;
    d->primitive_desc_query(conv->desc, dnnl_query_impl_info_str, 0, &name);
    snprintf(conv->name, sizeof conv->name, "oneDNN %s", name);
    const int64_t run = scratch_of(d, conv->desc), order = scratch_of(d, conv->order_desc);
    conv->scratch_bytes = run > order ? run : order;
    return true;
}

static bool make(const vn__dnnl *d, vn__onednn_conv *conv)
{
    vn__dnnl_conv c;
    memset(&c, 0, sizeof c);
    dnnl_primitive_attr_t attr = NULL;
    const bool made =
        d->primitive_attr_create(&attr) == dnnl_success &&
        d->primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) ==
            dnnl_success &&
        describe(d, &c, &conv->plain, &conv->shape) && make_desc(d, conv, &c, attr) &&
        make_order(d, conv, attr) && make_primitives(d, conv);
    drop(d, &c);
    if (attr)
        d->primitive_attr_destroy(attr);
    return made;
}

/* What is left of a convolution that was declined. */
static void unmake(const vn__dnnl *d, vn__onednn_conv *conv)
{
    if (conv->run)
        d->primitive_destroy(conv->run);
    if (conv->order)
        d->primitive_destroy(conv->order);
    if (conv->desc)
        d->primitive_desc_destroy(conv->desc);
    if (conv->order_desc)
        d->primitive_desc_destroy(conv->order_desc);
    vn__md_drop(d, &conv->plain);
    conv->run = conv->order = NULL;
    conv->desc = conv->order_desc = NULL;
}

static bool is_possible(const vn__onednn_shape *s)
{
    bool ok = s->axes >= 1 && s->axes <= VN__ONEDNN_AXES && s->batch > 0 && s->groups > 0 &&
              s->x_channels > 0 && s->y_channels > 0;
    for (int i = 0; ok && i < s->axes; i++)
        ok = s->x[i] > 0 && s->y[i] > 0 && s->window[i] > 0 && s->before[i] >= 0 &&
             s->after[i] >= 0;
    return ok;
}

/* --------------------------------------------------------------------- one of each shape
 * Those that were declined are kept too, so that oneDNN is asked once. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static vn__onednn_conv *all;

static vn__onednn_conv *find_or_make(const vn__dnnl *d, const vn__onednn_shape *shape)
{
    for (vn__onednn_conv *c = all; c; c = c->next)
        if (memcmp(&c->shape, shape, sizeof *shape) == 0)
            return c;
    vn__onednn_conv *const conv = calloc(1, sizeof *conv);
    if (!conv)
        return NULL;
    conv->shape = *shape;
    const int before = vn__dnnl_enter(d);
    if (!make(d, conv))
        unmake(d, conv);
    vn__dnnl_leave(d, before);
    conv->next = all;
    return all = conv;
}

const vn__onednn_conv *vn__onednn_conv_of(const vn__onednn_shape *shape)
{
    const vn__dnnl *const d = is_possible(shape) ? vn__dnnl_get() : NULL;
    if (!d)
        return NULL;
    pthread_mutex_lock(&lock);
    const vn__onednn_conv *const conv = find_or_make(d, shape);
    pthread_mutex_unlock(&lock);
    return conv && conv->run ? conv : NULL;
}

const char *vn__onednn_conv_name(const vn__onednn_conv *conv) { return conv->name; }
int64_t vn__onednn_weight_bytes(const vn__onednn_conv *conv) { return conv->weight_bytes; }
int64_t vn__onednn_scratch_bytes(const vn__onednn_conv *conv) { return conv->scratch_bytes; }

/* ----------------------------------------------------------------------------- execution */

#define ARGUMENTS 4

typedef struct argument {
    int name;
    vn__md_ref md;
    void *data;
} argument;

/* Runs a primitive on the calling thread. */
static bool execute(const vn__dnnl *d, dnnl_primitive_t primitive, int n,
                    const argument with[])
{
    dnnl_exec_arg_t arg[ARGUMENTS] = { { 0 } };
    dnnl_stream_t stream = NULL;
    const int before = vn__dnnl_enter(d);
    bool ok = d->stream_create(&stream, d->engine, dnnl_stream_default_flags) == dnnl_success;
    int made = 0;
    for (; ok && made < n; made += ok) {
        arg[made].arg = with[made].name;
        ok = d->memory_create(&arg[made].memory, with[made].md, d->engine,
                              with[made].data) == dnnl_success;
    }
    ok = ok && d->primitive_execute(primitive, stream, n, arg) == dnnl_success &&
         d->stream_wait(stream) == dnnl_success;
    for (int i = 0; i < made; i++)
        d->memory_destroy(arg[i].memory);
    if (stream)
        d->stream_destroy(stream);
    vn__dnnl_leave(d, before);
    return ok;
}

bool vn__onednn_weights(const vn__onednn_conv *conv, void *to, const void *from, void *scratch)
{
    const vn__dnnl *const d = vn__dnnl_get();
    const bool back = conv->shape.kind == VN__ONEDNN_WEIGHT_GRAD;
    const vn__md_ref own = weights_of(d, conv), plain = vn__md_of(&conv->plain);
    const argument with[] = {
        { DNNL_ARG_FROM, back ? own : plain, (void *)(uintptr_t)from },
        { DNNL_ARG_TO, back ? plain : own, to },
        { DNNL_ARG_SCRATCHPAD,
          d->primitive_desc_query_md(conv->order_desc, dnnl_query_scratchpad_md, 0), scratch },
    };
    return execute(d, conv->order, scratch_of(d, conv->order_desc) ? 3 : 2, with);
}

bool vn__onednn_conv_run(const vn__onednn_conv *conv, void *x, void *w, void *y, void *scratch)
{
    static const struct names {
        int x, w, y;
        dnnl_query_t of_x, of_y;
    } names[] = {
        [VN__ONEDNN_FORWARD] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST,
                                 dnnl_query_src_md, dnnl_query_dst_md },
        [VN__ONEDNN_INPUT_GRAD] = { DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST,
                                    dnnl_query_diff_src_md, dnnl_query_diff_dst_md },
        [VN__ONEDNN_WEIGHT_GRAD] = { DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST,
                                     dnnl_query_src_md, dnnl_query_diff_dst_md },
    };
    const vn__dnnl *const d = vn__dnnl_get();
    const struct names *const as = &names[conv->shape.kind];
    const argument with[] = {
        { as->x, part_of(d, conv, as->of_x), x },
        { as->w, weights_of(d, conv), w },
        { as->y, part_of(d, conv, as->of_y), y },
        { DNNL_ARG_SCRATCHPAD, part_of(d, conv, dnnl_query_scratchpad_md), scratch },
    };
    return execute(d, conv->run, scratch_of(d, conv->desc) ? 4 : 3, with);
}
