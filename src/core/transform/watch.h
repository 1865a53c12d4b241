/* SPDX-License-Identifier: MIT */
/* An identity that looks at the derivatives that pass through; plans know nothing of it. */
#ifndef VN_CORE_TRANSFORM_WATCH_H
#define VN_CORE_TRANSFORM_WATCH_H

#include "core/tape/tape.h"

extern const vn_op vn__op_watch;

#endif
