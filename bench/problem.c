/* SPDX-License-Identifier: MIT */
/* Problem lines: words into a struct. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

bool bench_complain(const bench_problem *p, const char *what)
{
    fprintf(stderr, "vernal-bench: \"%s\": %s\n", p->text, what);
    if (p->family)
        fprintf(stderr, "  %s %s\n", p->family->name, p->family->usage);
    return false;
}

/* Is the word one of these, which are separated by spaces? */
static bool among(const char *words, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = words; *at;) {
        const size_t length = strcspn(at, " ");
        if (length == n && !strncmp(at, word, n))
            return true;
        at += length + (at[length] == ' ');
    }
    return false;
}

static bool set_dtype(bench_problem *p, const char *word)
{
    static const vn_dtype dtypes[] = { VN_F32, VN_F64 };
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(word, vn_dtype_name(dtypes[i]))) {
            p->dtype = dtypes[i];
            return true;
        }
    return false;
}

static bool set_dims(bench_problem *p, const char *word)
{
    for (const char *at = word; *at;) {
        char *end;
        const long long value = strtoll(at, &end, 10);
        if (end == at || (*end && *end != '-') || value < 1)
            return bench_complain(p, "sizes are positive numbers between -");
        if (p->n_dims == BENCH_MAX_DIMS)
            return bench_complain(p, "too many sizes");
        p->dim[p->n_dims++] = value;
        at = end + (*end == '-');
    }
    return true;
}

static bool set_option(bench_problem *p, char *word, char *equals)
{
    *equals = 0;
    if (!among(p->family->keys, word) && strcmp(word, "threads") != 0)
        return bench_complain(p, "this family has no such option");
    if (p->n_options == BENCH_MAX_OPTIONS)
        return bench_complain(p, "too many options");
    const int i = p->n_options++;
    snprintf(p->option[i].key, BENCH_WORD, "%s", word);
    snprintf(p->option[i].value, BENCH_WORD, "%s", equals + 1);
    return true;
}

static bool set_word(bench_problem *p, char *word)
{
    char *const equals = strchr(word, '=');
    if (strlen(word) >= BENCH_WORD && !isdigit((unsigned char)*word))
        return bench_complain(p, "a word is too long");
    if (equals)
        return set_option(p, word, equals);
    if (set_dtype(p, word))
        return true;
    if (isdigit((unsigned char)*word))
        return set_dims(p, word);
    if (!among(p->family->modes, word))
        return bench_complain(p, "a word that this family does not know");
    snprintf(p->mode, BENCH_WORD, "%s", word);
    return true;
}

static const bench_family *find_family(const char *name)
{
    for (int i = 0; bench_families[i]; i++)
        if (!strcmp(bench_families[i]->name, name))
            return bench_families[i];
    return NULL;
}

/* Spaces at the ends go, others become one. */
static bool tidy(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        const bool space = isspace((unsigned char)*text);
        if (space && (!n || out[n - 1] == ' '))
            continue;
        if (n + 1 == size)
            return false;
        out[n++] = space ? ' ' : *text;
    }
    out[n - (n && out[n - 1] == ' ')] = 0;
    return true;
}

bool bench_parse(bench_problem *p, const char *text)
{
    *p = (bench_problem){ .dtype = VN_F32 };
    if (!tidy(p->text, sizeof p->text, text))
        return bench_complain(p, "too long");
    char words[BENCH_LINE];
    memcpy(words, p->text, sizeof words);
    char *rest = NULL, *word = strtok_r(words, " ", &rest);
    p->family = word ? find_family(word) : NULL;
    if (!p->family)
        return bench_complain(p, "no such family; vernal-bench --help lists them");
    snprintf(p->mode, BENCH_WORD, "%.*s", (int)strcspn(p->family->modes, " "),
             p->family->modes);
    while ((word = strtok_r(NULL, " ", &rest)) != NULL)
        if (!set_word(p, word))
            return false;
    return true;
}

bool bench_is(const bench_problem *p, const char *mode) { return !strcmp(p->mode, mode); }

const char *bench_word(const bench_problem *p, const char *key, const char *otherwise)
{
    for (int i = 0; i < p->n_options; i++)
        if (!strcmp(p->option[i].key, key))
            return p->option[i].value;
    return otherwise;
}

int64_t bench_int(const bench_problem *p, const char *key, int64_t otherwise)
{
    const char *const word = bench_word(p, key, NULL);
    return word ? strtoll(word, NULL, 10) : otherwise;
}

double bench_real(const bench_problem *p, const char *key, double otherwise)
{
    const char *const word = bench_word(p, key, NULL);
    return word ? strtod(word, NULL) : otherwise;
}
