/* SPDX-License-Identifier: MIT */
/* tree_pformat: the layout of Equinox, which is that of wadler_lindig 0.1.
 *
 * A group is printed on one line if it fits into what is left of the line, else its breaks
 * become line ends. A bracket is a group, each of its items is one, and so are its items
 * together:
 *
 *     group(begin, nest(break, group(group(item), ",", break, group(item), ...)), break, end)
 *
 * so a module that is too wide by its name alone still has all its fields on one line. */
#include <stdio.h>

#include "core/tree/printer.h"

/* What is printed in one place: a tree, a static field, or part of an array with its
 * numbers. */
typedef struct item {
    const vn_tree *tree;   /* NULL: a static field; with field NULL too: it cannot be made */
    const vn_field *field; /* of the module at data */
    const void *data;
    bool cut;     /* of the tree the name alone */
    bool numbers; /* of the tree, an array: the axes from `axis` on, the part at `offset` */
    int axis;
    int64_t offset;
} item;

/* Arrays with more elements than this are printed as f32[3,4] even if values are wanted. */
#define MAX_VALUES 1000

#define MAX_INDENT 1000

static bool stop(const vn__printer *p) { return p->failed || (p->measuring && p->room < 0); }

static item tree_item(const vn__printer *p, const vn_tree *tree)
{
    const vn__array *const array = vn__as_array(tree);
    const bool cut = p->truncate_leaf && p->truncate_leaf(tree);
    return (item){ .tree = tree,
                   .cut = cut,
                   .numbers = !cut && p->values && array && array->data &&
                              vn_shape_size(array->shape) <= MAX_VALUES };
}

/* Has it brackets? */
static bool is_bracket(const item *it)
{
    if (it->numbers)
        return it->axis < vn__as_array(it->tree)->shape.rank;
    return it->tree && !it->cut && vn_kind_of(it->tree) >= VN_KIND_LIST;
}

/* Field i of those that are printed, NULL behind the last. *value: what its `shown` makes. */
static const vn_field *shown_field(const vn_tree *module, int64_t i, vn_tree **value)
{
    const vn_type *const type = module->type;
    for (const vn_field *field = type->fields; field < type->fields + type->n_fields; field++) {
        *value = NULL;
        if (field->shown && !field->shown(module, value))
            continue;
        if (i-- == 0)
            return field;
    }
    return NULL;
}

static int64_t count_of(const item *it)
{
    vn_tree *ignored;
    int64_t n = 0;
    if (it->numbers)
        return vn__as_array(it->tree)->shape.dim[it->axis];
    if (vn_kind_of(it->tree) != VN_KIND_MODULE)
        return vn_len(it->tree);
    while (shown_field(it->tree, n, &ignored))
        n++;
    return n;
}

static item field_item(const vn__printer *p, const vn_tree *module, int64_t i)
{
    vn_tree *value;
    const vn_field *const field = shown_field(module, i, &value);
    const void *const data = (const char *)module + field->offset;
    if (field->shown)
        return value ? tree_item(p, value) : (item){ .tree = NULL };
    if (field->kind == VN_FIELD_TREE || field->kind == VN_FIELD_STATIC)
        return tree_item(p, *(const vn_tree *const *)data);
    return (item){ .field = field, .data = data };
}

static item child_of(const vn__printer *p, const item *it, int64_t i)
{
    if (it->numbers) {
        const vn_shape shape = vn__as_array(it->tree)->shape;
        item part = *it;
        part.axis++;
        part.offset = it->offset * shape.dim[it->axis] + i;
        return part;
    }
    if (vn_kind_of(it->tree) == VN_KIND_MODULE)
        return field_item(p, it->tree, i);
    return tree_item(p, vn__child(it->tree, (int)i));
}

static void put_begin(vn__printer *p, const item *it)
{
    const vn_kind kind = vn_kind_of(it->tree);
    vn__print(p, kind == VN_KIND_MODULE ? it->tree->type->name : "");
    vn__print(p, kind == VN_KIND_DICT ? "{" : kind == VN_KIND_LIST || it->numbers ? "[" : "(");
}

static void put_end(vn__printer *p, const item *it)
{
    const vn_kind kind = vn_kind_of(it->tree);
    vn__print(p, kind == VN_KIND_DICT ? "}" : kind == VN_KIND_LIST || it->numbers ? "]" : ")");
}

