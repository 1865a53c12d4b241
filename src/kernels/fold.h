/* SPDX-License-Identifier: MIT
 *
 * Reductions over the middle axis of [outer][n][inner] for one type. Included with VN_X, the
 * type, and VN_LOOP(name), which makes the names. The formula is inlined.
 * */

enum { VN_LOOP(width) = 64 / sizeof(VN_X) };

/* Contiguous elements: as many partial results as two registers hold, combined in a fixed
 * order. */
static inline VN_X VN_LOOP(fold_run)(const VN_X *x, int64_t n, VN_X identity,
                                     VN_X (*f)(VN_X, VN_X))
{
    enum { W = VN_LOOP(width) };
    VN_X partial[W];
    int64_t i = 0;
    for (int j = 0; j < W; j++)
        partial[j] = identity;
    for (; i + W <= n; i += W)
        for (int j = 0; j < W; j++)
            partial[j] = f(partial[j], x[i + j]);
    for (; i < n; i++)
        partial[0] = f(partial[0], x[i]);
    for (int step = W / 2; step > 0; step /= 2)
        for (int j = 0; j < step; j++)
            partial[j] = f(partial[j], partial[j + step]);
    return partial[0];
}

/* `w` <= width columns at distance inner: the partial results stay in registers. */
static inline void VN_LOOP(fold_columns)(VN_X *out, const VN_X *x, int64_t n, int64_t inner,
                                         int w, VN_X (*f)(VN_X, VN_X))
{
    VN_X partial[VN_LOOP(width)];
    for (int j = 0; j < w; j++)
        partial[j] = out[j];
    for (int64_t k = 0; k < n; k++)
        for (int j = 0; j < w; j++)
            partial[j] = f(partial[j], x[k * inner + j]);
    for (int j = 0; j < w; j++)
        out[j] = partial[j];
}

static inline void VN_LOOP(fold)(VN_X *out, const VN_X *x, int64_t outer, int64_t n,
                                 int64_t inner, bool accumulate, VN_X identity,
                                 VN_X (*f)(VN_X, VN_X))
{
    enum { W = VN_LOOP(width) };
    if (!accumulate)
        for (int64_t i = 0; i < outer * inner; i++)
            out[i] = identity;
    for (int64_t o = 0; o < outer; o++, out += inner, x += n * inner) {
        if (inner == 1) {
            *out = f(*out, VN_LOOP(fold_run)(x, n, identity, f));
            continue;
        }
        int64_t i = 0;
        for (; i + W <= inner; i += W)
            VN_LOOP(fold_columns)(out + i, x + i, n, inner, W, f);
        if (i < inner)
            VN_LOOP(fold_columns)(out + i, x + i, n, inner, (int)(inner - i), f);
    }
}

/* out[i] = first k for which x[k][i] beats everything before it. */
static inline void VN_LOOP(arg_columns)(int32_t *out, const VN_X *x, int64_t n, int64_t inner,
                                        int w, bool (*beats)(VN_X, VN_X))
{
    VN_X best[VN_LOOP(width)];
    int32_t index[VN_LOOP(width)] = { 0 };
    for (int j = 0; j < w; j++)
        best[j] = x[j];
    for (int64_t k = 1; k < n; k++)
        for (int j = 0; j < w; j++) {
            const VN_X v = x[k * inner + j];
            const bool better = beats(v, best[j]);
            best[j] = better ? v : best[j];
            index[j] = better ? (int32_t)k : index[j];
        }
    for (int j = 0; j < w; j++)
        out[j] = index[j];
}

static inline void VN_LOOP(arg)(int32_t *out, const VN_X *x, int64_t outer, int64_t n,
                                int64_t inner, bool (*beats)(VN_X, VN_X))
{
    enum { W = VN_LOOP(width) };
    for (int64_t o = 0; o < outer; o++, out += inner, x += n * inner) {
        int64_t i = 0;
        for (; i + W <= inner; i += W)
            VN_LOOP(arg_columns)(out + i, x + i, n, inner, W, beats);
        if (i < inner)
            VN_LOOP(arg_columns)(out + i, x + i, n, inner, (int)(inner - i), beats);
    }
}
