/* SPDX-License-Identifier: MIT */
/* The header of a .npy record:      "\x93NUMPY" major minor | length of the text, u16
 * (version 1) or u32, little endian | text     {'descr': '<f4', 'fortran_order': False,
 * 'shape': (2, 3), }   blanks   "\n"  NumPy leaves room for the first (or last) axis to grow
 * to 21 digits and ends the header on a multiple of 64 bytes. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/io/npy.h"

#define MAX_TEXT 10000 /* as NumPy */

typedef struct reader {
    const char *at;
    vn__npy *npy;
    bool descr, order, shape; /* keys seen */
    const char *unsupported;  /* a legal dtype that we do not have, or a rank */
} reader;

static void blanks(reader *r)
{
    while (isspace((unsigned char)*r->at))
        r->at++;
}

static bool take(reader *r, const char *token)
{
    blanks(r);
    const size_t n = strlen(token);
    if (strncmp(r->at, token, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* A string without escapes, into text. */
static bool take_string(reader *r, char *text, size_t size)
{
    blanks(r);
    const char quote = *r->at;
    if (quote != '\'' && quote != '"')
        return false;
    const char *const end = strchr(r->at + 1, quote);
    const size_t n = end ? (size_t)(end - r->at - 1) : size;
    if (n >= size)
        return false;
    memcpy(text, r->at + 1, n);
    text[n] = '\0';
    r->at = end + 1;
    return true;
}

/* '<' little, '>' big, '|' one byte, '=' native; then a letter and the size. */
static bool take_descr(reader *r)
{
    static const struct {
        const char *code;
        vn_dtype dtype;
    } codes[] = {
#define VN_NPY_ROW(name, text, type, bytes, npy) { &npy[1], VN_##name },
        VN_DTYPE_LIST(VN_NPY_ROW)
#undef VN_NPY_ROW
    };
    char text[64];
    blanks(r);
    if (*r->at == '[') { /* structured */
        r->unsupported = "a structured dtype";
        return false;
    }
    if (!take_string(r, text, sizeof text) || !strchr("<>|=", text[0]))
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i].code, text + 1) == 0) {
            r->npy->dtype = codes[i].dtype;
            r->npy->swapped = text[0] == '>';
            return true;
        }
    r->unsupported = "a dtype that Vernal does not have";
    return false;
}

static bool take_order(reader *r)
{
    r->npy->fortran = take(r, "True");
    return r->npy->fortran || take(r, "False");
}

static bool take_shape(reader *r)
{
    vn_shape shape = { 0 };
    int64_t bytes = 16; /* of the largest element */
    if (!take(r, "("))
        return false;
    while (!take(r, ")")) {
        char *end;
        blanks(r);
        if (!isdigit((unsigned char)*r->at))
            return false;
        const unsigned long long dim = strtoull(r->at, &end, 10);
        if (shape.rank == VN_MAX_RANK) {
            r->unsupported = "more than 8 dimensions";
            return false;
        }
        if (dim > INT64_MAX || (dim > 0 && __builtin_mul_overflow(bytes, (int64_t)dim, &bytes)))
            return false;
        shape.dim[shape.rank++] = (int64_t)dim;
        r->at = end + (*end == 'L'); /* Python 2 */
        if (!take(r, ",") && !take(r, ")"))
            return false;
        if (r->at[-1] == ')')
            break;
    }
    r->npy->shape = shape;
    return true;
}

static bool take_entry(reader *r)
{
    char key[32];
    if (!take_string(r, key, sizeof key) || !take(r, ":"))
        return false;
    if (strcmp(key, "descr") == 0)
        return !r->descr && (r->descr = take_descr(r));
    if (strcmp(key, "fortran_order") == 0)
        return !r->order && (r->order = take_order(r));
    return strcmp(key, "shape") == 0 && !r->shape && (r->shape = take_shape(r));
}

static bool parse(reader *r)
{
    if (!take(r, "{"))
        return false;
    while (!take(r, "}")) {
        if (!take_entry(r))
            return false;
        if (!take(r, ",") && *r->at != '}')
            return false;
    }
    blanks(r);
    return *r->at == '\0' && r->descr && r->order && r->shape;
}

