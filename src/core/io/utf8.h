/* SPDX-License-Identifier: MIT */
/* UTF-8: characters of one to four bytes. */
#ifndef VN_CORE_IO_UTF8_H
#define VN_CORE_IO_UTF8_H

#include <stdint.h>

/* The bytes of the character at `at` (the text ends with a zero byte, a character of one);
 * 0 if it is not UTF-8: overlong, a surrogate, beyond U+10FFFF, cut. */
static inline int vn__utf8_length(const char *at)
{
    const unsigned char *const b = (const unsigned char *)at;
    const int n = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
    for (int i = 1; i < n; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] >= 0xa0) ||
        (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] >= 0x90) || b[0] > 0xf4)
        return 0;
    return n;
}

/* Writes the character; returns where it ends. */
static inline char *vn__utf8_put(char *out, int32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const int first[] = { 0, 0xc0, 0xe0, 0xf0 };
    *out++ = (char)(first[more] | code >> 6 * more);
    for (int i = more - 1; i >= 0; i--)
        *out++ = (char)(0x80 | (code >> 6 * i & 63));
    return out;
}

#endif
