/* SPDX-License-Identifier: MIT */
/* vmap outside of filter_jit: the function runs once per example, spread over the pool, on
 * numbers, so plain C control flow may differ by example. For a cotangent each example records
 * a tape of its own, on its worker, without locks. Chunks have a fixed size: the bits do not
 * depend on the threads. */
#include "core/ops/rows.h"
#include "core/transform/derivative.h"
#include "core/transform/detached.h"
#include "core/transform/error_if.h"
#include "parallel/pool.h"
#include "vernal/ops.h"
#include "vernal/random.h"
#include "vernal/transform.h"

#define CHUNK 8 /* examples of one task */

/* One run over all examples. */
typedef struct running {
    vn_tree *fn, *args; /* arrays stand for operands */
    vn_array *const *operand;
    const int *axis;
    int64_t n_operands, size;
    vn_array *const *cotangent; /* NULL: forward; else one per result (or NULL entries) */
    int64_t n_results;
    vn_tree **result;       /* forward: by example, owned */
    vn_array **dx;          /* reverse: [example][operand], owned */
    vn__rows *rows;         /* what is to be added to them, of shared operands */
    vn__error *error;       /* by chunk */
    vn_dtype default_dtype; /* of the caller, as the layout of its random bits */
    bool partitionable;
} running;

static bool is_mapped_operand(const running *r, int64_t i)
{
    return r->axis[i] != VN_AXIS_NONE;
}

/* The operands as example e sees them. */
static bool example_operands(vn_array *x[], const running *r, int64_t e)
{
    for (int64_t i = 0; i < r->n_operands; i++) {
        x[i] = is_mapped_operand(r, i) ? vn_index(r->operand[i], r->axis[i], e) : r->operand[i];
        if (!x[i])
            return false;
    }
    return true;
}

static vn_tree *call_example(const running *r, vn_array *const x[])
{
    int64_t next = 0;
    vn_tree *const fn = vn__leaves_replace(r->fn, vn_is_array, x, &next, true);
    vn_tree *const args = fn ? vn__leaves_replace(r->args, vn_is_array, x, &next, true) : NULL;
    vn_tree *call[VN__MAX_OPERANDS];
    for (int i = 0; args && i < vn_len(args); i++)
        call[i] = vn_at(args, i);
    return args ? vn_call_n(fn, vn_len(args), call) : NULL;
}

static bool forward_example(const running *r, int64_t e)
{
    vn_array *x[VN__MAX_OPERANDS];
    vn_tree *const out = example_operands(x, r, e) ? call_example(r, x) : NULL;
    r->result[e] = vn_retain(out);
    return out != NULL;
}

/* Cotangents of example e's operands. */
static bool reverse_example(const running *r, int64_t e)
{
    vn_array *x[VN__MAX_OPERANDS], *g[VN__MAX_RESULTS], *d[VN__MAX_OPERANDS];
    vn__rows *rows[VN__MAX_OPERANDS];
    vn__session s;
    if (!example_operands(x, r, e) || vn__session_begin(&s) != VN_ERR_OK)
        return false;
    bool good = true;
    for (int64_t i = 0; good && i < r->n_operands; i++)
        good = (x[i] = vn__mark(s.tape, x[i])) != NULL;
    vn_tree *const out = good ? call_example(r, x) : NULL;
    vn__leaves y = { 0 };
    good = out && vn__leaves_add(&y, out, vn_is_array) == VN_ERR_OK && y.n == r->n_results;
    for (int64_t j = 0; good && j < y.n; j++)
        g[j] = r->cotangent[j] ? vn_index(r->cotangent[j], 0, e) : NULL;
    for (int64_t i = 0; i < r->n_operands; i++)
        rows[i] = is_mapped_operand(r, i) ? NULL : &r->rows[e * r->n_operands + i];
    const int n = (int)r->n_operands;
    good = good && (s.own ? vn__backward_rows(d, rows, s.tape, n, x, (int)y.n, y.item, g)
                          : vn__backward(d, s.tape, n, x, (int)y.n, y.item, g, false)) ==
                       VN_ERR_OK;
    for (int64_t i = 0; good && i < r->n_operands; i++) {
        vn_array *const plain = d[i] && s.own ? vn__array_detach(d[i]) : d[i];
        r->dx[e * r->n_operands + i] = vn_retain(plain);
    }
    vn__leaves_free(&y);
    (void)vn__session_end(&s, NULL);
    return good;
}

