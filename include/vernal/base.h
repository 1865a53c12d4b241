/* SPDX-License-Identifier: MIT */
/* Status, data types and shapes: what every other header stands on. */
#ifndef VERNAL_BASE_H
#define VERNAL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define VN_API
#else
#define VN_API __attribute__((visibility("default")))
#endif

#if defined(__GNUC__)
#define VN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define VN_PRINTF(text, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define VN_VERSION_MAJOR 0
#define VN_VERSION_MINOR 1
#define VN_VERSION_PATCH 0

/* ------------------------------------------------------------------ errors
 * A function that makes a tree returns NULL when it cannot; every function accepts NULL where
 * it expects a tree and passes it on. The FIRST error of the thread is kept, so that
 * expressions compose and one check at the end suffices:
 *
 *     vn_array *y = vn_tanh(vn_add(vn_matmul(w, x), b));
 *     if (!vn_ok()) { fprintf(stderr, "%s\n", vn_error_message()); vn_error_clear(); }
 *
 * The library never prints, exits or aborts on bad input. */

#define VN_STATUS_LIST(X)                                                                      \
    X(OK, "success")                                                                           \
    X(NULL_ARGUMENT, "a required argument is NULL")                                            \
    X(SHAPE, "shapes disagree")                                                                \
    X(DTYPE, "data types disagree or are not supported")                                       \
    X(ARGUMENT, "an argument is outside its range")                                            \
    X(STRUCTURE, "tree structures disagree")                                                   \
    X(PATH, "a path names no element of the tree")                                             \
    X(MEMORY, "out of memory")                                                                 \
    X(FILE, "a file cannot be opened, read or written")                                        \
    X(FORMAT, "a file is damaged or of another format")                                        \
    X(TRACE, "a traced value was used where a number is needed, or outside its transformation")\
    X(DERIVATIVE, "a derivative does not exist")                                               \
    X(LIMIT, "a built-in limit is exceeded")                                                   \
    X(RUNTIME, "an error_if condition of the program holds")                                   \
    X(UNSUPPORTED, "not supported in this build")

typedef enum vn_status {
#define VN_STATUS_ENUM(name, text) VN_ERR_##name,
    VN_STATUS_LIST(VN_STATUS_ENUM)
#undef VN_STATUS_ENUM
    VN_STATUS_COUNT
} vn_status;

/* True while no error is recorded on the calling thread. */
VN_API bool vn_ok(void);

/* The first error of the calling thread since the last vn_error_clear; VN_ERR_OK when none. */
VN_API vn_status vn_error_status(void);

/* One line that names the op, the field path and the two things that disagree (of error_if the
 * texts of the examples that fail, apart by empty lines); "" when no error is recorded. Valid
 * until the next call of vn_error_clear on this thread. */
VN_API const char *vn_error_message(void);

/* Forgets the error of the calling thread. */
VN_API void vn_error_clear(void);

/* A static description of a status code, never NULL. */
VN_API const char *vn_status_string(vn_status status);

/* Records an error on the calling thread unless one is recorded already (for user-written ops
 * and modules). Returns NULL, so that a constructor may `return vn_error(...)`. */
VN_API struct vn_tree *vn_error(vn_status status, const char *format, ...) VN_PRINTF(2, 3);

/* ------------------------------------------------------------------ dtypes */

/* name, short name as printed (f32[3,4]), C storage type, bytes, NumPy code of .npy files */
#define VN_DTYPE_LIST(X)                \
    X(F32, "f32", float, 4, "<f4")      \
    X(F64, "f64", double, 8, "<f8")     \
    X(BF16, "bf16", uint16_t, 2, "<V2") \
    X(F16, "f16", uint16_t, 2, "<f2")   \
    X(I32, "i32", int32_t, 4, "<i4")    \
    X(I64, "i64", int64_t, 8, "<i8")    \
    X(U8, "u8", uint8_t, 1, "|u1")      \
    X(U32, "u32", uint32_t, 4, "<u4")   \
    X(BOOL, "bool", uint8_t, 1, "|b1")  \
    X(I8, "i8", int8_t, 1, "|i1")       \
    X(I16, "i16", int16_t, 2, "<i2")    \
    X(U16, "u16", uint16_t, 2, "<u2")   \
    X(U64, "u64", uint64_t, 8, "<u8")   \
    X(C64, "c64", vn_c64, 8, "<c8")     \
    X(C128, "c128", vn_c128, 16, "<c16")

/* Elements of complex arrays: real part, imaginary part, as C's float _Complex and C++'s
 * std::complex<float> lie in memory. */
