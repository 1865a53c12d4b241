/* SPDX-License-Identifier: MIT */
/* filter_jit: a function with a cache of plans, by the structure, dtypes, shapes and static
 * leaves of the function and its arguments. */
#include <pthread.h>
#include <string.h>

#include "core/plan/plan.h"
#include "core/transform/trace.h"
#include "parallel/pool.h"
#include "vernal/runtime.h"
#include "vernal/transform.h"

typedef struct entry {
    struct entry *next;
    vn_tree *like; /* tuple (f, args...), arrays without numbers; retained */
    vn_plan *plan;
} entry;

/* The cache is a tree of its own, so that copies of the function share it. */
typedef struct cache {
    vn_module base;
    pthread_mutex_t *lock; /* held while recording, not while running */
    entry *entries;        /* only grows; read without the lock */
    int traces;
} cache;

typedef struct jitted {
    vn_module base;
    vn_tree *fn;
    vn_tree *cache;
    int64_t donate;
    void (*warn)(void *context, const char *message);
    void *context;
} jitted;

static void entry_free(entry *e)
{
    vn_release(e->like);
    vn_plan_destroy(e->plan);
    vn__free(e);
}

static void cache_destroy(vn_tree *tree)
{
    cache *const c = (cache *)(void *)tree;
    while (c->entries) {
        entry *const next = c->entries->next;
        entry_free(c->entries);
        c->entries = next;
    }
    if (c->lock)
        pthread_mutex_destroy(c->lock);
    vn__free(c->lock);
}

static const vn_type cache_type = {
    .name = "jit_cache",
    .kind = VN_KIND_MODULE,
    .size = sizeof(cache),
    .destroy = cache_destroy,
};

/* One call: the arrays of the function and the arguments, and the buffers of the results. */
typedef struct calling {
    const jitted *self;
    const vn_plan *plan;
    vn__leaves leaves;
    int64_t first; /* leaves before this number, those of the function among them, are never
                      donated */
    vn_array **result;
    int64_t next;
} calling;

/* ------------------------------------------------------------------------- matching */

static bool spares_argument(const jitted *self, int i)
{
    return i == 0 && (self->donate == VN_DONATE_ALL_EXCEPT_FIRST ||
                      self->donate == VN_DONATE_WARN_EXCEPT_FIRST);
}

/* Gathers the arrays of the call in the same walk. False on an error as well. */
static bool matches(calling *c, const entry *e, int n, vn_tree *const arg[])
{
    c->leaves.n = 0;
    if (vn_len(e->like) != n + 1 ||
        !vn__match_signature(vn__child(e->like, 0), c->self->fn, &c->leaves))
        return false;
    c->first = c->leaves.n;
    for (int i = 0; i < n; i++) {
        if (!vn__match_signature(vn__child(e->like, i + 1), arg[i], &c->leaves))
            return false;
        c->first = spares_argument(c->self, i) ? c->leaves.n : c->first;
    }
    return true;
}

static const entry *find(calling *c, int n, vn_tree *const arg[])
{
    const cache *const cached = (const cache *)(const void *)c->self->cache;
    for (const entry *e = __atomic_load_n(&cached->entries, __ATOMIC_ACQUIRE); e; e = e->next)
        if (matches(c, e, n, arg))
            return e;
    return NULL;
}

/* ------------------------------------------------------------------------ recording */

/* Donated arrays that no result takes over, in one sentence for who asked to be told. */
static void warn_unused(const jitted *self, const vn_plan *plan, int64_t first)
{
    const bool asked =
        self->donate == VN_DONATE_WARN || self->donate == VN_DONATE_WARN_EXCEPT_FIRST;
    const vn__program *const p = plan->program;
    char message[400] = "filter_jit: donated but not usable:", text[VN__SHAPE_TEXT];
    int unused = 0;
    for (int i = (int)first; asked && i < p->n_in; i++) {
        bool taken = false;
        for (int j = 0; j < p->n_out; j++)
            taken |= plan->alias[j] == i;
        const size_t used = strlen(message);
        if (!taken)
            snprintf(message + used, sizeof message - used, "%s %s", unused++ ? "," : "",
                     vn__shape_text(text, p->in_slot[i].aval.dtype, p->in_slot[i].aval.shape));
    }
    if (unused && self->warn)
        self->warn(self->context, message);
    else if (unused && vn_verbose())
        fprintf(stderr, "vernal: %s\n", message);
}

