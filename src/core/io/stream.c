/* SPDX-License-Identifier: MIT */
/* Streams of bytes. */
#include "core/io/stream.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#ifdef VN_HAVE_ZLIB
#include <zlib.h>
#endif

#define FIRST_CHUNK ((int64_t)1 << 20)

vn_status vn__io_fail(const vn__where *where, vn_status status, const char *format, ...)
{
    char message[300], path[150] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (where->tree && where->leaf < vn_tree_count(where->tree))
        vn_tree_path(where->tree, where->leaf, path, sizeof path);
    return vn__fail(status, "%s: %.120s%s%s: %s", where->who, where->file,
                    where->tree ? ": leaf " : "", path, message);
}

bool vn__file_given(const vn__where *where, const void *file)
{
    if (!file)
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: the file is NULL", where->who);
    return file != NULL;
}

vn__stream vn__stream_memory(const void *data, size_t size)
{
    return (vn__stream){ .in = data, .left = (int64_t)size };
}

/* What is left is known of regular files only. */
vn__stream vn__stream_file(FILE *file)
{
    struct stat status;
    const int descriptor = fileno(file);
    const off_t position = ftello(file);
    vn__stream stream = { .file = file, .left = -1 };
    if (descriptor >= 0 && position >= 0 && fstat(descriptor, &status) == 0 &&
        S_ISREG(status.st_mode) && status.st_size >= position)
        stream.left = (int64_t)(status.st_size - position);
    return stream;
}

static bool fail_open(const vn__where *where)
{
    vn__io_fail(where, VN_ERR_FILE, "cannot be opened: %s", strerror(errno));
    return false;
}

static bool open_compressed(vn__stream *stream, const vn__where *where)
{
#ifdef VN_HAVE_ZLIB
    gzFile gz = gzopen(where->file, "rb");
    *stream = (vn__stream){ .gz = gz, .left = -1, .owned = true };
    return gz ? true : fail_open(where);
#else
    (void)stream;
    vn__io_fail(where, VN_ERR_UNSUPPORTED, "compressed, and this build has no zlib");
    return false;
#endif
}

bool vn__stream_open(vn__stream *stream, const vn__where *where)
{
    unsigned char magic[2] = { 0, 0 };
    FILE *const file = fopen(where->file, "rb");
    if (!file)
        return fail_open(where);
    const size_t n = fread(magic, 1, sizeof magic, file);
    if (n == 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
        fclose(file);
        return open_compressed(stream, where);
    }
    if (ferror(file) || fseeko(file, 0, SEEK_SET) != 0) {
        vn__io_fail(where, VN_ERR_FILE, "cannot be read: %s", strerror(errno));
        fclose(file);
        return false;
    }
    *stream = vn__stream_file(file);
    stream->owned = true;
    return true;
}

bool vn__stream_create(vn__stream *stream, const vn__where *where)
{
    *stream = (vn__stream){ .file = fopen(where->file, "wb"), .owned = true };
    return stream->file ? true : fail_open(where);
}

bool vn__stream_close(vn__stream *stream, const vn__where *where)
{
#ifdef VN_HAVE_ZLIB
    if (stream->gz)
        gzclose(stream->gz);
#endif
    if (stream->file && stream->owned && fclose(stream->file) != 0) {
        vn__io_fail(where, VN_ERR_FILE, "cannot be written: %s", strerror(errno));
        return false;
    }
    return true;
}

