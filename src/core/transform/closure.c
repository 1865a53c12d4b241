/* SPDX-License-Identifier: MIT */
/* closure_convert: what a function uses without being given it becomes a list of arrays.
 *
 * The arrays that it holds (bound by a Partial, fields of a module) are known from its tree. A
 * C function may also reach values of the enclosing transformation through a variable: those
 * show as captured inputs when it is recorded, and the record stands for the function then,
 * since only there can they be given other values. */
#include "core/transform/control.h"
#include "core/transform/trace.h"
#include "vernal/transform.h"

typedef struct closure {
    vn_module base;
    vn_tree *consts;                      /* tuple: arrays of the function, captured values */
    vn_tree *fn, *in_struct, *out_struct; /* static, arrays without numbers */
    vn__tape *tape;                       /* inputs: arrays of fn, of the arguments, captured */
    int64_t n_fn;
} closure;

static void closure_destroy(vn_tree *tree)
{
    vn__tape_release(((closure *)(void *)tree)->tape);
}

static void closure_copied(vn_tree *tree)
{
    (void)vn__tape_retain(((closure *)(void *)tree)->tape);
}

/* Mapped axes and loops are expanded by the planner, they cannot be replayed at once. */
static bool has_unplanned(const vn__tape *tape)
{
    for (int64_t k = 0; k < tape->n_instr; k++) {
        const vn_op *const op = tape->instr[k].op;
        if (op->axes || vn__op_tapes(op, tape->instr[k].attr))
            return true;
    }
    return false;
}

static vn_tree *replay(const closure *self, vn_tree *args)
{
    const vn__tape *const current = vn__tape_current();
    if ((!current || current->eager) && has_unplanned(self->tape))
        return vn_error(VN_ERR_UNSUPPORTED,
                        "filter_closure_convert: a function that captures values and holds a "
                        "vmap or a loop runs inside filter_jit only");
    vn__leaves in = { 0 };
    vn_array *inputs[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS];
    const int64_t n_consts = vn_len(self->consts);
    int64_t n = 0, next = 0;
    bool good = vn__leaves_add(&in, args, vn_is_array) == VN_ERR_OK &&
                in.n + n_consts <= VN__MAX_OPERANDS && self->tape->n_output <= VN__MAX_RESULTS;
    for (int64_t i = 0; good && i < n_consts; i++) {
        for (int64_t k = 0; i == self->n_fn && k < in.n; k++)
            inputs[n++] = in.item[k];
        inputs[n++] = vn_at(self->consts, (int)i);
    }
    vn__leaves_free(&in);
    if (!good)
        return vn_ok() ? vn_error(VN_ERR_LIMIT, "filter_closure_convert: too many arrays")
                       : NULL;
    return vn__tape_inline(out, self->tape, inputs) == VN_ERR_OK
               ? vn__leaves_replace(self->out_struct, vn_is_array, out, &next, true)
               : NULL;
}

static vn_tree *closure_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const closure *const self = (const closure *)(const void *)tree;
    vn_tree *const args = vn_tuple_n(n, arg);
    if (!args)
        return NULL;
    if (!vn__same_signature(self->in_struct, args))
        return vn_error(VN_ERR_STRUCTURE, "filter_closure_convert: the arguments differ in "
                                          "structure, shape, dtype or static leaves from those "
                                          "the function was converted at");
    if (self->tape)
        return replay(self, args);
    vn_array *arrays[VN__MAX_OPERANDS];
    int64_t next = 0;
    for (int i = 0; i < vn_len(self->consts); i++)
        arrays[i] = vn_at(self->consts, i);
    vn_tree *const fn = vn__leaves_replace(self->fn, vn_is_array, arrays, &next, true);
    return fn ? vn_call_n(fn, n, arg) : NULL;
}

static const vn_field closure_fields[] = {
    VN_FIELD(closure, consts, TREE),
    VN_FIELD(closure, fn, STATIC),
    VN_FIELD(closure, in_struct, STATIC),
    VN_FIELD(closure, out_struct, STATIC),
};
static const vn_type closure_type = {
    .name = "filter_closure_convert",
    .kind = VN_KIND_MODULE,
    .size = sizeof(closure),
    .fields = closure_fields,
    .n_fields = 4,
    .call = closure_call,
    .max_args = VN__MAX_OPERANDS,
    .destroy = closure_destroy,
    .copied = closure_copied,
};

/* Arrays of the function, then the values behind the captured inputs. */
static vn_tree *gather_consts(const vn__leaves *fn, vn__tape *tape)
{
    vn_array *all[VN__MAX_OPERANDS];
    if (fn->n + tape->n_captured > VN__MAX_OPERANDS)
        return vn_error(VN_ERR_LIMIT, "filter_closure_convert: more than %d arrays",
                        VN__MAX_OPERANDS);
    for (int64_t i = 0; i < fn->n; i++)
        all[i] = fn->item[i];
    for (int64_t i = 0; i < tape->n_captured; i++)
        all[fn->n + i] = vn__tape_array(tape->parent, tape->captured[i]);
    return vn_tuple_n((int)(fn->n + tape->n_captured), all);
}

vn_tree *vn_filter_closure_convert(vn_tree *f, int n, vn_tree *const arg[])
{
    vn__tape *tape = NULL;
    vn__leaves fn = { 0 };
    if (!f || !vn__no_nulls("filter_closure_convert", n, arg))
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT,
                                  "filter_closure_convert: the function is NULL")
                       : NULL;
    vn_tree *const out = vn__trace_new(&tape, f, true, n, arg);
    vn_tree *const consts = out && vn__leaves_add(&fn, f, vn_is_array) == VN_ERR_OK
                                ? gather_consts(&fn, tape)
                                : NULL;
    vn_tree *const args = consts ? vn__structs_of(vn_tuple_n(n, arg)) : NULL;
    vn_tree *const made =
        args ? vn_module_new(&closure_type, &(closure){ .consts = consts,
                                                        .fn = vn__structs_of(f),
                                                        .in_struct = args,
                                                        .out_struct = out,
                                                        .n_fn = fn.n })
             : NULL;
    if (made && tape->n_captured > 0)
        ((closure *)(void *)made)->tape = vn__tape_retain(tape);
    vn__tape_release(tape);
    vn__leaves_free(&fn);
    return made;
}
