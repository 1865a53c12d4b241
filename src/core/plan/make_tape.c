/* SPDX-License-Identifier: MIT */
/* The record of a function as an object: to be read, and to be called on the flat list of its
 * inputs. */
#include <stdlib.h>

#include "core/plan/plan.h"
#include "core/transform/trace.h"
#include "vernal/transform.h"

typedef struct recorded {
    vn_module base;
    vn_tree *fn;   /* its arrays are the constants */
    vn_tree *args; /* static: tuple, arrays without numbers in place of the inputs */
    vn__tape *tape;
} recorded;

static void recorded_destroy(vn_tree *tree)
{
    vn__tape_release(((recorded *)(void *)tree)->tape);
}

static void recorded_copied(vn_tree *tree)
{
    (void)vn__tape_retain(((recorded *)(void *)tree)->tape);
}

static vn_tree *recorded_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const recorded *const self = (const recorded *)(const void *)tree;
    vn__leaves in = { 0 }, out = { 0 };
    int64_t next = 0;
    bool good = vn__leaves_add(&in, self->args, vn_is_array) == VN_ERR_OK;
    if (good && in.n != n)
        good = vn__fail(VN_ERR_ARGUMENT, "tape: %d arguments, it has %lld inputs", n,
                        (long long)in.n) == VN_ERR_OK;
    for (int i = 0; good && i < n; i++)
        good = vn__same_signature(in.item[i], arg[i]) ||
               vn__fail(VN_ERR_SHAPE, "tape: input %d has another dtype or shape", i) ==
                   VN_ERR_OK;
    vn_tree *const args =
        good ? vn__leaves_replace(self->args, vn_is_array, arg, &next, true) : NULL;
    vn_tree *const result = args ? vn__call_tuple(self->fn, args) : NULL;
    good = result && vn__leaves_add(&out, result, vn_is_array) == VN_ERR_OK;
    vn_tree *const arrays = good ? vn_tuple_n((int)out.n, out.item) : NULL;
    vn__leaves_free(&in);
    vn__leaves_free(&out);
    return arrays;
}

static const vn_field recorded_fields[] = {
    VN_FIELD(recorded, fn, TREE),
    VN_FIELD(recorded, args, STATIC),
};
static const vn_type recorded_type = {
    .name = "tape",
    .kind = VN_KIND_MODULE,
    .size = sizeof(recorded),
    .fields = recorded_fields,
    .n_fields = 2,
    .call = recorded_call,
    .max_args = VN__MAX_OPERANDS,
    .destroy = recorded_destroy,
    .copied = recorded_copied,
};

vn_tree *vn_filter_make_tape(vn_tree *f, int n, vn_tree *const arg[])
{
    vn__tape *tape = NULL;
    vn_tree *dynamic, *fixed;
    if (!f || !vn__no_nulls("filter_make_tape", n, arg))
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT,
                                  "filter_make_tape: the function is NULL")
                       : NULL;
    vn_tree *const out = vn__trace_new(&tape, f, false, n, arg);
    vn_tree *const args = out ? vn__structs_of(vn_tuple_n(n, arg)) : NULL;
    vn_tree *const made =
        args ? vn_module_new(&recorded_type, &(recorded){ .fn = f, .args = args }) : NULL;
    if (made)
        ((recorded *)(void *)made)->tape = vn__tape_retain(tape);
    vn__tape_release(tape);
    return made && vn_partition(&dynamic, &fixed, out, vn_is_array) == VN_ERR_OK
               ? vn_tuple(made, dynamic, fixed)
               : NULL;
}

static const vn__tape *tape_in(const vn_tree *tree)
{
    const recorded *const self = vn_module_cast(tree, &recorded_type);
    return self ? self->tape : NULL;
}

int vn_tape_length(const vn_tree *tape)
{
    const vn__tape *const t = tape_in(tape);
    return t ? (int)t->n_instr : 0;
}

const char *vn_tape_op(const vn_tree *tape, int i)
{
    const vn__tape *const t = tape_in(tape);
    if (t && i >= 0 && i < t->n_instr)
        return t->instr[i].op->name;
    vn__fail(VN_ERR_ARGUMENT, "tape_op: instruction %d of %d", i, t ? (int)t->n_instr : 0);
    return NULL;
}

vn_tree *vn_tape_text(const vn_tree *tape)
{
    char *text = NULL;
    size_t size = 0;
    const vn__tape *const t = tape_in(tape);
    FILE *const file = t ? open_memstream(&text, &size) : NULL;
    if (!file)
        return t ? vn_error(VN_ERR_MEMORY, "tape_text: out of memory") : NULL;
    vn__tape_describe(file, t);
    vn_tree *const leaf = fclose(file) == 0
                              ? vn_string(text)
                              : vn_error(VN_ERR_MEMORY, "tape_text: out of memory");
    free(text);
    return leaf;
}