#ifdef VN_HAVE_ZLIB
static size_t read_compressed(vn__stream *stream, char *out, size_t n)
{
    size_t done = 0;
    while (done < n) {
        const size_t rest = n - done, step = rest < (1u << 30) ? rest : 1u << 30;
        const int got = gzread(stream->gz, out + done, (unsigned)step);
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    int error = Z_OK;
    if (done < n)
        gzerror(stream->gz, &error);
    stream->damaged = stream->damaged || error != Z_OK;
    return done;
}
#endif

size_t vn__stream_read(vn__stream *stream, void *out, size_t n)
{
    size_t got = n;
#ifdef VN_HAVE_ZLIB
    if (stream->gz)
        return read_compressed(stream, out, n);
#endif
    if (stream->left >= 0 && (uint64_t)stream->left < n)
        got = (size_t)stream->left;
    if (stream->pull) {
        got = stream->pull(stream, out, got);
    } else if (stream->file) {
        got = fread(out, 1, got, stream->file);
        stream->damaged = stream->damaged || ferror(stream->file);
    } else if (got) {
        memcpy(out, stream->in, got);
        stream->in += got;
    }
    if (stream->left >= 0)
        stream->left -= (int64_t)got;
    return got;
}

bool vn__stream_write(vn__stream *stream, const void *data, size_t n, const vn__where *where)
{
    if (stream->file) {
        if (fwrite(data, 1, n, stream->file) == n)
            return true;
        vn__io_fail(where, VN_ERR_FILE, "cannot be written: %s", strerror(errno));
        return false;
    }
    if (!vn__grow(&stream->out, &stream->capacity, stream->written + (int64_t)n, 1))
        return false;
    if (n)
        memcpy(stream->out + stream->written, data, n);
    stream->written += (int64_t)n;
    return true;
}

vn_array *vn__stream_bytes(vn__stream *stream, bool good)
{
    vn_array *const bytes =
        good ? vn_array_from(VN_U8, VN_SHAPE(stream->written), stream->out) : NULL;
    vn__free(stream->out);
    return bytes;
}

void vn__fail_truncated(const vn__stream *stream, const vn__where *where, int64_t got,
                        int64_t wanted)
{
    if (stream->damaged && (stream->gz || stream->pull))
        vn__io_fail(where, VN_ERR_FORMAT, "the compressed data is damaged");
    else if (stream->damaged)
        vn__io_fail(where, VN_ERR_FILE, "cannot be read: %s", strerror(errno));
    else
        vn__io_fail(where, VN_ERR_FORMAT, "truncated: %lld of %lld bytes", (long long)got,
                    (long long)wanted);
}

/* Reads `bytes` bytes into new memory that grows with what arrives if the length is unknown. */
static char *read_block(vn__stream *stream, int64_t bytes, const vn__where *where)
{
    if (stream->left >= 0 && stream->left < bytes) {
        vn__fail_truncated(stream, where, stream->left, bytes);
        return NULL;
    }
    int64_t capacity = stream->left >= 0 || bytes < FIRST_CHUNK ? bytes : FIRST_CHUNK, got = 0;
    char *block = vn__alloc((size_t)capacity + 64); /* aligned however small */
    while (block && got < bytes) {
        const size_t n = vn__stream_read(stream, block + got, (size_t)(capacity - got));
        got += (int64_t)n;
        if (got == bytes)
            break;
        const int64_t larger = capacity < bytes / 2 ? 2 * capacity : bytes;
        char *const bigger =
            got < capacity ? NULL
                           : vn__realloc(block, (size_t)capacity + 64, (size_t)larger + 64);
        if (got < capacity)
            vn__fail_truncated(stream, where, got, bytes);
        if (!bigger) {
            vn__free(block);
            return NULL;
        }
        block = bigger;
        capacity = larger;
    }
    return block;
}

static void free_block(void *block) { vn__free(block); }

vn_array *vn__read_array(vn__stream *stream, vn_dtype dtype, vn_shape shape,
                         const vn__where *where)
{
    if (!vn__shape_valid(where->who, dtype, shape))
        return NULL;
    const int64_t n = vn_shape_size(shape);
    char *const block = read_block(stream, n * (int64_t)vn_dtype_size(dtype), where);
    vn_array *const array =
        block ? vn_array_wrap(dtype, shape, block, free_block, block) : NULL;
    if (!array)
        vn__free(block);
    for (int64_t i = 0; array && dtype == VN_BOOL && i < n; i++)
        block[i] = block[i] != 0;
    return array;
}

void vn__swap_bytes(void *data, size_t element, int64_t n)
{
    char *e = data;
    for (int64_t i = 0; i < n; i++, e += element)
        for (size_t j = 0; j < element / 2; j++) {
            const char c = e[j];
            e[j] = e[element - 1 - j];
            e[element - 1 - j] = c;
        }
}
