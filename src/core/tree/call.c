/* SPDX-License-Identifier: MIT */
/* Calling trees: functions, modules, Partial; and where a call is, for error messages. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/tree/path.h"

#define MAX_CALLS 1000 /* an endless recursion ends with a sentence, not with the stack */

static _Thread_local const vn_tree *calls[MAX_CALLS];
static _Thread_local int n_calls;

void vn__call_push(vn_tree *module)
{
    if (n_calls < MAX_CALLS)
        calls[n_calls] = module;
    n_calls++;
}

void vn__call_pop(void) { n_calls--; }

/* What turns a function into another is no part of the model: Partial, filter_grad, ... */
static bool is_wrapper(const vn_tree *f)
{
    return f->type == &vn__type_partial || strncmp(f->type->name, "filter_", 7) == 0;
}

/* "MLP.layers[2]": outwards from the innermost call as long as each module lies in the one that
 * was called before it. Runs at error time only. */
static void write_path(char *text, size_t size)
{
    char unused[1] = "";
    int last = (n_calls < MAX_CALLS ? n_calls : MAX_CALLS) - 1;
    while (last > 0 && is_wrapper(calls[last]))
        last--;
    int first = last;
    while (first > 0 && !is_wrapper(calls[first - 1]) &&
           vn__locate(unused, sizeof unused, calls[first - 1], calls[first]))
        first--;
    snprintf(text, size, "%s", last < 0 ? "" : calls[first]->type->name);
    for (int i = first; i < last; i++)
        vn__locate(text, size, calls[i], calls[i + 1]);
}

static void set_writer(void) { vn__set_path_writer(write_path); }

static bool arity_fits(const char *name, int n, int min, int max)
{
    if (n >= min && (max < 0 || n <= max))
        return true;
    if (min == max)
        vn__fail(VN_ERR_ARGUMENT, "call: %s takes %d argument%s, %d given", name, min,
                 min == 1 ? "" : "s", n);
    else if (max < 0)
        vn__fail(VN_ERR_ARGUMENT, "call: %s takes at least %d arguments, %d given", name, min,
                 n);
    else
        vn__fail(VN_ERR_ARGUMENT, "call: %s takes %d to %d arguments, %d given", name, min, max,
                 n);
    return false;
}

static vn_tree *call_function(const vn__leaf *f, int n, vn_tree *const arg[])
{
    const char *const name = f->fn_name ? f->fn_name : "a function";
    if (!arity_fits(name, n, f->arity < 0 ? 0 : f->arity, f->arity))
        return NULL;
    if (f->fn)
        return f->fn(arg);
    return f->unary ? f->unary(arg[0]) : vn_bool(f->predicate(arg[0]));
}

static vn_tree *call_module(vn_tree *f, int n, vn_tree *const arg[])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!arity_fits(f->type->name, n, f->type->min_args, f->type->max_args))
        return NULL;
    if (n_calls >= MAX_CALLS)
        return vn_error(VN_ERR_LIMIT, "call: %d modules call each other; is it a recursion?",
                        MAX_CALLS);
    pthread_once(&once, set_writer);
    vn__call_push(f);
    vn_tree *const result = f->type->call(f, n, arg);
    if (!result)
        vn__fail(VN_ERR_NULL_ARGUMENT, "call: the result is NULL");
    vn__call_pop();
    return result;
}

static const char *name_of(const vn_tree *f)
{
    const char *const name = f->type->kind == VN_KIND_FUNCTION
                                 ? ((const vn__leaf *)(const void *)f)->fn_name
                                 : f->type->name;
    return name ? name : "a function";
}

vn_tree *vn_call_n(vn_tree *f, int n, vn_tree *const arg[])
{
    char text[VN__SHAPE_TEXT];
    if (!f)
        return vn_error(VN_ERR_NULL_ARGUMENT, "call: the function is NULL");
    if (n > 0 && !arg)
        return vn_error(VN_ERR_NULL_ARGUMENT, "call: the list of %d arguments of %s is NULL", n,
                        name_of(f));
    for (int i = 0; i < n; i++)
        if (!arg[i])
            return vn_error(VN_ERR_NULL_ARGUMENT, "call: argument %d of %s is NULL", i,
                            name_of(f));
    if (f->type->kind == VN_KIND_MODULE && f->type->call)
        return call_module(f, n, arg);
    if (f->type->kind != VN_KIND_FUNCTION)
        return vn_error(VN_ERR_ARGUMENT, "call: %s cannot be called", vn__describe(text, f));
    vn_tree *const result = call_function((const vn__leaf *)(const void *)f, n, arg);
    return result ? result : vn_error(VN_ERR_NULL_ARGUMENT, "call: the result is NULL");
}

typedef struct partial {
    vn_module base;
    vn_tree *func, *args;
} partial;

static vn_tree *partial_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const partial *const p = (const partial *)(const void *)self;
    const int bound = vn_len(p->args);
    vn_tree **const all = vn__alloc((size_t)(bound + n) * sizeof *all);
    if (!all)
        return NULL;
    for (int i = 0; i < bound; i++)
        all[i] = vn__child(p->args, i);
    for (int i = 0; i < n; i++)
        all[bound + i] = arg[i];
    vn_tree *const result = vn_call_n(p->func, bound + n, all);
    vn__free(all);
    return result;
}

static const vn_field partial_fields[] = {
    VN_FIELD(partial, func, TREE),
    VN_FIELD(partial, args, TREE),
};

const vn_type vn__type_partial = {
    .name = "Partial",
    .kind = VN_KIND_MODULE,
    .size = sizeof(partial),
    .fields = partial_fields,
    .n_fields = 2,
    .call = partial_call,
    .max_args = -1,
};

vn_tree *vn_partial_n(vn_tree *f, int n, vn_tree *const bound[])
{
    if (!f)
        return vn_error(VN_ERR_NULL_ARGUMENT, "partial: the function is NULL");
    return vn_module_new(&vn__type_partial,
                         &(partial){ .func = f, .args = vn_tuple_n(n, bound) });
}
