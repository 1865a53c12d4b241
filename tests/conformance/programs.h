/* SPDX-License-Identifier: MIT */
/* Row 44, the programs that have a file of their own. */
#ifndef VN_TESTS_CONFORMANCE_PROGRAMS_H
#define VN_TESTS_CONFORMANCE_PROGRAMS_H

#include <math.h>

#include "conformance/conform.h"

static inline bool near(double got, double want, double tolerance)
{
    return fabs(got - want) <= tolerance * (1 + fabs(want));
}

void check_train_rnn(void);
void check_mnist(void);

#endif
