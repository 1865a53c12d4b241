/* SPDX-License-Identifier: MIT */
/* Plans on raw pointers: a run allocates nothing, gives the numbers of the jitted function,
 * and the workspace of a worker does not grow with the batch. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/alloc.h"
#include "laws/tally.h"
#include "vernal.h"

/* ---- functions */

static vn_tree *mean_square(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *sgd_step(vn_tree *const arg[]) /* model, x, y -> model, loss */
{
    vn_tree *f = vn_filter_value_and_grad(vn_function(mean_square, 3), NULL);
    vn_tree *both = vn_call(f, arg[0], arg[1], arg[2]);
    vn_tree *updates = vn_tree_scale(-0.1, vn_at(both, 1));
    return vn_tuple(vn_apply_updates(arg[0], updates), vn_at(both, 0));
}

static vn_tree *sine_sum(vn_tree *const arg[])
{
    return vn_tuple(vn_sum(vn_sin(arg[0])), vn_mul(arg[0], arg[1]));
}

static vn_tree *relax(vn_tree *const arg[]) /* a loop with a bound */
{
    return vn_tanh(vn_add(vn_matmul(arg[1], arg[0]), arg[0]));
}

static vn_tree *relax_step(vn_tree *const arg[]) /* matrix, i, y */
{
    vn_tree *const swapped[] = { arg[2], arg[0] };
    return relax(swapped);
}

static vn_tree *relax_often(vn_tree *const arg[]) /* y, matrix */
{
    vn_tree *body = vn_partial(vn_function(relax_step, 3), arg[1]);
    return vn_fori_loop(0, 7, body, arg[0]);
}

/* ---- one plan against the jitted function, run four times */

enum { MAX_BUFFERS = 32 };

static void check_plan(const char *which, vn_tree *f, int n, vn_tree *const arg[])
{
    vn_plan *plan = vn_plan_create(f, n, arg);
    vn_tree *want = vn_tree_leaves(vn_call_n(vn_filter_jit(f, NULL), n, arg));
    vn_tree *arguments = vn_tuple_n(n, arg);
    vn_tree *inputs = vn_tree_leaves(vn_filter(arguments, vn_is_array));
    const void *in[MAX_BUFFERS];
    void *out[MAX_BUFFERS] = { NULL };
    if (!plan || vn_plan_inputs(plan) != vn_len(inputs) ||
        vn_plan_outputs(plan) > MAX_BUFFERS) {
        expect(false, "the plan is not made", which);
        vn_plan_destroy(plan);
        return;
    }
    for (int i = 0; i < vn_len(inputs); i++)
        in[i] = vn_data(vn_at(inputs, i));
    for (int i = 0; i < vn_plan_outputs(plan); i++)
        out[i] = calloc((size_t)vn_shape_size(vn_plan_output_shape(plan, i)) + 1, 8);
    size_t size = (vn_plan_workspace(plan) + 63) / 64 * 64;
    void *workspace = size ? aligned_alloc(64, size) : NULL;
    vn_status status = vn_plan_run(plan, out, in, workspace); /* may start the pool */
    int64_t before = vn__alloc_count();
    for (int i = 0; i < 3 && status == VN_ERR_OK; i++)
        status = vn_plan_run(plan, out, in, workspace);
    expect(status == VN_ERR_OK, "runs", which);
    expect(vn__alloc_count() == before, "a run allocates nothing", which);
    for (int i = 0, k = 0; i < vn_len(want); i++) {
        vn_tree *leaf = vn_at(want, i);
        if (!vn_is_array(leaf))
            continue;
        size_t bytes = (size_t)vn_size(leaf) * vn_dtype_size(vn_dtype_of(leaf));
        expect(!memcmp(out[k++], vn_data(leaf), bytes), "gives the bits of the jitted call",
               which);
    }
    for (int i = 0; i < vn_plan_outputs(plan); i++)
        free(out[i]);
    free(workspace);
    vn_plan_destroy(plan);
}

static void check_plans(int threads)
{
    vn_set_num_threads(threads);
    for (int wide = 0; wide < 2; wide++)
        VN_SCOPE
        {
            vn_dtype dtype = wide ? VN_F64 : VN_F32;
            vn_set_default_dtype(dtype);
            vn_array *x = vn_normal(vn_key(1), VN_SHAPE(1000, 3), dtype), *y = vn_sin(x);
            vn_tree *model = vn_mlp(3, 3, 20, 2, vn_key(0), NULL);
            vn_array *row = vn_index(x, 0, 0), *matrix = vn_slice(x, 0, 0, 3, 1);
            check_plan("training step", vn_function(sgd_step, 3), 3, VN_TREES(model, x, y));
            check_plan("two results", vn_function(sine_sum, 2), 2, VN_TREES(x, y));
            check_plan("one example", vn_partial(vn_function(mean_square, 3), model), 2,
                       VN_TREES(vn_slice(x, 0, 0, 1, 1), vn_slice(y, 0, 0, 1, 1)));
            check_plan("loop", vn_function(relax_often, 2), 2, VN_TREES(row, matrix));
        }
    vn_set_default_dtype(VN_F32);
}

/* ---- the workspace of a worker: inputs are mapped memory that is never touched */

typedef struct mapping {
    void *memory;
    size_t bytes;
} mapping;

static void unmap(void *context)
{
    mapping *m = context;
    munmap(m->memory, m->bytes);
    free(m);
}

static vn_array *untouched(int64_t rows, int64_t columns)
{
    size_t bytes = (size_t)(rows * columns) * sizeof(float);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    mapping *m = calloc(1, sizeof *m);
    void *memory = m ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) : MAP_FAILED;
    if (memory == MAP_FAILED) {
        free(m);
        return vn_error(VN_ERR_MEMORY, "plan_run: no address space");
    }
    *m = (mapping){ memory, bytes };
    return vn_array_wrap(VN_F32, VN_SHAPE(rows, columns), memory, unmap, m);
}

static size_t workspace(int64_t batch)
{
    size_t bytes = 0;
    VN_SCOPE
    {
        vn_tree *model = vn_mlp(64, 16, 256, 2, vn_key(0), NULL);
        vn_tree *arg[] = { model, untouched(batch, 64), untouched(batch, 16) };
        vn_plan *plan = vn_plan_create(vn_function(sgd_step, 3), 3, arg);
        bytes = plan ? vn_plan_workspace(plan) : 0;
        vn_plan_destroy(plan);
    }
    return bytes;
}

/* A worker's own, and totals, up to a limit, of as many parts as a batch is worth. */
static void check_workspace(void)
{
    const char *which = "64-256-256-16, step";
    const size_t workers = (size_t)vn_num_threads(), mb = 1u << 20;
    const size_t small = workspace(8192), large = workspace(65536), most = workspace(1048576);
    printf("%s: %zu, %zu bytes of workspace\n", which, small, most);
    expect(small > 0 && small / workers < 4 * mb, "a worker needs less than 4 MB", which);
    expect(large < (64 + 2 * workers) * mb, "totals have a limit", which);
    expect(large == most, "larger batches need no more", which);
}

int main(void)
{
    check_plans(1);
    check_plans(2);
    check_workspace();
    vn_finish();
    return report();
}
