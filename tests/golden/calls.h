/* SPDX-License-Identifier: MIT */
/* The calls of layer cases, read from their words: "vmap(layer)(x)", "layer(x, (h, c))", ... */
#ifndef VN_TESTS_GOLDEN_CALLS_H
#define VN_TESTS_GOLDEN_CALLS_H

#include "golden/check.h"

enum { CALL_MAX_ARGS = 8 };

typedef enum call_kind {
    CALL_PLAIN,     /* layer(args) */
    CALL_VMAP,      /* vmap(layer)(args) */
    CALL_SCAN,      /* over axis 0 of x from a zero state */
    CALL_SCAN_BATCH /* vmap of a scan over axis 0 of an example */
} call_kind;

typedef struct call_argument {
    char name[2][32]; /* an input, or a tuple of two; [0] "" for a key or a flag */
    bool tuple, flag; /* flag: inference=True or =False, as in `value` */
    int64_t value;    /* the seed of a key */
} call_argument;

typedef struct layer_call {
    call_kind kind;
    int n;
    call_argument argument[CALL_MAX_ARGS];
    bool attention;      /* a key comes after a mask */
    bool every;          /* of a scan: all states stacked, not the last one */
    int64_t rotary_size; /* of the embedding that processes the heads; 0: none */
    double rotary_theta; /* 0: the default */
} layer_call;

/* False if the words are not understood. */
bool call_read(layer_call *out, const golden_case *c);
/* The inputs that it reads, and its keys, as a dict. */
vn_tree *call_inputs(const layer_call *call, const golden_case *c);
/* ((model, inputs)) -> result as a function. The call must outlive it. */
vn_tree *call_function(const layer_call *call);

#endif
