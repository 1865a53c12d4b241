/* SPDX-License-Identifier: MIT */
/* take, take_along_axis, scatter, dynamic slices, one_hot: values, lanes, sums. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/ops/indices.h"
#include "problem.h"

static void expect_values(const char *what, vn_array *x, vn_shape shape, const double *want)
{
    cr_assert(x, "%s: %s", what, vn_error_message());
    cr_assert(vn_shape_equal(vn_shape_of(x), shape), "%s: shape", what);
    double *const got = doubles_of(x);
    expect_close(what, got, want, vn_size(x), 0);
    free(got);
}

#define VALUES(...) ((const double[]){ __VA_ARGS__ })

static vn_array *ints(int64_t n, const int32_t *values)
{
    return vn_array_from(VN_I32, VN_SHAPE(n), values);
}
#define INTS(...) \
    ints((int64_t)(sizeof((int32_t[]){ __VA_ARGS__ }) / 4), (int32_t[]){ __VA_ARGS__ })

static vn_array *counting(int64_t rows, int64_t cols)
{
    return vn_reshape(vn_arange(VN_F32, rows * cols), VN_SHAPE(rows, cols));
}

Test(indexing, take_values)
{
    vn_array *const x = counting(3, 2);
    expect_values("take", vn_take(x, INTS(2, 0, -1, -3), 0), VN_SHAPE(4, 2),
                  VALUES(4, 5, 0, 1, 4, 5, 0, 1));
    expect_values("clamped", vn_take(x, INTS(7, -9), 0), VN_SHAPE(2, 2), VALUES(4, 5, 0, 1));
    expect_values("axis", vn_take(x, INTS(1, 1, 0), -1), VN_SHAPE(3, 3),
                  VALUES(1, 1, 0, 3, 3, 2, 5, 5, 4));
    expect_values("scalar", vn_take(x, vn_int(1), 0), VN_SHAPE(2), VALUES(2, 3));
    expect_values("matrix of indices",
                  vn_take(x, vn_reshape(INTS(0, 1, 2, 0), VN_SHAPE(2, 2)), 0),
                  VN_SHAPE(2, 2, 2), VALUES(0, 1, 2, 3, 4, 5, 0, 1));
    expect_values("dynamic_index", vn_dynamic_index(x, vn_scalar(VN_U8, 1), 1), VN_SHAPE(3),
                  VALUES(1, 3, 5));
    expect_values("bools", vn_take(vn_cast(x, VN_BOOL), INTS(0, 1), 0), VN_SHAPE(2, 2),
                  VALUES(0, 1, 1, 1));
    cr_assert(!vn_take(x, vn_ones(VN_F32, VN_SHAPE(2)), 0));
    cr_assert(strstr(vn_error_message(), "take: f32 operand, expected an integer"), "%s",
              vn_error_message());
    vn_error_clear();
    cr_assert(!vn_take(vn_zeros(VN_F32, VN_SHAPE(0, 2)), INTS(0), 0));
    cr_assert(strstr(vn_error_message(), "take: axis 0 has no elements"));
    vn_error_clear();
}

Test(indexing, scatter_values)
{
    vn_array *const x = counting(3, 2), *const u =
                                            vn_scale(10, vn_ones(VN_F32, VN_SHAPE(4, 2)));
    expect_values("scatter_add", vn_scatter_add(x, INTS(0, 0, -1, 7), u), VN_SHAPE(3, 2),
                  VALUES(20, 21, 2, 3, 14, 15));
    expect_values("scatter_set",
                  vn_scatter_set(x, INTS(0, 0, -1, -7), vn_add(u, counting(4, 2))),
                  VN_SHAPE(3, 2), VALUES(12, 13, 2, 3, 14, 15));
    expect_values("broadcast update", vn_scatter_add(x, vn_int(1), vn_float(1)), VN_SHAPE(3, 2),
                  VALUES(0, 1, 3, 4, 4, 5));
    expect_values("integers",
                  vn_scatter_add(vn_zeros(VN_U8, VN_SHAPE(2)), INTS(1, 1, 0),
                                 vn_ones(VN_U8, VN_SHAPE(3))),
                  VN_SHAPE(2), VALUES(1, 2));
}

Test(indexing, along_axis_values)
{
    vn_array *const x = counting(2, 3);
    vn_array *const index = vn_reshape(INTS(2, 0, -1, 9), VN_SHAPE(2, 2));
    expect_values("take_along_axis", vn_take_along_axis(x, index, 1), VN_SHAPE(2, 2),
                  VALUES(2, 0, 5, 5));
    expect_values("axis 0", vn_take_along_axis(x, vn_reshape(INTS(1, 0, 1), VN_SHAPE(1, 3)), 0),
                  VN_SHAPE(1, 3), VALUES(3, 1, 5));
    expect_values("broadcast", vn_take_along_axis(x, vn_reshape(INTS(1, 0), VN_SHAPE(1, 2)), 1),
                  VN_SHAPE(2, 2), VALUES(1, 0, 4, 3));
    const vn__take_attr attr = { 1, 3, 1 };
    expect_values("add_along_axis",
                  vn_op_apply(&vn__op_add_along_axis, &attr, 2,
                              (vn_array *[]){ index, vn_ones(VN_F32, VN_SHAPE(2, 2)) }),
                  VN_SHAPE(2, 3), VALUES(1, 0, 1, 0, 0, 2));
}

Test(indexing, dynamic_slices)
{
    vn_array *const x = counting(3, 4);
    expect_values("dynamic_slice", vn_dynamic_slice(x, INTS(1, 2), VN_SHAPE(2, 2)),
                  VN_SHAPE(2, 2), VALUES(6, 7, 10, 11));
    expect_values("clamped", vn_dynamic_slice(x, INTS(9, -2), VN_SHAPE(1, 3)), VN_SHAPE(1, 3),
                  VALUES(8, 9, 10));
    expect_values("update",
                  vn_dynamic_update_slice(x, vn_zeros(VN_I32, VN_SHAPE(2, 1)), INTS(5, 1)),
                  VN_SHAPE(3, 4), VALUES(0, 1, 2, 3, 4, 0, 6, 7, 8, 0, 10, 11));
    cr_assert(!vn_dynamic_slice(x, INTS(1, 2), VN_SHAPE(4, 2)));
    cr_assert(strstr(vn_error_message(), "dynamic_slice: a block f32[4,2] of f32[3,4]"));
    vn_error_clear();
    cr_assert(!vn_dynamic_slice(x, INTS(1), VN_SHAPE(1, 2)));
    cr_assert(strstr(vn_error_message(), "one index for each of 2 axes"));
    vn_error_clear();
    cr_assert(!vn_dynamic_update_slice(x, vn_ones(VN_C64, VN_SHAPE(2, 1)), INTS(0, 0)));
    cr_assert(strstr(vn_error_message(), "dynamic_update_slice: cast: c64 to f32"));
    vn_error_clear();
}

Test(indexing, one_hot)
{
    expect_values("one_hot", vn_one_hot(INTS(1, 3, -1), 3, VN_F32), VN_SHAPE(3, 3),
                  VALUES(0, 1, 0, 0, 0, 0, 0, 0, 0));
    cr_assert(vn_dtype_of(vn_one_hot(vn_int(0), 2, VN_DTYPE_DEFAULT)) == VN_F32);
}

static const vn_dtype dtypes[] = { VN_F32, VN_F64, VN_I32, VN_U8, VN_I64, VN_I16 };

Test(indexing, take_lanes)
{
    for (int d = 0; d < 6; d++)
        for (int mapped = 1; mapped < 4; mapped++)
            for (int64_t axis = 0; axis < 3; axis++)
                for (int64_t clamp = 0; clamp < 2; clamp++) {
                    const vn__take_attr attr = { axis, 0, clamp };
                    problem p = { .op = &vn__op_take,
                                  .attr = &attr,
                                  .in = { aval(dtypes[d], VN_SHAPE(4, 5, 3)),
                                          aval(d % 2 ? VN_I64 : VN_I32, VN_SHAPE(2, 2)) },
                                  .mapped = { mapped & 1, mapped >> 1 },
                                  .low = -7,
                                  .high = 7 };
                    problem_lanes(&p, 16);
                    p.in[1].shape = VN_SCALAR;
                    problem_lanes(&p, 32);
                }
}

Test(indexing, scatter_add_lanes_and_sums)
{
    for (int d = 0; d < 6; d++)
        for (int mapped = 1; mapped < 4; mapped++)
            for (int64_t axis = 0; axis < 2; axis++)
                for (int64_t clamp = 0; clamp < 2; clamp++) {
                    const vn__take_attr attr = { axis, 6, clamp };
                    problem p = { .op = &vn__op_scatter_add,
                                  .attr = &attr,
                                  .in = { aval(VN_I32, VN_SHAPE(2)),
                                          aval(dtypes[d],
                                               axis ? VN_SHAPE(3, 2, 4) : VN_SHAPE(2, 3)) },
                                  .mapped = { mapped & 1, mapped >> 1 },
                                  .low = -7,
                                  .high = 7 };
                    problem_lanes(&p, 16);
                    if (dtypes[d] == VN_U8)
                        continue;
                    problem_sum(&p, 16, 1, 16);
                    problem_sum(&p, 32, 3, 5);
                }
}

Test(indexing, along_axis_lanes)
{
    for (int mapped = 1; mapped < 4; mapped++)
        for (vn_dtype dtype = VN_F32; dtype <= VN_F64; dtype++) {
            const vn__take_attr attr = { 1, 5, 1 };
            problem p = { .op = &vn__op_take_along_axis,
                          .attr = &attr,
                          .in = { aval(dtype, VN_SHAPE(2, 5, 3)),
                                  aval(VN_I32, VN_SHAPE(2, 4, 3)) },
                          .mapped = { mapped & 1, mapped >> 1 },
                          .low = -6,
                          .high = 6 };
            problem_lanes(&p, 16);
            p.op = &vn__op_add_along_axis;
            p.in[0] = p.in[1];
            p.in[1].dtype = dtype;
            problem_lanes(&p, 32);
        }
}

Test(indexing, pull)
{
    int moved = 0;
    for (int64_t axis = 0; axis < 3; axis++) {
        const vn__take_attr attr = { axis, 4, 1 };
        problem p = { .op = &vn__op_take,
                      .attr = &attr,
                      .in = { aval(VN_F64, VN_SHAPE(4, 4, 4)), aval(VN_I32, VN_SHAPE(2, 4)) },
                      .low = -5,
                      .high = 5 };
        moved += problem_pull(&p);
        p.op = &vn__op_take_along_axis;
        p.in[1].shape = p.in[0].shape;
        moved += problem_pull(&p);
        p.op = &vn__op_add_along_axis;
        p.in[0].dtype = VN_I32;
        p.in[1].dtype = VN_F64;
        moved += problem_pull(&p);
    }
    const vn__take_attr attr = { 1, 5, 0 };
    moved += problem_pull(&(problem){
        .op = &vn__op_scatter_add,
        .attr = &attr,
        .in = { aval(VN_I32, VN_SHAPE(3, 2)), aval(VN_F64, VN_SHAPE(4, 3, 2, 6)) } });
    cr_assert_eq(moved, 3 * (2 + 2 + 2 + 2) + 2);
}
