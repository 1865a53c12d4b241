/* SPDX-License-Identifier: MIT */
/* The reverse mode of while loops. */
#ifndef VN_CORE_TRANSFORM_UNWIND_H
#define VN_CORE_TRANSFORM_UNWIND_H

#include "core/transform/control.h"

/* The vjp of a `while` that keeps checkpoints. */
void vn__unwind(vn_array *din[], const vn_node *node, vn_array *const g[]);

#endif
