/* SPDX-License-Identifier: MIT
 * Signed integers: every row. */
#include "kernels/internal.h"
#include "kernels/rectangle.h"

#define T int8_t
#define TAG I8
#define SIGNED 1
#include "kernels/common/integer.h"

#define T int16_t
#define TAG I16
#define SIGNED 1
#include "kernels/common/integer.h"

#define T int32_t
#define TAG I32
#define SIGNED 1
#include "kernels/common/integer.h"

#define T int64_t
#define TAG I64
#define SIGNED 1
#include "kernels/common/integer.h"
