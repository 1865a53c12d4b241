/* SPDX-License-Identifier: MIT */
#include "option.h"

#include <string.h>

bool options_are(int argc, char **argv, const char *names)
{
    for (int i = 1; i < argc; i++) {
        const size_t n = strlen(argv[i]);
        const char *const at = strstr(names, argv[i]);
        if (!at || !strchr(" !", at[n])) /* also finds the end of the names */
            return false;
        if (at[n] != '!' && ++i == argc)
            return false;
    }
    return true;
}

const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

bool flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}
