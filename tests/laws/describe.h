/* SPDX-License-Identifier: MIT */
/* The tape or the plan of a function as text. */
#ifndef VN_TESTS_LAWS_DESCRIBE_H
#define VN_TESTS_LAWS_DESCRIBE_H

#include <stdio.h>

#include "vernal.h"

enum { LAW_TEXT = 1 << 16 };

typedef void law_print(FILE *file, vn_tree *f, int n, vn_tree *const arg[]);

/* text: what `print`, vn_tape_print or vn_plan_print, writes. */
static inline void law_describe(char text[LAW_TEXT], law_print *print, vn_tree *f, int n,
                                vn_tree *const arg[])
{
    FILE *const file = tmpfile();
    text[0] = '\0';
    if (!file)
        return;
    print(file, f, n, arg);
    rewind(file);
    text[fread(text, 1, LAW_TEXT - 1, file)] = '\0';
    fclose(file);
}

#endif
