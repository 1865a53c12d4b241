/* SPDX-License-Identifier: MIT */
#include "golden/written.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *golden_after(const golden_case *c, const char *words)
{
    const char *text = json_string(json_get(c->json, "call"), "");
    const char *at = strstr(text, words);
    return at ? at + strlen(words) : NULL;
}

int golden_written_ints(const golden_case *c, const char *words, int n, int64_t out[])
{
    const char *at = golden_after(c, words);
    int found = 0;
    while (at && found < n) {
        char *end;
        out[found] = strtoll(at, &end, 10);
        if (end == at)
            break;
        found++;
        at = end + strspn(end, ":, ");
    }
    return found;
}

/* ---- layers: their arguments as JSON */

/* Names of the arguments by place. */
static const struct {
    const char *class_name, *names[8];
} places[] = {
    { "Conv2d", { "in_channels", "out_channels", "kernel_size", "stride", "padding" } },
    { "MaxPool2d", { "kernel_size", "stride", "padding" } },
    { "Linear", { "in_features", "out_features" } },
    { "MLP", { "in_size", "out_size", "width_size", "depth", "activation" } },
};

static const char *place_name(const char *class_name, int i)
{
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++)
        if (!strcmp(places[k].class_name, class_name) && i < 8)
            return places[k].names[i];
    return NULL;
}

/* One argument as a member of a JSON object; false if its name or value is not understood. */
static bool write_argument(char *out, size_t size, const char *class_name, int place,
                           const char *text, const golden_word *words)
{
    const char *equals = strchr(text, '='), *value = equals ? equals + 1 : text;
    const char *name = place_name(class_name, place);
    int length = equals ? (int)(equals - text) : name ? (int)strlen(name) : 0;
    if (!length)
        return false;
    int used = snprintf(out, size, "\"%.*s\": ", length, equals ? text : name);
    for (; words && words->name; words++)
        if (!strcmp(words->name, value)) {
            snprintf(out + used, size - (size_t)used, "%lld", (long long)words->value);
            return true;
        }
    bool word = isalpha((unsigned char)*value);
    bool literal = !strcmp(value, "True") || !strcmp(value, "False");
    snprintf(out + used, size - (size_t)used, word && !literal ? "\"%s\"" : "%s",
             !literal ? value : *value == 'T' ? "true" : "false");
    return true;
}

/* The arguments between brackets at `at`, without the key, as a JSON object. */
static bool write_arguments(char *out, size_t size, const char *class_name, const char *at,
                            const golden_word *words)
{
    size_t used = (size_t)snprintf(out, size, "{");
    for (int place = 0; *at && *at != ')'; place++) {
        char text[64], member[128];
        at += strspn(at, " ");
        size_t length = 0;
        for (int depth = 0; at[length] && (depth || !strchr(",)", at[length])); length++)
            depth += (at[length] == '(') - (at[length] == ')');
        if (length >= sizeof text || used + sizeof member + 4 > size)
            return false;
        snprintf(text, sizeof text, "%.*s", (int)length, at);
        at += length + (at[length] == ',');
        if (!strncmp(text, "key=", 4))
            continue;
        if (!write_argument(member, sizeof member, class_name, place, text, words))
            return false;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 1 ? ", " : "", member);
    }
    snprintf(out + used, size - used, "}");
    return *at == ')';
}

vn_tree *golden_written_layer(golden_run *r, const char *class_name, int nth,
                              const golden_word *words, vn_array *key)
{
    char opening[64], text[512] = "";
    snprintf(opening, sizeof opening, "%s(", class_name);
    const char *at = golden_after(r->c, opening);
    for (int i = 0; i < nth && at; i++) {
        at = strstr(at, opening);
        at = at ? at + strlen(opening) : NULL;
    }
    json *parsed = at && write_arguments(text, sizeof text, class_name, at, words)
                       ? json_parse(text, NULL)
                       : NULL;
    if (!parsed) {
        golden_skip(r, "the call does not say which %s", class_name);
        return NULL;
    }
    vn_tree *made = golden_build(r, class_name, parsed, key, NULL);
    json_free(parsed);
    return made;
}
