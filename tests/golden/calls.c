/* SPDX-License-Identifier: MIT */
#include "golden/calls.h"

#include <string.h>

#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/random.h"
#include "vernal/transform.h"

/* ---- reading */

#define NAME "%31[A-Za-z0-9_]"

/* One argument at `at`: x, (h, c), key=PRNGKey(5) or inference=True. NULL if it is none of
 * them. */
static const char *read_argument(call_argument *out, const char *at)
{
    int used = 0;
    *out = (call_argument){ .tuple = false };
    long long seed;
    if (sscanf(at, "key=PRNGKey(%lld)%n", &seed, &used) == 1 && used) {
        out->value = seed;
        return at + used;
    }
    char word[8] = "";
    if (sscanf(at, "inference=%5[A-Za-z]%n", word, &used) == 1 && used) {
        out->flag = true;
        out->value = !strcmp(word, "True");
        return at + used;
    }
    if (sscanf(at, "(" NAME ", " NAME ")%n", out->name[0], out->name[1], &used) == 2 && used) {
        out->tuple = true;
        return at + used;
    }
    return sscanf(at, NAME "%n", out->name[0], &used) == 1 ? at + used : NULL;
}

static bool read_arguments(layer_call *out, const char *at)
{
    while (at && *at != ')' && out->n < CALL_MAX_ARGS) {
        at = read_argument(&out->argument[out->n++], at);
        if (at && !strncmp(at, ", ", 2))
            at += 2;
    }
    return at && *at == ')';
}

static bool starts(const char *text, const char *with, const char **after)
{
    size_t length = strlen(with);
    *after = text + length;
    return !strncmp(text, with, length);
}

bool call_read(layer_call *out, const golden_case *c)
{
    const char *text = json_string(json_get(c->json, "call"), ""), *after;
    const char *layer = json_string(json_get(c->json, "layer"), "");
    const char *rotary = strstr(text, "process_heads = RotaryPositionalEmbedding(");
    *out = (layer_call){ .kind = CALL_PLAIN };
    out->attention = !strcmp(layer, "MultiheadAttention");
    long long size = 0;
    if (rotary && sscanf(strchr(rotary, '('), "(%lld, theta=%lf", &size, &out->rotary_theta))
        out->rotary_size = size;
    if (starts(text, "layer(", &after))
        return read_arguments(out, after);
    out->kind = CALL_VMAP;
    if (starts(text, "vmap(layer)(", &after))
        return read_arguments(out, after);
    bool batch = starts(text, "vmap over the batch; ", &after);
    out->kind = batch ? CALL_SCAN_BATCH : CALL_SCAN;
    out->n = 1;
    strcpy(out->argument[0].name[0], "x");
    out->every = strstr(text, "out/0 = all h_k stacked") != NULL;
    return strstr(text, "_0 = 0; ") && (out->every || strstr(text, "out/0 = last h"));
}

/* ---- inputs */

static void key_name(char name[32], int i) { snprintf(name, 32, "key%d", i); }

vn_tree *call_inputs(const layer_call *call, const golden_case *c)
{
    const char *keys[2 * CALL_MAX_ARGS];
    char names[CALL_MAX_ARGS][32];
    vn_tree *items[2 * CALL_MAX_ARGS];
    int n = 0;
    for (int i = 0; i < call->n; i++) {
        const call_argument *a = &call->argument[i];
        if (!a->name[0][0]) {
            key_name(names[i], i);
            keys[n] = names[i];
            items[n++] = a->flag ? vn_bool(a->value) : vn_key(a->value);
        }
        for (int k = 0; a->name[0][0] && k < 1 + a->tuple; k++) {
            bool seen = false; /* layer(x, x, x) */
            for (int j = 0; j < n; j++)
                seen = seen || !strcmp(keys[j], a->name[k]);
            if (seen)
                continue;
            keys[n] = a->name[k];
            items[n++] = golden_input(c, "in/%s", a->name[k]);
        }
    }
    return vn_dict_n(n, keys, items);
}

static vn_tree *input(vn_tree *inputs, const char *name)
{
    for (int i = 0; i < vn_len(inputs); i++)
        if (!strcmp(vn_key_at(inputs, i), name))
            return vn_at(inputs, i);
    return vn_error(VN_ERR_ARGUMENT, "golden: the call has no input %s", name);
}

