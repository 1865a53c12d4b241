/* SPDX-License-Identifier: MIT */
/* tree_pformat: the layout of Equinox, which is that of wadler_lindig 0.1.
 *
 * A group is printed on one line if it fits into what is left of the line, else its breaks become
 * line ends. A bracket is a group, each of its items is one, and so are its items together:
 *
 *     group(begin, nest(break, group(group(item), ",", break, group(item), ...)), break, end)
 *
 * so a module that is too wide by its name alone still has all its fields on one line. */
#include <stdio.h>
#include <string.h>

#include "core/base/element.h"
#include "core/tree/repr.h"
#include "core/tree/tree.h"

/* What is printed in one place: a tree, a static field, or part of an array with its numbers. */
typedef struct item {
    const vn_tree *tree;   /* NULL: a static field */
    const vn_field *field; /* of the module at data */
    const void *data;
    bool numbers; /* of the tree, an array: the axes from `axis` on, the part at `offset` */
    int axis;
    int64_t offset;
} item;

/* Text with its current column; room >= 0 measures instead: text is dropped, and what does not fit
 * into the room makes it negative. */
typedef struct printer {
    char *text;
    int64_t n, capacity;
    bool failed, measuring;
    int64_t room, column, indent, step, width;
    bool values;
} printer;

/* Arrays with more elements than this are printed as f32[3,4] even if values are wanted. */
#define MAX_VALUES 1000

static void put(printer *p, const char *piece)
{
    int64_t columns = 0;
    for (const char *c = piece; *c; c++)
        columns += ((unsigned char)*c & 0xc0) != 0x80;
    if (p->measuring) {
        p->room -= columns;
        return;
    }
    const int64_t bytes = (int64_t)strlen(piece);
    p->failed = p->failed || !vn__grow(&p->text, &p->capacity, p->n + bytes + 1, 1);
    if (p->failed)
        return;
    memcpy(p->text + p->n, piece, (size_t)bytes + 1);
    p->n += bytes;
    p->column += columns;
}

static void put_line_end(printer *p)
{
    put(p, "\n");
    for (int64_t i = 0; i < p->indent; i++)
        put(p, " ");
    p->column = p->indent;
}

static bool stop(const printer *p) { return p->failed || (p->measuring && p->room < 0); }

static void put_string(printer *p, const char *string)
{
    const size_t size = vn__repr_string(NULL, 0, string) + 1;
    char few[64];
    char *const text = size <= sizeof few ? few : vn__alloc(size);
    if (!text) {
        p->failed = true;
        return;
    }
    vn__repr_string(text, size, string);
    put(p, text);
    if (text != few)
        vn__free(text);
}

static void put_shape(printer *p, vn_shape shape)
{
    put(p, "(");
    for (int i = 0; i < shape.rank; i++) {
        char text[32];
        const char *const end = i + 1 < shape.rank ? ", " : shape.rank == 1 ? "," : "";
        snprintf(text, sizeof text, "%lld%s", (long long)shape.dim[i], end);
        put(p, text);
    }
    put(p, ")");
}

static void put_int(printer *p, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put(p, text);
}

static void put_float(printer *p, double value, bool single)
{
    char text[VN__NUMBER_TEXT];
    put(p, vn__repr_float(text, value, single));
}

static void put_function(printer *p, const vn__leaf *leaf)
{
    const char *const name = leaf->fn_name ? leaf->fn_name : "";
    put(p, name[0] ? "<function " : "<function");
    put(p, strncmp(name, "vn_", 3) == 0 ? name + 3 : name);
    put(p, ">");
}

static void put_number(printer *p, const vn__array *array, int64_t i)
{
    char text[32];
    if (vn_dtype_is_inexact(array->dtype)) {
        put_float(p, vn__load_f64(array->dtype, array->data, i), array->dtype != VN_F64);
    } else if (array->dtype == VN_BOOL) {
        put(p, vn__load_i64(array->dtype, array->data, i) ? "True" : "False");
    } else if (array->dtype == VN_U64) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)((uint64_t *)array->data)[i]);
        put(p, text);
    } else {
        put_int(p, vn__load_i64(array->dtype, array->data, i));
    }
}