/* Shared operands: the chunk's cotangents are summed into its first example. */
static void sum_chunk(const running *r, int64_t from, int64_t to)
{
    for (int64_t i = 0; i < r->n_operands; i++) {
        if (is_mapped_operand(r, i))
            continue;
        vn_array **const total = &r->dx[from * r->n_operands + i];
        for (int64_t e = from + 1; e < to; e++) {
            vn_array **const one = &r->dx[e * r->n_operands + i];
            vn_array *const sum = *total && *one ? vn_add(*total, *one)
                                  : *total       ? *total
                                                 : *one;
            vn_retain(sum);
            vn_release(*total);
            vn_release(*one);
            *total = sum;
            *one = NULL;
        }
    }
}

/* One example; a condition of error_if that holds in it is added to those of the others. */
static bool run_example(const running *r, int64_t e, vn__error *faults)
{
    bool good = false;
    vn__example_push(e);
    VN_SCOPE { good = r->cotangent ? reverse_example(r, e) : forward_example(r, e); }
    vn__example_pop();
    if (good || vn_error_status() != VN_ERR_RUNTIME)
        return good;
    vn__error one;
    vn__error_take(&one);
    faults->status = VN_ERR_RUNTIME;
    vn__fault_append(faults->message, sizeof faults->message, one.message);
    return true;
}

static void run_chunk(void *context, int64_t chunk, int worker)
{
    (void)worker;
    const running *const r = context;
    const int64_t from = chunk * CHUNK, to = from + CHUNK < r->size ? from + CHUNK : r->size;
    vn__error outer;
    vn__error_take(
        &outer); /* a task starts without an error, and hands its own to the caller */
    const vn_dtype dtype = vn_default_dtype();
    const bool partitionable = vn_threefry_partitionable();
    vn_set_default_dtype(r->default_dtype);
    vn_set_threefry_partitionable(r->partitionable);
    vn__error faults = { .status = VN_ERR_OK };
    bool good = true;
    for (int64_t e = from; good && e < to; e++)
        good = run_example(r, e, &faults);
    if (good && r->cotangent && faults.status == VN_ERR_OK)
        VN_SCOPE { sum_chunk(r, from, to); }
    if (faults.status != VN_ERR_OK)
        vn__error_restore(&faults);
    vn_set_default_dtype(dtype);
    vn_set_threefry_partitionable(partitionable);
    vn__error_take(&r->error[chunk]);
    vn__error_restore(&outer);
}

/* The first error in the order of the examples becomes the caller's; conditions of error_if
 * that hold are collected. */
static void pass_errors(const running *r, int64_t chunks)
{
    vn__error all = { .status = VN_ERR_OK };
    for (int64_t c = 0; c < chunks; c++) {
        if (r->error[c].status == VN_ERR_OK)
            continue;
        if (r->error[c].status != VN_ERR_RUNTIME) {
            if (all.status == VN_ERR_OK)
                all = r->error[c];
            break;
        }
        all.status = VN_ERR_RUNTIME;
        vn__fault_append(all.message, sizeof all.message, r->error[c].message);
    }
    if (all.status != VN_ERR_OK && vn_ok())
        vn__error_restore(&all);
}

/* Runs all chunks. */
static vn_status run_all(running *r)
{
    const int64_t chunks = (r->size + CHUNK - 1) / CHUNK;
    r->error = vn__alloc_zero((size_t)(chunks + 1) * sizeof *r->error);
    if (!r->error)
        return vn_error_status();
    r->default_dtype = vn_default_dtype();
    r->partitionable = vn_threefry_partitionable();
    const int suspended = vn__tape_suspend();
    vn__parallel_for(chunks, run_chunk, r);
    vn__tape_resume(suspended);
    pass_errors(r, chunks);
    vn__free(r->error);
    return vn_error_status();
}

/* ------------------------------------------------------------------------- forward */

