/* SPDX-License-Identifier: MIT */
/* Building a tape: values, instructions, axes, captured values. */
#include "core/tape/tape.h"

#include <string.h>

#define MAX_NESTING 32

static _Thread_local vn__tape *recording[MAX_NESTING];
static _Thread_local int n_recording;

/* Tapes below this depth are hidden. */
static _Thread_local int hidden;

vn__tape *vn__tape_current(void)
{
    return n_recording > hidden ? recording[n_recording - 1] : NULL;
}

int vn__tape_suspend(void)
{
    const int before = hidden;
    hidden = n_recording;
    return before;
}

void vn__tape_resume(int suspended) { hidden = suspended; }

void vn__tape_push(vn__tape *tape)
{
    if (n_recording < MAX_NESTING)
        recording[n_recording++] = tape;
    else
        vn__fail(VN_ERR_LIMIT, "transformations are nested more than %d deep", MAX_NESTING);
}

void vn__tape_pop(void)
{
    if (n_recording)
        n_recording--;
}

vn__tape *vn__tape_new(vn__tape *parent, bool eager)
{
    vn__set_tape_release(vn__tape_release);
    vn__tape *const tape = vn__alloc_zero(sizeof *tape);
    if (!tape)
        return NULL;
    tape->refs = 1;
    tape->eager = eager;
    tape->parent = parent; /* which keeps its children, and outlives them */
    return tape;
}

vn__tape *vn__tape_retain(vn__tape *tape)
{
    if (tape)
        __atomic_add_fetch(&tape->refs, 1, __ATOMIC_RELAXED);
    return tape;
}

