/* SPDX-License-Identifier: MIT
 *
 * c64 and c128: plain loops in every row. Products, quotients and functions are C's own, with
 * infinities as in its Annex G, which is what XLA gives; a sum is the real sum of twice as many
 * columns.
 * Complex numbers have no order: no maximum, and eq and ne are all their comparisons.
 * */
#include <complex.h>

#include "kernels/internal.h"
#include "kernels/rectangle.h"

#define T float _Complex
#define R float
#define TAG C64
#define REAL_TAG F32
#define MAKE CMPLXF
#define F(name) name##f
#include "kernels/common/complex.h"

#define T double _Complex
#define R double
#define TAG C128
#define REAL_TAG F64
#define MAKE CMPLX
#define F(name) name
#include "kernels/common/complex.h"
