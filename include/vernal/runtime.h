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

/* VN_VERBOSE: 0 silent, 1 explains every plan on stderr. This and VN_TUNE=1 are the only output
 * the library ever makes, and only when asked for by the environment or here. */
VN_API int vn_verbose(void);
VN_API void vn_set_verbose(int level);

/* VN_TUNE: 0 sizes of tiles, lanes and who computes a step come from a cost model that sees
 * shapes alone, so that a program gives the same bits everywhere; 1 every plan is made in
 * several ways, each is run on zeros for some hundredths of a second, the fastest is kept,
 * and a line on stderr says which; 2 the same without the line. Results of a tuned plan do not
 * depend on the number of threads, but their last bits may differ from those of another plan.
 * Programs with callbacks, error_if or while loops are not measured. */
VN_API int vn_tune(void);
VN_API void vn_set_tune(int level);

/* Bytes of freed arrays of 64 kB and more that the process keeps for the next of their size, at
 * most (default: VN_CACHE_MB megabytes, else 1024; 0 under AddressSanitizer). With those in use
 * they are never more than were in use at once, and 64 MB. A new limit frees what is above it:
 * vn_set_cache_limit(0) gives all back, and nothing is kept from then on. */
VN_API int64_t vn_cache_limit(void);
VN_API void vn_set_cache_limit(int64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