static void put_field(printer *p, const vn_field *field, const void *data)
{
    switch (field->kind) {
    case VN_FIELD_BOOL:
        put(p, *(const bool *)data ? "True" : "False");
        return;
    case VN_FIELD_INT:
        put_int(p, *(const int64_t *)data);
        return;
    case VN_FIELD_FLOAT:
        put_float(p, *(const double *)data, false);
        return;
    case VN_FIELD_SHAPE:
        put_shape(p, *(const vn_shape *)data);
        return;
    case VN_FIELD_STRING:
        if (*(const char *const *)data)
            put_string(p, *(const char *const *)data);
        else
            put(p, "None");
        return;
    default: /* an address says nothing to a reader and differs from run to run */
        put(p, *(const void *const *)data ? "<pointer>" : "None");
    }
}

static void put_leaf(printer *p, const item *it)
{
    const vn__leaf *const leaf = (const vn__leaf *)(const void *)it->tree;
    char text[VN__SHAPE_TEXT];
    switch (vn_kind_of(it->tree)) {
    case VN_KIND_NONE:
        put(p, "None");
        return;
    case VN_KIND_ARRAY:
        if (it->numbers)
            put_number(p, vn__as_array(it->tree), it->offset);
        else
            put(p, vn__describe(text, it->tree));
        return;
    case VN_KIND_BOOL:
        put(p, leaf->integer ? "True" : "False");
        return;
    case VN_KIND_INT:
        put_int(p, leaf->integer);
        return;
    case VN_KIND_FLOAT:
        put_float(p, leaf->number, false);
        return;
    case VN_KIND_STRING:
        put_string(p, leaf->text);
        return;
    default:
        put_function(p, leaf);
    }
}

static item tree_item(const printer *p, const vn_tree *tree)
{
    const vn__array *const array = vn__as_array(tree);
    return (item){ .tree = tree,
                   .numbers = p->values && array && array->data &&
                              vn_shape_size(array->shape) <= MAX_VALUES };
}

/* Has it brackets? */
static bool is_bracket(const item *it)
{
    if (it->numbers)
        return it->axis < vn__as_array(it->tree)->shape.rank;
    return it->tree && vn_kind_of(it->tree) >= VN_KIND_LIST;
}

static int64_t count_of(const item *it)
{
    if (it->numbers)
        return vn__as_array(it->tree)->shape.dim[it->axis];
    return vn_kind_of(it->tree) == VN_KIND_MODULE ? it->tree->type->n_fields : vn_len(it->tree);
}

static item field_item(const printer *p, const vn_tree *module, const vn_field *field)
{
    const void *const data = (const char *)module + field->offset;
    if (field->kind == VN_FIELD_TREE || field->kind == VN_FIELD_STATIC)
        return tree_item(p, *(const vn_tree *const *)data);
    return (item){ .field = field, .data = data };
}

static item child_of(const printer *p, const item *it, int64_t i)
{
    if (it->numbers) {
        const vn_shape shape = vn__as_array(it->tree)->shape;
        item part = *it;
        part.axis++;
        part.offset = it->offset * shape.dim[it->axis] + i;
        return part;
    }
    if (vn_kind_of(it->tree) == VN_KIND_MODULE)
        return field_item(p, it->tree, &it->tree->type->fields[i]);
    return tree_item(p, vn__child(it->tree, (int)i));
}

static void put_begin(printer *p, const item *it)
{
    const vn_kind kind = vn_kind_of(it->tree);
    put(p, kind == VN_KIND_MODULE ? it->tree->type->name : "");
    put(p, kind == VN_KIND_DICT ? "{" : kind == VN_KIND_LIST || it->numbers ? "[" : "(");
}

static void put_end(printer *p, const item *it)
{
    const vn_kind kind = vn_kind_of(it->tree);
    put(p, kind == VN_KIND_DICT ? "}" : kind == VN_KIND_LIST || it->numbers ? "]" : ")");
}

