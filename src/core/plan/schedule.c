/* SPDX-License-Identifier: MIT */
/* Checkpoints of a loop whose length is not known beforehand, and the way back ("treeverse").
 *
 * Forward, with c places: algorithm I of Stumm and Walther, "New algorithms for optimal online
 * checkpointing", SIAM J. Sci. Comput. 32 (2010), as long as a step is below (c+1)(c+2)/2 - 1:
 * every step is computed at most twice more. Beyond, "Minimal repetition dynamic checkpointing"
 * of Wang, Moin and Iaccarino, SIAM J. Sci. Comput. 31 (2009): a new checkpoint takes the
 * place of the latest dispensable one. With c places for at most c steps, all are kept.
 *
 * Backward: the places are a stack, sorted by step. From the topmost carry v below the
 * cotangent's step g the loop is computed forward, keeping carries in free places: at v + 1 if
 * the gap g - v - 2 fits into them, else halfway; none if g - v <= 2. At v + 1 = g the step is
 * differentiated. The order of steps is that of Equinox's checkpointed while loop. */
#include "core/plan/schedule.h"

static int64_t aligned(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

/* ------------------------------------------------------------------------- forward */

int64_t vn__saver_bytes(int64_t slots)
{
    return aligned(slots * (int64_t)sizeof(int64_t)) + aligned(slots);
}

void vn__saver_start(vn__saver *s, void *memory, int64_t *at, int64_t slots, int64_t length)
{
    *s = (vn__saver){ .slots = slots,
                      .length = length,
                      .at = at,
                      .level = memory,
                      .left = slots,
                      .until = slots,
                      .saving = true };
    s->dispensable = (bool *)memory + aligned(slots * (int64_t)sizeof(int64_t));
    for (int64_t i = 0; i < slots; i++) {
        at[i] = VN__NO_STEP;
        s->level[i] = i ? 0 : INT64_MAX;
        s->dispensable[i] = false;
    }
}

/* Stumm and Walther's algorithm I. */
static int64_t place_linear(vn__saver *s, int64_t step)
{
    const int64_t place = s->saving ? s->next : -1;
    if (s->saving && ++s->next > s->left)
        s->next = 1;
    if (step + 1 == s->until)
        s->saving = false;
    if (step == s->until) {
        s->until += s->left;
        s->next = --s->left;
        s->saving = s->left > 0;
    }
    return place;
}

/* Wang, Moin and Iaccarino: the latest dispensable place, else the latest of all, whose level
 * makes those below it dispensable. */
static int64_t place_dynamic(vn__saver *s)
{
    if (s->slots == 1)
        return -1;
    int64_t latest = 0, spare = -1;
    for (int64_t i = 0; i < s->slots; i++) {
        if (s->at[i] > s->at[latest])
            latest = i;
        if (s->dispensable[i] && (spare < 0 || s->at[i] > s->at[spare]))
            spare = i;
    }
    if (spare >= 0) {
        s->dispensable[spare] = false;
        s->level[spare] = 0;
        return spare;
    }
    const int64_t level = s->level[latest];
    for (int64_t i = 0; i < s->slots; i++)
        s->dispensable[i] = s->dispensable[i] || s->level[i] < level;
    s->level[latest] = level + 1;
    return latest;
}

int64_t vn__saver_place(vn__saver *s, int64_t step)
{
    const int64_t linear = (s->slots + 1) * (s->slots + 2) / 2 - 1;
    const int64_t place = s->slots == s->length ? step
                          : step < linear       ? place_linear(s, step)
                                                : place_dynamic(s);
    if (place >= 0)
        s->at[place] = step;
    return place;
}

/* ------------------------------------------------------------------------ backward */

int64_t vn__unwinder_bytes(int64_t slots)
{
    return 2 * aligned(slots * (int64_t)sizeof(int64_t));
}

/* Heap sort of places by their steps: no memory, no recursion. */
static void sift(const vn__unwinder *u, int64_t root, int64_t n)
{
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && u->at[u->order[child]] < u->at[u->order[child + 1]])
            child++;
        if (u->at[u->order[root]] >= u->at[u->order[child]])
            return;
        const int64_t swap = u->order[root];
        u->order[root] = u->order[child];
        u->order[child] = swap;
    }
}

static void sort_places(const vn__unwinder *u)
{
    for (int64_t root = u->slots / 2 - 1; root >= 0; root--)
        sift(u, root, u->slots);
    for (int64_t n = u->slots - 1; n > 0; n--) {
        const int64_t swap = u->order[0];
        u->order[0] = u->order[n];
        u->order[n] = swap;
        sift(u, 0, n);
    }
}

/* The topmost carry is at hand; it leaves the stack if this is its last use. */
static int64_t load(vn__unwinder *u)
{
    const int64_t place = u->order[u->held - 1];
    u->value = u->at[place];
    if (u->slots == u->length || u->value + 1 == u->grad)
        u->held--;
    return place;
}

static void choose_next(vn__unwinder *u)
{
    const int64_t gap = u->grad - u->value;
    u->next = u->held == u->slots || gap <= 2   ? VN__NO_STEP
              : gap - 2 <= u->slots - u->held ? u->value + 1
                                              : u->value + gap / 2;
}

int64_t vn__unwinder_start(vn__unwinder *u, void *memory, const int64_t *at, int64_t stride,
                           int64_t slots, int64_t length, int64_t n)
{
    *u = (vn__unwinder){ .slots = slots, .length = length, .grad = n, .at = memory };
    u->order = u->at + aligned(slots * (int64_t)sizeof(int64_t)) / (int64_t)sizeof(int64_t);
    for (int64_t i = 0; i < slots; i++) {
        u->at[i] = at[i * stride];
        u->order[i] = i;
    }
    if (slots != length)
        sort_places(u);
    u->held = n < slots ? n : slots;
    const int64_t place = load(u);
    choose_next(u);
    return place;
}

int64_t vn__unwinder_back(vn__unwinder *u)
{
    if (--u->grad == 0)
        return -1;
    const int64_t place = load(u);
    choose_next(u);
    return place;
}

int64_t vn__unwinder_forth(vn__unwinder *u)
{
    if (++u->value != u->next)
        return -1;
    const int64_t place = u->order[u->held++];
    u->at[place] = u->value;
    choose_next(u);
    return place;
}
