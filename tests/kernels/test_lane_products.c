/* SPDX-License-Identifier: MIT
 * Sums over lanes of outer products, matrix products in each lane, products of one example. */
#include "support.h"

#include <stdio.h>

static const int reals[] = { VN__F32, VN__F64 };

/* ---- lane_gemm */

/* Operands with `rows` rows: each a row of lanes, or the rows of a lane side by side. */
static vn__lane_rows lay(int64_t rows, int64_t lanes, int64_t gap, bool across)
{
    vn__lane_rows x = { .row = across ? 1 : lanes + gap, .lane = across ? rows + gap : 1 };
    x.panel = (across ? lanes : rows) * (across ? x.lane : x.row) + gap;
    return x;
}

static long double element_of(int dtype, const vn__lane_rows *x, int64_t i, int64_t p,
                              int64_t l)
{
    return get(dtype, x->data, p * x->panel + i * x->row + l * x->lane);
}

/* What the sums are added to. */
typedef enum beginning { NOTHING, ITSELF, ITSELF_SCALED, ANOTHER_SCALED, BEGINNINGS } beginning;

/* across: 1 y, 2 x */
static void run_lane_gemm(const vn__kernels *k, int dtype, int64_t m, int64_t n, int64_t lanes,
                          int64_t panels, int64_t gap, beginning begin, int across)
{
    const vn__real_kernels *real = k->real[dtype];
    vn__lane_rows y = lay(m, lanes, gap, across & 1), x = lay(n, lanes, 2 * gap, across & 2);
    buffer ys = acquire(dtype, panels * y.panel + 1, gap),
           xs = acquire(dtype, panels * x.panel + 1, 0);
    const double scale = begin == ITSELF_SCALED || begin == ANOTHER_SCALED ? -0.375 : 1;
    buffer c = acquire(dtype, m * (n + 2), 1), old = acquire(dtype, m * (n + 2), 0);
    buffer scratch = acquire(VN__U8, real->lane_gemm_scratch(m, n, lanes, panels), 0);
    char what[128];
    snprintf(what, sizeof what, "lane_gemm %lldx%lld lanes %lld panels %lld begin %d order %d",
             (long long)m, (long long)n, (long long)lanes, (long long)panels, (int)begin,
             across);
    fill(&ys, panels * y.panel, -1, 1), fill(&xs, panels * x.panel, -1, 1);
    fill(&c, m * (n + 2), -1, 1);
    for (int64_t i = 0; i < m * (n + 2); i++)
        set(dtype, old.data, i, get(dtype, c.data, i));
    y.data = ys.data, x.data = xs.data;
    const vn__onto onto = { begin == NOTHING          ? NULL
                            : begin == ANOTHER_SCALED ? old.data
                                                      : c.data,
                            scale };
    real->lane_gemm(c.data, n + 2, &y, &x, m, n, lanes, panels, onto, scratch.data);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n + 2; j++) {
            long double sum =
                begin == NOTHING && j < n ? 0 : get(dtype, old.data, i * (n + 2) + j);
            long double magnitude = 1;
            for (int64_t p = 0; j < n && p < panels; p++)
                for (int64_t l = 0; l < lanes; l++) {
                    const long double v =
                        scale * element_of(dtype, &y, i, p, l) * element_of(dtype, &x, j, p, l);
                    sum += v, magnitude += fabsl(v);
                }
            check_near(k, dtype, what, i * (n + 2) + j, get(dtype, c.data, i * (n + 2) + j),
                       sum,
                       j < n ? (long double)(lanes * panels) * half_ulp(dtype) * magnitude : 0);
        }
    release(&ys), release(&xs), release(&c), release(&old), release(&scratch);
}

static void lane_gemm_sizes_of(const vn__kernels *k, beginning begin)
{
    seed(5);
    for (int d = 0; d < 2; d++) {
        for (int64_t m = 0; m <= 25; m++)
            for (int64_t n = 0; n <= 33; n++)
                run_lane_gemm(k, reals[d], m, n, 16, 1 + (m + n) % 2, (m + n) % 3, begin,
                              (m + n) / 2 % 4);
        for (int64_t n = 34; n <= 66; n++) {
            run_lane_gemm(k, reals[d], n, 14, 32, 1, 0, begin, 0);
            run_lane_gemm(k, reals[d], 7, n, 32, 1, 0, begin, 0);
        }
        for (int across = 0; across < 4; across++) /* more lanes than one chunk */
            run_lane_gemm(k, reals[d], 20, 300, 32, 11, 0, begin, across);
        run_lane_gemm(k, reals[d], 520, 20, 5, 3, 1, begin, 3); /* rows far apart */
        run_lane_gemm(k, reals[d], 5, 300, 32, 9, 0, begin, 0); /* rows: more than a strip */
        run_lane_gemm(k, reals[d], 300, 5, 16, 20, 0, begin, 0);
        run_lane_gemm(k, reals[d], 9, 10, 600, 2, 0, begin, 0);
        run_lane_gemm(k, reals[d], 9, 10, 1, 3, 0, begin, 0);
        run_lane_gemm(k, reals[d], 4, 5, 13, 2, 1, begin, 0);
        run_lane_gemm(k, reals[d], 4, 5, 0, 2, 1, begin, 0);
        run_lane_gemm(k, reals[d], 4, 5, 32, 0, 1, begin, 0);
    }
}

