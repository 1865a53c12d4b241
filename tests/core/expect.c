/* SPDX-License-Identifier: MIT */
#include "expect.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

void expect_no_leak(void)
{
    vn_finish();
#if defined(__SANITIZE_ADDRESS__)
    cr_assert(__lsan_do_recoverable_leak_check() == 0);
#endif
}

void expect_survives_refusal(bool (*body)(void))
{
    bool succeeded = false;
    int64_t refused = 0;
    for (; !succeeded && refused < 100000; refused++) {
        vn_scope scope = vn_scope_open();
        vn__alloc_refuse(refused);
        succeeded = body();
        vn__alloc_refuse(-1);
        cr_assert(succeeded == vn_ok(), "allocation %lld: \"%s\"", (long long)refused,
                  vn_error_message());
        if (!succeeded)
            cr_assert(vn_error_status() == VN_ERR_MEMORY, "\"%s\"", vn_error_message());
        vn_error_clear();
        vn_scope_close(&scope);
    }
    cr_assert(succeeded);
}
