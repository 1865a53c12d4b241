/* SPDX-License-Identifier: MIT
 *
 * Every f32, 2^32 of them, through the functions of mathematics of every row that has vectors,
 * against the formulas of the portable row in double. Prints the largest error in units in the
 * last place by function and row; more than 4 is a failure. With arguments: only the functions
 * named. The row over compiler vectors is slow and gets one block in 97.
 *
 * Blocks are spread over one process for each core. */
#include "kernels/kernels.h"
#include "kernels/portable/formula.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 4096, ROWS = 8, WORKERS = 256, STRIDE_OF_SLOW = 97 };
static const double allowed = 4;

static const struct function {
    const char *name;
    double (*f)(double);
} functions[] = {
    { "exp", vn__exp }, { "log", vn__log }, { "tanh", vn__tanh }, { "sigmoid", vn__sigmoid },
    { "gelu_tanh", vn__gelu_tanh }, { "gelu_exact", vn__gelu_exact }, { "erf", vn__erf },
    { "softplus", vn__softplus }, { "sin", vn__sin }, { "cos", vn__cos },
    { "silu", vn__silu }, { "log_sigmoid", vn__log_sigmoid }, { "exp2", vn__exp2 },
    { "expm1", vn__expm1 }, { "log1p", vn__log1p }, { "log2", vn__log2 },
    { "log10", vn__log10 }, { "tan", vn__tan }, { "sinh", vn__sinh }, { "cosh", vn__cosh },
    { "rsqrt", vn__rsqrt },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* The largest error of a row, and where. */
typedef struct worst {
    double units;
    float at, got;
} worst;

/* Units in the last place of want, which rounds to infinity from 2^128 - 2^103 on. */
static double units(float got, double want)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    const double g = isinf(got) ? copysign(0x1p128, got) : (double)got;
    const double w = fabs(want) >= 0x1.ffffffp127 ? copysign(0x1p128, want) : want;
    const int exponent = w == 0 ? -149 : ilogb(w) - 23;
    return fabs(g - w) * ldexp(1, exponent < -149 ? 149 : -exponent);
}

static bool is_slow(const vn__kernels *k)
{
    return strcmp(k->name, "vec512") == 0;
}

static bool takes_part(int row, uint64_t block)
{
    const vn__kernels *const k = vn__kernels_row(row);
    return vn__kernels_supported(row) && k->vector_bytes > 0 &&
           (!is_slow(k) || block % STRIDE_OF_SLOW == 0);
}

static void look(worst *w, const float *x, const float *y, const double *want)
{
    for (int i = 0; i < BLOCK; i++)
        if (y[i] != (float)want[i]) {
            const double u = units(y[i], want[i]);
            if (u > w->units)
                *w = (worst){ u, x[i], y[i] };
        }
}

static void check_block(worst *rows, const struct function *f, int op, uint64_t block)
{
    static float x[BLOCK], y[BLOCK];
    static double want[BLOCK];
    for (uint32_t i = 0; i < BLOCK; i++) {
        const uint32_t bits = (uint32_t)(block * BLOCK) + i;
        memcpy(&x[i], &bits, sizeof bits);
        want[i] = f->f((double)x[i]);
    }
    for (int row = 0; row < vn__kernels_count(); row++)
        if (takes_part(row, block)) {
            vn__kernels_row(row)->unary[VN__F32][op](y, x, BLOCK);
            look(&rows[row], x, y, want);
        }
}

/* The function on all cores: shared[worker][row]. */
static void check(worst (*shared)[ROWS], int workers, const struct function *f, int op)
{
    memset(shared, 0, (size_t)workers * sizeof *shared);
    for (int w = 0; w < workers; w++)
        if (fork() == 0) {
            const uint64_t blocks = (UINT64_C(1) << 32) / BLOCK;
            for (uint64_t b = (uint64_t)w; b < blocks; b += (uint64_t)workers)
                check_block(shared[w], f, op, b);
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
}

static bool report(worst (*shared)[ROWS], int workers, const struct function *f)
{
    bool good = true;
    for (int row = 0; row < vn__kernels_count(); row++) {
        if (!takes_part(row, 0))
            continue;
        worst w = shared[0][row];
        for (int i = 1; i < workers; i++)
            w = shared[i][row].units > w.units ? shared[i][row] : w;
        printf("%-12s %-8s %6.3f ULP at %.9g (%a): %.9g%s\n", f->name,
               vn__kernels_row(row)->name, w.units, (double)w.at, (double)w.at, (double)w.got,
               w.units <= allowed ? "" : "  TOO MUCH");
        good = good && w.units <= allowed;
    }
    fflush(stdout);
    return good;
}

static int row_of(const char *name)
{
    for (int op = 0; op < VN__UNARIES; op++)
        if (strcmp(vn__unary_name(op), name) == 0)
            return op;
    return -1;
}

static bool is_wanted(const char *name, int n, char **names)
{
    bool wanted = n == 0;
    for (int i = 0; i < n; i++)
        wanted = wanted || strcmp(names[i], name) == 0;
    return wanted;
}

int main(int argc, char **argv)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const int workers = cores < 1 ? 1 : cores > WORKERS ? WORKERS : (int)cores;
    worst(*shared)[ROWS] = mmap(NULL, sizeof(worst[WORKERS][ROWS]), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || vn__kernels_count() > ROWS)
        return 2;
    bool good = true;
    for (int i = 0; i < FUNCTIONS; i++)
        if (is_wanted(functions[i].name, argc - 1, argv + 1)) {
            check(shared, workers, &functions[i], row_of(functions[i].name));
            good = report(shared, workers, &functions[i]) && good;
        }
    return good ? 0 : 1;
}
