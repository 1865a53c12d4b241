/* SPDX-License-Identifier: MIT */
/* Waiting for a 32-bit word to change: a pause while spinning, then sleep in the kernel. */
#ifndef VERNAL_PARALLEL_WAIT_H
#define VERNAL_PARALLEL_WAIT_H

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static inline void vn__pause(void)
{
#if defined(__SSE2__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline int64_t vn__now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Sleeps while *word == value, until woken with a common bit of `group`; may return
 * for no reason. */
static inline void vn__sleep(_Atomic uint32_t *word, uint32_t value, uint32_t group)
{
#if defined(__linux__)
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, NULL, NULL, group);
#else
    (void)group;
    if (atomic_load(word) == value)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
#endif
}

/* Wakes at most `count` sleepers of the group. */
static inline void vn__wake(_Atomic uint32_t *word, int count, uint32_t group)
{
#if defined(__linux__)
    (void)syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, count, NULL, NULL, group);
#else
    (void)word, (void)count, (void)group;
#endif
}

#endif