static vn_tree *stack_leaf(void *context, vn_tree *const leaf[])
{
    return vn_is_array(leaf[0]) ? vn__stack_many(*(const int64_t *)context, leaf, 0) : leaf[0];
}

static running prepare(const vn__call *call, vn_array *const operand[], int64_t n_operands)
{
    return (running){ .fn = call->fn,
                      .args = call->args,
                      .operand = operand,
                      .axis = call->axis,
                      .n_operands = n_operands,
                      .size = call->size };
}

vn_tree *vn__run_examples(const vn__call *call, vn_array *const operand[], int64_t n_operands)
{
    running r = prepare(call, operand, n_operands);
    vn_tree *out = NULL;
    r.result = vn__alloc_zero((size_t)(r.size + 1) * sizeof *r.result);
    if (r.result && run_all(&r) == VN_ERR_OK)
        out = vn__map_leaves_n((int)r.size, r.result, stack_leaf, &r.size);
    for (int64_t e = 0; r.result && e < r.size; e++)
        vn_release(r.result[e]);
    vn__free(r.result);
    return out;
}

/* ------------------------------------------------------------------------- reverse */

/* Chunk totals in one fixed order; then the rows of all examples, unless the caller wants
 * them. */
static vn_array *total_of(const running *r, int64_t operand, vn__rows *wanted)
{
    vn_array *total = NULL;
    vn__rows all = { 0 }, *const rows = wanted ? wanted : &all;
    for (int64_t e = 0; e < r->size; e += CHUNK) {
        vn_array *const one = r->dx[e * r->n_operands + operand];
        total = total && one ? vn_add(total, one) : total ? total : one;
    }
    for (int64_t e = 0; e < r->size; e++)
        if (!vn__rows_append(rows, &r->rows[e * r->n_operands + operand]))
            break;
    if (all.n > 0) {
        const vn_array *const x = r->operand[operand];
        const vn_aval table = { vn_dtype_of(x), vn_shape_of(x) };
        vn_array *const sum = vn__rows_sum(&all, table);
        total = total && sum ? vn_add(total, sum) : sum;
    }
    vn__rows_free(&all);
    return vn_ok() ? total : NULL;
}

static vn_array *stack_of(const running *r, int64_t operand)
{
    vn_array **const part = vn__alloc((size_t)(r->size + 1) * sizeof *part);
    bool any = false;
    for (int64_t e = 0; part && e < r->size; e++)
        any |= (part[e] = r->dx[e * r->n_operands + operand]) != NULL;
    vn_array *out = NULL;
    if (any) {
        const vn_array *like = NULL;
        for (int64_t e = 0; e < r->size; e++)
            like = part[e] ? part[e] : like;
        for (int64_t e = 0; e < r->size; e++)
            part[e] = part[e] ? part[e] : vn_zeros(vn_dtype_of(like), vn_shape_of(like));
        out = vn__stack_many(r->size, part, r->axis[operand]);
    }
    vn__free(part);
    return out;
}

vn_status vn__pull_examples(vn_array *dx[], vn__rows *const rows[], const vn__call *call,
                            vn_array *const operand[], int64_t n_operands,
                            vn_array *const g[], int64_t n_results)
{
    running r = prepare(call, operand, n_operands);
    r.cotangent = g;
    r.n_results = n_results;
    r.dx = vn__alloc_zero((size_t)(r.size * n_operands + 1) * sizeof *r.dx);
    r.rows = vn__alloc_zero((size_t)(r.size * n_operands + 1) * sizeof *r.rows);
    vn_status status = r.dx && r.rows ? run_all(&r) : vn_error_status();
    for (int64_t i = 0; status == VN_ERR_OK && i < n_operands; i++) {
        const bool mapped = is_mapped_operand(&r, i);
        dx[i] = mapped ? stack_of(&r, i) : vn_retain(total_of(&r, i, rows ? rows[i] : NULL));
        if (dx[i] && !mapped)
            vn__autorelease(dx[i]);
        status = vn_error_status();
    }
    for (int64_t k = 0; k < r.size * n_operands; k++) {
        if (r.dx)
            vn_release(r.dx[k]);
        if (r.rows)
            vn__rows_free(&r.rows[k]);
    }
    vn__free(r.dx);
    vn__free(r.rows);
    return status;
}