typedef struct vn_c64 {
    float re, im;
} vn_c64;
typedef struct vn_c128 {
    double re, im;
} vn_c128;

/* Arithmetic is done in f32, f64, their complex numbers c64 and c128, and the integers; bf16
 * and f16 are storage: an op computes in f32 and rounds its result. Which ops take complex
 * numbers is said in ops.h; the others refuse them. VN_DTYPE_DEFAULT in a constructor means
 * vn_default_dtype(). */
typedef enum vn_dtype {
    VN_DTYPE_DEFAULT = 0,
#define VN_DTYPE_ENUM(name, text, type, bytes, npy) VN_##name,
    VN_DTYPE_LIST(VN_DTYPE_ENUM)
#undef VN_DTYPE_ENUM
    VN_DTYPE_COUNT
} vn_dtype;

VN_API const char *vn_dtype_name(vn_dtype dtype);   /* "f32"; "?" for an invalid code */
/* bytes of one element; 0 for an invalid code */
VN_API size_t vn_dtype_size(vn_dtype dtype);
/* f32 f64 bf16 f16 c64 c128: can be differentiated */
VN_API bool vn_dtype_is_inexact(vn_dtype dtype);
VN_API bool vn_dtype_is_complex(vn_dtype dtype);    /* c64 c128 */
VN_API bool vn_dtype_is_integer(vn_dtype dtype);    /* the integers, not bool */

/* c64 has parts of f32, c128 of f64: f32 for c64, c64 for f32 (also bf16 and f16), c128 for
 * f64. vn_dtype_real leaves the other dtypes as they are; vn_dtype_complex of an integer or
 * bool is that of the default float. */
VN_API vn_dtype vn_dtype_real(vn_dtype dtype);
VN_API vn_dtype vn_dtype_complex(vn_dtype dtype);

/* The float dtype of constructors that are not told one: f32 unless changed for this thread
 * (f64 is JAX's x64 mode; it also makes the default integer i64). Never complex. */
VN_API vn_dtype vn_default_dtype(void);
VN_API void vn_set_default_dtype(vn_dtype dtype);

/* The dtype of an arithmetic result, JAX's lattice: bool < u8 < u16 < u32 < u64, i8 < ... <
 * i64, an unsigned with a signed integer gives the next larger signed one, any integer with a
 * float gives the float, bf16 with f16 gives f32, anything with a complex gives a complex: c128
 * if either is f64 or c128, else c64. Symmetric. */
VN_API vn_dtype vn_promote_types(vn_dtype a, vn_dtype b);

/* ------------------------------------------------------------------ shapes */

#define VN_MAX_RANK 8

typedef struct vn_shape {
    int32_t rank;               /* 0 for a scalar */
    int64_t dim[VN_MAX_RANK];   /* row-major; entries from rank on are 0 */
} vn_shape;

#define VN_COUNT_OF_(...) ((int32_t)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)))

/* VN_SHAPE(32, 28, 28); a ninth dimension is a compile error. */
#ifdef __cplusplus
} /* extern "C" */
template <typename... T> inline vn_shape vn_shape_of_dims_(T... dims)
{
    static_assert(sizeof...(dims) <= VN_MAX_RANK, "at most 8 dimensions");
    return vn_shape{ (int32_t)sizeof...(dims), { (int64_t)dims... } };
}
#define VN_SHAPE(...) vn_shape_of_dims_(__VA_ARGS__)
#define VN_SCALAR (vn_shape{})
extern "C" {
#else
#define VN_SHAPE(...) ((vn_shape){ .rank = VN_COUNT_OF_(__VA_ARGS__), .dim = { __VA_ARGS__ } })
#define VN_SCALAR ((vn_shape){ .rank = 0 })
#endif

/* product of the dimensions, 1 for a scalar; INT64_MAX if that is less */
VN_API int64_t vn_shape_size(vn_shape shape);
VN_API bool vn_shape_equal(vn_shape a, vn_shape b);

/* A set of axes, for reductions; negative axes count from the end. */
typedef struct vn_axes {
    int32_t count;
    int32_t axis[VN_MAX_RANK];
} vn_axes;

#ifdef __cplusplus
} /* extern "C" */
template <typename... T> inline vn_axes vn_axes_of_(T... axes)
{
    return vn_axes{ (int32_t)sizeof...(axes), { (int32_t)axes... } };
}
#define VN_AXES(...) vn_axes_of_(__VA_ARGS__)
extern "C" {
#else
#define VN_AXES(...) ((vn_axes){ .count = VN_COUNT_OF_(__VA_ARGS__), .axis = { __VA_ARGS__ } })
#endif

#ifdef __cplusplus
}
#endif
#endif
