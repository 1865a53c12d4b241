/* SPDX-License-Identifier: MIT */
/* The instruction sets against the portable one: a child process computes the same values with
 * VN_ISA=portable and sends them. */
#ifndef VN_TESTS_LAWS_ISA_H
#define VN_TESTS_LAWS_ISA_H

#include "laws/law.h"

/* Writes the values of all subjects to standard output; the exit status. */
int law_dump(const law_subject *subjects, int n);
void law_isa(law_run *r, const law_subject *s);
void law_isa_end(void);

#endif
