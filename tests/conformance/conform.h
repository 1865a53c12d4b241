/* SPDX-License-Identifier: MIT */
/* The conformance tests of Equinox's trees, layers and files, by their numbers. Expected values
 * are those of Equinox's own tests. */
#ifndef VN_TESTS_CONFORMANCE_CONFORM_H
#define VN_TESTS_CONFORMANCE_CONFORM_H

#include "laws/conformance.h"

/* begin, begin + 1, ... as f32. */
vn_array *counting(vn_shape shape, double begin);
/* The numbers as f32. */
vn_array *array_of(vn_shape shape, const double values[]);
#define ARRAY(shape, ...) array_of(shape, (const double[]){ __VA_ARGS__ })

/* The shape and the numbers of an array, within atol + rtol |want|. */
void expect_within(const char *what, vn_array *got, vn_shape shape, const double want[],
                   double rtol, double atol);
/* The same within rtol 1e-5, atol 1e-8, as Equinox's tests compare. */
#define EXPECT(what, got, shape, ...) \
    expect_within(what, got, shape, (const double[]){ __VA_ARGS__ }, 1e-5, 1e-8)
/* Exactly. */
#define EXPECT_EXACT(what, got, shape, ...) \
    expect_within(what, got, shape, (const double[]){ __VA_ARGS__ }, 0, 0)
void expect_shape(const char *what, vn_array *got, vn_dtype dtype, vn_shape shape);
/* Two arrays of one shape, within atol + rtol |b|. */
void expect_close(const char *what, vn_array *a, vn_array *b, double rtol, double atol);
/* The result is NULL, and the sentence of the error contains the text. */
void expect_refused(const char *what, const vn_tree *result, const char *text);

/* The layer with its weight and bias (NULL: as it is) replaced. */
vn_tree *with_weights(vn_tree *layer, vn_array *weight, vn_array *bias);

/* A row that needs data which is not there: ctest reports it as skipped. */
void row_skipped(const char *why);

void row_1_predicates(void);
void row_2_prefix_filter(void);
void row_3_partition_combine(void);
void row_4_is_leaf(void);
void row_5_order_and_paths(void);
void row_6_tree_at_several(void);
void row_7_tree_at_none_and_subtrees(void);
void row_8_tree_equal(void);
void row_9_check_and_one_level(void);
void row_10_apply_updates(void);
void row_11_pformat(void);
void row_12_shared(void);
void row_26_linear(void);
void row_27_conv_values(void);
void row_28_conv_padding(void);
void row_29_conv_transpose_values(void);
void row_30_conv_transpose_adjoint(void);
void row_31_attention(void);
void row_32_rotary(void);
void row_33_norms(void);
void row_34_batch_norm(void);
void row_35_spectral_and_weight_norm(void);
void row_36_pools(void);
void row_37_mlp(void);
void row_38_dropout(void);
void row_39_state(void);
void row_43_files(void);
void row_44_programs(void);

#endif
