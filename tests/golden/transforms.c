/* SPDX-License-Identifier: MIT */
#include "golden/transforms.h"

#include "vernal/transform.h"

typedef struct kind {
    const char *array; /* only cases of this kind have it */
    void (*run)(golden_run *r, golden_case *c, bool jit);
} kind;

static const kind kinds[] = {
    { "gather", golden_transforms_arrays },  { "clip", golden_transforms_custom },
    { "jvp_model", golden_transforms_mlp },  { "hessian", golden_transforms_scalar },
    { "all_pairs", golden_transforms_vmap }, { "scan_hs", golden_transforms_loops },
};

void golden_run_transforms(golden_run *r, golden_case *c)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!golden_find(c, kinds[i].array))
            continue;
        for (int jit = 0; jit < 2; jit++) {
            r->variant = jit ? "jit" : "eager";
            VN_SCOPE
            kinds[i].run(r, c, jit);
        }
        return;
    }
    golden_skip(r, "none of the known kinds");
}
