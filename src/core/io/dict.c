/* SPDX-License-Identifier: MIT */
#include "core/io/dict.h"

#include <stdlib.h>
#include <string.h>

int vn__dict_find(const vn_tree *dict, const char *key)
{
    int low = 0, high = vn_len(dict);
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (strcmp(vn_key_at(dict, middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < vn_len(dict) && strcmp(vn_key_at(dict, low), key) == 0 ? low : -1;
}

bool vn__is_array_dict(const char *who, vn_tree *dict)
{
    char text[VN__SHAPE_TEXT];
    if (!vn__no_nulls(who, 1, &dict))
        return false;
    if (vn_kind_of(dict) != VN_KIND_DICT) {
        vn__fail(VN_ERR_ARGUMENT, "%s: not a dict of arrays but %s", who,
                 vn__describe(text, dict));
        return false;
    }
    for (int i = 0, n = vn_len(dict); i < n; i++) {
        vn_tree *const item = vn__child(dict, i);
        if (!vn_is_array(item)) {
            vn__fail(VN_ERR_ARGUMENT, "%s: \"%.100s\" is not an array but %s", who,
                     vn_key_at(dict, i), vn__describe(text, item));
            return false;
        }
        if (!vn_data(item))
            return false;
    }
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

vn_tree *vn__dict_of_file(int n, char *const keys[], vn_tree *const items[],
                          const vn__where *where)
{
    char **const sorted = vn__alloc((size_t)n * sizeof *sorted);
    if (!sorted)
        return NULL;
    for (int i = 0; i < n; i++)
        sorted[i] = keys[i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_text);
    bool twice = false;
    for (int i = 1; i < n && !twice; i++)
        if ((twice = strcmp(sorted[i - 1], sorted[i]) == 0))
            vn__io_fail(where, VN_ERR_FORMAT, "the name \"%.100s\" is given twice", sorted[i]);
    vn__free(sorted);
    return twice ? NULL : vn_dict_n(n, (const char *const *)keys, items);
}
