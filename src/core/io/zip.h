/* SPDX-License-Identifier: MIT */
/* Zip archives (APPNOTE 6.3) of files that are stored or deflated, with the 64-bit extensions;
 * not encrypted, in one piece. */
#ifndef VN_CORE_IO_ZIP_H
#define VN_CORE_IO_ZIP_H

#include "core/io/stream.h"

/* Checksum of zip: start with 0, go on with the result. */
uint32_t vn__crc32(uint32_t crc, const void *data, size_t n);

/* Memory for zlib. */
void *vn__z_alloc(void *context, unsigned items, unsigned size);
void vn__z_free(void *context, void *block);

typedef struct vn__zip_entry {
    char *name;
    int64_t offset; /* of its local header */
    int64_t packed; /* bytes in the archive */
    int64_t size;   /* bytes unpacked, as is claimed */
    uint32_t crc;
    int method; /* 0 stored, 8 deflated */
} vn__zip_entry;

/* An archive that is read: a file or memory. */
typedef struct vn__zip {
    FILE *file; /* or */
    const char *data;
    int64_t size;
    vn__zip_entry *entry;
    int n;
} vn__zip;

/* Reads the directory of zip->file or zip->data. False and an error; close in any case. */
bool vn__zip_open(vn__zip *zip, const vn__where *where);
void vn__zip_close(vn__zip *zip);

/* Calls use(context, stream) with the bytes of an entry and checks what it left, the size and
 * the checksum; NULL and an error. */
vn_tree *vn__zip_read(vn__zip *zip, const vn__zip_entry *entry,
                      vn_tree *(*use)(void *context, vn__stream *stream), void *context,
                      const vn__where *where);

/* An archive that is written. */
typedef struct vn__zip_writer {
    vn__stream *out;
    vn__stream directory; /* in memory */
    int64_t offset, n;
    int64_t small;   /* sizes, offsets below are written in 32 bits (default 2^32 - 1) */
    int compression; /* 0: stored */
} vn__zip_writer;

typedef struct vn__zip_part {
    const void *data;
    size_t size;
} vn__zip_part;

/* An entry that consists of two parts. */
bool vn__zip_add(vn__zip_writer *zip, const char *name, const vn__zip_part part[2],
                 const vn__where *where);
/* Writes the directory and gives back the memory; it does so only if `good`. */
bool vn__zip_finish(vn__zip_writer *zip, bool good, const vn__where *where);

#endif
