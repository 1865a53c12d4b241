/* SPDX-License-Identifier: MIT */
#include "golden/values.h"

#include <stdlib.h>
#include <string.h>

#include "vernal/ops.h"

vn_dtype golden_dtype_name(const json *name)
{
    static const struct {
        const char *name;
        vn_dtype dtype;
    } rows[] = {
        { "float32", VN_F32 }, { "float64", VN_F64 }, { "bfloat16", VN_BF16 },
        { "float16", VN_F16 }, { "int8", VN_I8 },     { "int16", VN_I16 },
        { "int32", VN_I32 },   { "int64", VN_I64 },   { "uint8", VN_U8 },
        { "uint16", VN_U16 },  { "uint32", VN_U32 },  { "uint64", VN_U64 },
        { "bool", VN_BOOL },     { "complex64", VN_C64 }, { "complex128", VN_C128 },
    };
    const char *text = json_string(name, NULL);
    for (size_t i = 0; text && i < sizeof rows / sizeof rows[0]; i++)
        if (!strcmp(rows[i].name, text))
            return rows[i].dtype;
    return text ? VN_DTYPE_COUNT : VN_DTYPE_DEFAULT;
}

vn_shape golden_shape(const json *value)
{
    vn_shape shape = { .rank = 0 };
    if (value && value->kind == JSON_NUMBER) {
        shape.rank = 1;
        shape.dim[0] = value->integer;
    }
    for (const json *dim = value ? value->child : NULL; dim && shape.rank < VN_MAX_RANK;
         dim = dim->next)
        shape.dim[shape.rank++] = json_int(dim, -1);
    return shape;
}

static double *flatten(double *out, const json *value)
{
    if (value->kind == JSON_NUMBER)
        *out++ = value->number;
    for (const json *child = value->child; child; child = child->next)
        out = flatten(out, child);
    return out;
}

vn_array *golden_numbers(const json *value, vn_dtype dtype)
{
    vn_shape shape = { .rank = 0 };
    for (const json *v = value; v && v->kind == JSON_ARRAY && shape.rank < VN_MAX_RANK;
         v = v->child)
        shape.dim[shape.rank++] = v->count;
    double *numbers = value ? malloc((size_t)vn_shape_size(shape) * sizeof *numbers + 8) : NULL;
    if (!numbers)
        return vn_error(VN_ERR_ARGUMENT, "golden: a list of numbers is missing");
    flatten(numbers, value);
    vn_array *array = vn_array_from(VN_F64, shape, numbers);
    free(numbers);
    return vn_cast(array, dtype ? dtype : vn_default_dtype());
}
