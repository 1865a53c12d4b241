/* SPDX-License-Identifier: MIT */
/* What scans keep for their reverse mode. */
#ifndef VN_CORE_PLAN_RESIDUALS_H
#define VN_CORE_PLAN_RESIDUALS_H

#include "core/tape/tape.h"

/* A new tape in which one scan keeps what its reverse mode would compute again; NULL: there is
 * none for which that pays, or an error. */
vn__tape *vn__keep_residuals(vn__tape *tape);

#endif
