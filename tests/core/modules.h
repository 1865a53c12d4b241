/* SPDX-License-Identifier: MIT */
/* Small modules to test trees with: the field tables of the real layers, without their
 * mathematics. */
#ifndef VN_TESTS_CORE_MODULES_H
#define VN_TESTS_CORE_MODULES_H

#include "vernal/array.h"

typedef struct linear {
    vn_module base;
    vn_tree *weight, *bias;
    int64_t in_features, out_features;
    bool use_bias;
} linear;
extern const vn_type linear_type;
vn_tree *linear_new(int64_t in, int64_t out); /* ones */

typedef struct mlp {
    vn_module base;
    vn_tree *layers, *activation;
    const char *note;
} mlp;
extern const vn_type mlp_type;
vn_tree *mlp_new(int64_t in, int64_t out, int64_t width, int depth);

typedef struct dropout {
    vn_module base;
    vn_tree *p, *inference;
} dropout;
extern const vn_type dropout_type;
vn_tree *dropout_new(double p);

/* Static fields of every kind. */
typedef struct statics {
    vn_module base;
    bool flag;
    int64_t integer;
    double number;
    const char *text;
    vn_shape shape;
    vn_tree *tree;
    void *pointer;
    bool inference;
} statics;
extern const vn_type statics_type;

/* A module without children that counts how many of its kind live. */
typedef struct counted {
    vn_module base;
    vn_tree *child;
} counted;
extern const vn_type counted_type;
extern int counted_alive;
vn_tree *counted_new(void);

/* M(value) */
typedef struct box {
    vn_module base;
    vn_tree *value;
} box;
extern const vn_type box_type;
vn_tree *box_new(vn_tree *value);

#endif
