/* SPDX-License-Identifier: MIT */
/* Ownership: scopes, shares, threads. */
#include "expect.h"

#include <pthread.h>

#include "modules.h"

Test(scope, a_value_lives_until_its_scope_closes)
{
    VN_SCOPE
    {
        counted_new();
        VN_SCOPE
        {
            counted_new();
            cr_assert(counted_alive == 2);
        }
        cr_assert(counted_alive == 1);
    }
    cr_assert(counted_alive == 0);
    expect_no_leak();
}

Test(scope, a_returned_value_moves_to_the_enclosing_scope)
{
    vn_scope outer = vn_scope_open(), inner = vn_scope_open();
    counted_new();
    vn_tree *kept = vn_scope_return(&inner, vn_tuple(counted_new()));
    cr_assert(counted_alive == 1 && vn_len(kept) == 1);
    cr_assert(!vn_scope_return(&inner, NULL));
    vn_scope_close(&outer);
    vn_scope_close(&outer);
    cr_assert(counted_alive == 0);
}

Test(scope, a_scope_that_is_left_by_break_closes_with_the_outer_one)
{
    VN_SCOPE
    {
        for (int i = 0; i < 3; i++) {
            VN_SCOPE
            {
                counted_new();
                if (i == 1)
                    break;
            }
        }
        cr_assert(counted_alive == 1);
    }
    cr_assert(counted_alive == 0);
}

Test(scope, a_share_keeps_the_tree_and_what_it_holds)
{
    vn_tree *tree = NULL;
    VN_SCOPE { tree = vn_retain(vn_list(counted_new(), vn_string("kept"))); }
    cr_assert(counted_alive == 1);
    expect_text(vn_string_value(vn_at(tree, 1)), "kept");
    vn_release(tree);
    cr_assert(counted_alive == 0);
    vn_release(NULL);
    cr_assert(!vn_retain(NULL));
    expect_no_leak();
}

Test(scope, assign_replaces_and_keeps_the_old_value_on_an_error)
{
    vn_tree *variable = NULL;
    VN_SCOPE
    {
        cr_assert(vn_assign(&variable, counted_new()));
        cr_assert(vn_assign(&variable, variable));
        cr_assert(!vn_assign(&variable, NULL));
    }
    cr_assert(counted_alive == 1);
    VN_SCOPE { cr_assert(vn_assign(&variable, counted_new())); }
    cr_assert(counted_alive == 1);
    vn_release(variable);
    cr_assert(counted_alive == 0);
}

Test(scope, finish_empties_the_root_scope_and_may_be_repeated)
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 1000; j++)
            counted_new();
        cr_assert(counted_alive == 1000);
        vn_finish();
        vn_finish();
        cr_assert(counted_alive == 0);
    }
}

static void *make_some(void *shared)
{
    for (int i = 0; i < 2000; i++) {
        counted_new();
        vn_retain(shared);
        vn_tuple(shared, shared);
        vn_release(shared);
    }
    return NULL;
}

Test(scope, a_thread_frees_its_root_scope_when_it_ends)
{
    pthread_t thread[8];
    vn_tree *shared = vn_retain(counted_new());
    for (int i = 0; i < 8; i++)
        cr_assert(pthread_create(&thread[i], NULL, make_some, shared) == 0);
    for (int i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
    cr_assert(counted_alive == 1);
    vn_finish();
    cr_assert(counted_alive == 1 && shared->refs == 1);
    vn_release(shared);
    cr_assert(counted_alive == 0);
    expect_no_leak();
}
