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

/* What is not drawn for, and why. */
static const struct {
    const char *function, *why;
} others[] = {
    { "vn_retain", "every drawn assignment does it" },
    { "vn_release", "every drawn assignment does it" },
    { "vn_scope_open", "every draw is in a scope" },
    { "vn_scope_close", "every draw is in a scope" },
    { "vn_finish", "every run ends with it" },
    { "vn_error", "its format is the caller's word" },
    { "vn_error_clear", "every draw ends with it" },
    { "vn_module_new", "a type and a struct are the caller's word; core/modules" },
    { "vn_op_apply", "an op and its attributes are the caller's word; laws/ops" },
    { "vn_op_apply_n", "an op and its attributes are the caller's word; laws/ops" },
    { "vn_tree_pprint", "prints what vn_tree_pformat gives" },
    { "vn_plan_destroy", "in fuzz_plan_create" },
    { "vn_plan_inputs", "in fuzz_plan_create" },
    { "vn_plan_outputs", "in fuzz_plan_create" },
    { "vn_plan_input_dtype", "in fuzz_plan_create" },
    { "vn_plan_output_dtype", "in fuzz_plan_create" },
    { "vn_plan_input_shape", "in fuzz_plan_create" },
    { "vn_plan_output_shape", "in fuzz_plan_create" },
    { "vn_plan_workspace", "in fuzz_plan_create" },
    { "vn_plan_workspace_per_worker", "in fuzz_plan_create" },
    { "vn_plan_flops", "in fuzz_plan_create" },
    { "vn_plan_run", "in fuzz_plan_create" },
    { "vn_set_on_error", "for the whole process; laws/conformance_loops" },
    { "vn_set_num_threads", "for the whole process; stress/pool" },
    { "vn_set_threefry_partitionable", "for the whole thread; conformance/row_programs" },
    { "vn_set_verbose", "would fill the terminal" },
    { "vn_set_cache_limit", "for the whole process; core/large" },
    { "vn_set_tune", "for the whole process, and takes its time; laws/tune" },
    { "vn_tree_serialise_leaves", "a file with drawn bytes; core/eqx" },
    { "vn_tree_deserialise_leaves", "a file with drawn bytes; core/eqx" },
    { "vn_tree_serialise_leaves_to", "a file with drawn bytes; core/eqx" },
    { "vn_tree_deserialise_leaves_from", "a file with drawn bytes; core/eqx" },
    { "vn_tree_serialise_leaves_spec", "a file with drawn bytes; core/rules" },
    { "vn_tree_deserialise_leaves_spec", "a file with drawn bytes; core/rules" },
    { "vn_tree_serialise_leaves_spec_to", "a file with drawn bytes; core/rules" },
    { "vn_tree_deserialise_leaves_spec_from", "a file with drawn bytes; core/rules" },
    { "vn_leaf_save", "called by a rule; core/rules" },
    { "vn_leaf_load", "called by a rule; core/rules" },
    { "vn_leaf_write", "called by a rule; core/rules" },
    { "vn_leaf_read", "called by a rule; core/rules" },
    { "vn_json_write_line", "a file with the text that is drawn; core/json" },
    { "vn_json_read_line", "a file with the text that is drawn; core/json" },
    { "vn_safetensors_save", "a file with drawn bytes; core/safetensors" },
    { "vn_safetensors_load", "a file with drawn bytes; core/safetensors" },
    { "vn_safetensors_metadata", "damaged files: core/safetensors" },
    { "vn_npz_save", "a file with drawn bytes; core/npz" },
    { "vn_npz_load", "a file with drawn bytes; core/npz" },
    { "vn_npy_load", "damaged files: core/npy" },
    { "vn_npy_save", "damaged files: core/npy" },
    { "vn_npy_read", "damaged files: core/npy" },
    { "vn_npy_write", "damaged files: core/npy" },
    { "vn_idx_load", "damaged files: core/idx" },
    { "vn_csv_load", "damaged files: core/csv" },
};

/* A row vn_x, or a function of the tests fuzz_x for vn_x or vn_x_n. */
static bool has_row(const char *name, size_t length)
{
    char function[80], drawn[80];
    snprintf(function, sizeof function, "%.*s", (int)length, name);
    snprintf(drawn, sizeof drawn, "fuzz_%.*s", (int)length - 3, name + 3);
    const size_t end = strlen(drawn) - 2;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!strcmp(others[i].function, function))
            return true;
    for (int i = 0; i < fuzz_row_count; i++) {
        const char *const row = fuzz_rows[i].function;
        if (!strcmp(row, function) || !strcmp(row, drawn) ||
            (!strcmp(drawn + end, "_n") && strlen(row) == end && !strncmp(row, drawn, end)))
            return true;
    }
    return false;
}

/* Declarations "VN_API .. vn_name(". */
static int missing_in(const char *path)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    char *const text = read_header(path);
    int missing = !text, found = 0;
    for (const char *at = text ? strstr(text, "VN_API ") : NULL; at;
         at = strstr(at, "VN_API ")) {
        const char *const open = strpbrk(at, "(;");
        at += 6;
        if (!open || *open != '(')
            continue;
        const char *name = open;
        while (name > at && strchr(word, name[-1]))
            name--;
        if (strncmp(name, "vn_", 3) != 0)
            continue; /* the macro itself */
        found++;
        if (!has_row(name, (size_t)(open - name))) {
            missing++;
            printf("FAIL %.*s of %s has no row\n", (int)(open - name), name, path);
        }
    }
    if (!found && text)
        printf("FAIL no function found in %s\n", path), missing++;
    free(text);
    return missing;
}

/* The headers that a header includes. */
static int missing_below(const char *umbrella)
{
    char path[160];
    int missing = 0, found = 0;
    char *const text = read_header(umbrella);
    for (char *at = text ? strstr(text, "\"vernal/") : NULL; at;
         at = strstr(at + 1, "\"vernal/"), found++) {
        snprintf(path, sizeof path, "include/%.*s", (int)strcspn(at + 1, "\""), at + 1);
        missing += !strcmp(path, "include/vernal/nn.h") ? missing_below(path)
                                                        : missing_in(path);
    }
    free(text);
    if (!found)
        printf("FAIL no header found in %s\n", umbrella);
    return missing + !found;
}

int fuzz_missing_rows(void) { return missing_below("include/vernal.h"); }

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

bool fuzz_is_layer(const vn_type *type)
{
    for (int i = 0; i < LAYERS; i++)
        if (layers[i].type == type)
            return true;
    return false;
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
