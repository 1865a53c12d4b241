/* SPDX-License-Identifier: MIT */
/* The groups of golden cases: each runs one case of its group. */
#ifndef VN_TESTS_GOLDEN_GROUPS_H
#define VN_TESTS_GOLDEN_GROUPS_H

#include "golden/check.h"

/* NAME: the folder, and golden_run_NAME. */
#define GOLDEN_GROUPS(X) \
    X(prng)              \
    X(functions)         \
    X(eqx)               \
    X(optim)             \
    X(transforms)        \
    X(layers)            \
    X(train)

#define GOLDEN_PROTOTYPE(name) void golden_run_##name(golden_run *r, golden_case *c);
GOLDEN_GROUPS(GOLDEN_PROTOTYPE)
#undef GOLDEN_PROTOTYPE

#endif
