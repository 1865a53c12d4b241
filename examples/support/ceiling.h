/* SPDX-License-Identifier: MIT */
/* What the machine can do at most, to say how far a program is from it. */
#ifndef EXAMPLES_SUPPORT_CEILING_H
#define EXAMPLES_SUPPORT_CEILING_H

/* f32 operations a second of `threads` threads that do nothing but multiply-adds in registers,
 * each of which counts two; measured during about 50 ms. 0 if the threads cannot be started. */
double fma_ceiling(int threads);

#endif
