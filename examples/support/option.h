/* SPDX-License-Identifier: MIT */
/* Options of a command line: --name value, or a flag, --name alone. */
#ifndef EXAMPLES_SUPPORT_OPTION_H
#define EXAMPLES_SUPPORT_OPTION_H

#include <stdbool.h>

/* Every argument is one of the names (separated by spaces) and followed by a value, or one of
 * the flags among them, which end with an exclamation mark: "--steps --full!". */
bool options_are(int argc, char **argv, const char *names);

/* The value behind the name, or the other one. */
const char *option(int argc, char **argv, const char *name, const char *otherwise);

/* Whether the flag is there; its name is given without the mark. */
bool flag(int argc, char **argv, const char *name);

#endif
