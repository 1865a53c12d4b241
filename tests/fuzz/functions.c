/* SPDX-License-Identifier: MIT */
/* The tables of functions.def and programs.def. */
#include "fuzz/programs.h"
#include "vernal/debug.h"
#include "vernal/enumeration.h"
#include "vernal/io.h"
#include "vernal/optim.h"
#include "vernal/runtime.h"
#include "vernal/transform.h"

/* ------------------------------------- functions whose parameters are drawn together */

static int drawn_trees(vn_tree *trees[4])
{
    for (int i = 0; i < 4; i++)
        trees[i] = fuzz_tree();
    return fuzz_chance(90) ? 1 + fuzz_below(4) : fuzz_below(3) - 2;
}

static vn_tree *fuzz_concat(int axis)
{
    vn_tree *trees[4];
    const int n = drawn_trees(trees);
    return vn_concat_n(n, trees, axis);
}

static vn_tree *fuzz_stack(int axis)
{
    vn_tree *trees[4];
    const int n = drawn_trees(trees);
    return vn_stack_n(n, trees, axis);
}

static vn_tree *fuzz_sequential(void)
{
    vn_tree *layers[4];
    const int n = fuzz_chance(95) ? fuzz_below(4) : -1;
    for (int i = 0; i < 4; i++)
        layers[i] = fuzz_chance(60)   ? fuzz_layer()
                    : fuzz_chance(50) ? vn_dropout(0.5, NULL)
                                      : fuzz_function();
    return vn_sequential_n(n, layers);
}

static vn_tree *fuzz_shared(const char *where, const char *get)
{
    vn_tree *const layer = fuzz_layer();
    vn_tree *const two = layer ? vn_tuple(vn_linear(4, 4, vn_key(1), NULL), layer) : NULL;
    if (fuzz_chance(60))
        where = "[0].weight", get = "[1].weight";
    return vn_shared(fuzz_chance(80) ? two : fuzz_tree(), where, get);
}

/* --------------------------------------------------------------- the rows as functions */

#define T          fuzz_tree()
#define KEY        fuzz_key()
#define SIZE       fuzz_size()
#define FEATURES   (fuzz_chance(10) ? VN_SCALAR_FEATURES : fuzz_size())
#define FEW        fuzz_few()
#define FEW32      (int)fuzz_few()
#define DIMS       (fuzz_chance(80) ? 1 + fuzz_below(3) : (int)fuzz_few())
#define AXIS       fuzz_axis()
#define AXES       fuzz_axes()
#define SHAPE      fuzz_shape()
#define SIZES      fuzz_sizes()
#define NUMBER     fuzz_number()
#define FLAG       fuzz_chance(50)
#define DTYPE      fuzz_dtype()
#define TEXT       fuzz_text()
#define F          fuzz_program()
#define FN         (fuzz_chance(90) ? fuzz_halves : NULL)
#define UNARY      (fuzz_chance(90) ? vn_tanh : NULL)
#define SENTENCE   (fuzz_chance(95) ? "a sentence" : NULL)
#define COUNT      fuzz_count()
#define ITEMS      fuzz_items()
#define ITEMS2     fuzz_tangents()
#define FUNCTIONS  fuzz_programs()
#define TEXTS      fuzz_texts()
#define FILTER     (fuzz_chance(95) ? vn_is_inexact_array : NULL)
#define MODEL      (fuzz_chance(90) ? fuzz_sequential() : T)
#define ENUMERATION fuzz_enumeration()
#define INIT       (fuzz_chance(70) ? vn_float(fuzz_number()) : fuzz_tree())
#define OPTIONS(t) fuzz_##t()

#define FUZZ(function, name, ...) \
    static vn_tree *call_##function(void) { return function(__VA_ARGS__); }
#define READ(function, name, ...)             \
    static vn_tree *call_##function(void)     \
    {                                         \
        (void)function(__VA_ARGS__);          \
        return vn_ok() ? vn_none() : NULL;    \
    }
#include "fuzz/functions.def"
#include "fuzz/programs.def"
#undef FUZZ
#undef READ

const fuzz_row fuzz_rows[] = {
#define FUZZ(function, name, ...) { #function, name, call_##function },
#define READ FUZZ
#include "fuzz/functions.def"
#include "fuzz/programs.def"
#undef FUZZ
#undef READ
};
const int fuzz_row_count = (int)(sizeof fuzz_rows / sizeof fuzz_rows[0]);
