/* SPDX-License-Identifier: MIT */
/* Vernal: Equinox for C. This header only includes the others. */
#ifndef VERNAL_H
#define VERNAL_H

#include "vernal/array.h"
#include "vernal/base.h"
#include "vernal/check.h"
#include "vernal/debug.h"
#include "vernal/enumeration.h"
#include "vernal/io.h"
#include "vernal/nn.h"
#include "vernal/op.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/plan.h"
#include "vernal/random.h"
#include "vernal/runtime.h"
#include "vernal/transform.h"
#include "vernal/tree.h"

#endif