/* Values hold numbers, numbers may hold tapes of their own; a tape never holds itself. */
void vn__tape_release(vn__tape *tape)
{
    if (!tape || __atomic_sub_fetch(&tape->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (int64_t i = 0; i < tape->n_value; i++)
        vn_release(tape->value[i].known);
    for (int64_t i = 0; i < tape->n_kept; i++)
        vn_release(tape->kept[i]);
    for (int64_t i = 0; i < tape->n_child; i++) {
        tape->child[i]->parent = NULL;
        vn__tape_release(tape->child[i]);
    }
    vn__free(tape->instr);
    vn__free(tape->value);
    vn__free(tape->input);
    vn__free(tape->output);
    vn__free(tape->captured);
    vn__free(tape->capture_input);
    vn__free(tape->open);
    vn__free(tape->kept);
    vn__free(tape->child);
    vn__arena_free(&tape->arena);
    vn__free(tape);
}

vn_status vn__tape_keep(vn__tape *tape, vn_tree *tree)
{
    if (!tree ||
        !vn__grow(&tape->kept, &tape->kept_capacity, tape->n_kept + 1, sizeof *tape->kept))
        return vn__fail(VN_ERR_NULL_ARGUMENT, "tape: nothing to keep");
    tape->kept[tape->n_kept++] = vn_retain(tree);
    return VN_ERR_OK;
}

vn_status vn__tape_keep_child(vn__tape *tape, vn__tape *child)
{
    if (!vn__grow(&tape->child, &tape->child_capacity, tape->n_child + 1, sizeof *tape->child))
        return vn_error_status();
    tape->child[tape->n_child++] = vn__tape_retain(child);
    return VN_ERR_OK;
}

vn__tape *vn__tape_root(vn__tape *tape)
{
    while (tape->parent)
        tape = tape->parent;
    return tape;
}

bool vn__tape_encloses(const vn__tape *a, const vn__tape *b)
{
    while (b && b != a)
        b = b->parent;
    return b == a;
}

/* ----------------------------------------------------------------------- values */

static uint32_t new_value(vn__tape *tape, vn_aval aval, uint64_t axes)
{
    if (tape->n_value >= UINT32_MAX - 1 ||
        !vn__grow(&tape->value, &tape->value_capacity, tape->n_value + 1, sizeof *tape->value))
        return UINT32_MAX;
    tape->value[tape->n_value] =
        (vn__value){ .aval = aval, .axes = axes, .instr = VN__NO_INSTR };
    return (uint32_t)tape->n_value++;
}

static uint32_t new_input(vn__tape *tape, vn_aval aval, uint64_t axes)
{
    if (!vn__grow(&tape->input, &tape->input_capacity, tape->n_input + 1, sizeof *tape->input))
        return UINT32_MAX;
    const uint32_t id = new_value(tape, aval, axes);
    if (id != UINT32_MAX)
        tape->input[tape->n_input++] = id;
    return id;
}

vn_status vn__tape_set_known(vn__tape *tape, uint32_t value, vn_array *known)
{
    if (!known)
        return vn_error_status();
    vn_array *const plain = vn__array_detach(known);
    if (!plain)
        return vn_error_status();
    vn_release(tape->value[value].known);
    tape->value[value].known = vn_retain(plain);
    return VN_ERR_OK;
}

vn_array *vn__tape_array(vn__tape *tape, uint32_t value)
{
    if (value == UINT32_MAX)
        return NULL;
    const vn__value *const v = &tape->value[value];
    if (v->constant)
        return v->known;
    vn_array *x;
    if (v->known) {
        x = vn__array_view(v->known, v->aval.shape, 0);
    } else {
        vn__array *const fresh = vn__array_new(v->aval.dtype, v->aval.shape);
        x = fresh ? &fresh->base : NULL;
    }
    if (!x)
        return NULL;
    vn__array *const a = (vn__array *)(void *)x;
    a->tape = vn__tape_retain(tape);
    a->value = value;
    a->axes = v->axes;
    return x;
}

vn_array *vn__tape_input(vn__tape *tape, vn_aval aval, uint64_t axes, vn_array *known)
{
    const uint32_t id = new_input(tape, aval, axes);
    if (id == UINT32_MAX || (known && vn__tape_set_known(tape, id, known) != VN_ERR_OK))
        return NULL;
    return vn__tape_array(tape, id);
}

static uint32_t import_constant(vn__tape *tape, vn_array *x)
{
    if (!vn_data(x))
        return UINT32_MAX;
    const uint32_t id = new_value(tape, (vn_aval){ vn_dtype_of(x), vn_shape_of(x) }, 0);
    if (id == UINT32_MAX)
        return id;
    tape->value[id].known = vn_retain(x);
    tape->value[id].constant = true;
    return id;
}

static uint32_t capture(vn__tape *tape, vn_array *x)
{
    const uint32_t outer = vn__tape_import(tape->parent, x);
    if (outer == UINT32_MAX)
        return outer;
    for (int64_t i = 0; i < tape->n_captured; i++)
        if (tape->captured[i] == outer)
            return tape->capture_input[i];
    if (!vn__grow(&tape->captured, &tape->captured_capacity, tape->n_captured + 1,
                  sizeof *tape->captured) ||
        !vn__grow(&tape->capture_input, &tape->capture_input_capacity, tape->n_captured + 1,
                  sizeof *tape->capture_input))
        return UINT32_MAX;
    const vn__value v = tape->parent->value[outer];
    const uint32_t id = new_input(tape, v.aval, v.axes);
    if (id == UINT32_MAX)
        return id;
    tape->captured[tape->n_captured] = outer;
    tape->capture_input[tape->n_captured++] = id;
    return id;
}

uint32_t vn__tape_import(vn__tape *tape, vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    if (!a)
        return UINT32_MAX;
    if (a->tape == tape)
        return a->value;
    if (!a->tape)
        return import_constant(tape, x);
    if (tape->parent && vn__tape_encloses(a->tape, tape))
        return capture(tape, x);
    vn__fail(VN_ERR_TRACE,
             "a value recorded by one transformation is used in another that does not "
             "enclose it (it escaped through a variable?)");
    return UINT32_MAX;
}

/* ----------------------------------------------------------------- instructions */

uint32_t vn__tape_append(vn__tape *tape, const vn_op *op, const void *attr, int n_in,
                         const uint32_t in[], int n_out, const vn_aval out[], uint64_t axes)
{
    if (tape->sealed) {
        vn__fail(VN_ERR_TRACE, "%s: a value is used after its transformation has ended",
                 op->name);
        return UINT32_MAX;
    }
    if (!vn__grow(&tape->instr, &tape->instr_capacity, tape->n_instr + 1, sizeof *tape->instr))
        return UINT32_MAX;
    vn__instr instr = { .op = op, .n_in = n_in, .n_out = n_out };
    void *const copy = op->attr_size ? vn__arena_alloc(&tape->arena, op->attr_size) : NULL;
    instr.in = vn__arena_alloc(&tape->arena, (size_t)(n_in ? n_in : 1) * sizeof *in);
    if ((op->attr_size && !copy) || !instr.in)
        return UINT32_MAX;
    if (copy)
        memcpy(copy, attr, op->attr_size);
    if (n_in)
        memcpy(instr.in, in, (size_t)n_in * sizeof *in);
    instr.attr = copy;
    for (int j = 0; j < n_out; j++) {
        const uint32_t id = new_value(tape, out[j], axes);
        if (id == UINT32_MAX)
            return id;
        tape->value[id].instr = (uint32_t)tape->n_instr;
        instr.out = j ? instr.out : id;
    }
    tape->instr[tape->n_instr++] = instr;
    return instr.out;
}

vn_status vn__tape_seal(vn__tape *tape, int n, vn_array *const outputs[])
{
    tape->output = vn__alloc((size_t)(n ? n : 1) * sizeof *tape->output);
    if (!tape->output)
        return vn_error_status();
    for (int i = 0; i < n; i++) {
        tape->output[i] = vn__tape_import(tape, outputs[i]);
        if (tape->output[i] == UINT32_MAX)
            return vn_ok() ? vn__fail(VN_ERR_STRUCTURE, "an output is not an array")
                           : vn_error_status();
    }
    tape->n_output = n;
    tape->sealed = true;
    return VN_ERR_OK;
}

/* ------------------------------------------------------------------------- axes */

int vn__tape_axis_new(vn__tape *tape, int64_t size, const char *name)
{
    vn__tape *const root = vn__tape_root(tape);
    if (root->n_axes == VN__MAX_AXES) {
        vn__fail(VN_ERR_LIMIT, "more than %d vmaps in one program", VN__MAX_AXES);
        return -1;
    }
    vn__axis *const axis = &root->axis[root->n_axes];
    axis->size = size;
    axis->open = true;
    if (name && strlen(name) >= sizeof axis->name) {
        vn__fail(VN_ERR_LIMIT, "axis name '%s' is longer than %zu characters", name,
                 sizeof axis->name - 1);
        return -1;
    }
    strcpy(axis->name, name ? name : "");
    return root->n_axes++;
}

const vn__axis *vn__tape_axis(const vn__tape *tape, int axis)
{
    while (tape->parent)
        tape = tape->parent;
    return &tape->axis[axis];
}

int vn__axis_find(const char *who, const char *name)
{
    vn__tape *const tape = vn__tape_current();
    const vn__tape *const root = tape && !tape->eager ? vn__tape_root(tape) : NULL;
    for (int i = root && name ? root->n_axes - 1 : -1; i >= 0; i--)
        if (name[0] && strcmp(root->axis[i].name, name) == 0 && root->axis[i].open)
            return i;
    vn__fail(VN_ERR_ARGUMENT, "%s: no vmap with axis name '%s' encloses the call", who,
             name ? name : "(null)");
    return -1;
}
