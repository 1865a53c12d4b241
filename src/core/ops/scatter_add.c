/* SPDX-License-Identifier: MIT */
/* scatter_add: out[o][k][i] = sum over the j with index[j] = k of update[o][j][i], the
 * transpose of take. Negative indices wrap once; then an index outside is dropped or (clamp)
 * adds to the nearest element, as take took it.
 *
 *   dupdate = take(g, index)
 *
 * Summed over lanes it adds straight into the table: the gradient of an embedding. */
#include <string.h>

#include "core/ops/indices.h"

#define PART_BYTES (1 << 15) /* of the table, for a worker */
#define MOST_PARTS 64
#define COLUMNS    16 /* a part has at least so many of a row */

/* The axes of update [before.., index.., behind..]. */
static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__take_attr *const a = attr;
    const vn_shape index = in[0].shape, update = in[1].shape;
    VN_TRY(vn__check_index("scatter_add", in[0].dtype));
    VN_TRY(vn__check_dtype("scatter_add", in[1].dtype, VN__FIELD));
    bool fits = a->axis >= 0 && a->axis + index.rank <= update.rank;
    for (int i = 0; i < index.rank && fits; i++)
        fits = update.dim[a->axis + i] == index.dim[i];
    if (!fits) {
        char text[2][VN__SHAPE_TEXT];
        return vn__fail(VN_ERR_SHAPE,
                        "scatter_add: update %s at axis %lld does not fit index %s",
                        vn__shape_text(text[0], in[1].dtype, update), (long long)a->axis,
                        vn__shape_text(text[1], in[0].dtype, index));
    }
    out[0] = in[1];
    for (int i = 0; i < index.rank; i++)
        out[0].shape = vn__shape_without(out[0].shape, (int)a->axis);
    return vn__shape_insert(&out[0].shape, "scatter_add", (int)a->axis, a->size);
}

/* ---------------------------------------------------------------------------- evaluation */

typedef struct walk {
    const vn_eval *e;
    vn_dtype dtype;
    int64_t outer, n, inner, count, clamp, size, lanes;
    int64_t out_unit, unit;     /* lanes of an entry of the result, of the update */
    int64_t row, row_end;       /* of the table: what this part makes */
    int64_t column, column_end; /* of its rows */
    const char *update;
    const void *index;
} walk;

static int64_t index_of(const walk *w, int64_t j, int64_t lane)
{
    const bool mapped = w->lanes > 1 && w->e->mapped[0];
    const int64_t i = mapped ? j * w->lanes + lane : j;
    const int64_t row = vn__index_wrap(vn__index_at(w->index, w->e->in_aval[0].dtype, i), w->n,
                                       w->clamp != 0);
    return row >= w->row && row < w->row_end ? row : -1;
}

/* Part of the table: some columns of all rows where more rows are added than there are, since
 * some may be far more frequent than others; else some rows. */
static void cut(walk *w, int64_t examples)
{
    const int64_t parts = w->e->parts;
    w->row_end = w->n;
    w->column_end = w->inner;
    if (parts <= 1)
        return;
    if (w->count * examples > w->n && w->inner >= COLUMNS * parts) {
        w->column_end = vn__eval_share(&w->column, w->e, w->inner);
    } else {
        w->row_end = vn__eval_share(&w->row, w->e, w->n);
    }
}

static void clear(const walk *w)
{
    const int64_t row = w->inner * w->out_unit * w->size;
    const int64_t columns = (w->column_end - w->column) * w->out_unit * w->size;
    for (int64_t o = 0; o < w->outer; o++) {
        char *const to = (char *)w->e->out[0] + (o * w->n + w->row) * row;
        if (columns == row)
            memset(to, 0, (size_t)((w->row_end - w->row) * row));
        for (int64_t i = w->row; columns < row && i < w->row_end; i++)
            memset((char *)w->e->out[0] + (o * w->n + i) * row +
                       w->column * w->out_unit * w->size,
                   0, (size_t)columns);
    }
}

