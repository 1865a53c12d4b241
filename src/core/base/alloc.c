/* SPDX-License-Identifier: MIT */
/* Allocation with a switch that refuses, and arenas. */
#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/fail.h"
#include "parallel/pages.h"

#define BLOCK ((size_t)32 * 1024)

static int64_t refuse_in = -1;
static int64_t allocations;

bool vn__alloc_refused(void)
{
    __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&refuse_in, __ATOMIC_RELAXED) < 0)
        return false;
    return __atomic_fetch_sub(&refuse_in, 1, __ATOMIC_RELAXED) == 0;
}

void vn__alloc_refuse(int64_t countdown)
{
    __atomic_store_n(&refuse_in, countdown, __ATOMIC_RELAXED);
}

int64_t vn__alloc_count(void) { return __atomic_load_n(&allocations, __ATOMIC_RELAXED); }

void *vn__alloc(size_t bytes)
{
    if (vn__alloc_refused() || bytes > SIZE_MAX / 2)
        return vn__fail_memory(bytes);
    void *const p =
        bytes < VN__PAGE_ALIGN ? malloc(bytes ? bytes : 1) : vn__pages_alloc(bytes);
    return p ? p : vn__fail_memory(bytes);
}

void *vn__alloc_zero(size_t bytes)
{
    void *const p = vn__alloc(bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

void *vn__realloc(void *old, size_t old_bytes, size_t bytes)
{
    void *const p = vn__alloc(bytes);
    if (!p)
        return NULL;
    if (old)
        memcpy(p, old, old_bytes < bytes ? old_bytes : bytes);
    free(old);
    return p;
}

void vn__free(void *p) { free(p); }

bool vn__grow(void *items, int64_t *capacity, int64_t needed, size_t item_size)
{
    if (needed <= *capacity)
        return true;
    const int64_t larger = needed < 2 * *capacity ? 2 * *capacity : (needed < 8 ? 8 : needed);
    void *old;
    memcpy(&old, items, sizeof old);
    void *const p = vn__realloc(old, (size_t)*capacity * item_size, (size_t)larger * item_size);
    if (!p)
        return false;
    memcpy(items, &p, sizeof p);
    *capacity = larger;
    return true;
}

/* Blocks are linked through a header of one alignment unit; the head is the one being
 * filled. */
struct vn__arena_block {
    struct vn__arena_block *next;
};

static struct vn__arena_block *new_block(size_t bytes)
{
    struct vn__arena_block *const block = vn__alloc_zero(VN__PAGE_ALIGN + bytes);
    return block;
}

void *vn__arena_alloc(vn__arena *arena, size_t bytes)
{
    const size_t alignment = bytes >= VN__PAGE_ALIGN ? VN__PAGE_ALIGN : 16;
    const size_t start = (arena->used + alignment - 1) & ~(alignment - 1);
    if (!arena->head || start + bytes > arena->capacity) {
        const size_t size = bytes > BLOCK / 2 ? bytes : BLOCK;
        struct vn__arena_block *const block = new_block(size);
        if (!block)
            return NULL;
        block->next = arena->head;
        *arena = (vn__arena){ block, bytes, size };
        return (char *)block + VN__PAGE_ALIGN;
    }
    arena->used = start + bytes;
    return (char *)arena->head + VN__PAGE_ALIGN + start;
}

void vn__arena_free(vn__arena *arena)
{
    while (arena->head) {
        struct vn__arena_block *const next = arena->head->next;
        free(arena->head);
        arena->head = next;
    }
    *arena = (vn__arena){ 0 };
}