static void lane_gemm_sizes(const vn__kernels *k)
{
    for (int begin = NOTHING; begin < BEGINNINGS; begin++)
        lane_gemm_sizes_of(k, (beginning)begin);
}

Test(lane_products, lane_gemm_all_remainders) { for_each_row(lane_gemm_sizes); }

/* ---- lane_matmul */

static void run_lane_matmul(const vn__kernels *k, int dtype, int64_t m, int64_t n,
                            int64_t depth, int64_t lanes, bool swapped, bool accumulate)
{
    /* A [m][depth] or [depth][m], B [depth][n] or [n][depth], lanes innermost */
    const int64_t a_row = swapped ? lanes : depth * lanes, a_col = swapped ? m * lanes : lanes;
    const int64_t b_row = swapped ? lanes : n * lanes, b_col = swapped ? depth * lanes : lanes;
    buffer y = acquire(dtype, m * n * lanes, 1), old = acquire(dtype, m * n * lanes, 0);
    buffer a = acquire(dtype, m * depth * lanes, 0), b = acquire(dtype, depth * n * lanes, 0);
    fill(&y, m * n * lanes, -1, 1);
    fill(&a, m * depth * lanes, -1, 1), fill(&b, depth * n * lanes, -1, 1);
    for (int64_t i = 0; i < m * n * lanes; i++)
        set(dtype, old.data, i, get(dtype, y.data, i));
    k->real[dtype]->lane_matmul(y.data, n * lanes, lanes, a.data, a_row, a_col, b.data, b_row,
                                b_col, m, n, depth, lanes, accumulate);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            for (int64_t l = 0; l < lanes; l++) {
                const int64_t at = (i * n + j) * lanes + l;
                long double sum = accumulate ? get(dtype, old.data, at) : 0, magnitude = 1;
                for (int64_t t = 0; t < depth; t++) {
                    const long double v = get(dtype, a.data, i * a_row + t * a_col + l) *
                                          get(dtype, b.data, t * b_row + j * b_col + l);
                    sum += v, magnitude += fabsl(v);
                }
                check_near(k, dtype, "lane_matmul", at, get(dtype, y.data, at), sum,
                           (long double)(depth + 2) * half_ulp(dtype) * magnitude);
            }
    release(&y), release(&old), release(&a), release(&b);
}

static void lane_matmul_sizes(const vn__kernels *k)
{
    seed(6);
    for (int d = 0; d < 2; d++) {
        for (int64_t m = 0; m <= 9; m++)
            for (int64_t n = 0; n <= 9; n++)
                for (int64_t lanes = 16; lanes <= 32; lanes += 16)
                    run_lane_matmul(k, reals[d], m, n, (m + n) % 5, lanes, m % 2, n % 2);
        run_lane_matmul(k, reals[d], 12, 17, 30, 32, false, true);
        run_lane_matmul(k, reals[d], 3, 3, 4, 1, true, true);
        run_lane_matmul(k, reals[d], 5, 2, 4, 19, false, false);
    }
}

Test(lane_products, lane_matmul_all_remainders) { for_each_row(lane_matmul_sizes); }

/* ---- one example */

