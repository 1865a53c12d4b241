/* SPDX-License-Identifier: MIT */
/* The C of docs/equinox.md, piece by piece; pairs.py has the Python. What a piece computes is
 * written to pairs.txt, and pairs.py compares it with what Equinox computes. */
#ifndef DOCS_EXAMPLES_PAIRS_H
#define DOCS_EXAMPLES_PAIRS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

void pairs_module(void);
void pairs_jit(void);
void pairs_grad(void);
void pairs_partition(void);
void pairs_tree_at(void);
void pairs_vmap(void);
void pairs_ensemble(void);
void pairs_derivatives(void);
void pairs_custom_vjp(void);
void pairs_scan(void);
void pairs_loops(void);
void pairs_branches(void);
void pairs_recurrent(void);
void pairs_state(void);
void pairs_dropout(void);
void pairs_shared(void);
void pairs_files(const char *dir);
void pairs_training(void);
void pairs_errors(void);

/* A line of pairs.txt: the name and the numbers of x, an array or a number. */
void report(const char *name, vn_tree *x);

/* True, or the program fails and says what. */
void expect(bool good, const char *what);

#endif
