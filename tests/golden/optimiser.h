/* SPDX-License-Identifier: MIT */
/* Optimisers and schedules made from the arguments of a case. */
#ifndef VN_TESTS_GOLDEN_OPTIMISER_H
#define VN_TESTS_GOLDEN_OPTIMISER_H

#include "golden/check.h"

/* The optimiser whose name contains that of a known one ("adamw_strong"), with args as Optax
 * names them; "lr" or the arguments of a "schedule". `except`: arguments that belong to the
 * case, ended by NULL, or NULL. What is not known is skipped by name, and gives NULL. */
vn_tree *golden_optimiser(golden_run *r, const char *name, const json *args,
                          const char *const except[]);
/* The schedule whose name contains that of a known one. */
vn_tree *golden_schedule(golden_run *r, const char *name, const json *args);

#endif
