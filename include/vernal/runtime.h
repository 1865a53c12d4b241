/* SPDX-License-Identifier: MIT */
/* The machine: threads, instruction sets, what the library says about itself. */
#ifndef VERNAL_RUNTIME_H
#define VERNAL_RUNTIME_H

#include "vernal/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Worker threads, the caller included (default: VN_NUM_THREADS, else one per physical core).
 * Results do not depend on it. Not while another thread runs a plan. */
VN_API int vn_num_threads(void);
VN_API vn_status vn_set_num_threads(int n);

/* The row of kernels in use: "portable", "avx2", "avx512", "vec512" (VN_ISA=name forces
 * one). */
VN_API const char *vn_isa(void);

/* One line about the machine as the library sees it: cores, NUMA nodes, caches, ISA. Static. */
VN_API const char *vn_machine(void);

/* VN_VERBOSE: 0 silent, 1 explains every plan on stderr. The only output the library ever
 * makes, and only when asked for by that environment variable or here. */
VN_API int vn_verbose(void);
VN_API void vn_set_verbose(int level);

#ifdef __cplusplus
}
#endif
#endif
