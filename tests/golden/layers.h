/* SPDX-License-Identifier: MIT */
/* What the files of the group layers share. */
#ifndef VN_TESTS_GOLDEN_LAYERS_H
#define VN_TESTS_GOLDEN_LAYERS_H

#include "golden/groups.h"

/* The layer of the case as constructed, held against its file of initial values; NULL if that
 * cannot be done. */
vn_tree *golden_layer(golden_run *r, golden_case *c);

/* Is the layer of that class, or made of such layers? */
bool golden_has_layer(const golden_case *c, const char *class_name);

/* BatchNorm and SpectralNorm: a run of training steps with their states, and inference. */
void golden_run_stateful(golden_run *r, golden_case *c);

#endif
