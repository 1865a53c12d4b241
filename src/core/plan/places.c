/* SPDX-License-Identifier: MIT */
#include "core/plan/places.h"

bool vn__same_value(const vn__place *a, const vn__place *b)
{
    return a->space == b->space && a->space != VN__SPACE_CONST && a->index == b->index;
}

bool vn__any_same_value(const vn__place a[], int n_a, const vn__place b[], int n_b)
{
    for (int i = 0; i < n_a; i++)
        for (int k = 0; k < n_b; k++)
            if (vn__same_value(&a[i], &b[k]))
                return true;
    return false;
}

bool vn__must_keep_order(const vn__step *first, const vn__step *second)
{
    return vn__any_same_value(first->out, first->n_out, second->in, second->n_in) ||
           vn__any_same_value(first->out, first->n_out, second->out, second->n_out) ||
           vn__any_same_value(first->in, first->n_in, second->out, second->n_out);
}

bool vn__may_move_to(const vn__program *p, int64_t k, int64_t from)
{
    for (int64_t g = from; g < k; g++)
        if (vn__must_keep_order(&p->step[g], &p->step[k]))
            return false;
    return true;
}

int64_t vn__last_touch(const vn__program *p, vn__space space, int parameter)
{
    const vn__place place = { .space = space, .index = parameter };
    int64_t k = p->n_step - 1;
    while (k >= 0 && !vn__any_same_value(p->step[k].in, p->step[k].n_in, &place, 1) &&
           !vn__any_same_value(p->step[k].out, p->step[k].n_out, &place, 1))
        k--;
    return k;
}
