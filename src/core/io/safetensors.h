/* SPDX-License-Identifier: MIT */
/* The names of dtypes in .safetensors files. */
#ifndef VN_CORE_IO_SAFETENSORS_H
#define VN_CORE_IO_SAFETENSORS_H

#include "vernal/base.h"

typedef struct vn__safetensors_type {
    const char *name;
    vn_dtype dtype;
} vn__safetensors_type;

/* In the order in which the Python package sorts arrays, the last one first. c128 has none. */
#define VN__SAFETENSORS_TYPES 14
extern const vn__safetensors_type vn__safetensors_types[VN__SAFETENSORS_TYPES];

#define VN__SAFETENSORS_METADATA "__metadata__"

#endif
