/* SPDX-License-Identifier: MIT */
/* Flushing denormals to zero around tasks, and putting the thread's state back. */
#ifndef VERNAL_PARALLEL_FLOATING_H
#define VERNAL_PARALLEL_FLOATING_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t vn__floating; /* the control register as it was */

#if defined(__SSE2__)
enum { VN__FLUSH_BITS = 0x8040 }; /* MXCSR: flush to zero, denormals are zero */
static inline vn__floating vn__floating_read(void)
{
    return __builtin_ia32_stmxcsr();
}
static inline void vn__floating_write(vn__floating control)
{
    __builtin_ia32_ldmxcsr((unsigned)control);
}
#elif defined(__aarch64__)
enum { VN__FLUSH_BITS = 1 << 24 }; /* FPCR: FZ */
static inline vn__floating vn__floating_read(void)
{
    vn__floating control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
}
static inline void vn__floating_write(vn__floating control)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
}
#else
enum { VN__FLUSH_BITS = 0 };
static inline vn__floating vn__floating_read(void)
{
    return 0;
}
static inline void vn__floating_write(vn__floating control)
{
    (void)control;
}
#endif

static inline vn__floating vn__floating_enter(bool flush)
{
    if (!flush)
        return 0;
    const vn__floating before = vn__floating_read();
    vn__floating_write(before | VN__FLUSH_BITS);
    return before;
}

static inline void vn__floating_leave(bool flush, vn__floating before)
{
    if (flush)
        vn__floating_write(before);
}

#endif
