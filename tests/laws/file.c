/* SPDX-License-Identifier: MIT */
/* A model written to a file and read into another one of its structure is the first again, by
 * the order of its leaves and by their names. */
#include <string.h>

#include "laws/law.h"
#include "vernal/io.h"

/* The same by name. */
static void by_name(law_run *r, vn_tree *model, vn_tree *other)
{
    const vn_state_dict_options numbers = { .filter = vn_is_array_like };
    vn_tree *dict = vn_state_dict(model, &numbers);
    vn_array *bytes = vn_npz_save_bytes(dict, NULL);
    vn_tree *read = bytes ? vn_npz_load_bytes(vn_data(bytes), (size_t)vn_size(bytes)) : NULL;
    law_same_bits(r, "read from npz", vn_load_state_dict(other, read, &numbers), model);
    vn_error_clear();
    bytes = vn_safetensors_save_bytes(dict, NULL);
    if (!bytes && vn_error_status() == VN_ERR_UNSUPPORTED &&
        strstr(vn_error_message(), "c128")) /* the format has c64 only */
        return;
    if (!bytes) {
        law_fail(r, "the model is not written by name");
        return;
    }
    dict = vn_safetensors_load_bytes(vn_data(bytes), (size_t)vn_size(bytes));
    law_same_bits(r, "read by name", vn_load_state_dict(other, dict, &numbers), model);
}

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
    by_name(r, model, other);
    vn_error_clear();
}
