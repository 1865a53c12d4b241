/* SPDX-License-Identifier: MIT */
/* The error of the thread: a status and one line. */
#include "core/base/fail.h"

#include <stdio.h>
#include <string.h>

static _Thread_local vn__error current;
static _Thread_local bool writing_path;
static vn__path_writer *path_writer;

static _Thread_local struct {
    const char *outermost;
    int depth;
    bool clean; /* no error was recorded when the outermost one began */
} named;

bool vn_ok(void) { return current.status == VN_ERR_OK; }

vn_status vn_error_status(void) { return current.status; }

const char *vn_error_message(void)
{
    return current.status == VN_ERR_OK ? "" : current.message;
}

void vn_error_clear(void)
{
    current.status = VN_ERR_OK;
    current.message[0] = '\0';
}

const char *vn_status_string(vn_status status)
{
    static const char *const text[] = {
#define VN_STATUS_TEXT(name, words) [VN_ERR_##name] = words,
        VN_STATUS_LIST(VN_STATUS_TEXT)
#undef VN_STATUS_TEXT
    };
    return (unsigned)status < VN_STATUS_COUNT ? text[status] : "unknown status";
}

void vn__set_path_writer(vn__path_writer *writer)
{
    __atomic_store_n(&path_writer, writer, __ATOMIC_RELEASE);
}

void vn__current_path(char *text, size_t size)
{
    vn__path_writer *const writer = __atomic_load_n(&path_writer, __ATOMIC_ACQUIRE);
    text[0] = '\0';
    if (!writer || writing_path)
        return;
    writing_path = true;
    writer(text, size);
    writing_path = false;
}

vn_status vn__fail_text(vn_status status, const char *text)
{
    if (current.status != VN_ERR_OK)
        return current.status;
    current.status = status;
    snprintf(current.message, sizeof current.message, "%s", text);
    return status;
}

static void append_path(void)
{
    char path[200];
    vn__current_path(path, sizeof path);
    const size_t used = strlen(current.message);
    if (path[0])
        snprintf(current.message + used, sizeof current.message - used, " (in %s)", path);
}

/* "mish: " unless the format begins with it. Returns the length. */
static size_t prepend_name(const char *format)
{
    const size_t length = named.depth > 0 ? strlen(named.outermost) : 0;
    if (length == 0 || (strncmp(format, named.outermost, length) == 0 && format[length] == ':'))
        return 0;
    snprintf(current.message, sizeof current.message, "%s: ", named.outermost);
    return length + 2;
}

void vn__named_begin(const char *name)
{
    if (named.depth++ > 0)
        return;
    named.outermost = name;
    named.clean = vn_ok();
}

/* An error that came over from another thread has no name yet. */
static void name_late(void)
{
    char message[sizeof current.message];
    memcpy(message, current.message, sizeof message);
    const size_t used = prepend_name(message);
    snprintf(current.message + used, sizeof current.message - used, "%s", message);
}

struct vn_tree *vn__named_end(struct vn_tree *result)
{
    if (!result)
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: an operand is NULL", named.outermost);
    if (!result && named.depth == 1 && named.clean)
        name_late();
    named.depth--;
    return result;
}

vn_status vn__vfail(vn_status status, const char *format, va_list args)
{
    if (current.status != VN_ERR_OK)
        return current.status;
    current.status = status;
    char message[sizeof current.message];
    vsnprintf(message, sizeof message, format, args);
    const size_t used = prepend_name(message);
    snprintf(current.message + used, sizeof current.message - used, "%s", message);
    append_path();
    return status;
}

vn_status vn__fail(vn_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const vn_status result = vn__vfail(status, format, args);
    va_end(args);
    return result;
}

struct vn_tree *vn_error(vn_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vn__vfail(status == VN_ERR_OK ? VN_ERR_ARGUMENT : status, format, args);
    va_end(args);
    return NULL;
}

void *vn__fail_memory(size_t bytes)
{
    vn__fail(VN_ERR_MEMORY, "out of memory: %zu bytes", bytes);
    return NULL;
}

void vn__error_take(vn__error *saved)
{
    *saved = current;
    vn_error_clear();
}

void vn__error_restore(const vn__error *saved) { current = *saved; }

const char *vn__shape_text(char text[VN__SHAPE_TEXT], vn_dtype dtype, vn_shape shape)
{
    int used = snprintf(text, VN__SHAPE_TEXT, "%s[", vn_dtype_name(dtype));
    for (int i = 0; i < shape.rank && i < VN_MAX_RANK && used < VN__SHAPE_TEXT - 24; i++)
        used += snprintf(text + used, (size_t)(VN__SHAPE_TEXT - used), i ? ",%lld" : "%lld",
                         (long long)shape.dim[i]);
    snprintf(text + used, (size_t)(VN__SHAPE_TEXT - used), "]");
    return text;
}
