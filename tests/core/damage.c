/* SPDX-License-Identifier: MIT */
#include "damage.h"

#include <stdlib.h>

#include "expect.h"

int expect_survives_damage(vn_array *bytes, vn_tree *(*load)(const void *data, size_t size))
{
    const size_t n = (size_t)vn_size(bytes);
    int read = 0;
    for (size_t cut = 0; cut < n; cut++)
        VN_SCOPE
        {
            char *const part = malloc(cut + 1); /* a block of its own: its end is guarded */
            memcpy(part, vn_data(bytes), cut);
            cr_assert(!load(part, cut), "cut after %zu of %zu bytes", cut, n);
            cr_assert(vn_error_status() == VN_ERR_FORMAT, "\"%s\"", vn_error_message());
            vn_error_clear();
            free(part);
        }
    char *const copy = malloc(n);
    memcpy(copy, vn_data(bytes), n);
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++)
            VN_SCOPE
            {
                copy[i] = (char)(copy[i] ^ 1 << bit);
                const bool loaded = load(copy, n) != NULL;
                cr_assert(loaded == vn_ok(), "byte %zu, bit %d: \"%s\"", i, bit,
                          vn_error_message());
                read += loaded;
                vn_error_clear();
                copy[i] = (char)(copy[i] ^ 1 << bit);
            }
    free(copy);
    return read;
}
