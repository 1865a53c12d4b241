/* SPDX-License-Identifier: MIT */
/* fuzz_arguments [-v] [--seed N] [--draws N] [FUNCTION]: calls every public function, and
 * every layer and transformed function that this gives, with drawn arguments. Each call gives a
 * tree and no error, or NULL and one line, that of an op or a layer with its name; none crashes
 * (the line before the last of -v says which did), lasts or, under AddressSanitizer, leaks. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "vernal/runtime.h"
#include "vernal/transform.h"

enum { DRAWS = 300, SECONDS = 60, MEMORY = 1 << 30, MOST_SHOWN = 4 };

/* Allocations beyond the limit are refused under AddressSanitizer too. */
VN_API const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=1024";
}

static const fuzz_row *current;
static int failed, shown, accepted, refused;
static bool verbose;

static void too_long(int signal_number)
{
    static const char text[] = ": a call takes too long\n";
    (void)signal_number;
    if (write(1, current->function, strlen(current->function)) >= 0 &&
        write(1, text, sizeof text - 1) >= 0)
        _exit(1);
    _exit(1);
}

/* Of processor time: a machine that stands still is no fault of the call's. 0: no limit. */
static void limit_time(int seconds)
{
    setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = seconds }, NULL);
}

static void fail(const char *what, const char *name)
{
    failed++;
    if (shown++ < MOST_SHOWN)
        printf("FAIL %s: %s: %s: \"%s\"\n", current->function, name, what, vn_error_message());
}

/* Checks what a call came to. An allocation that the machine refuses has no name; a recorded
 * call that does not reach the layer is refused in the name of filter_jit. */
static bool judge(const vn_tree *result, const char *name)
{
    const char *const message = vn_error_message();
    if (result && !vn_ok())
        fail("a result and an error", name);
    else if (!result && vn_ok())
        fail("neither a result nor an error", name);
    else if (!result && (!*message || strchr(message, '\n')))
        fail("an error without a line", name);
    else if (!result && !strstr(message, name) && !strstr(message, "filter_jit") &&
             vn_error_status() != VN_ERR_MEMORY)
        fail("an error that does not name it", name);
    if (verbose && !result)
        printf("    %s\n", message);
    accepted += result != NULL;
    refused += !result;
    vn_error_clear();
    return result != NULL;
}

static void call_layer(vn_tree *layer)
{
    vn_tree *arg[FUZZ_MAX_ARGUMENTS] = { NULL };
    const vn_type *const type = layer->type;
    vn_tree *const state = vn_state(layer);
    vn_error_clear();
    const int most = type->max_args < 0 || type->max_args > type->min_args + 4
                         ? type->min_args + 2
                         : type->max_args;
    const int n = type->min_args + fuzz_below(most - type->min_args + 1);
    const int given = fuzz_arguments(arg, n, vn_tree_count(state) ? state : NULL);
    const bool jit = fuzz_chance(20);
    vn_error_clear();
    if (verbose)
        printf("  call with %d arguments%s\n", given, jit ? ", recorded" : "");
    vn_tree *const f = jit ? vn_filter_jit(layer, NULL) : layer;
    const char *const name = fuzz_is_layer(type) ? type->name : "";
    fuzz_called(type, judge(vn_call_n(f, given, arg), name));
}

static void draw(const fuzz_row *row)
{
    current = row;
    limit_time(SECONDS);
    VN_SCOPE
    {
        if (verbose)
            printf("%s\n", row->function);
        vn_tree *const result = row->call();
        const bool fine = judge(result, row->name);
        if (fine)
            fuzz_built(result->type);
        for (int i = 0; fine && i < 6 && result->type->call; i++)
            VN_SCOPE
        call_layer(result);
    }
}

static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
    setrlimit(RLIMIT_AS, &(struct rlimit){ .rlim_cur = MEMORY, .rlim_max = MEMORY });
#endif
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    uint64_t seed = 1;
    int draws = DRAWS;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v"))
            verbose = true;
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--draws") && i + 1 < argc)
            draws = atoi(argv[++i]);
        else
            only = argv[i];
    }
    setenv("VN_NUM_THREADS", "2", 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPROF, too_long);
    limit_memory();
    for (int r = 0; r < fuzz_row_count; r++) {
        fuzz_seed(seed * 1000003 + (uint64_t)r);
        shown = 0;
        for (int i = 0; i < draws && (!only || !strcmp(only, fuzz_rows[r].function)); i++)
            draw(&fuzz_rows[r]);
    }
    limit_time(0);
    failed += only ? 0 : fuzz_missing_rows() + fuzz_untested_layers();
    vn_finish();
    printf("%d calls accepted, %d refused, %d failed\n", accepted, refused, failed);
    return failed != 0;
}
