/* SPDX-License-Identifier: MIT */
/* Files for the peers: the same weights, the same data. */
#include <stdio.h>

#include "bench.h"

bool bench_save_array(const char *dir, const char *name, const vn_array *x)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.npy", dir, name);
    return vn_npy_save(path, (vn_array *)x) == VN_ERR_OK;
}

bool bench_save_model(const char *dir, const vn_tree *model)
{
    char path[512];
    snprintf(path, sizeof path, "%s/model.eqx", dir);
    return vn_tree_serialise_leaves(path, (vn_tree *)model) == VN_ERR_OK;
}
