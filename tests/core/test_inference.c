/* SPDX-License-Identifier: MIT */
/* inference_mode. */
#include "expect.h"

#include "modules.h"

Test(inference, every_flag_is_set_wherever_it_is)
{
    vn_tree *norm = vn_module_new(&statics_type, &(statics){ .tree = vn_none(), .text = "x" });
    vn_tree *plain = linear_new(1, 1), *inner = dropout_new(0.5);
    vn_tree *outer =
        vn_module_new(&dropout_type, &(dropout){ .p = inner, .inference = vn_bool(false) });
    vn_tree *model = vn_list(plain, vn_tuple(norm), outer);
    vn_tree *quiet = vn_inference_mode(model, true);
    cr_assert(vn_at(quiet, 0) == plain, "what has no flag is shared");
    cr_assert(((const statics *)(void *)vn_get(quiet, "[1][0]"))->inference);
    expect_text(((const statics *)(void *)vn_get(quiet, "[1][0]"))->text, "x");
    cr_assert(vn_bool_value(vn_get(quiet, "[2].inference")));
    cr_assert(vn_bool_value(vn_get(quiet, "[2].p.inference")));
    cr_assert(!((const statics *)(void *)norm)->inference);
    cr_assert(!vn_bool_value(vn_get(model, "[2].p.inference")));
    cr_assert(vn_tree_equal(vn_inference_mode(quiet, false), model, NULL));
    cr_assert(vn_tree_equal(vn_tree_inference(quiet, false), model, NULL));
    cr_assert(!vn_inference_mode(NULL, true));
    expect_error(NULL_ARGUMENT, "inference_mode");
}