/* "weight=" or "'key':"; true if a break follows. */
static bool put_label(vn__printer *p, const item *it, int64_t i)
{
    if (!it->numbers && vn_kind_of(it->tree) == VN_KIND_DICT) {
        vn__print_string(p, vn_key_at(it->tree, (int)i));
        vn__print(p, ":");
        return true;
    }
    if (vn_kind_of(it->tree) == VN_KIND_MODULE) {
        vn_tree *ignored;
        vn__print(p, shown_field(it->tree, i, &ignored)->name);
        vn__print(p, "=");
    }
    return false;
}

/* The comma of a tuple of one. */
static void put_tail(vn__printer *p, const item *it)
{
    vn__print(p, vn_kind_of(it->tree) == VN_KIND_TUPLE && count_of(it) == 1 ? "," : "");
}

static void put_flat(vn__printer *p, const item *it);

static void put_flat_item(vn__printer *p, const item *it, int64_t i)
{
    const item child = child_of(p, it, i);
    vn__print(p, put_label(p, it, i) ? " " : "");
    put_flat(p, &child);
    put_tail(p, it);
}

static void put_flat_items(vn__printer *p, const item *it)
{
    for (int64_t i = 0, n = count_of(it); i < n && !stop(p); i++) {
        vn__print(p, i ? ", " : "");
        put_flat_item(p, it, i);
    }
}

static void put_flat(vn__printer *p, const item *it)
{
    if (!is_bracket(it)) {
        if (!it->field && !it->tree) /* `shown` has failed */
            p->failed = true;
        else if (it->field)
            vn__print_field(p, it->field, it->data);
        else if (it->cut)
            vn__print(p, it->tree->type->name), vn__print(p, "(...)");
        else if (it->numbers)
            vn__print_element(p, vn__as_array(it->tree), it->offset);
        else
            vn__print_leaf(p, it->tree);
        return;
    }
    put_begin(p, it);
    put_flat_items(p, it);
    put_end(p, it);
}

static vn__printer measure(const vn__printer *p)
{
    vn__printer m = *p;
    m.measuring = true;
    m.room = p->width - p->column;
    return m;
}

static void put_group(vn__printer *p, const item *it);

/* Item i as a group; the break behind a key is one of the group's own. */
static void put_item(vn__printer *p, const item *it, int64_t i)
{
    vn__printer m = measure(p);
    put_flat_item(&m, it, i);
    p->failed = p->failed || m.failed;
    if (m.room >= 0) {
        put_flat_item(p, it, i);
        return;
    }
    const item child = child_of(p, it, i);
    if (put_label(p, it, i))
        vn__print_line_end(p);
    put_group(p, &child);
    put_tail(p, it);
}

static void put_items(vn__printer *p, const item *it)
{
    vn__printer m = measure(p);
    put_flat_items(&m, it);
    p->failed = p->failed || m.failed;
    if (m.room >= 0) {
        put_flat_items(p, it);
        return;
    }
    for (int64_t i = 0, n = count_of(it); i < n && !stop(p); i++) {
        if (i) {
            vn__print(p, ",");
            vn__print_line_end(p);
        }
        put_item(p, it, i);
    }
}

static void put_group(vn__printer *p, const item *it)
{
    vn__printer m = measure(p);
    if (is_bracket(it))
        put_flat(&m, it);
    p->failed = p->failed || m.failed;
    if (m.room >= 0 || !is_bracket(it) || count_of(it) == 0) {
        put_flat(p, it);
        return;
    }
    put_begin(p, it);
    p->indent += p->step;
    vn__print_line_end(p);
    put_items(p, it);
    p->indent -= p->step;
    vn__print_line_end(p);
    put_end(p, it);
}

vn_tree *vn_tree_pformat(const vn_tree *tree, const vn_tree_pformat_options *options)
{
    if (!tree)
        return vn_error(VN_ERR_NULL_ARGUMENT, "tree_pformat: the tree is NULL");
    if (options && options->indent > MAX_INDENT)
        return vn_error(VN_ERR_ARGUMENT, "tree_pformat: an indent of %d", options->indent);
    vn__printer p = { .width = 80, .step = 2 };
    if (options) {
        p.width = options->width > 0 ? options->width : p.width;
        p.step = options->indent > 0 ? options->indent : p.step;
        p.values = options->values;
        p.truncate_leaf = options->truncate_leaf;
    }
    VN_SCOPE /* of what the fields are shown as */
    {
        const item root = tree_item(&p, tree);
        put_group(&p, &root);
    }
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
