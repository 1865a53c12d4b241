/* SPDX-License-Identifier: MIT */
/* Aligned blocks from the C library; large ones ask the kernel for huge pages. */
#include "parallel/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *vn__pages_alloc(size_t bytes)
{
    const size_t align = bytes >= VN__PAGE_LARGE ? HUGE_PAGE : VN__PAGE_ALIGN;
    if (bytes > SIZE_MAX - align)
        return NULL;
    const size_t rounded = bytes == 0 ? align : (bytes + align - 1) / align * align;
    void *block = aligned_alloc(align, rounded);
#ifdef MADV_HUGEPAGE
    if (block && align == HUGE_PAGE) /* a wish that may be refused; an end of small pages */
        (void)madvise(block, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return block;
}