static void run_gemv(const vn__kernels *k, int dtype, int64_t m, int64_t n, int variant)
{
    const vn__real_kernels *real = k->real[dtype];
    const int64_t ldw = n + variant % 3, size = m * ldw + 1;
    const int64_t longest = m > n ? m : n;
    buffer w = acquire(dtype, size, 1), x = acquire(dtype, longest, 0),
           z = acquire(dtype, longest, 1);
    buffer y = acquire(dtype, m, 1), yt = acquire(dtype, n, 1),
           bias = acquire(dtype, longest, 0);
    buffer old = acquire(dtype, longest, 0), w0 = acquire(dtype, size, 0),
           dot = acquire(dtype, 1, 0);
    fill(&w, size, -1, 1), fill(&x, longest, -1, 1), fill(&z, longest, -1, 1);
    fill(&bias, longest, -1, 1), fill(&old, longest, -1, 1);
    for (int64_t i = 0; i < size; i++)
        set(dtype, w0.data, i, get(dtype, w.data, i));
    for (int64_t i = 0; i < longest; i++) {
        if (i < m)
            set(dtype, y.data, i, get(dtype, old.data, i));
        if (i < n)
            set(dtype, yt.data, i, get(dtype, old.data, i));
    }
    vn__epilogue e = { .bias = variant & 1 ? bias.data : NULL, .accumulate = variant & 2 };
    e.unary = variant & 4 ? VN__THEN(relu) : variant & 8 ? VN__THEN(square) : 0;
    if (variant & 16)
        e.mask = z.data;
    real->gemv(y.data, w.data, ldw, x.data, m, n, variant ? &e : NULL);
    real->gemv_t(yt.data, w.data, ldw, x.data, m, n, variant ? &e : NULL);
    for (int transposed = 0; transposed < 2; transposed++)
        for (int64_t i = 0; i < (transposed ? n : m); i++) {
            long double sum = e.bias ? get(dtype, bias.data, i) : 0, magnitude = 2;
            sum += e.accumulate ? get(dtype, old.data, i) : 0;
            for (int64_t j = 0; j < (transposed ? m : n); j++) {
                const long double v =
                    get(dtype, w0.data, transposed ? j * ldw + i : i * ldw + j) *
                    get(dtype, x.data, j);
                sum += v, magnitude += fabsl(v);
            }
            if (variant & 4)
                sum = sum > 0 ? sum : 0;
            else if (variant & 8)
                sum *= sum, magnitude *= 2 * magnitude;
            if ((variant & 16) && !(get(dtype, z.data, i) > 0))
                sum = 0;
            check_near(k, dtype, transposed ? "gemv_t" : "gemv", i,
                       get(dtype, transposed ? yt.data : y.data, i), sum,
                       (long double)(longest + 3) * half_ulp(dtype) * magnitude);
        }
    const bool add = variant & 1;
    real->outer(w.data, ldw, z.data, x.data, m, n, add);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < ldw; j++) {
            const long double v = get(dtype, z.data, i) * get(dtype, x.data, j < n ? j : 0);
            const long double before = get(dtype, w0.data, i * ldw + j);
            check_near(k, dtype, "outer", i * ldw + j, get(dtype, w.data, i * ldw + j),
                       (add || j >= n ? before : 0) + (j < n ? v : 0),
                       j < n ? 4 * half_ulp(dtype) : 0);
        }
    long double sum = 0;
    for (int64_t i = 0; i < longest; i++)
        sum += get(dtype, x.data, i) * get(dtype, z.data, i);
    real->dot(dot.data, x.data, z.data, longest);
    check_near(k, dtype, "dot", longest, get(dtype, dot.data, 0), sum,
               (long double)(longest * longest + 1) * half_ulp(dtype));
    release(&w), release(&x), release(&z), release(&y), release(&yt), release(&bias),
        release(&old);
    release(&w0), release(&dot);
}

static void gemv_sizes(const vn__kernels *k)
{
    seed(7);
    for (int d = 0; d < 2; d++) {
        for (int64_t m = 0; m <= 18; m++)
            for (int64_t n = 0; n <= 35; n++)
                run_gemv(k, reals[d], m, n, (int)((m * 5 + n * 3) % 32));
        for (int variant = 0; variant < 32; variant++)
            run_gemv(k, reals[d], 64 + variant, 129 - variant, variant);
    }
}

Test(lane_products, one_example) { for_each_row(gemv_sizes); }

/* dst[j][i] = src[i][j], and nothing beside it. */
enum { MOST = 35, ROW = MOST + 3 };
static float square[MOST * ROW], across[MOST * ROW];
static double wide_square[MOST * ROW], wide_across[MOST * ROW];

static void run_transpose(const vn__kernels *k, int64_t src_row, int64_t m, int64_t n)
{
    memset(across, 0, sizeof across);
    memset(wide_across, 0, sizeof wide_across);
    k->real[VN__F32]->transpose(across, ROW, square, src_row, m, n);
    k->real[VN__F64]->transpose(wide_across, ROW, wide_square, src_row, m, n);
    for (int64_t at = 0; at < MOST * ROW; at++) {
        const int64_t j = at / ROW, i = at % ROW;
        const float want = j < n && i < m ? square[i * src_row + j] : 0;
        cr_assert(across[at] == want && wide_across[at] == (double)want,
                  "%s: transpose of %d x %d, rows %d apart", k->name, (int)m, (int)n,
                  (int)src_row);
    }
}

static void transpose_sizes(const vn__kernels *k)
{
    for (int i = 0; i < MOST * ROW; i++)
        wide_square[i] = square[i] = (float)(i + 1);
    for (int64_t m = 1; m <= MOST; m++)
        for (int64_t n = 1; n <= MOST; n++) {
            run_transpose(k, ROW, m, n);
            run_transpose(k, n, m, n);
        }
}

Test(lane_products, transpose) { for_each_row(transpose_sizes); }
