/* SPDX-License-Identifier: MIT */
/* The memory of arrays. Large blocks that are freed are kept for the next of their size: the C
 * library asks the system for each and gives it back, so that every page of a new array is a
 * fault and is cleared first, which took eight times as long as making a gradient of 2 MB. */
#ifndef VN_CORE_BASE_LARGE_H
#define VN_CORE_BASE_LARGE_H

#include <stddef.h>
#include <stdint.h>

/* Like vn__alloc, but with the size said again when it is freed, by whatever thread. A block
 * that was in use before lies where its pages were first written. */
void *vn__large_alloc(size_t bytes);
void vn__large_free(void *block, size_t bytes);

/* Bytes that are kept at most, all threads together; what is above a new bound is freed. */
int64_t vn__large_limit(void);
void vn__large_set_limit(int64_t bytes);

/* Bytes that are kept now. */
int64_t vn__large_kept(void);

#endif
