/* SPDX-License-Identifier: MIT */
/* Scopes: a stack per thread of references that the thread owns. A scope is a mark on the
 * stack. */
#include "core/tree/scope.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/tree/tree.h"

static _Thread_local vn_tree **owned;
static _Thread_local int64_t n_owned, owned_capacity;
static _Thread_local bool registered;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static void thread_ends(void *unused)
{
    (void)unused;
    vn_finish();
}

/* The destructors of keys do not run in the thread that leaves main. */
static void make_key(void)
{
    key_made = pthread_key_create(&key, thread_ends) == 0;
    if (key_made)
        atexit(vn_finish);
}

bool vn__thread_cleanup(void)
{
    if (registered)
        return true;
    if (pthread_once(&once, make_key) != 0 || !key_made ||
        pthread_setspecific(key, &once) != 0) {
        vn__fail(VN_ERR_LIMIT, "the system has no thread-specific data left");
        return false;
    }
    registered = true;
    return true;
}

bool vn__scope_reserve(void)
{
    return n_owned < owned_capacity ||
           (vn__thread_cleanup() &&
            vn__grow(&owned, &owned_capacity, n_owned + 1, sizeof *owned));
}

vn_tree *vn__autorelease(vn_tree *tree)
{
    if (!tree || tree->flags & VN__IMMORTAL)
        return tree;
    if (!vn__scope_reserve()) {
        vn_release(tree);
        return NULL;
    }
    owned[n_owned++] = tree;
    return tree;
}

static void release_down_to(int64_t mark)
{
    while (n_owned > mark)
        vn_release(owned[--n_owned]);
}

vn_scope vn_scope_open(void) { return (vn_scope){ .mark = (size_t)n_owned, .open = true }; }

void vn_scope_close(vn_scope *scope)
{
    if (scope->open)
        release_down_to((int64_t)scope->mark);
    scope->open = false;
}

vn_tree *vn_scope_return(vn_scope *scope, vn_tree *tree)
{
    vn_retain(tree);
    vn_scope_close(scope);
    return vn__autorelease(tree);
}

void vn_finish(void)
{
    release_down_to(0);
    vn__free(owned);
    owned = NULL;
    owned_capacity = 0;
    vn__nodes_finish();
    registered = false;
}