static walk walk_of(const vn_eval *e, int64_t panel, bool sum)
{
    const vn__take_attr *const a = e->attr;
    const vn_shape update = e->in_aval[1].shape;
    const int behind = (int)a->axis + e->in_aval[0].shape.rank;
    const bool lanes = e->lanes > 1;
    walk w = {
        .e = e,
        .dtype = e->in_aval[1].dtype,
        .outer = vn__span(update, 0, (int)a->axis),
        .n = a->size,
        .inner = vn__span(update, behind, update.rank),
        .count = vn_shape_size(e->in_aval[0].shape),
        .clamp = a->clamp,
        .lanes = e->lanes,
        .out_unit = sum ? 1 : e->lanes,
        .unit = lanes && e->mapped[1] ? e->lanes : 1,
        .update = e->in[1],
        .index = e->in[0],
    };
    w.size = (int64_t)vn_dtype_size(w.dtype);
    cut(&w, sum ? e->lanes * e->panels : 1);
    if (panel > 0) {
        w.update += e->mapped[1] ? panel * e->panel_bytes[1] : 0;
        w.index = (const char *)w.index + (e->mapped[0] ? panel * e->panel_bytes[0] : 0);
    }
    return w;
}

/* Row of the result += row of the update: `rows` of `cols` elements at these distances. */
static void add_row(const walk *w, char *to, const char *from, int64_t to_row, int64_t from_row,
                    int64_t rows, int64_t cols)
{
    w->e->kernels->binary[w->dtype][VN__BINARY_add](
        to, to_row, (vn__in[]){ { to, to_row, 1 }, { from, from_row, 1 } }, rows, cols);
}

/* Lanes 0 .. lanes-1 of one panel, each with its own index or update. */
static void add_lanes(const walk *w, int64_t lanes)
{
    for (int64_t o = 0; o < w->outer; o++)
        for (int64_t j = 0; j < w->count; j++)
            for (int64_t l = 0; l < lanes; l++) {
                const int64_t i = index_of(w, j, l);
                const int64_t to = ((o * w->n + i) * w->inner + w->column) * w->out_unit;
                const int64_t from =
                    ((o * w->count + j) * w->inner + w->column) * w->unit;
                if (i >= 0)
                    add_row(w,
                            (char *)w->e->out[0] + (to + (w->out_unit > 1 ? l : 0)) * w->size,
                            w->update + (from + (w->unit > 1 ? l : 0)) * w->size, w->out_unit,
                            w->unit, w->column_end - w->column, 1);
            }
}

/* One index for all lanes, which are all mapped or all plain: whole rows. */
static void add_rows(const walk *w)
{
    const int64_t row = w->inner * w->out_unit, from = w->column * w->out_unit;
    const int64_t columns = (w->column_end - w->column) * w->out_unit;
    for (int64_t o = 0; o < w->outer; o++)
        for (int64_t j = 0; j < w->count; j++) {
            const int64_t i = index_of(w, j, 0);
            if (i >= 0)
                add_row(w, (char *)w->e->out[0] + ((o * w->n + i) * row + from) * w->size,
                        w->update + ((o * w->count + j) * row + from) * w->size, row, row, 1,
                        columns);
        }
}

static void eval(const vn_eval *e)
{
    if (vn__eval_shared(e, eval))
        return;
    const walk w = walk_of(e, 0, false);
    clear(&w);
    if (e->lanes == 1 || !e->mapped[0])
        add_rows(&w);
    else
        add_lanes(&w, e->lanes);
}

/* A panel of updates in floating point, summed over the lanes that count. */
static void sum_panel(const walk *w, int64_t valid)
{
    const vn__real_kernels *const real = w->e->kernels->real[w->dtype];
    int32_t *const index = w->e->scratch;
    const int64_t columns = w->column_end - w->column;
    for (int64_t j = 0; j < w->count; j++) {
        for (int64_t l = 0; l < w->lanes; l++)
            index[l] = (int32_t)index_of(w, j, l);
        for (int64_t o = 0; o < w->outer; o++) {
            const int64_t to = o * w->n * w->inner + w->column;
            const int64_t from = (o * w->count + j) * w->inner + w->column;
            char *const table = (char *)w->e->out[0] + to * w->size;
            const char *const g = w->update + from * w->unit * w->size;
            if (w->e->mapped[0])
                real->scatter_rows(table, w->inner, g, index, w->n, columns, w->lanes, valid);
            else if (index[0] >= 0)
                real->lane_sum(table + index[0] * w->inner * w->size, g, w->lanes, columns,
                               valid);
        }
    }
}