static vn_tree *signature(vn_tree *fn, int n, vn_tree *const arg[])
{
    vn_tree *items[VN__MAX_OPERANDS];
    items[0] = fn;
    memcpy(items + 1, arg, (size_t)n * sizeof *arg);
    return vn__structs_of(vn_tuple_n(n + 1, items));
}

static vn_status donate(const calling *c, vn_plan *plan)
{
    if (c->self->donate == VN_DONATE_NONE)
        return VN_ERR_OK;
    VN_TRY(vn__plan_donate(plan, c->first));
    warn_unused(c->self, plan, c->first);
    return VN_ERR_OK;
}

/* A new plan for the call, which then matches it. */
static const entry *record(calling *call, cache *c, int n, vn_tree *const arg[])
{
    entry *const e = vn__alloc_zero(sizeof *e);
    if (!e)
        return NULL;
    e->plan = vn__plan_record(call->self->fn, true, n, arg);
    vn_tree *const like = e->plan ? signature(call->self->fn, n, arg) : NULL;
    e->like = like ? vn_retain(like) : NULL;
    if (!like || !matches(call, e, n, arg) || donate(call, e->plan) != VN_ERR_OK) {
        entry_free(e);
        return NULL;
    }
    e->next = c->entries;
    c->traces++;
    __atomic_store_n(&c->entries, e, __ATOMIC_RELEASE);
    return e;
}

static const entry *find_or_record(calling *call, int n, vn_tree *const arg[])
{
    cache *const c = (cache *)(void *)call->self->cache;
    const entry *e = find(call, n, arg);
    if (e || !vn_ok())
        return e;
    pthread_mutex_lock(c->lock);
    e = find(call, n, arg);
    if (!e && vn_ok())
        e = record(call, c, n, arg);
    pthread_mutex_unlock(c->lock);
    return e;
}

/* --------------------------------------------------------------------------- calling */

static bool is_donated(const calling *c, int64_t leaf)
{
    return c->self->donate != VN_DONATE_NONE && leaf >= c->first;
}

/* True if nobody else holds the elements of this argument. */
static bool is_sole(const calling *c, int64_t leaf)
{
    const vn__array *const a = vn__as_array(c->leaves.item[leaf]);
    if (!a->storage || a->data != a->storage->data ||
        __atomic_load_n(&a->storage->refs, __ATOMIC_ACQUIRE) != 1)
        return false;
    for (int64_t i = 0; i < c->leaves.n; i++)
        if (i != leaf && c->leaves.item[i] == c->leaves.item[leaf])
            return false;
    return true;
}

static vn_array *take_over(vn_array *donor, vn_aval aval)
{
    return vn__array_view(donor, aval.shape, 0);
}

static vn_status make_results(calling *c, void *out[])
{
    const vn__program *const p = c->plan->program;
    for (int j = 0; j < p->n_out; j++) {
        const vn_aval aval = p->out_slot[j].aval;
        const int32_t alias = c->plan->alias ? c->plan->alias[j] : -1;
        c->result[j] = alias >= 0 && is_donated(c, alias) && is_sole(c, alias)
                           ? take_over(c->leaves.item[alias], aval)
                           : vn_empty(aval.dtype, aval.shape);
        if (!c->result[j])
            return vn_error_status();
        out[j] = ((vn__array *)(void *)c->result[j])->data;
    }
    return VN_ERR_OK;
}

/* A donated array gives its elements up: reading it is an error from now on. */
static void kill_donated(const calling *c)
{
    for (int64_t i = 0; i < c->leaves.n; i++)
        if (is_donated(c, i))
            vn__array_kill(c->leaves.item[i]);
}

