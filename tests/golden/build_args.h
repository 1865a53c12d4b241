/* SPDX-License-Identifier: MIT */
/* What the files that build layers share: the arguments of one call, as Equinox names them. */
#ifndef VN_TESTS_GOLDEN_BUILD_ARGS_H
#define VN_TESTS_GOLDEN_BUILD_ARGS_H

#include "golden/build.h"
#include "golden/values.h"
#include "vernal/nn.h"

typedef struct args {
    golden_run *r;
    const json *json;
    vn_array *key;
    int known; /* arguments that the class has asked for */
    vn_dtype dtype;
    int dims; /* of Conv1d, MaxPool2d, ...: from the table */
} args;

/* The argument of that name; NULL if it is missing or null. */
const json *arg_get(args *a, const char *name);
int64_t arg_integer(args *a, const char *name, int64_t missing); /* "scalar" too */
double arg_number(args *a, const char *name);                    /* 0 if it is missing */
/* The same for options in which a negative number stands for a 0 that is meant. */
double arg_option(args *a, const char *name);
vn_shape arg_shape(args *a, const char *name);
bool arg_flag(args *a, const char *name, bool missing);
vn_tree *arg_activation(args *a, const char *name); /* NULL if it is missing or unknown */
/* The layer of a list [class, arguments, seed]. */
vn_tree *arg_layer(args *a, const json *spec);

vn_tree *build_conv(args *a);
vn_tree *build_conv_transpose(args *a);
vn_tree *build_pool(args *a);
vn_tree *build_adaptive_pool(args *a);
vn_tree *build_max_pool(args *a);
vn_tree *build_avg_pool(args *a);
vn_tree *build_adaptive_max(args *a);
vn_tree *build_adaptive_avg(args *a);
vn_tree *build_layer_norm(args *a);
vn_tree *build_rms_norm(args *a);
vn_tree *build_group_norm(args *a);
vn_tree *build_batch_norm(args *a);
vn_tree *build_spectral_norm(args *a);
vn_tree *build_weight_norm(args *a);
vn_tree *build_attention(args *a);
vn_tree *build_rotary(args *a);

#endif
