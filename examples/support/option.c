/* SPDX-License-Identifier: MIT */
#include "option.h"

#include <string.h>

bool options_are(int argc, char **argv, const char *names)
{
    for (int i = 1; i < argc; i += 2) {
        const size_t n = strlen(argv[i]);
        const char *const at = strstr(names, argv[i]);
        if (i + 1 == argc || !at || (at[n] != ' ' && at[n] != '\0'))
            return false;
    }
    return true;
}

const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}
