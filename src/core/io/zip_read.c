/* SPDX-License-Identifier: MIT */
/* Reading a zip archive: from its last record to the directory to the entries. */
#include <string.h>

#include "core/io/zip.h"

#ifdef VN_HAVE_ZLIB
#include <zlib.h>
#endif

enum { END = 22, END64 = 56, LOCATOR = 20, RECORD = 46, LOCAL = 30, MAX_COMMENT = 65535 };

void *vn__z_alloc(void *context, unsigned items, unsigned size)
{
    (void)context;
    return vn__alloc((size_t)items * size);
}

void vn__z_free(void *context, void *block)
{
    (void)context;
    vn__free(block);
}

#ifdef VN_HAVE_ZLIB
uint32_t vn__crc32(uint32_t crc, const void *data, size_t n)
{
    const unsigned char *at = data;
    uLong sum = crc;
    for (size_t step; n > 0; n -= step, at += step) {
        step = n < (1u << 30) ? n : 1u << 30;
        sum = crc32(sum, at, (uInt)step);
    }
    return (uint32_t)sum;
}
#else
/* x^32 mod the polynomial, four bits at a time. */
uint32_t vn__crc32(uint32_t crc, const void *data, size_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (const unsigned char *at = data; n > 0; n--, at++) {
        crc = crc >> 4 ^ table[(crc ^ *at) & 15];
        crc = crc >> 4 ^ table[(crc ^ *at >> 4) & 15];
    }
    return ~crc;
}
#endif

static uint64_t number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

static bool fault(const vn__where *where, const char *what)
{
    vn__io_fail(where, VN_ERR_FORMAT, "%s", what);
    return false;
}

static bool has_signature(const unsigned char *at, char a, char b)
{
    return at[0] == 'P' && at[1] == 'K' && at[2] == a && at[3] == b;
}

/* Bytes of the archive; false and an error if they are not there. */
static bool read_at(vn__zip *zip, uint64_t at, void *out, size_t n, const vn__where *where)
{
    if (at > (uint64_t)zip->size || n > (uint64_t)zip->size - at)
        return fault(where, "a damaged zip archive: it points behind its end");
    if (!zip->file) {
        if (n)
            memcpy(out, zip->data + at, n);
        return true;
    }
    if (fseeko(zip->file, (off_t)at, SEEK_SET) == 0 && fread(out, 1, n, zip->file) == n)
        return true;
    vn__io_fail(where, VN_ERR_FILE, "cannot be read");
    return false;
}

/* Where the last record begins, which ends the file but for a comment; -1 and an error. */
static int64_t find_end(vn__zip *zip, unsigned char end[END], const vn__where *where)
{
    const int64_t tail = zip->size < END + MAX_COMMENT ? zip->size : END + MAX_COMMENT;
    unsigned char *const bytes = vn__alloc((size_t)tail + 1);
    int64_t found = -1;
    if (!bytes)
        return -1;
    if (read_at(zip, (uint64_t)(zip->size - tail), bytes, (size_t)tail, where)) {
        for (int64_t i = tail - END; i >= 0 && found < 0; i--)
            if (has_signature(bytes + i, 5, 6) &&
                i + END + (int64_t)number(bytes + i + 20, 2) == tail) {
                memcpy(end, bytes + i, END);
                found = zip->size - tail + i;
            }
        if (found < 0)
            fault(where, "not a zip archive, or truncated: it has no directory at its end");
    }
    vn__free(bytes);
    return found;
}

typedef struct directory {
    uint64_t n, size, offset;
} directory;

static bool find_directory(vn__zip *zip, directory *d, const vn__where *where)
{
    unsigned char end[END], locator[LOCATOR], end64[END64];
    const int64_t at = find_end(zip, end, where);
    if (at < 0)
        return false;
    *d = (directory){ number(end + 10, 2), number(end + 12, 4), number(end + 16, 4) };
    const bool pieces = number(end + 4, 2) != 0 || number(end + 6, 2) != 0;
    const bool wide = d->n == 0xffff || d->size == 0xffffffff || d->offset == 0xffffffff;
    if (wide && at >= LOCATOR) {
        if (!read_at(zip, (uint64_t)(at - LOCATOR), locator, LOCATOR, where))
            return false;
        if (has_signature(locator, 6, 7)) {
            if (!read_at(zip, number(locator + 8, 8), end64, END64, where))
                return false;
            if (!has_signature(end64, 6, 6))
                return fault(where, "a damaged zip archive: its last record is lost");
            *d = (directory){ number(end64 + 32, 8), number(end64 + 40, 8),
                              number(end64 + 48, 8) };
        }
    } else if (pieces) {
        vn__io_fail(where, VN_ERR_UNSUPPORTED, "a zip archive in several pieces");
        return false;
    }
    if (d->offset > (uint64_t)at || d->size > (uint64_t)at - d->offset ||
        d->n > d->size / RECORD)
        return fault(where, "a damaged zip archive: its directory does not fit into it");
    return true;
}

