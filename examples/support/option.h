/* SPDX-License-Identifier: MIT */
/* Options of a command line come in pairs: --name value. */
#ifndef EXAMPLES_SUPPORT_OPTION_H
#define EXAMPLES_SUPPORT_OPTION_H

#include <stdbool.h>

/* Every argument is one of the names (separated by spaces) and followed by a value. */
bool options_are(int argc, char **argv, const char *names);

/* The value behind the name, or the other one. */
const char *option(int argc, char **argv, const char *name, const char *otherwise);

#endif
