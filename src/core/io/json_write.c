/* SPDX-License-Identifier: MIT */
/* Writing JSON, in one line, with the blanks of Python's json.dumps. */
#include <math.h>
#include <string.h>

#include "core/io/json.h"
#include "core/io/utf8.h"
#include "core/tree/repr.h"
#include "vernal/io.h"

static bool put(vn__stream *out, const char *text, const vn__where *where)
{
    return vn__stream_write(out, text, strlen(text), where);
}

bool vn__json_write_string(vn__stream *out, const char *text, const vn__where *where)
{
    static const char names[] = "b\bt\tn\nf\fr\r\"\"\\\\"; /* pairs */
    if (!put(out, "\"", where))
        return false;
    for (int n; *text; text += n) {
        char escape[8];
        const unsigned char c = (unsigned char)*text;
        n = vn__utf8_length(text);
        if (n == 0) {
            vn__io_fail(where, VN_ERR_ARGUMENT, "a string that is not UTF-8");
            return false;
        }
        const char *name = names + 1;
        while (*name && *name != *text)
            name += name[1] ? 2 : 1;
        if (*name)
            snprintf(escape, sizeof escape, "\\%c", name[-1]);
        else
            snprintf(escape, sizeof escape, "\\u%04x", c);
        const bool plain = !*name && c >= ' ';
        if (plain ? !vn__stream_write(out, text, (size_t)n, where) : !put(out, escape, where))
            return false;
    }
    return put(out, "\"", where);
}

static bool write_children(vn__stream *out, const vn_tree *tree, const vn__where *where)
{
    const bool dict = vn_kind_of(tree) == VN_KIND_DICT;
    if (!put(out, dict ? "{" : "[", where))
        return false;
    for (int i = 0, n = vn_len(tree); i < n; i++) {
        if (i && !put(out, ", ", where))
            return false;
        if (dict && (!vn__json_write_string(out, vn_key_at(tree, i), where) ||
                     !put(out, ": ", where)))
            return false;
        if (!vn__json_write(out, vn__child(tree, i), where))
            return false;
    }
    return put(out, dict ? "}" : "]", where);
}

bool vn__json_write(vn__stream *out, const vn_tree *tree, const vn__where *where)
{
    char text[VN__SHAPE_TEXT];
    const vn__leaf *const leaf = (const vn__leaf *)(const void *)tree;
    switch (vn_kind_of(tree)) {
    case VN_KIND_NONE:
        return put(out, "null", where);
    case VN_KIND_BOOL:
        return put(out, leaf->integer ? "true" : "false", where);
    case VN_KIND_INT:
        snprintf(text, sizeof text, "%lld", (long long)leaf->integer);
        return put(out, text, where);
    case VN_KIND_FLOAT:
        if (isfinite(leaf->number))
            return put(out, vn__repr_float(text, leaf->number, false), where);
        vn__io_fail(where, VN_ERR_ARGUMENT, "%s is no number of JSON",
                    vn__repr_float(text, leaf->number, false));
        return false;
    case VN_KIND_STRING:
        return vn__json_write_string(out, leaf->text, where);
    case VN_KIND_LIST:
    case VN_KIND_TUPLE:
    case VN_KIND_DICT:
        return write_children(out, tree, where);
    default:
        vn__io_fail(where, VN_ERR_ARGUMENT, "%s has no form in JSON",
                    vn__describe(text, tree));
        return false;
    }
}

/* In memory first, so that a tree that cannot be written leaves the file as it was. */
static bool to_memory(vn__stream *out, vn_tree *tree, const char *end, const vn__where *where)
{
    return vn__no_nulls(where->who, 1, &tree) && vn__json_write(out, tree, where) &&
           vn__stream_write(out, end, strlen(end) + 1, where);
}

vn_tree *vn_json_format(vn_tree *tree)
{
    const vn__where where = { .who = "json_format", .file = "the tree" };
    vn__stream out = { 0 };
    vn_tree *const text = to_memory(&out, tree, "", &where) ? vn_string(out.out) : NULL;
    vn__free(out.out);
    return text;
}

vn_status vn_json_write_line(FILE *file, vn_tree *tree)
{
    const vn__where where = { .who = "json_write_line", .file = "the stream" };
    vn__stream out = { 0 }, stream = { .file = file };
    const bool good = vn__file_given(&where, file) && to_memory(&out, tree, "\n", &where) &&
                      vn__stream_write(&stream, out.out, strlen(out.out), &where);
    vn__free(out.out);
    return good ? VN_ERR_OK : vn_error_status();
}