/* The length of the text behind the fixed part; -1 and an error. */
static int64_t read_prefix(vn__stream *stream, const vn__where *where, const char *nothing)
{
    unsigned char b[12] = { 0 };
    const size_t got = vn__stream_read(stream, b, 10);
    if (got == 0 && !stream->damaged) {
        vn__io_fail(where, VN_ERR_FORMAT, "%s", nothing);
        return -1;
    }
    if (memcmp(b, "\x93NUMPY", got < 6 ? got : 6) != 0) {
        vn__io_fail(where, VN_ERR_FORMAT, "not a .npy record");
        return -1;
    }
    if (got == 10 && (b[6] < 1 || b[6] > 3)) {
        vn__io_fail(where, VN_ERR_FORMAT, ".npy version %d.%d is not known", b[6], b[7]);
        return -1;
    }
    const size_t rest = got == 10 && b[6] > 1 ? vn__stream_read(stream, b + 10, 2) : 2;
    if (got < 10 || rest < 2) {
        vn__fail_truncated(stream, where, (int64_t)(got < 10 ? got : 10 + rest),
                           b[6] > 1 ? 12 : 10);
        return -1;
    }
    const uint32_t high = b[6] > 1 ? (uint32_t)b[10] << 16 | (uint32_t)b[11] << 24 : 0;
    return (int64_t)(high | (uint32_t)b[9] << 8 | b[8]);
}

bool vn__npy_read_header(vn__npy *npy, vn__stream *stream, const vn__where *where,
                         const char *nothing)
{
    char text[MAX_TEXT + 1];
    const int64_t length = read_prefix(stream, where, nothing);
    if (length < 0)
        return false;
    if (length > MAX_TEXT) {
        vn__io_fail(where, VN_ERR_FORMAT, "a .npy header of %lld bytes", (long long)length);
        return false;
    }
    const size_t got = vn__stream_read(stream, text, (size_t)length);
    if ((int64_t)got < length) {
        vn__fail_truncated(stream, where, (int64_t)got, length);
        return false;
    }
    text[length] = '\0';
    *npy = (vn__npy){ 0 };
    reader r = { .at = text, .npy = npy };
    if (parse(&r))
        return true;
    if (r.unsupported)
        vn__io_fail(where, VN_ERR_UNSUPPORTED, "%s in %.*s", r.unsupported,
                    (int)strcspn(text, "}") + 1, text);
    else
        vn__io_fail(where, VN_ERR_FORMAT, "a damaged .npy header");
    return false;
}

/* "(2, 3)", "(2,)", "()" */
static int print_shape(char *text, size_t size, vn_shape shape)
{
    int used = snprintf(text, size, "(");
    for (int i = 0; i < shape.rank; i++)
        used += snprintf(text + used, size - (size_t)used, i ? ", %lld" : "%lld",
                         (long long)shape.dim[i]);
    return used + snprintf(text + used, size - (size_t)used, shape.rank == 1 ? ",)" : ")");
}

size_t vn__npy_header(char header[VN__NPY_HEADER], const vn__npy *npy)
{
    static const char *const codes[] = {
#define VN_NPY_CODE(name, text, type, bytes, npy) [VN_##name] = npy,
        VN_DTYPE_LIST(VN_NPY_CODE)
#undef VN_NPY_CODE
    };
    const vn_shape shape = npy->shape;
    char dims[256];
    memcpy(header, "\x93NUMPY\1", 8);
    print_shape(dims, sizeof dims, shape);
    int used = 10 + snprintf(header + 10, VN__NPY_HEADER - 10,
                             "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }",
                             codes[npy->dtype], npy->fortran ? "True" : "False", dims);
    if (shape.rank > 0) { /* room for the slowest axis to grow */
        const int64_t slowest = shape.dim[npy->fortran ? shape.rank - 1 : 0];
        used += 21 - snprintf(NULL, 0, "%lld", (long long)slowest);
    }
    const int total = (used + 1) / 64 * 64 + 64;
    const int length = (int)strlen(header + 10);
    memset(header + 10 + length, ' ', (size_t)(total - 10 - length));
    header[total - 1] = '\n';
    header[8] = (char)((total - 10) & 0xff);
    header[9] = (char)((total - 10) >> 8);
    return (size_t)total;
}

bool vn__npy_write(vn__stream *stream, const vn__npy *npy, const void *data,
                   const vn__where *where)
{
    char header[VN__NPY_HEADER];
    const size_t total = vn__npy_header(header, npy);
    const size_t bytes = (size_t)vn_shape_size(npy->shape) * vn_dtype_size(npy->dtype);
    return vn__stream_write(stream, header, total, where) &&
           vn__stream_write(stream, data, bytes, where);
}
