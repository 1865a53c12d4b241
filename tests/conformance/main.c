/* SPDX-License-Identifier: MIT */
/* conformance NAME: runs the row of that name. */
#include <math.h>
#include <string.h>

#include "conformance/conform.h"

enum { SKIPPED = 77 };

static const struct {
    const char *name;
    conformance_row row;
} rows[] = {
    { "predicates", { 1, row_1_predicates } },
    { "prefix_filter", { 2, row_2_prefix_filter } },
    { "partition_combine", { 3, row_3_partition_combine } },
    { "is_leaf", { 4, row_4_is_leaf } },
    { "order_and_paths", { 5, row_5_order_and_paths } },
    { "tree_at_several", { 6, row_6_tree_at_several } },
    { "tree_at_none_and_subtrees", { 7, row_7_tree_at_none_and_subtrees } },
    { "tree_equal", { 8, row_8_tree_equal } },
    { "check_and_one_level", { 9, row_9_check_and_one_level } },
    { "apply_updates", { 10, row_10_apply_updates } },
    { "pformat", { 11, row_11_pformat } },
    { "shared", { 12, row_12_shared } },
    { "linear", { 26, row_26_linear } },
    { "conv_values", { 27, row_27_conv_values } },
    { "conv_padding", { 28, row_28_conv_padding } },
    { "conv_transpose_values", { 29, row_29_conv_transpose_values } },
    { "conv_transpose_adjoint", { 30, row_30_conv_transpose_adjoint } },
    { "attention", { 31, row_31_attention } },
    { "rotary", { 32, row_32_rotary } },
    { "norms", { 33, row_33_norms } },
    { "batch_norm", { 34, row_34_batch_norm } },
    { "spectral_and_weight_norm", { 35, row_35_spectral_and_weight_norm } },
    { "pools", { 36, row_36_pools } },
    { "mlp", { 37, row_37_mlp } },
    { "dropout", { 38, row_38_dropout } },
    { "state", { 39, row_39_state } },
    { "files", { 43, row_43_files } },
    { "programs", { 44, row_44_programs } },
};

static bool skipped;

void row_skipped(const char *why)
{
    printf("skipped: %s\n", why);
    skipped = true;
}

/* --------------------------------------------------------------------- helpers */

enum { MOST = 4096 };

vn_array *array_of(vn_shape shape, const double values[])
{
    return vn_cast(vn_array_from(VN_F64, shape, values), VN_F32);
}

vn_array *counting(vn_shape shape, double begin)
{
    vn_array *line = vn_arange(VN_F32, vn_shape_size(shape));
    return vn_reshape(vn_add(line, vn_float(begin)), shape);
}

void expect_within(const char *what, vn_array *got, vn_shape shape, const double want[],
                   double rtol, double atol)
{
    static double numbers[MOST];
    const int64_t n = vn_shape_size(shape);
    const bool fits =
        vn_is_array(got) && vn_shape_equal(vn_shape_of(got), shape) && n <= MOST;
    expect_that(fits, what);
    if (!fits)
        return;
    int64_t wrong = -1;
    vn_copy_f64(numbers, n, got);
    for (int64_t i = 0; i < n && wrong < 0; i++)
        if (!(fabs(numbers[i] - want[i]) <= atol + rtol * fabs(want[i])))
            wrong = i;
    if (wrong >= 0)
        printf("element %d is %.9g, expected %.9g\n", (int)wrong, numbers[wrong], want[wrong]);
    expect_that(wrong < 0, what);
}

void expect_shape(const char *what, vn_array *got, vn_dtype dtype, vn_shape shape)
{
    expect_that(vn_is_array(got) && vn_dtype_of(got) == dtype &&
                    vn_shape_equal(vn_shape_of(got), shape),
                what);
}

void expect_close(const char *what, vn_array *a, vn_array *b, double rtol, double atol)
{
    static double numbers[MOST];
    expect_that(vn_is_array(b) && vn_size(b) <= MOST, what);
    if (vn_is_array(b) && vn_size(b) <= MOST) {
        vn_copy_f64(numbers, MOST, b);
        expect_within(what, a, vn_shape_of(b), numbers, rtol, atol);
    }
}

void expect_refused(const char *what, const vn_tree *result, const char *text)
{
    const bool named = strstr(vn_error_message(), text) != NULL;
    if (!named)
        printf("the error is \"%s\", expected \"%s\"\n", vn_error_message(), text);
    vn_error_clear();
    expect_that(!result && named, what);
}

vn_tree *with_weights(vn_tree *layer, vn_array *weight, vn_array *bias)
{
    layer = vn_tree_at(layer, "weight", weight);
    return bias ? vn_tree_at(layer, "bias", bias) : layer;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (argc == 2 && !strcmp(argv[1], rows[i].name)) {
            const int status = conformance_main(1, &rows[i].row);
            return status == 0 && skipped ? SKIPPED : status;
        }
    fprintf(stderr, "usage: conformance ROW, one of\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        fprintf(stderr, "    %s\n", rows[i].name);
    return 2;
}