/* Sizes and offset beyond 32 bits stand in an extra field of type 1. */
static bool read_wide(uint64_t value[3], const unsigned char *extra, size_t n)
{
    while (n >= 4) {
        const size_t size = (size_t)number(extra + 2, 2);
        const bool wide = number(extra, 2) == 1;
        if (size > n - 4)
            return false;
        extra += 4, n -= 4;
        for (size_t used = 0, i = 0; wide && i < 3; i++)
            if (value[i] == 0xffffffff) {
                if (size - used < 8)
                    return false;
                value[i] = number(extra + used, 8);
                used += 8;
            }
        if (wide)
            return true;
        extra += size, n -= size;
    }
    return true;
}

static bool read_record(vn__zip *zip, const unsigned char *at, size_t left, size_t *used,
                        const vn__where *where)
{
    if (left < RECORD || !has_signature(at, 1, 2))
        return fault(where, "a damaged zip archive: its directory");
    const size_t name = (size_t)number(at + 28, 2), extra = (size_t)number(at + 30, 2);
    uint64_t value[3] = { number(at + 24, 4), number(at + 20, 4), number(at + 42, 4) };
    *used = RECORD + name + extra + (size_t)number(at + 32, 2);
    if (*used > left || memchr(at + RECORD, 0, name) ||
        !read_wide(value, at + RECORD + name, extra) || value[0] > INT64_MAX ||
        value[1] > (uint64_t)zip->size || value[2] > (uint64_t)zip->size)
        return fault(where, "a damaged zip archive: its directory");
    vn__zip_entry *const e = &zip->entry[zip->n];
    *e = (vn__zip_entry){ .name = vn__alloc(name + 1),
                          .size = (int64_t)value[0],
                          .packed = (int64_t)value[1],
                          .offset = (int64_t)value[2],
                          .crc = (uint32_t)number(at + 16, 4),
                          .method = (int)number(at + 10, 2) };
    if (!e->name)
        return false;
    memcpy(e->name, at + RECORD, name);
    e->name[name] = '\0';
    zip->n++;
    if (number(at + 8, 2) & 1 || (e->method != 0 && e->method != 8)) {
        vn__io_fail(where, VN_ERR_UNSUPPORTED, "\"%.100s\" is %s", e->name,
                    number(at + 8, 2) & 1 ? "encrypted" : "compressed in an unknown way");
        return false;
    }
    return true;
}

bool vn__zip_open(vn__zip *zip, const vn__where *where)
{
    directory d;
    if (zip->file) {
        if (fseeko(zip->file, 0, SEEK_END) != 0 || (zip->size = ftello(zip->file)) < 0) {
            vn__io_fail(where, VN_ERR_FILE, "cannot be read from its end");
            return false;
        }
    }
    if (!find_directory(zip, &d, where))
        return false;
    unsigned char *const bytes = vn__alloc((size_t)d.size + 1);
    zip->entry = vn__alloc((size_t)d.n * sizeof *zip->entry);
    bool good = bytes && zip->entry && d.n <= INT32_MAX &&
                read_at(zip, d.offset, bytes, (size_t)d.size, where);
    size_t at = 0, used = 0;
    for (uint64_t i = 0; good && i < d.n; i++, at += used)
        good = read_record(zip, bytes + at, (size_t)d.size - at, &used, where);
    vn__free(bytes);
    return good;
}

void vn__zip_close(vn__zip *zip)
{
    for (int i = 0; i < zip->n; i++)
        vn__free(zip->entry[i].name);
    vn__free(zip->entry);
    if (zip->file)
        fclose(zip->file);
}

/* ---- the bytes of an entry */

typedef struct unpacking {
    vn__zip *zip;
    const vn__where *where;
    uint64_t at;  /* next byte of the archive */
    int64_t left; /* of the packed bytes */
    int64_t size; /* unpacked so far */
    uint32_t crc;
#ifdef VN_HAVE_ZLIB
    z_stream z;
    bool ended;
    unsigned char buffer[1 << 15];
#endif
} unpacking;

static size_t packed_bytes(unpacking *u, void *out, size_t n)
{
    if ((uint64_t)u->left < n)
        n = (size_t)u->left;
    if (n > 0 && !read_at(u->zip, u->at, out, n, u->where))
        return 0;
    u->at += n;
    u->left -= (int64_t)n;
    return n;
}

