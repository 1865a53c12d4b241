/* SPDX-License-Identifier: MIT */
/* einsum of two operands: "bij,bjk->bik". A letter in both operands and the result is a batch
 * axis, in both operands alone it is contracted, in one operand alone it is summed first; the
 * result is transposed to the order asked for. Without "->" the letters that occur once,
 * sorted. */
#include <string.h>

#include "core/ops/ops_common.h"

typedef struct labels {
    int n;
    char letter[2 * VN_MAX_RANK];
} labels;

typedef struct equation {
    labels in[2], out;
} equation;

static int find(const labels *l, char letter)
{
    for (int i = 0; i < l->n; i++)
        if (l->letter[i] == letter)
            return i;
    return -1;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Reads letters up to the end or one of the stop characters; each at most once. */
static bool read_labels(labels *l, const char **at, const char *all)
{
    *l = (labels){ 0 };
    for (; **at && **at != ',' && **at != '-'; ++*at) {
        if (**at == ' ')
            continue;
        if (!is_letter(**at) || find(l, **at) >= 0 || l->n == VN_MAX_RANK) {
            vn__fail(VN_ERR_ARGUMENT, "einsum: \"%s\": '%c' %s", all, **at,
                     !is_letter(**at)      ? "is not a letter"
                     : l->n == VN_MAX_RANK ? "is one axis too many"
                                           : "is repeated");
            return false;
        }
        l->letter[l->n++] = **at;
    }
    return true;
}

/* The letters of exactly one operand, sorted. */
static void implicit_result(equation *eq)
{
    for (char c = 'A'; c <= 'z'; c++)
        if ((find(&eq->in[0], c) >= 0) != (find(&eq->in[1], c) >= 0))
            eq->out.letter[eq->out.n++] = c;
}

static bool parse(equation *eq, const char *text)
{
    const char *at = text;
    *eq = (equation){ 0 };
    if (!read_labels(&eq->in[0], &at, text))
        return false;
    if (*at++ != ',') {
        vn__fail(VN_ERR_ARGUMENT, "einsum: \"%s\" names one operand, expected two", text);
        return false;
    }
    if (!read_labels(&eq->in[1], &at, text))
        return false;
    if (*at == '\0') {
        implicit_result(eq);
        return true;
    }
    if (strncmp(at, "->", 2) != 0) {
        vn__fail(VN_ERR_ARGUMENT, "einsum: \"%s\": expected \"->\" at \"%s\"", text, at);
        return false;
    }
    at += 2;
    if (!read_labels(&eq->out, &at, text))
        return false;
    for (int i = 0; i < eq->out.n; i++)
        if (find(&eq->in[0], eq->out.letter[i]) < 0 &&
            find(&eq->in[1], eq->out.letter[i]) < 0) {
            vn__fail(VN_ERR_ARGUMENT, "einsum: \"%s\": '%c' is in no operand", text,
                     eq->out.letter[i]);
            return false;
        }
    if (*at)
        vn__fail(VN_ERR_ARGUMENT, "einsum: \"%s\": unexpected '%c' in the result", text, *at);
    return *at == '\0';
}

static bool check_rank(const labels *l, const vn_array *x, const char *text)
{
    char shape[VN__SHAPE_TEXT];
    if (l->n == vn_rank(x))
        return true;
    vn__fail(VN_ERR_SHAPE, "einsum: \"%s\" gives %d axes to %s", text, l->n,
             vn__shape_text(shape, vn_dtype_of(x), vn_shape_of(x)));
    return false;
}

/* Sums over the letters of operand s that occur nowhere else. */
static vn_array *sum_alone(equation *eq, int s, vn_array *x)
{
    labels *const l = &eq->in[s], kept = { 0 };
    vn_axes axes = { 0 };
    for (int i = 0; i < l->n; i++)
        if (find(&eq->in[1 - s], l->letter[i]) < 0 && find(&eq->out, l->letter[i]) < 0)
            axes.axis[axes.count++] = i;
        else
            kept.letter[kept.n++] = l->letter[i];
    *l = kept;
    return axes.count ? vn_sum_over(x, axes, false) : x;
}

static vn_array *contract(const equation *eq, vn_array *a, vn_array *b)
{
    const labels *const l = eq->in;
    vn_dot_dims dims = { 0 };
    labels made = { 0 };
    for (int i = 0; i < l[0].n; i++) {
        const int j = find(&l[1], l[0].letter[i]);
        const bool batch = j >= 0 && find(&eq->out, l[0].letter[i]) >= 0;
        vn_axes *const of_a = batch ? &dims.batch_a : &dims.contract_a;
        vn_axes *const of_b = batch ? &dims.batch_b : &dims.contract_b;
        if (j < 0)
            continue;
        of_a->axis[of_a->count++] = i;
        of_b->axis[of_b->count++] = j;
        if (batch)
            made.letter[made.n++] = l[0].letter[i];
    }
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < l[s].n; i++)
            if (find(&l[1 - s], l[s].letter[i]) < 0)
                made.letter[made.n++] = l[s].letter[i];
    vn_array *const out = vn_dot_general(a, b, &dims);
    vn_axes permutation = { .count = eq->out.n };
    for (int i = 0; i < eq->out.n; i++)
        permutation.axis[i] = find(&made, eq->out.letter[i]);
    return out && eq->out.n > 1 ? vn_transpose(out, permutation) : out;
}

vn_array *vn_einsum(const char *subscripts, vn_array *a, vn_array *b)
{
    vn__named_begin("einsum");
    equation eq;
    a = vn__as_operand("einsum", a);
    b = vn__as_operand("einsum", b);
    if (!a || !b)
        return vn__named_end(NULL);
    if (!subscripts)
        return vn__named_end(vn_error(VN_ERR_NULL_ARGUMENT, "einsum: the subscripts are NULL"));
    if (!parse(&eq, subscripts) || !check_rank(&eq.in[0], a, subscripts) ||
        !check_rank(&eq.in[1], b, subscripts))
        return vn__named_end(NULL);
    a = sum_alone(&eq, 0, a);
    b = sum_alone(&eq, 1, b);
    return vn__named_end(a && b ? contract(&eq, a, b) : NULL);
}
