/* SPDX-License-Identifier: MIT */
/* The kinds of cases of the group transforms, told apart by an array that each has. */
#ifndef VN_TESTS_GOLDEN_TRANSFORMS_H
#define VN_TESTS_GOLDEN_TRANSFORMS_H

#include "golden/groups.h"

void golden_transforms_arrays(golden_run *r, golden_case *c, bool jit);
void golden_transforms_custom(golden_run *r, golden_case *c, bool jit);
void golden_transforms_mlp(golden_run *r, golden_case *c, bool jit);
void golden_transforms_scalar(golden_run *r, golden_case *c, bool jit);
void golden_transforms_vmap(golden_run *r, golden_case *c, bool jit);
void golden_transforms_loops(golden_run *r, golden_case *c, bool jit);

#endif
