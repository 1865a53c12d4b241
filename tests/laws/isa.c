/* SPDX-License-Identifier: MIT */
#include "laws/isa.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vernal/runtime.h"

enum { SEED = 77, BATCH = 19, NAME = 48 };

/* Before the numbers of a subject. */
typedef struct header {
    char row[NAME], name[NAME];
    int64_t dtype, count;
} header;

static header header_of(const law_subject *s, int64_t count)
{
    header h = { .dtype = vn_default_dtype(), .count = count };
    snprintf(h.row, NAME, "%s", s->row);
    snprintf(h.name, NAME, "%s", s->name);
    return h;
}

/* ---- values: the function, its vjp and its vmap, all compiled */

typedef struct values {
    double *number;
    int64_t count;
} values;

static void append(values *v, vn_tree *tree)
{
    vn_tree *leaves = vn_tree_leaves(tree);
    for (int i = 0; i < vn_len(leaves); i++) {
        vn_tree *leaf = vn_at(leaves, i);
        int64_t n = 0;
        double *of_leaf = vn_is_array(leaf) ? law_numbers(leaf, &n) : NULL;
        double *more = realloc(v->number, (size_t)(v->count + n + 1) * sizeof *more);
        if (!more)
            return;
        v->number = more;
        for (int64_t k = 0; of_leaf && k < n; k++)
            more[v->count++] = of_leaf[k];
        free(of_leaf);
    }
}

static values compute(const law_subject *s)
{
    values v = { NULL, 0 };
    vn_tree *arg[LAW_MAX_ARGS + 2], *axis[LAW_MAX_ARGS + 2], *f = law_function(s);
    int n = law_arity(s), first = s->model != NULL;
    law_arguments(arg, s, SEED, 0, 0);
    vn_tree *out = vn_call_n(vn_filter_jit(f, NULL), n, arg);
    append(&v, out);
    arg[n] = law_direction(out, SEED);
    bool inexact = law_has_inexact(out) && law_has_inexact(vn_tuple_n(n, arg));
    if (inexact && !(s->flags & LAW_NO_DERIVATIVE))
        append(&v, vn_call_n(vn_filter_jit(law_cotangents(f), NULL), n + 1, arg));
    if (!(s->flags & LAW_NO_BATCH)) {
        law_arguments(arg, s, SEED, BATCH, ~0u);
        for (int i = 0; i < n; i++)
            axis[i] = i < first ? vn_none() : vn_int(0);
        vn_tree *g = vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = axis, .n_in = n });
        append(&v, vn_call_n(vn_filter_jit(g, NULL), n, arg));
    }
    vn_error_clear();
    return v;
}

int law_dump(const law_subject *subjects, int n)
{
    static const vn_dtype dtypes[] = { VN_F32, VN_F64 };
    for (int i = 0; i < 2 * n; i++)
        VN_SCOPE
        {
            vn_set_default_dtype(dtypes[i % 2]);
            values v = compute(&subjects[i / 2]);
            header h = header_of(&subjects[i / 2], v.count);
            fwrite(&h, sizeof h, 1, stdout);
            fwrite(v.number, sizeof *v.number, (size_t)v.count, stdout);
            free(v.number);
        }
    return fflush(stdout) != 0;
}

/* ---- the portable values: everything that the child wrote */

static char *received;
static size_t received_size;

static void receive(int from)
{
    size_t capacity = 1 << 20;
    received = malloc(capacity);
    for (ssize_t got = 1; received && got > 0; received_size += (size_t)got) {
        if (received_size + 65536 > capacity) {
            char *more = realloc(received, capacity *= 2);
            if (!more)
                break;
            received = more;
        }
        got = read(from, received + received_size, 65536);
        got = got < 0 ? 0 : got;
    }
}

static void ask_child(void)
{
    int ends[2], status;
    if (pipe(ends))
        return;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        setenv("VN_ISA", "portable", 1);
        execl("/proc/self/exe", "laws", "--dump", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    receive(ends[0]);
    close(ends[0]);
    if (child > 0)
        waitpid(child, &status, 0);
}

static const double *find(const header *wanted)
{
    size_t at = 0;
    while (at + sizeof(header) <= received_size) {
        header h;
        memcpy(&h, received + at, sizeof h);
        at += sizeof h;
        if (!memcmp(&h, wanted, sizeof h))
            return (const double *)(const void *)(received + at);
        at += (size_t)h.count * sizeof(double);
    }
    return NULL;
}

void law_isa(law_run *r, const law_subject *s)
{
    if (!strcmp(vn_isa(), "portable"))
        return;
    if (!received)
        ask_child();
    values v = compute(s);
    header h = header_of(s, v.count);
    const double *want = find(&h);
    r->compared++;
    double largest = 0, rtol = 10 * law_rounding();
    if (!want)
        law_fail(r, "the portable instruction set gave other results");
    for (int64_t i = 0; want && i < v.count; i++)
        largest = isfinite(want[i]) ? fmax(largest, fabs(want[i])) : largest;
    for (int64_t i = 0; want && i < v.count && !r->fault; i++)
        if (v.number[i] != want[i] && !(isnan(v.number[i]) && isnan(want[i])) &&
            !(fabs(v.number[i] - want[i]) <= rtol * (fabs(want[i]) + largest)))
            law_fail(r, "number %lld: %.17g, portable %.17g", (long long)i, v.number[i],
                     want[i]);
    free(v.number);
}

void law_isa_end(void)
{
    free(received);
    received = NULL;
    received_size = 0;
}
