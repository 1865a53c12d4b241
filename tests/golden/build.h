/* SPDX-License-Identifier: MIT */
/* Layers made from the class name and the constructor arguments of a case. */
#ifndef VN_TESTS_GOLDEN_BUILD_H
#define VN_TESTS_GOLDEN_BUILD_H

#include "golden/check.h"

/* Class(args, key=key), with args as Equinox names them. `except` (or NULL) is an argument that
 * belongs to the case and not to the class. A class or an argument that is not known is skipped
 * by name, and gives NULL. */
vn_tree *golden_build(golden_run *r, const char *class_name, const json *args, vn_array *key,
                      const char *except);

/* The function of jax.nn of that name as a leaf, or a PReLU; an unknown one is skipped by
 * name, and gives NULL. */
vn_tree *golden_activation(golden_run *r, const char *name);

#endif
