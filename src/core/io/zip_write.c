/* SPDX-License-Identifier: MIT */
/* Writing a zip archive. Sizes are known before an entry is written, so nothing is written
 * twice. What does not fit into 32 bits goes to extra fields of type 1. */
#include <string.h>

#include "core/io/zip.h"

#ifdef VN_HAVE_ZLIB
#include <zlib.h>
#endif

#define SMALL ((int64_t)0xffffffff)

/* Bytes of a record, put together. */
typedef struct record {
    char bytes[96];
    size_t n;
} record;

static void put(record *r, int bytes, uint64_t value)
{
    for (int i = 0; i < bytes; i++)
        r->bytes[r->n++] = (char)(value >> 8 * i);
}

static void put_signature(record *r, char a, char b)
{
    const char text[] = { 'P', 'K', a, b };
    memcpy(r->bytes, text, 4);
    r->n = 4;
}

typedef struct packed {
    uint64_t size, packed, offset;
    uint32_t crc;
    int method;
    bool ascii;
} packed;

/* What the header of an entry and its record in the directory share. */
static void put_common(record *r, const packed *p, bool wide)
{
    put(r, 2, wide ? 45 : 20); /* version needed */
    put(r, 2, p->ascii ? 0 : 1u << 11);
    put(r, 2, (uint64_t)p->method);
    put(r, 2, 0);
    put(r, 2, 0x21); /* 1980-01-01, so that equal contents are equal files */
    put(r, 4, p->crc);
}

static bool write_record(vn__stream *out, const record *r, const vn__where *where)
{
    return vn__stream_write(out, r->bytes, r->n, where);
}

static bool write_local(vn__zip_writer *zip, const char *name, const packed *p,
                        const vn__where *where)
{
    record r, extra = { .n = 0 };
    const bool wide = (int64_t)p->size >= zip->small || (int64_t)p->packed >= zip->small;
    const size_t length = strlen(name);
    put_signature(&r, 3, 4);
    put_common(&r, p, wide);
    put(&r, 4, wide ? (uint64_t)SMALL : p->packed);
    put(&r, 4, wide ? (uint64_t)SMALL : p->size);
    put(&r, 2, length);
    put(&r, 2, wide ? 20 : 0);
    if (wide) {
        put(&extra, 2, 1);
        put(&extra, 2, 16);
        put(&extra, 8, p->size);
        put(&extra, 8, p->packed);
    }
    zip->offset += (int64_t)(r.n + length + extra.n);
    return write_record(zip->out, &r, where) &&
           vn__stream_write(zip->out, name, length, where) &&
           write_record(zip->out, &extra, where);
}

static bool write_in_directory(vn__zip_writer *zip, const char *name, const packed *p,
                               const vn__where *where)
{
    record r, extra = { .n = 0 };
    const size_t length = strlen(name);
    const uint64_t value[3] = { p->size, p->packed, p->offset };
    uint64_t field[3];
    for (int i = 0; i < 3; i++) {
        const bool wide = (int64_t)value[i] >= zip->small;
        field[i] = wide ? (uint64_t)SMALL : value[i];
        if (wide && extra.n == 0)
            extra.n = 4;
        if (wide)
            put(&extra, 8, value[i]);
    }
    if (extra.n) {
        const char head[] = { 1, 0, (char)(extra.n - 4), 0 };
        memcpy(extra.bytes, head, 4);
    }
    put_signature(&r, 1, 2);
    put(&r, 2, 3 << 8 | 45); /* made on Unix */
    put_common(&r, p, extra.n > 0);
    put(&r, 4, field[1]);
    put(&r, 4, field[0]);
    put(&r, 2, length);
    put(&r, 2, extra.n);
    put(&r, 6, 0);                       /* comment, disk, internal attributes */
    put(&r, 4, (uint64_t)0100600 << 16); /* a file that its owner reads and writes */
    put(&r, 4, field[2]);
    return write_record(&zip->directory, &r, where) &&
           vn__stream_write(&zip->directory, name, length, where) &&
           write_record(&zip->directory, &extra, where);
}