static vn_tree *result_leaf(void *context, vn_tree *leaf)
{
    calling *const c = context;
    return vn_is_array(leaf) ? c->result[c->next++] : leaf;
}

/* A workspace begins with the number of workers that it is made for. */
#define WORK_HEADER 64

/* The plan's idle workspace, or a new one; several threads may run one plan. */
static char *take_workspace(vn_plan *plan, int workers)
{
    char *work = __atomic_exchange_n(&plan->idle, NULL, __ATOMIC_ACQ_REL);
    if (work && *(const int *)(const void *)work < workers) {
        vn__free(work);
        work = NULL;
    }
    if (!work && (work = vn__alloc(WORK_HEADER + vn__plan_workspace_for(plan, workers))))
        *(int *)(void *)work = workers;
    return work;
}

static void give_workspace(vn_plan *plan, char *work)
{
    vn__free(__atomic_exchange_n(&plan->idle, work, __ATOMIC_ACQ_REL));
}

static vn_tree *run(calling *c, vn_array *result[])
{
    void *in[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS];
    const int workers = vn__pool_workers();
    vn_plan *const plan = (vn_plan *)(uintptr_t)c->plan;
    c->result = result;
    for (int64_t i = 0; i < c->leaves.n; i++) {
        in[i] = (void *)(uintptr_t)vn_data(c->leaves.item[i]);
        if (!in[i])
            return NULL;
    }
    if (make_results(c, out) != VN_ERR_OK)
        return NULL;
    char *const work = take_workspace(plan, workers);
    if (!work)
        return NULL;
    const vn_status status = vn__plan_execute(plan, out, in, work + WORK_HEADER);
    give_workspace(plan, work);
    kill_donated(c);
    if (status != VN_ERR_OK)
        return NULL;
    return vn__map_leaves(plan->result, result_leaf, c);
}

static vn_tree *jitted_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const jitted *const self = (const jitted *)(const void *)tree;
    if (vn__tape_current()) /* part of a larger recording */
        return vn_call_n(self->fn, n, arg);
    calling call = { .self = self };
    const entry *const e = vn_ok() ? find_or_record(&call, n, arg) : NULL;
    call.plan = e ? e->plan : NULL;
    vn_array *result[VN__MAX_RESULTS];
    vn_tree *const out = e ? run(&call, result) : NULL;
    vn__leaves_free(&call.leaves);
    return out;
}

static const vn_field jitted_fields[] = {
    VN_FIELD(jitted, fn, TREE),
    VN_FIELD(jitted, cache, STATIC),
    VN_FIELD(jitted, donate, INT),
};
static const vn_type jitted_type = {
    .name = "filter_jit",
    .kind = VN_KIND_MODULE,
    .size = sizeof(jitted),
    .fields = jitted_fields,
    .n_fields = 3,
    .call = jitted_call,
    .min_args = 0,
    .max_args = VN__MAX_OPERANDS,
};

vn_tree *vn_filter_jit(vn_tree *f, const vn_jit_options *options)
{
    if (!f)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "filter_jit: the function is NULL")
                       : NULL;
    const vn_jit_options o = options ? *options : (vn_jit_options){ .donate = VN_DONATE_NONE };
    if ((unsigned)o.donate > VN_DONATE_WARN_EXCEPT_FIRST)
        return vn_error(VN_ERR_ARGUMENT, "filter_jit: donate is %d", (int)o.donate);
    cache *const c = (cache *)(void *)vn_module_new(&cache_type, &(cache){ .traces = 0 });
    if (!c)
        return NULL;
    c->lock = vn__alloc(sizeof *c->lock);
    if (!c->lock)
        return NULL;
    pthread_mutex_init(c->lock, NULL);
    return vn_module_new(&jitted_type,
                         &(jitted){ .fn = f,
                                    .cache = &c->base,
                                    .donate = (int64_t)o.donate,
                                    .warn = o.warn,
                                    .context = o.context });
}

int vn_jit_traces(const vn_tree *tree)
{
    const jitted *const self = vn_module_cast(tree, &jitted_type);
    return self ? ((const cache *)(const void *)self->cache)->traces : 0;
}
