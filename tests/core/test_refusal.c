/* SPDX-License-Identifier: MIT */
/* Every allocation refused in turn: a sentence, no leak, no crash. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "modules.h"
#include "vernal/io.h"

static vn_tree *model;
static char path[] = "/tmp/vernal-refusal-XXXXXX.eqx";

static void make(void)
{
    close(mkstemps(path, 4));
    VN_SCOPE
    {
        static const char *const keys[] = { "b", "a" };
        model = vn_retain(vn_dict_n(2, keys, VN_TREES(mlp_new(2, 2, 3, 1), dropout_new(0.25))));
    }
}

static void drop(void)
{
    unlink(path);
    vn_release(model);
    model = NULL;
    expect_no_leak();
}

TestSuite(refusal, .init = make, .fini = drop);

static bool build(void)
{
    static const char *const keys[] = { "b", "a" };
    vn_tree *shape = vn_module_new(&statics_type, &(statics){ .text = "t", .tree = vn_int(1) });
    return vn_dict_n(2, keys, VN_TREES(mlp_new(2, 2, 3, 2), shape)) != NULL;
}

static bool wrap(void)
{
    static float data[4];
    return vn_array_wrap(VN_F32, VN_SHAPE(4), data, NULL, NULL) != NULL;
}

static bool replace(void)
{
    const char *const paths[] = { "['b'].layers[0].weight", "['a'].p" };
    return vn_tree_at_n(model, 2, paths, VN_TREES(vn_int(1), vn_string("x"))) != NULL;
}

static bool replace_by_call(void)
{
    const char *const place = "['b'].layers[-1].bias";
    return vn_tree_at_fn(model, 1, &place, vn_unary(vn_zeros_like)) != NULL;
}

static vn_tree *first(vn_tree *const arg[]) { return vn_tuple(arg[0]); }

static bool map(void)
{
    vn_tree *f = vn_partial(vn_function(first, -1), vn_int(1));
    return vn_tree_map(f, model, model, model, model, model) != NULL;
}

static bool leaves(void)
{
    vn_tree *all = vn_tree_leaves(model);
    return all && vn_tree_unflatten(
                      model, vn_len(all),
                      ((vn_tree *const *)VN_TREES(vn_int(1), vn_int(1), vn_int(1), vn_int(1),
                                                  vn_int(1), vn_int(1), vn_int(1)))) != NULL;
}

static bool filter(void)
{
    vn_tree *kept, *rest;
    return vn_partition(&kept, &rest, model, vn_is_array) == VN_ERR_OK &&
           vn_combine(rest, kept) != NULL;
}

static bool quiet(void) { return vn_inference_mode(model, true) != NULL; }

static bool check(void) { return vn_tree_check(model); }

static bool format(void) { return vn_tree_pformat(model, NULL) != NULL; }

static bool print(void)
{
    FILE *file = fopen(path, "w");
    vn_tree_pprint(file, model);
    fclose(file);
    return vn_ok();
}

static bool to_memory(void)
{
    vn_array *bytes = vn_tree_serialise_leaves_bytes(model);
    return bytes && vn_tree_deserialise_leaves_bytes(vn_data(bytes), (size_t)vn_size(bytes),
                                                     model) != NULL;
}

static bool to_file(void)
{
    return vn_tree_serialise_leaves(path, model) == VN_ERR_OK &&
           vn_tree_deserialise_leaves(path, model) != NULL;
}

static bool fortran(void)
{
    static const char header[] = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }";
    char record[128 + 16] = "\x93NUMPY\1\0\x76";
    memset(record + 10, ' ', 118);
    memcpy(record + 10, header, sizeof header - 1);
    FILE *file = fopen(path, "wb");
    fwrite(record, 1, sizeof record, file);
    fclose(file);
    return vn_npy_load(path) != NULL;
}

static bool csv(void)
{
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 100; i++)
        fputs("1,2\n", file);
    fclose(file);
    return vn_csv_load(path, NULL) != NULL;
}

static bool json(void)
{
    vn_tree *tree = vn_json_parse("{\"a\": [1, 2.5, \"x\"], \"b\": {\"c\": null}}");
    return vn_json_format(tree) != NULL;
}

static bool safetensors(void)
{
    vn_tree *dict = vn_state_dict(model, NULL);
    vn_tree *got = vn_safetensors_save(path, dict, NULL) == VN_ERR_OK
                       ? vn_load_state_dict(model, vn_safetensors_load(path), NULL)
                       : NULL;
    vn_array *bytes = got ? vn_safetensors_save_bytes(dict, NULL) : NULL;
    return bytes && vn_safetensors_load_bytes(vn_data(bytes), (size_t)vn_size(bytes)) != NULL;
}

static bool npz(void)
{
#ifdef VN_HAVE_ZLIB
    const vn_npz_options options = { .compression = 1 };
#else
    const vn_npz_options options = { 0 };
#endif
    const vn_state_dict_options numbers = { .filter = vn_is_array_like };
    vn_tree *dict = vn_state_dict(model, &numbers);
    vn_array *bytes = vn_npz_save(path, dict, NULL) == VN_ERR_OK && vn_npz_load(path)
                          ? vn_npz_save_bytes(dict, &options)
                          : NULL;
    return bytes && vn_npz_load_bytes(vn_data(bytes), (size_t)vn_size(bytes)) != NULL;
}

Test(refusal, trees)
{
    bool (*const bodies[])(void) = { build,  wrap,  replace, replace_by_call, map, leaves,
                                     filter, quiet, check };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        expect_survives_refusal(bodies[i]);
}

Test(refusal, texts)
{
    expect_survives_refusal(format);
    expect_survives_refusal(print);
}

Test(refusal, files)
{
    bool (*const bodies[])(void) = { to_memory, to_file, fortran, csv,
                                     json,      safetensors, npz };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        expect_survives_refusal(bodies[i]);
}