#ifdef VN_HAVE_ZLIB
/* Deflates what z has to read into memory. */
static bool deflate_part(z_stream *z, const vn__zip_part *part, int flush, vn__stream *out,
                         const vn__where *where)
{
    unsigned char buffer[1 << 14];
    const unsigned char *at = part->data;
    size_t left = part->size;
    do {
        const size_t step = left < (1u << 30) ? left : 1u << 30;
        z->next_in = (unsigned char *)(uintptr_t)at;
        z->avail_in = (uInt)step;
        at += step, left -= step;
        do {
            z->next_out = buffer;
            z->avail_out = sizeof buffer;
            deflate(z, left ? Z_NO_FLUSH : flush);
            if (!vn__stream_write(out, buffer, sizeof buffer - z->avail_out, where))
                return false;
        } while (z->avail_out == 0);
    } while (left > 0);
    return true;
}

static bool compress_parts(vn__stream *out, int level, const vn__zip_part part[2],
                           const vn__where *where)
{
    z_stream z = { .zalloc = vn__z_alloc, .zfree = vn__z_free };
    if (deflateInit2(&z, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    const bool good = deflate_part(&z, &part[0], Z_NO_FLUSH, out, where) &&
                      deflate_part(&z, &part[1], Z_FINISH, out, where);
    deflateEnd(&z);
    return good;
}
#else
static bool compress_parts(vn__stream *out, int level, const vn__zip_part part[2],
                           const vn__where *where)
{
    (void)out, (void)level, (void)part;
    vn__io_fail(where, VN_ERR_UNSUPPORTED, "compression, and this build has no zlib");
    return false;
}
#endif

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return !*text;
}

bool vn__zip_add(vn__zip_writer *zip, const char *name, const vn__zip_part part[2],
                 const vn__where *where)
{
    vn__stream small = { 0 };
    packed p = { .size = part[0].size + part[1].size,
                 .packed = part[0].size + part[1].size,
                 .offset = (uint64_t)zip->offset,
                 .crc = vn__crc32(vn__crc32(0, part[0].data, part[0].size), part[1].data,
                                  part[1].size),
                 .ascii = is_ascii(name) };
    if (strlen(name) > 0xffff) {
        vn__io_fail(where, VN_ERR_ARGUMENT, "a name of more than 65535 bytes");
        return false;
    }
    if (zip->compression) {
        if (!compress_parts(&small, zip->compression, part, where)) {
            vn__free(small.out);
            return false;
        }
        p.method = 8;
        p.packed = (uint64_t)small.written;
    }
    bool good =
        write_local(zip, name, &p, where) && write_in_directory(zip, name, &p, where);
    if (zip->compression)
        good = good && vn__stream_write(zip->out, small.out, (size_t)small.written, where);
    else
        good = good && vn__stream_write(zip->out, part[0].data, part[0].size, where) &&
               vn__stream_write(zip->out, part[1].data, part[1].size, where);
    zip->offset += (int64_t)p.packed;
    zip->n++;
    vn__free(small.out);
    return good;
}

/* The 64-bit last record and where it is. */
static void put_wide_end(record *r, const vn__zip_writer *zip)
{
    put_signature(r, 6, 6);
    put(r, 8, 44); /* bytes that follow */
    put(r, 2, 45);
    put(r, 2, 45);
    put(r, 8, 0);
    put(r, 8, (uint64_t)zip->n);
    put(r, 8, (uint64_t)zip->n);
    put(r, 8, (uint64_t)zip->directory.written);
    put(r, 8, (uint64_t)zip->offset);
    memcpy(r->bytes + r->n, "PK\6\7", 4);
    r->n += 4;
    put(r, 4, 0);
    put(r, 8, (uint64_t)(zip->offset + zip->directory.written));
    put(r, 4, 1);
}

bool vn__zip_finish(vn__zip_writer *zip, bool good, const vn__where *where)
{
    record wide = { .n = 0 }, end;
    const int64_t size = zip->directory.written, small = zip->small, at = zip->offset;
    const int64_t most = small < 0xffff ? small : 0xffff;
    if (zip->n >= most || size >= small || at >= small)
        put_wide_end(&wide, zip);
    put_signature(&end, 5, 6);
    put(&end, 4, 0);
    put(&end, 2, wide.n ? 0xffff : (uint64_t)zip->n);
    put(&end, 2, wide.n ? 0xffff : (uint64_t)zip->n);
    put(&end, 4, wide.n ? (uint64_t)SMALL : (uint64_t)size);
    put(&end, 4, wide.n ? (uint64_t)SMALL : (uint64_t)at);
    put(&end, 2, 0);
    good = good && vn__stream_write(zip->out, zip->directory.out, (size_t)size, where) &&
           write_record(zip->out, &wide, where) && write_record(zip->out, &end, where);
    vn__free(zip->directory.out);
    return good;
}
