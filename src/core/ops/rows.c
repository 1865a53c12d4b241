/* SPDX-License-Identifier: MIT */
/* Rows that stand for a table: those of one axis become one scatter_add of all of them. */
#include "core/ops/rows.h"

#include <string.h>

#include "core/ops/ops.h"
#include "vernal/ops.h"

bool vn__rows_add(vn__rows *rows, const vn__take_attr *attr, vn_array *index, vn_array *update)
{
    if (!index || !update || vn_is_traced(index) || vn_is_traced(update) ||
        !vn__grow(&rows->item, &rows->capacity, rows->n + 1, sizeof rows->item[0]))
        return false;
    rows->item[rows->n++] = (vn__row){ *attr, vn_retain(index), vn_retain(update) };
    return true;
}

bool vn__rows_append(vn__rows *to, vn__rows *from)
{
    if (from->n == 0)
        return true;
    if (!vn__grow(&to->item, &to->capacity, to->n + from->n, sizeof to->item[0]))
        return false;
    memcpy(to->item + to->n, from->item, (size_t)from->n * sizeof to->item[0]);
    to->n += from->n;
    from->n = 0;
    vn__rows_free(from);
    return true;
}

void vn__rows_free(vn__rows *rows)
{
    for (int64_t i = 0; i < rows->n; i++) {
        vn_release(rows->item[i].index);
        vn_release(rows->item[i].update);
    }
    vn__free(rows->item);
    *rows = (vn__rows){ 0 };
}

/* ------------------------------------------------------------------------ their sum */

static bool alike(const vn__row *a, const vn__row *b)
{
    return a->attr.axis == b->attr.axis && a->attr.clamp == b->attr.clamp;
}

/* The update [before.., index.., behind..] as [outer][count][inner], beside those that are
 * there already; the indices as i64. */
static void copy_in(char *update, int64_t *index, const vn__row *row, int64_t outer,
                    int64_t inner_bytes, int64_t at, int64_t all)
{
    const int64_t count = vn_size(row->index), bytes = count * inner_bytes;
    const char *const from = vn_data(row->update);
    const void *const data = vn_data(row->index);
    for (int64_t o = 0; o < outer; o++)
        memcpy(update + (o * all + at) * inner_bytes, from + o * bytes, (size_t)bytes);
    for (int64_t j = 0; j < count; j++)
        index[at + j] = vn__index_at(data, vn_dtype_of(row->index), j);
}

/* The sum of rows item[0] .. item[n-1], which are alike. */
static vn_array *sum_alike(const vn__row item[], int64_t n, vn_aval table)
{
    const int axis = (int)item[0].attr.axis;
    const int64_t outer = vn__span(table.shape, 0, axis);
    const int64_t inner = vn__span(table.shape, axis + 1, table.shape.rank);
    const int64_t inner_bytes = inner * (int64_t)vn_dtype_size(table.dtype);
    int64_t all = 0, at = 0;
    for (int64_t i = 0; i < n; i++)
        all += vn_size(item[i].index);
    vn_array *const index = vn_empty(VN_I64, VN_SHAPE(all));
    vn_array *const update = vn_empty(table.dtype, VN_SHAPE(outer, all, inner));
    if (!index || !update)
        return NULL;
    for (int64_t i = 0; i < n; i++) {
        copy_in((char *)vn__as_array(update)->data, (int64_t *)vn__as_array(index)->data,
                &item[i], outer, inner_bytes, at, all);
        at += vn_size(item[i].index);
    }
    const vn__take_attr attr = { 1, table.shape.dim[axis], item[0].attr.clamp };
    return vn_reshape(
        vn_op_apply(&vn__op_scatter_add, &attr, 2, (vn_array *[]){ index, update }),
        table.shape);
}

vn_array *vn__rows_sum(const vn__rows *rows, vn_aval table)
{
    vn_array *sum = NULL;
    for (int64_t from = 0, to = 0; from < rows->n; from = to) {
        while (to < rows->n && alike(&rows->item[from], &rows->item[to]))
            to++;
        vn_array *const part = sum_alike(rows->item + from, to - from, table);
        sum = sum ? vn_add(sum, part) : part;
        if (!sum)
            return NULL;
    }
    return sum;
}
