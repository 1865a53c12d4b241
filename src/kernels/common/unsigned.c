/* SPDX-License-Identifier: MIT
 * Unsigned integers: every row. */
#include "kernels/internal.h"
#include "kernels/rectangle.h"

#define T uint8_t
#define TAG U8
#define SIGNED 0
#include "kernels/common/integer.h"

#define T uint16_t
#define TAG U16
#define SIGNED 0
#include "kernels/common/integer.h"

#define T uint32_t
#define TAG U32
#define SIGNED 0
#include "kernels/common/integer.h"

#define T uint64_t
#define TAG U64
#define SIGNED 0
#include "kernels/common/integer.h"
