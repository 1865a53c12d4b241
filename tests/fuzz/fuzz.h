/* SPDX-License-Identifier: MIT */
/* Arguments at random, most of them fit for a call and some of them not. Sizes are 4 more often
 * than anything else, so that drawn arrays and drawn layers fit together often enough. */
#ifndef VN_TESTS_FUZZ_FUZZ_H
#define VN_TESTS_FUZZ_FUZZ_H

#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/random.h"

/* ------------------------------------------------------------------------- drawing */

void fuzz_seed(uint64_t seed);
int fuzz_below(int n); /* 0 .. n-1 */
bool fuzz_chance(int percent);

vn_tree *fuzz_tree(void);     /* an array, or anything that a tree can be, or NULL */
vn_tree *fuzz_array(void);    /* of any dtype, rank and size up to a few thousand elements */
vn_tree *fuzz_key(void);      /* a key, or what fuzz_tree gives */
vn_tree *fuzz_function(void); /* what can be called, or not */
vn_tree *fuzz_layer(void);    /* a layer with a weight, or not */
vn_tree *fuzz_stateful(void); /* a layer with a state, or not */
vn_tree *fuzz_state(void);    /* a State, or not */
/* Arguments for n parameters: usually n. Returns how many are in arg[]. */
int fuzz_arguments(vn_tree *arg[], int n, vn_tree *state);
enum { FUZZ_MAX_ARGUMENTS = 9 };

int64_t fuzz_size(void); /* 4, other small ones, 0, negative ones, beyond all memory */
int64_t fuzz_some(void); /* 0 (the default of an option) or a size */
int64_t fuzz_few(void);  /* -2 .. 6, or beyond all limits: for counts that cost time */
int fuzz_axis(void);
double fuzz_number(void); /* often 0, else any, also NaN and infinity */
vn_dtype fuzz_dtype(void);
vn_shape fuzz_shape(void);
vn_shape fuzz_sizes(void); /* one number for each axis, or one for all, or none */
vn_axes fuzz_axes(void);
int fuzz_enum(int n);        /* 0 .. n-1, or another number */
const char *fuzz_text(void); /* names of axes, paths, subscripts, or not, or NULL */

/* ----------------------------------------------------------------------- the table */

/* A public function with arguments drawn anew for each call. Its sentence of refusal holds the
 * name. */
typedef struct fuzz_row {
    const char *function, *name;
    vn_tree *(*call)(void);
} fuzz_row;

extern const fuzz_row fuzz_rows[];
extern const int fuzz_row_count;

/* Every function of the headers has a row, or a reason why not; those that have none are named.
 * Returns their number. */
int fuzz_missing_rows(void);

/* What became of the calls of each type in nn.def. */
void fuzz_built(const vn_type *type);
void fuzz_called(const vn_type *type, bool accepted);
bool fuzz_is_layer(const vn_type *type);
/* Types that were never built, or whose calls all succeeded or were all refused. */
int fuzz_untested_layers(void);

#endif
