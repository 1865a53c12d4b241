/* SPDX-License-Identifier: MIT */
/* The guards of the thread: a stack of conditions. */
#include "core/transform/guard.h"

#include "core/transform/loop.h"
#include "vernal/ops.h"

#define MAX_GUARDS 64

static _Thread_local vn_array *guard[MAX_GUARDS]; /* borrowed: they live while they are here */
static _Thread_local int n_guards;

void vn__guard_push(vn_array *condition)
{
    if (n_guards < MAX_GUARDS)
        guard[n_guards] = condition;
    else
        vn__fail(VN_ERR_LIMIT, "loops and branches are nested more than %d deep", MAX_GUARDS);
    n_guards++;
}

void vn__guard_pop(void) { n_guards--; }

static vn_array *with_guards(vn_array *condition, bool alike)
{
    vn__tape *const tape = vn__tape_current();
    const int n = tape && !tape->eager ? (n_guards < MAX_GUARDS ? n_guards : MAX_GUARDS) : 0;
    for (int i = 0; i < n && condition; i++) {
        const uint64_t extra = vn__axes_of(guard[i]) & ~vn__axes_of(condition);
        if (vn__tape_of(guard[i]) && vn__tape_encloses(vn__tape_of(guard[i]), tape) &&
            !(alike && extra))
            condition = vn_and(condition, guard[i]);
    }
    return condition;
}

bool vn__is_conditional(void)
{
    const vn__tape *const tape = vn__tape_current();
    if (!tape || tape->eager)
        return false;
    for (int i = 0; i < n_guards && i < MAX_GUARDS; i++)
        if (vn__tape_of(guard[i]) && vn__tape_encloses(vn__tape_of(guard[i]), tape))
            return true;
    return tape->parent != NULL;
}

vn_array *vn__guarded(vn_array *condition) { return with_guards(condition, false); }

vn_array *vn__guarded_alike(vn_array *condition) { return with_guards(condition, true); }
