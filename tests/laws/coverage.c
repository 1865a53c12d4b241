/* SPDX-License-Identifier: MIT */
/* Every row of the library's tables has a subject: an op, if a program of a subject or of
 * its derivative holds it, or a subject is named after it (stop_gradient leaves no trace in
 * a program); a layer, if a subject is named after it. */
#include <stdlib.h>
#include <string.h>

#include "core/ops/ops.h"
#include "laws/law.h"

static const vn_op *const op_rows[] = {
#define VN_OP(name) &vn__op_##name,
#include "core/ops/ops.def"
#undef VN_OP
};

static const char *const layer_rows[] = {
#define VN_LAYER(name, type) #name,
#include "core/nn/nn.def"
#undef VN_LAYER
};

enum {
    OPS = sizeof op_rows / sizeof op_rows[0],
    LAYERS = sizeof layer_rows / sizeof layer_rows[0]
};

static bool is_word(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool contains(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        if ((at == text || !is_word(at[-1])) && !is_word(at[length]))
            return true;
    return false;
}

static void mark(bool reached[OPS], vn_tree *f, int n, vn_tree *const arg[])
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return;
    vn_tape_print(file, f, n, arg);
    fclose(file);
    for (int i = 0; i < OPS; i++)
        reached[i] = reached[i] || contains(text, op_rows[i]->name);
    free(text);
}

static void mark_subject(bool reached[OPS], const law_subject *s)
{
    vn_tree *arg[LAW_MAX_ARGS + 2], *f = law_function(s), *out;
    int n = law_arity(s);
    law_arguments(arg, s, 1, 0, 0);
    mark(reached, f, n, arg);
    out = vn_call_n(f, n, arg);
    if (s->flags & LAW_NO_DERIVATIVE || !law_has_inexact(out))
        return;
    arg[n] = law_direction(out, 1);
    mark(reached, law_cotangents(f), n + 1, arg);
    vn_tree *first = vn_call_n(law_cotangents(f), n + 1, arg);
    arg[n + 1] = law_direction(first, 2);
    if (first && law_has_inexact(first))
        mark(reached, law_cotangents(law_cotangents(f)), n + 2, arg);
}

static void report(law_run *r, const char *kind, const char *row, bool found)
{
    r->passed += found;
    r->failed += !found;
    if (!found)
        printf("FAIL %s %s has no case\n", kind, row);
}

static bool named(const law_subject *subjects, int n, const char *row, bool layer)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(subjects[i].row, row) && (subjects[i].model != NULL) == layer)
            return true;
    return false;
}

void law_coverage(law_run *r, const law_subject *subjects, int n, bool ops, bool layers)
{
    static bool reached[OPS];
    vn_set_default_dtype(VN_F32);
    for (int i = 0; ops && i < n; i++)
        VN_SCOPE
        {
            mark_subject(reached, &subjects[i]);
            vn_error_clear();
        }
    for (int i = 0; ops && i < OPS; i++) {
        const char *row = op_rows[i]->name;
        report(r, "op", row, reached[i] || named(subjects, n, row, false));
    }
    for (int i = 0; layers && i < LAYERS; i++)
        report(r, "layer", layer_rows[i], named(subjects, n, layer_rows[i], true));
}
