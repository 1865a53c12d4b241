/* SPDX-License-Identifier: MIT
 * Which row of isa.def this machine uses; names of rows; the ceiling that speed is measured
 * by. */
#include "kernels/kernels.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ON_<architecture>(text): the text where the row's architecture is this one's. */
#define ON_any(...) __VA_ARGS__
#if defined(__x86_64__) || defined(__i386__)
#define ON_x86(...) __VA_ARGS__
#define CPU(feature) __builtin_cpu_supports(feature)
#else
#define ON_x86(...)
#endif

#define VN_ISA(name, arch, folder, condition, flags) \
    ON_##arch(extern const vn__kernels vn__kernels_##name; \
              static bool has_##name(void) { return condition; })
#include "kernels/isa.def"
#undef VN_ISA

static const struct row {
    const vn__kernels *kernels;
    bool (*supported)(void);
} table[] = {
#define VN_ISA(name, arch, folder, condition, flags) \
    ON_##arch({ &vn__kernels_##name, has_##name },)
#include "kernels/isa.def"
#undef VN_ISA
};

int vn__kernels_count(void)
{
    return (int)(sizeof table / sizeof table[0]);
}

const vn__kernels *vn__kernels_row(int i)
{
    return i >= 0 && i < vn__kernels_count() ? table[i].kernels : NULL;
}

bool vn__kernels_supported(int i)
{
    return vn__kernels_row(i) && table[i].supported();
}

static const vn__kernels *choose(void)
{
    const char *wanted = getenv("VN_ISA");
    const vn__kernels *best = NULL;
    for (int i = 0; i < vn__kernels_count(); i++) {
        if (!table[i].supported())
            continue;
        best = table[i].kernels;
        if (wanted && strcmp(wanted, best->name) == 0)
            return best;
    }
    return best;
}

/* Threads that come first at the same time choose the same row. */
const vn__kernels *vn__kernels_get(void)
{
    static _Atomic(const vn__kernels *) chosen;
    const vn__kernels *kernels = atomic_load_explicit(&chosen, memory_order_acquire);
    if (!kernels) {
        kernels = choose();
        atomic_store_explicit(&chosen, kernels, memory_order_release);
    }
    return kernels;
}

/* ---- names */

static const struct dtype {
    const char *name;
    int64_t size;
} dtypes[VN__DTYPES] = {
#define VN_DTYPE(NAME, string, type, bytes, kind) [VN__##NAME] = { string, bytes },
#include "kernels/dtype.def"
#undef VN_DTYPE
};

const char *vn__kdtype_name(int dtype)
{
    return dtype > 0 && dtype < VN__DTYPES ? dtypes[dtype].name : NULL;
}

int64_t vn__kdtype_size(int dtype)
{
    return dtype > 0 && dtype < VN__DTYPES ? dtypes[dtype].size : 0;
}

static const char *const unary_names[] = {
#define VN_UNARY(name, ...) #name,
#include "kernels/unary.def"
#undef VN_UNARY
};
static const char *const predicate_names[] = {
#define VN_PREDICATE(name, ...) #name,
#include "kernels/predicate.def"
#undef VN_PREDICATE
};
static const char *const binary_names[] = {
#define VN_BINARY(name, ...) #name,
#include "kernels/binary.def"
#undef VN_BINARY
};
static const char *const compare_names[] = {
#define VN_COMPARE(name, ...) #name,
#include "kernels/compare.def"
#undef VN_COMPARE
};
static const char *const ternary_names[] = {
#define VN_TERNARY(name, ...) #name,
#include "kernels/ternary.def"
#undef VN_TERNARY
};
static const char *const reduce_names[] = {
#define VN_REDUCE(name, ...) #name,
#include "kernels/reduce.def"
#undef VN_REDUCE
};

static const char *name_at(const char *const *names, int i, int count)
{
    return i >= 0 && i < count ? names[i] : NULL;
}

const char *vn__unary_name(int op) { return name_at(unary_names, op, VN__UNARIES); }
const char *vn__predicate_name(int op) { return name_at(predicate_names, op, VN__PREDICATES); }
const char *vn__binary_name(int op) { return name_at(binary_names, op, VN__BINARIES); }
const char *vn__compare_name(int op) { return name_at(compare_names, op, VN__COMPARES); }
const char *vn__ternary_name(int op) { return name_at(ternary_names, op, VN__TERNARIES); }
const char *vn__reduce_name(int op) { return name_at(reduce_names, op, VN__REDUCES); }

/* ---- the ceiling */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double vn__fma_ceiling(const vn__kernels *kernels, int dtype, double seconds)
{
    const double end = now() + seconds;
    double best = 0;
    for (double start = now(); start < end; start = now()) {
        const double flops = kernels->real[dtype]->fma_loop(100000);
        const double rate = flops / (now() - start);
        best = rate > best ? rate : best;
    }
    return best;
}
