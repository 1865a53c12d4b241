/* SPDX-License-Identifier: MIT */
/* Large blocks that are kept for the next of their size. */
#include "expect.h"

#include <pthread.h>
#include <string.h>

#include "core/base/large.h"
#include "vernal/runtime.h"

#define MB ((size_t)1 << 20)

/* Nothing is kept where every use after free is to be seen, and there a request that no machine
 * can fulfil ends the program. */
static bool keeps(void)
{
    vn_set_cache_limit(4 << 20);
    return vn_cache_limit() > 0;
}

static void *fresh(size_t bytes)
{
    char *const block = vn__large_alloc(bytes);
    cr_assert(block && (size_t)block % 64 == 0);
    memset(block, 1, bytes);
    return block;
}

Test(large, a_freed_block_serves_the_next_of_its_size)
{
    if (!keeps())
        cr_skip_test("nothing is kept under AddressSanitizer");
    for (size_t bytes = 64 * 1024; bytes < 4 * MB; bytes = bytes * 9 / 7) {
        void *const block = fresh(bytes);
        vn__large_free(block, bytes);
        void *const again = fresh(bytes);
        cr_assert(again == block, "%zu bytes", bytes);
        vn__large_free(again, bytes);
    }
}

Test(large, blocks_in_use_are_apart)
{
    enum { N = 50 };
    char *block[N];
    size_t bytes[N];
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < N; i++) {
            bytes[i] = (size_t)(40000 + 7919 * i * (turn + 1));
            block[i] = fresh(bytes[i]);
            memset(block[i], i, bytes[i]);
        }
        for (int i = 0; i < N; i++) {
            cr_assert(block[i][0] == i && block[i][bytes[i] - 1] == i);
            vn__large_free(block[i], bytes[i]);
        }
    }
}

Test(large, the_oldest_goes_first)
{
    if (!keeps())
        cr_skip_test("nothing is kept under AddressSanitizer");
    void *const a = fresh(2 * MB), *const b = fresh(MB), *const c = fresh(3 * MB / 2);
    vn__large_free(a, 2 * MB);
    vn__large_free(b, MB);
    vn__large_free(c, 3 * MB / 2); /* all three: more than the limit */
    cr_assert(vn__large_alloc(MB) == b);
    cr_assert(vn__large_alloc(3 * MB / 2) == c);
    vn__large_free(b, MB);
    vn_set_cache_limit(0);
    vn__large_free(c, 3 * MB / 2);
}

Test(large, no_more_than_was_in_use_at_once)
{
    enum { N = 16 };
    const int64_t little = (int64_t)(64 * MB), most = (int64_t)(2 * N * MB);
    void *block[N];
    if (keeps()) {
        vn_set_cache_limit((int64_t)(1024 * MB));
        cr_assert(!vn__large_alloc(SIZE_MAX / 8)); /* what is refused was never in use */
        expect_error(MEMORY, "memory");
    }
    for (size_t round = 0; round < 40; round++) { /* each of other sizes */
        const size_t bytes = 2 * MB - round * 16 * 1024;
        for (int i = 0; i < N; i++) {
            block[i] = vn__large_alloc(bytes);
            cr_assert(vn__large_kept() + (i + 1) * (int64_t)bytes <= most + little);
        }
        for (int i = 0; i < N; i++)
            vn__large_free(block[i], bytes);
    }
    cr_assert(vn__large_kept() <= most + little);
    vn_set_cache_limit(0);
    cr_assert(vn__large_kept() == 0);
}

Test(large, no_limit_no_blocks)
{
    vn_set_cache_limit(-5);
    cr_assert(vn_cache_limit() == 0);
    vn__large_free(fresh(MB), MB);
    vn__large_free(NULL, MB);
    void *const larger = fresh(20 * MB);
    vn_set_cache_limit((int64_t)(10 * MB));
    vn__large_free(larger, 20 * MB);
    vn_set_cache_limit(0);
}

Test(large, no_memory_is_a_sentence)
{
    for (size_t part = 2; keeps() && part <= 8; part *= 4) {
        cr_assert(!vn__large_alloc(SIZE_MAX / part));
        expect_error(MEMORY, "memory");
    }
    vn__large_free(fresh(MB), MB);
    vn__alloc_refuse(0);
    cr_assert(!vn__large_alloc(MB));
    vn__alloc_refuse(-1);
    expect_error(MEMORY, "memory");
}

static void *work(void *argument)
{
    const size_t own = (size_t)argument;
    for (size_t i = 0; i < 300; i++) {
        const size_t bytes = 64 * 1024 * (1 + (i * own) % 7);
        char *const block = vn__large_alloc(bytes);
        block[0] = block[bytes - 1] = (char)own;
        char *const other = vn__large_alloc(bytes);
        other[0] = other[bytes - 1] = 0;
        cr_assert(block[0] == (char)own && block[bytes - 1] == (char)own);
        vn__large_free(block, bytes);
        vn__large_free(other, bytes);
    }
    return NULL;
}

Test(large, threads_share_them)
{
    pthread_t thread[4];
    (void)keeps();
    for (size_t i = 0; i < 4; i++)
        cr_assert(pthread_create(&thread[i], NULL, work, (void *)(i + 1)) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    vn_set_cache_limit(0);
}
