/* SPDX-License-Identifier: MIT */
/* A cotangent that is zero but for rows, as reading rows of a table has it: kept as the rows
 * until somebody wants the table. Numbers only: an eager derivative collects them over all
 * reads and examples, and clears and fills one table at its end. */
#ifndef VN_CORE_OPS_ROWS_H
#define VN_CORE_OPS_ROWS_H

#include "core/ops/indices.h"

typedef struct vn__row {
    vn__take_attr attr;       /* of the scatter_add that it stands for */
    vn_array *index, *update; /* retained */
} vn__row;

/* Zero is empty. */
typedef struct vn__rows {
    vn__row *item;
    int64_t n, capacity;
} vn__rows;

/* Adds scatter_add(index, update); false and an error if there is no memory. */
bool vn__rows_add(vn__rows *rows, const vn__take_attr *attr, vn_array *index,
                  vn_array *update);
/* Moves all of `from` behind those of `to`. */
bool vn__rows_append(vn__rows *to, vn__rows *from);
void vn__rows_free(vn__rows *rows);

/* The table of that shape and dtype. */
vn_array *vn__rows_sum(const vn__rows *rows, vn_aval table);

#endif
