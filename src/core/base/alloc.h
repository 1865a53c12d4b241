/* SPDX-License-Identifier: MIT */
/* Every allocation of the library goes through here, so that tests can refuse each in turn. */
#ifndef VN_CORE_BASE_ALLOC_H
#define VN_CORE_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "vernal/base.h"

/* 64-byte aligned when bytes >= 64. NULL and a recorded error when there is no memory. bytes 0
 * gives a valid pointer. */
void *vn__alloc(size_t bytes);
void *vn__alloc_zero(size_t bytes);
void *vn__realloc(void *old, size_t old_bytes,
                  size_t bytes); /* old may be NULL; old stays valid on NULL */
void vn__free(void *p);

/* AddressSanitizer is to see every use after free: freed memory is then not used again. */
#if defined(__SANITIZE_ADDRESS__)
#define VN__SANITIZED true
#elif defined(__clang__)
#define VN__SANITIZED __has_feature(address_sanitizer)
#else
#define VN__SANITIZED false
#endif

/* Counts an allocation that is made elsewhere; true: it is to be refused. */
bool vn__alloc_refused(void);

/* For tests: refuse allocation number `countdown` from now on this process (0: the next one),
 * then none; -1 switches off. vn__alloc_count is the number of allocations made so far. */
void vn__alloc_refuse(int64_t countdown);
int64_t vn__alloc_count(void);

/* Arena: objects that die together. Zeroed memory, 16-byte aligned (64 for >= 64 bytes). */
typedef struct vn__arena {
    struct vn__arena_block *head;
    size_t used, capacity; /* of the head block */
} vn__arena;
void *vn__arena_alloc(vn__arena *arena, size_t bytes);
void vn__arena_free(vn__arena *arena);

/* Growing array: vn__grow(&items, &capacity, needed, sizeof *items) makes room for `needed`. */
bool vn__grow(void *items, int64_t *capacity, int64_t needed, size_t item_size);

#endif
