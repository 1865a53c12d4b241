/* SPDX-License-Identifier: MIT */
/* Numbers have a decimal point whatever the program's locale says. */
#ifndef VN_CORE_IO_NUMBER_H
#define VN_CORE_IO_NUMBER_H

#include <stdbool.h>

/* Once before vn__read_number: false and an error if there is no memory. */
bool vn__numbers_ready(void);
/* As strtod in the C locale. */
double vn__read_number(const char *text, char **end);

#endif