static size_t pull_stored(vn__stream *stream, void *out, size_t n)
{
    unpacking *const u = stream->context;
    const size_t got = packed_bytes(u, out, n);
    u->crc = vn__crc32(u->crc, out, got);
    u->size += (int64_t)got;
    return got;
}

#ifdef VN_HAVE_ZLIB
static size_t pull_deflated(vn__stream *stream, void *out, size_t n)
{
    unpacking *const u = stream->context;
    size_t got = 0;
    while (got < n && !u->ended && !stream->damaged) {
        if (u->z.avail_in == 0) {
            u->z.next_in = u->buffer;
            u->z.avail_in = (uInt)packed_bytes(u, u->buffer, sizeof u->buffer);
        }
        const size_t room = n - got < (1u << 30) ? n - got : 1u << 30;
        u->z.next_out = (unsigned char *)out + got;
        u->z.avail_out = (uInt)room;
        const int status = inflate(&u->z, Z_NO_FLUSH);
        got += room - u->z.avail_out;
        u->ended = status == Z_STREAM_END;
        stream->damaged = status != Z_OK && !u->ended;
    }
    u->crc = vn__crc32(u->crc, out, got);
    u->size += (int64_t)got;
    return got;
}
#endif

/* Finds the packed bytes: behind the local header, which repeats the name. */
static bool begin_entry(unpacking *u, const vn__zip_entry *entry)
{
    unsigned char b[LOCAL];
    char name[256];
    const size_t length = strlen(entry->name), most = sizeof name;
    if (!read_at(u->zip, (uint64_t)entry->offset, b, LOCAL, u->where))
        return false;
    const size_t n = (size_t)number(b + 26, 2);
    const size_t compared = length < most ? length : most;
    if (!has_signature(b, 3, 4) || n != length)
        return fault(u->where, "a damaged zip archive: the header of an entry");
    u->at = (uint64_t)entry->offset + LOCAL + n + number(b + 28, 2);
    u->left = entry->packed;
    if (!read_at(u->zip, (uint64_t)entry->offset + LOCAL, name, compared, u->where))
        return false;
    if (memcmp(name, entry->name, compared) != 0)
        return fault(u->where, "a damaged zip archive: the header of an entry");
    if (u->at > (uint64_t)u->zip->size || (uint64_t)u->left > (uint64_t)u->zip->size - u->at)
        return fault(u->where, "a damaged zip archive: an entry ends behind its end");
    return true;
}

/* Reads what is left; the whole must be what was packed. */
static bool end_entry(vn__stream *stream, const vn__zip_entry *entry)
{
    unpacking *const u = stream->context;
    char rest[4096];
    while (vn__stream_read(stream, rest, sizeof rest) > 0)
        continue;
    if (!stream->damaged && u->left == 0 && u->size == entry->size && u->crc == entry->crc)
        return true;
    vn__io_fail(u->where, VN_ERR_FORMAT, "\"%.100s\" is damaged: its checksum is wrong",
                entry->name);
    return false;
}

#ifdef VN_HAVE_ZLIB
static bool begin_deflated(unpacking *u, vn__stream *stream)
{
    u->z.zalloc = vn__z_alloc, u->z.zfree = vn__z_free;
    *stream = (vn__stream){ .pull = pull_deflated, .context = u, .left = -1 };
    return inflateInit2(&u->z, -MAX_WBITS) == Z_OK;
}
static void end_deflated(unpacking *u) { inflateEnd(&u->z); }
#else
static bool begin_deflated(unpacking *u, vn__stream *stream)
{
    (void)stream;
    vn__io_fail(u->where, VN_ERR_UNSUPPORTED, "compressed, and this build has no zlib");
    return false;
}
static void end_deflated(unpacking *u) { (void)u; }
#endif

vn_tree *vn__zip_read(vn__zip *zip, const vn__zip_entry *entry,
                      vn_tree *(*use)(void *context, vn__stream *stream), void *context,
                      const vn__where *where)
{
    unpacking *const u = vn__alloc_zero(sizeof *u);
    vn_tree *result = NULL;
    if (!u)
        return NULL;
    u->zip = zip, u->where = where;
    vn__stream stream = { .pull = pull_stored, .context = u, .left = entry->packed };
    if (begin_entry(u, entry) && (entry->method == 0 || begin_deflated(u, &stream))) {
        result = use(context, &stream);
        if (result && !end_entry(&stream, entry))
            result = NULL;
        if (entry->method != 0)
            end_deflated(u);
    }
    vn__free(u);
    return result;
}
