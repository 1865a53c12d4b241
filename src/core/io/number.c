/* SPDX-License-Identifier: MIT */
#include "core/io/number.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/base/fail.h"

static locale_t c_locale;
static void make_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

bool vn__numbers_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_locale);
    if (!c_locale)
        vn__fail_memory(sizeof c_locale);
    return c_locale != (locale_t)0;
}

double vn__read_number(const char *text, char **end) { return strtod_l(text, end, c_locale); }
