/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "parallel/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(pages, blocks_are_aligned_and_writable)
{
    const size_t large = VN__PAGE_LARGE;
    const size_t sizes[] = { 0, 1, 63, 64, 65, 4095, large - 1, large, 3 * large + 1 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *block = vn__pages_alloc(sizes[i]);
        cr_assert(block, "%zu bytes", sizes[i]);
        cr_assert((uintptr_t)block % VN__PAGE_ALIGN == 0, "%zu bytes", sizes[i]);
        if (sizes[i] >= VN__PAGE_LARGE)
            cr_assert((uintptr_t)block % ((size_t)2 << 20) == 0, "%zu bytes", sizes[i]);
        memset(block, 1, sizes[i]);
        free(block);
    }
}

Test(pages, a_size_nobody_has_gives_null)
{
    cr_assert(!vn__pages_alloc(SIZE_MAX));
    cr_assert(!vn__pages_alloc(SIZE_MAX - 100));
}