/* "weight=" or "'key':"; true if a break follows. */
static bool put_label(printer *p, const item *it, int64_t i)
{
    if (!it->numbers && vn_kind_of(it->tree) == VN_KIND_DICT) {
        put_string(p, vn_key_at(it->tree, (int)i));
        put(p, ":");
        return true;
    }
    if (vn_kind_of(it->tree) == VN_KIND_MODULE) {
        put(p, it->tree->type->fields[i].name);
        put(p, "=");
    }
    return false;
}

/* The comma of a tuple of one. */
static void put_tail(printer *p, const item *it)
{
    put(p, vn_kind_of(it->tree) == VN_KIND_TUPLE && count_of(it) == 1 ? "," : "");
}

static void put_flat(printer *p, const item *it);

static void put_flat_item(printer *p, const item *it, int64_t i)
{
    const item child = child_of(p, it, i);
    put(p, put_label(p, it, i) ? " " : "");
    put_flat(p, &child);
    put_tail(p, it);
}

static void put_flat_items(printer *p, const item *it)
{
    for (int64_t i = 0, n = count_of(it); i < n && !stop(p); i++) {
        put(p, i ? ", " : "");
        put_flat_item(p, it, i);
    }
}

static void put_flat(printer *p, const item *it)
{
    if (!is_bracket(it)) {
        if (it->field)
            put_field(p, it->field, it->data);
        else
            put_leaf(p, it);
        return;
    }
    put_begin(p, it);
    put_flat_items(p, it);
    put_end(p, it);
}

static printer measure(const printer *p)
{
    printer m = *p;
    m.measuring = true;
    m.room = p->width - p->column;
    return m;
}

static void put_group(printer *p, const item *it);

/* Item i as a group; the break behind a key is one of the group's own. */
static void put_item(printer *p, const item *it, int64_t i)
{
    printer m = measure(p);
    put_flat_item(&m, it, i);
    p->failed = p->failed || m.failed;
    if (m.room >= 0) {
        put_flat_item(p, it, i);
        return;
    }
    const item child = child_of(p, it, i);
    if (put_label(p, it, i))
        put_line_end(p);
    put_group(p, &child);
    put_tail(p, it);
}

static void put_items(printer *p, const item *it)
{
    printer m = measure(p);
    put_flat_items(&m, it);
    p->failed = p->failed || m.failed;
    if (m.room >= 0) {
        put_flat_items(p, it);
        return;
    }
    for (int64_t i = 0, n = count_of(it); i < n && !stop(p); i++) {
        if (i) {
            put(p, ",");
            put_line_end(p);
        }
        put_item(p, it, i);
    }
}

static void put_group(printer *p, const item *it)
{
    printer m = measure(p);
    if (is_bracket(it))
        put_flat(&m, it);
    p->failed = p->failed || m.failed;
    if (m.room >= 0 || !is_bracket(it) || count_of(it) == 0) {
        put_flat(p, it);
        return;
    }
    put_begin(p, it);
    p->indent += p->step;
    put_line_end(p);
    put_items(p, it);
    p->indent -= p->step;
    put_line_end(p);
    put_end(p, it);
}

vn_tree *vn_tree_pformat(const vn_tree *tree, const vn_tree_pformat_options *options)
{
    if (!tree)
        return vn_error(VN_ERR_NULL_ARGUMENT, "tree_pformat: the tree is NULL");
    printer p = { .width = 80, .step = 2 };
    if (options) {
        p.width = options->width > 0 ? options->width : p.width;
        p.step = options->indent > 0 ? options->indent : p.step;
        p.values = options->values;
    }
    const item root = tree_item(&p, tree);
    put_group(&p, &root);
    vn_tree *const text = p.failed ? NULL : vn_string(p.text);
    vn__free(p.text);
    return text;
}

void vn_tree_pprint(FILE *file, const vn_tree *tree)
{
    VN_SCOPE
    {
        vn_tree *const text = vn_tree_pformat(tree, NULL);
        if (text && (fputs(vn_string_value(text), file) < 0 || fputc('\n', file) < 0))
            vn__fail(VN_ERR_FILE, "tree_pprint: the stream cannot be written");
    }
}