static void eval_sum(const vn_eval *e)
{
    if (e->fresh) {
        const walk all = walk_of(e, 0, true);
        clear(&all);
    }
    for (int64_t p = 0; p < e->panels; p++) {
        const int64_t valid = p == e->panels - 1 ? e->valid : e->lanes;
        const walk w = walk_of(e, p, true);
        if (e->lanes == 1)
            add_rows(&w);
        else if (e->mapped[1] && e->kernels->real[w.dtype])
            sum_panel(&w, valid);
        else
            add_lanes(&w, valid);
    }
}

static int64_t parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum)
{
    (void)mapped;
    const vn__take_attr *const a = attr;
    const int behind = (int)a->axis + in[0].shape.rank;
    const int64_t entries = vn__span(in[1].shape, 0, (int)a->axis) * a->size *
                            vn__span(in[1].shape, behind, in[1].shape.rank);
    const int64_t most = entries * (int64_t)vn_dtype_size(in[1].dtype) / PART_BYTES;
    if ((lanes > 1 && !sum) || most <= 1)
        return 1;
    const int64_t rows = a->size < MOST_PARTS ? a->size : MOST_PARTS;
    return most < rows ? most : rows;
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)attr, (void)in, (void)n_in, (void)mapped;
    return lanes == 1 ? 0 : (size_t)lanes * sizeof(int32_t);
}

/* ---------------------------------------------------------------------------- derivative */

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__take_attr *const a = node->attr;
    if (node->need[1])
        din[1] = vn_op_apply(&vn__op_take, &(vn__take_attr){ a->axis, 0, a->clamp }, 2,
                             (vn_array *[]){ g[0], node->in[0] });
}

/* A mapped axis is one of the update, before or behind those of the index. */
static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)n_in;
    vn__take_attr a = *(const vn__take_attr *)attr;
    const int rank = in[0].shape.rank;
    if (axis[0] >= 0 || (axis[1] >= a.axis && axis[1] < a.axis + rank))
        return false;
    *out_axis = axis[1] < a.axis ? axis[1] : axis[1] - rank + 1;
    a.axis -= axis[1] < a.axis;
    *(vn__take_attr *)attr_out = a;
    return true;
}

/* More of the rows. Tables of their own for indices of their own stay a loop, but for their sum
 * (core/plan/rules_rows.c). */
static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)size, (void)in, (void)n_in;
    vn__take_attr a = *(const vn__take_attr *)attr;
    if (has[0])
        return false;
    a.axis++;
    *(vn__take_attr *)attr_out = a;
    return true;
}

const vn_op vn__op_scatter_add = {
    .name = "scatter_add",
    .n_in = 2,
    .attr_size = sizeof(vn__take_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .eval_sum = eval_sum,
    .scratch = scratch,
    .vjp = vjp,
    .pull = pull,
    .lift = lift,
    .parts = parts,
};

/* ----------------------------------------------------------------------- public function */

vn_array *vn_scatter_add(vn_array *x, vn_array *index, vn_array *update)
{
    vn__named_begin("scatter_add");
    vn_array *in[3], *number[2];
    vn_dtype result;
    if (vn__scatter_operands(in, "scatter_add", x, index, update) != VN_ERR_OK ||
        vn__promote(number, &result, "scatter_add", VN__FIELD, 2,
                    (vn_array *[]){ in[0], in[2] }))
        return vn__named_end(NULL);
    vn_array *const sum =
        vn_op_apply(&vn__op_scatter_add, &(vn__take_attr){ 0, vn_dim(x, 0), 0 }, 2,
                    (vn_array *[]){ in[1], number[1] });
    return vn__named_end(sum ? vn_cast(vn_add(number[0], sum), result) : NULL);
}
