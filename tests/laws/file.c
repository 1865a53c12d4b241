/* SPDX-License-Identifier: MIT */
/* A model written to a file and read into another one of its structure is the first again. */
#include "laws/law.h"
#include "vernal/io.h"

void law_file(law_run *r, const law_subject *s)
{
    if (!s->model)
        return;
    vn_tree *model = s->model(), *other = vn_tree_scale(0.5, model);
    vn_array *bytes = vn_tree_serialise_leaves_bytes(model);
    if (!bytes) {
        law_fail(r, "the model is not written");
        return;
    }
    size_t size = (size_t)vn_size(bytes);
    vn_tree *read = vn_tree_deserialise_leaves_bytes(vn_data(bytes), size, other);
    law_same_bits(r, "read again", read, model);
    if (size > 0 && vn_tree_deserialise_leaves_bytes(vn_data(bytes), size - 1, other))
        law_fail(r, "a file that is one byte short is read");
    vn_error_clear();
}