/* ---- calling */

static vn_tree *rotate_heads(vn_tree *const arg[]) /* embedding, q, k, v */
{
    vn_tree *one = vn_int(1);
    vn_tree *rotate = vn_filter_vmap(
        arg[0], &(vn_vmap_options){ .in_axes = &one, .n_in = 1, .out_axes = one });
    return vn_tuple(vn_call(rotate, arg[1]), vn_call(rotate, arg[2]), arg[3]);
}

static int arguments(vn_tree *arg[], const layer_call *call, vn_tree *inputs)
{
    int n = 0;
    for (int i = 0; i < call->n; i++) {
        const call_argument *a = &call->argument[i];
        char name[32];
        key_name(name, i);
        int place = (call->attention ? 4 : 1) + a->flag; /* of the key, then of the flag */
        while (!a->name[0][0] && n < place)
            arg[n++] = vn_none();
        if (!a->name[0][0])
            arg[n++] = input(inputs, name);
        else if (a->tuple)
            arg[n++] = vn_tuple(input(inputs, a->name[0]), input(inputs, a->name[1]));
        else
            arg[n++] = input(inputs, a->name[0]);
    }
    while (call->rotary_size && n < 6)
        arg[n++] = vn_none();
    if (call->rotary_size) {
        vn_rotary_positional_embedding_options o = { .theta = call->rotary_theta };
        vn_tree *rotary = vn_rotary_positional_embedding(call->rotary_size, &o);
        arg[n++] = vn_partial(vn_function(rotate_heads, 4), rotary);
    }
    return n;
}

static vn_tree *cell_step(vn_tree *const arg[]) /* cell, state, x */
{
    vn_tree *state = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(state, state);
}

static vn_tree *scan_cell(vn_tree *const arg[]) /* cell, xs -> (last, all) */
{
    vn_array *recurrent = vn_get(arg[0], "weight_hh");
    vn_array *zero = vn_zeros(vn_dtype_of(recurrent), VN_SHAPE(vn_dim(recurrent, 1)));
    bool lstm = vn_module_cast(arg[0], &vn_lstm_cell_type) != NULL;
    vn_error_clear();
    vn_tree *step = vn_partial(vn_function(cell_step, 3), arg[0]);
    return vn_scan(step, lstm ? vn_tuple(zero, zero) : zero, arg[1], 0);
}

static vn_tree *last_of_scan(vn_tree *const arg[]) { return vn_at(scan_cell(arg), 0); }
static vn_tree *all_of_scan(vn_tree *const arg[]) { return vn_at(scan_cell(arg), 1); }

static vn_tree *run(const layer_call *call, vn_tree *model, vn_tree *inputs)
{
    vn_tree *arg[CALL_MAX_ARGS], *axes[CALL_MAX_ARGS];
    int n = arguments(arg, call, inputs);
    if (call->kind == CALL_PLAIN)
        return vn_call_n(model, n, arg);
    for (int i = 0; i < n; i++)
        axes[i] = vn_is_none(arg[i]) ? vn_none() : vn_int(0);
    vn_tree *f = model;
    if (call->kind != CALL_VMAP)
        f = vn_partial(vn_function(call->every ? all_of_scan : last_of_scan, 2), model);
    if (call->kind == CALL_SCAN)
        return vn_call_n(f, n, arg);
    f = vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = axes, .n_in = n });
    return vn_call_n(f, n, arg);
}

typedef struct forward {
    vn_module base;
    void *call;
} forward;

static vn_tree *call_forward(vn_tree *self, int n, vn_tree *const arg[])
{
    const forward *me = (const void *)self;
    return n == 1 ? run(me->call, vn_at(arg[0], 0), vn_at(arg[0], 1)) : NULL;
}

static const vn_field forward_fields[] = { VN_FIELD(forward, call, POINTER) };
static const vn_type forward_type = VN_MODULE_TYPE(forward, forward_fields, call_forward, 1, 1);

vn_tree *call_function(const layer_call *call)
{
    forward init = { .call = NULL };
    memcpy(&init.call, &call, sizeof call);
    return vn_module_new(&forward_type, &init);
}
