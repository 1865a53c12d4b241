/* SPDX-License-Identifier: MIT */
/* What has no row, and what the draws never reached. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

/* ------------------------------------------------------------- functions of the headers */

/* The text of a header with its comments blanked; NULL if it cannot be read. */
static char *read_header(const char *path)
{
    enum { MOST = 1 << 18 };
    FILE *const file = fopen(path, "r");
    char *const text = calloc(MOST, 1);
    const size_t n = file && text ? fread(text, 1, MOST - 1, file) : 0;
    if (file)
        fclose(file);
    for (char *open = n ? strstr(text, "/*") : NULL; open; open = strstr(open, "/*")) {
        char *const close = strstr(open, "*/");
        memset(open, ' ', close ? (size_t)(close + 2 - open) : strlen(open));
    }
    if (n > 0)
        return text;
    free(text);
    return NULL;
}

static bool has_row(const char *name, size_t length)
{
    static const char *const drawn_together[][2] = {
        { "vn_concat_n", "fuzz_concat" },
        { "vn_stack_n", "fuzz_stack" },
        { "vn_sequential_n", "fuzz_sequential" },
        { "vn_shared", "fuzz_shared" },
    };
    char function[80];
    snprintf(function, sizeof function, "%.*s", (int)length, name);
    for (size_t i = 0; i < sizeof drawn_together / sizeof drawn_together[0]; i++)
        if (!strcmp(drawn_together[i][0], function))
            snprintf(function, sizeof function, "%s", drawn_together[i][1]);
    for (int i = 0; i < fuzz_row_count; i++)
        if (!strcmp(fuzz_rows[i].function, function))
            return true;
    return false;
}

/* Declarations "VN_API .. *vn_name(": functions that make a tree. */
static int missing_in(const char *path)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    char *const text = read_header(path);
    int missing = !text, found = 0;
    for (const char *at = text ? strstr(text, "VN_API") : NULL; at; at = strstr(at, "VN_API")) {
        const char *const star = strpbrk(at + 1, "*;(");
        at += 6;
        if (!star || *star != '*')
            continue;
        const char *const name = star + 1 + strspn(star + 1, " \n");
        const size_t length = strspn(name, word);
        if (name[length] != '(')
            continue;
        found++;
        if (!has_row(name, length)) {
            missing++;
            printf("FAIL %.*s of %s has no row\n", (int)length, name, path);
        }
    }
    if (!found && !strstr(path, "nn.h"))
        printf("FAIL no function found in %s\n", path), missing++;
    free(text);
    return missing;
}

int fuzz_missing_rows(void)
{
    static const char *const headers[] = { "ops", "random" };
    int missing = 0;
    char path[160];
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        snprintf(path, sizeof path, "include/vernal/%s.h", headers[i]);
        missing += missing_in(path);
    }
    char *const layers = read_header("include/vernal/nn.h");
    for (char *at = layers ? strstr(layers, "\"vernal/nn/") : NULL; at;
         at = strstr(at + 1, "\"vernal/nn/")) {
        snprintf(path, sizeof path, "include/%.*s", (int)strcspn(at + 1, "\""), at + 1);
        missing += missing_in(path);
    }
    missing += !layers;
    free(layers);
    return missing;
}

/* --------------------------------------------------------------------- types of layers */

static struct {
    const vn_type *type;
    int built, accepted, refused;
} layers[] = {
#define VN_LAYER(name, row) { .type = &(row) },
#include "core/nn/nn.def"
#undef VN_LAYER
};

enum { LAYERS = sizeof layers / sizeof layers[0] };

void fuzz_built(const vn_type *type)
{
    for (int i = 0; i < LAYERS; i++)
        layers[i].built += layers[i].type == type;
}

void fuzz_called(const vn_type *type, bool accepted)
{
    for (int i = 0; i < LAYERS; i++)
        if (layers[i].type == type) {
            layers[i].accepted += accepted;
            layers[i].refused += !accepted;
        }
}

int fuzz_untested_layers(void)
{
    int untested = 0;
    for (int i = 0; i < LAYERS; i++) {
        const bool calls = layers[i].type->call != NULL;
        if (layers[i].built && (!calls || (layers[i].accepted && layers[i].refused)))
            continue;
        untested++;
        printf("FAIL %s: built %d times, %d calls accepted, %d refused\n", layers[i].type->name,
               layers[i].built, layers[i].accepted, layers[i].refused);
    }
    return untested;
}
