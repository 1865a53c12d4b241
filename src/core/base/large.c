/* SPDX-License-Identifier: MIT */
/* Blocks by size: from each power of 2 to the next there are eight sizes, so that at most an
 * eighth of a block is not asked for. In a size the newest is taken first, whose lines are
 * nearest; the oldest of all sizes goes when there are too many: more than the limit, or, with
 * those in use, more than were ever in use at once and a little. A process so never takes much
 * more memory than it would without. */
#include "core/base/large.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/base/fail.h"
#include "parallel/pages.h"

#define LEAST         ((size_t)64 * 1024) /* smaller ones stay in the C library's heap */
#define DEFAULT_LIMIT ((int64_t)1 << 30)
#define LITTLE        ((int64_t)64 << 20)

enum { LEAST_LOG = 16, MOST_LOG = 47, STEPS = 8, SIZES = (MOST_LOG - LEAST_LOG) * STEPS };

/* At the beginning of a free block. */
typedef struct spare {
    struct spare *newer, *older;
    uint64_t age; /* the number of blocks kept before */
    size_t room;
} spare;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static spare *newest[SIZES], *oldest[SIZES];
static uint64_t kept;
static int64_t kept_bytes, used_bytes, most_used;
static int64_t limit = -1; /* -1: ask the environment */

int64_t vn__large_limit(void)
{
    const int64_t known = __atomic_load_n(&limit, __ATOMIC_RELAXED);
    if (known >= 0)
        return known;
    const char *const text = getenv("VN_CACHE_MB");
    const int64_t asked = text ? (int64_t)atoi(text) << 20 : DEFAULT_LIMIT;
    const int64_t now = VN__SANITIZED || asked < 0 ? 0 : asked;
    __atomic_store_n(&limit, now, __ATOMIC_RELAXED);
    return now;
}

/* The bytes of a block for so many; their size. -1: such blocks are not kept. */
static int size_of(size_t bytes, size_t *room)
{
    const int log = 63 - __builtin_clzll(bytes);
    const size_t step = (size_t)1 << (log - 3);
    *room = bytes;
    if (log >= MOST_LOG - 1)
        return -1;
    *room = (bytes + step - 1) / step * step;
    return (log - LEAST_LOG) * STEPS + (int)(*room / step) - STEPS; /* the last: 2^(log + 1) */
}

static void take_out(spare *s, int size)
{
    *(s->newer ? &s->newer->older : &newest[size]) = s->older;
    *(s->older ? &s->older->newer : &oldest[size]) = s->newer;
    kept_bytes -= (int64_t)s->room;
}

static void put_in(spare *s, int size, size_t room)
{
    *s = (spare){ .older = newest[size], .age = kept++, .room = room };
    *(s->older ? &s->older->newer : &oldest[size]) = s;
    newest[size] = s;
    kept_bytes += (int64_t)room;
}

/* Takes out the oldest blocks until so many bytes are left; a list by `older`. */
static spare *take_oldest(int64_t bytes)
{
    spare *list = NULL;
    while (kept_bytes > bytes) {
        int size = -1;
        for (int i = 0; i < SIZES; i++)
            if (oldest[i] && (size < 0 || oldest[i]->age < oldest[size]->age))
                size = i;
        spare *const s = oldest[size];
        take_out(s, size);
        s->older = list;
        list = s;
    }
    return list;
}

static void free_list(spare *list)
{
    while (list) {
        spare *const next = list->older;
        vn__free(list);
        list = next;
    }
}

static void shrink(int64_t bytes)
{
    pthread_mutex_lock(&lock);
    spare *const old = take_oldest(bytes);
    pthread_mutex_unlock(&lock);
    free_list(old);
}

/* What may be kept beside the blocks in use. */
static int64_t allowed(void)
{
    const int64_t once = most_used > used_bytes ? most_used : used_bytes;
    const int64_t most = vn__large_limit(), beside = once + LITTLE - used_bytes;
    return beside < most ? beside : most;
}

int64_t vn__large_kept(void)
{
    pthread_mutex_lock(&lock);
    const int64_t bytes = kept_bytes;
    pthread_mutex_unlock(&lock);
    return bytes;
}

void vn__large_set_limit(int64_t bytes)
{
    const int64_t now = VN__SANITIZED || bytes < 0 ? 0 : bytes;
    __atomic_store_n(&limit, now, __ATOMIC_RELAXED);
    shrink(now);
}

/* Counts a block as in use: a kept one of this size, or NULL, and then there is place for a new
 * one. */
static void *take_kept(int size, size_t room)
{
    spare *old = NULL;
    pthread_mutex_lock(&lock);
    spare *const found = size >= 0 ? newest[size] : NULL;
    if (found)
        take_out(found, size);
    used_bytes += (int64_t)room;
    if (!found)
        old = take_oldest(allowed());
    pthread_mutex_unlock(&lock);
    free_list(old);
    return found;
}

static void *new_block(size_t room)
{
    void *block = vn__pages_alloc(room);
    if (!block) { /* what is kept may be what is missing */
        shrink(0);
        block = vn__pages_alloc(room);
    }
    pthread_mutex_lock(&lock);
    if (!block)
        used_bytes -= (int64_t)room;
    most_used = most_used > used_bytes ? most_used : used_bytes;
    pthread_mutex_unlock(&lock);
    return block;
}

/* A block is no longer in use; NULL: it is kept, else it is to be freed. */
static void *keep(void *block, int size, size_t room)
{
    spare *old = NULL;
    pthread_mutex_lock(&lock);
    used_bytes -= (int64_t)room;
    const int64_t most = allowed() - (int64_t)room;
    if (size >= 0 && most >= 0) {
        old = take_oldest(most);
        put_in(block, size, room);
        block = NULL;
    }
    pthread_mutex_unlock(&lock);
    free_list(old);
    return block;
}

void *vn__large_alloc(size_t bytes)
{
    if (bytes < LEAST || bytes > SIZE_MAX / 4)
        return vn__alloc(bytes);
    if (vn__alloc_refused())
        return vn__fail_memory(bytes);
    size_t room;
    const int size = size_of(bytes, &room);
    void *block = take_kept(size, room);
    if (!block)
        block = new_block(room);
    return block ? block : vn__fail_memory(bytes);
}

void vn__large_free(void *block, size_t bytes)
{
    size_t room = 0;
    if (block && bytes >= LEAST) {
        const int size = size_of(bytes, &room);
        block = keep(block, size, room);
    }
    vn__free(block);
}
