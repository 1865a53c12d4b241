/* SPDX-License-Identifier: MIT */
/* The tape: the write-once record of a function. Appended by one thread without locks, sealed,
 * then read by all threads without locks.
 *
 * A value has the aval of one example and a set of mapped axes. A tape is symbolic (numbers
 * unknown: inside filter_jit) or eager (every value also has its numbers). The body of a loop
 * is a child tape: it shares the axes of its root, and a value of an ancestor used in it
 * becomes a captured input. */
#ifndef VN_CORE_TAPE_TAPE_H
#define VN_CORE_TAPE_TAPE_H

#include "core/base/alloc.h"
#include "core/base/fail.h"
#include "core/tree/tree.h"
#include "vernal/op.h"

#define VN__MAX_AXES     64
#define VN__MAX_OPERANDS 1024
#define VN__MAX_RESULTS  1024
#define VN__NO_INSTR     UINT32_MAX

typedef struct vn__value {
    vn_aval aval;
    uint64_t axes;  /* mapped axes */
    uint32_t instr; /* that made it; VN__NO_INSTR: input or constant */
    bool constant;
    vn_array *known; /* the numbers (constants, eager values), retained; else NULL */
} vn__value;

static inline int64_t vn__aval_bytes(vn_aval a)
{
    return vn_shape_size(a.shape) * (int64_t)vn_dtype_size(a.dtype);
}

typedef struct vn__instr {
    const vn_op *op;
    const void *attr;
    uint32_t *in; /* values */
    int32_t n_in, n_out;
    uint32_t out; /* first result; the others follow */
} vn__instr;

typedef struct vn__axis {
    int64_t size;
    char name[32]; /* "" if unnamed */
    bool open;     /* its vmap is being recorded: collectives may name it */
    bool leads;    /* a plan puts it before larger axes inside of it (plan/axes.c) */
} vn__axis;

typedef struct vn__tape {
    int32_t refs;
    bool eager, sealed;
    struct vn__tape *parent; /* retained; NULL for a root */
    vn__arena arena;
    vn__instr *instr;
    vn__value *value;
    int64_t n_instr, instr_capacity, n_value, value_capacity;
    uint32_t *input; /* values that are inputs, in order */
    int64_t n_input, input_capacity;
    uint32_t *output; /* set by vn__tape_seal */
    int64_t n_output;
    uint32_t *captured;      /* of a child: value of the parent behind each captured input */
    uint32_t *capture_input; /* ... and the input that stands for it */
    int64_t n_captured, captured_capacity, capture_input_capacity;
    vn__axis axis[VN__MAX_AXES]; /* of a root */
    int n_axes;
    uint32_t *open; /* marks of the differentiations that have not ended */
    int64_t n_open, open_capacity;
    vn_tree **kept; /* trees that attributes point to, retained */
    int64_t n_kept, kept_capacity;
    struct vn__tape **child; /* tapes that attributes point to, retained */
    int64_t n_child, child_capacity;
} vn__tape;

vn__tape *vn__tape_new(vn__tape *parent, bool eager);
vn__tape *vn__tape_retain(vn__tape *tape);
void vn__tape_release(vn__tape *tape);
/* Keeps a tree or a tape alive as long as the tape. */
vn_status vn__tape_keep(vn__tape *tape, vn_tree *tree);
vn_status vn__tape_keep_child(vn__tape *tape, vn__tape *child);
vn__tape *vn__tape_root(vn__tape *tape);
/* True if a is b or an ancestor of b. */
bool vn__tape_encloses(const vn__tape *a, const vn__tape *b);

/* A new input. known: its numbers (eager), or NULL. */
vn_array *vn__tape_input(vn__tape *tape, vn_aval aval, uint64_t axes, vn_array *known);
/* The value as an array object (with numbers if it has them). */
vn_array *vn__tape_array(vn__tape *tape, uint32_t value);
/* The number of x on this tape: its own, a new constant, or a captured input. UINT32_MAX on
 * error. */
uint32_t vn__tape_import(vn__tape *tape, vn_array *x);
/* Appends one instruction, results in order from the returned value on (UINT32_MAX on error).
 * attr is copied. out avals and axes are given; numbers come later by vn__tape_set_known. */
uint32_t vn__tape_append(vn__tape *tape, const vn_op *op, const void *attr, int n_in,
                         const uint32_t in[], int n_out, const vn_aval out[], uint64_t axes);
vn_status vn__tape_set_known(vn__tape *tape, uint32_t value, vn_array *known);
/* Ends the recording: outputs are arrays (of this tape, or constants). */
vn_status vn__tape_seal(vn__tape *tape, int n, vn_array *const outputs[]);

/* A new axis on the root of the tape; its number, or -1 (limit). name may be NULL. */
int vn__tape_axis_new(vn__tape *tape, int64_t size, const char *name);
const vn__axis *vn__tape_axis(const vn__tape *tape, int axis);
/* The axis of that name on the innermost symbolic tape of the thread; -1 and an error if
 * none. */
int vn__axis_find(const char *who, const char *name);

/* The innermost tape the thread is recording on (symbolic or eager), NULL: none. */
vn__tape *vn__tape_current(void);
void vn__tape_push(vn__tape *tape);
void vn__tape_pop(void);
/* Hides the tapes being recorded from what the thread does until vn__tape_resume(what it
 * returned). */
int vn__tape_suspend(void);
void vn__tape_resume(int suspended);

/* The tape of x, or NULL. */
static inline vn__tape *vn__tape_of(const vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    return a ? a->tape : NULL;
}

/* Records on this tape even if no operand is a value of it (operations without operands). */
vn_status vn__record(vn_array *out[], vn__tape *tape, const vn_op *op, const void *attr,
                     int n_in, vn_array *const in[], uint64_t axes);

/* Number of results of an op. */
static inline int vn__results(const vn_op *op, const void *attr)
{
    return op->results ? op->results(attr) : op->n_out ? op->n_out : 1;
}

/* Evaluates an op on plain arrays (no tape): allocates the results. */
vn_status vn__evaluate(vn_array *out[], const vn_op *op, const void *attr, int n_in,
                       vn_array *const in[], const vn_aval out_aval[]);

/* The parts of an evaluation (op->parts) over all workers, whose scratch is bytes each. shared:
 * room for what all of them read and is prepared first, vn__shared_bytes. */
int64_t vn__shared_bytes(const vn_op *op, const void *attr, const vn_aval in[], int n_in);
void vn__evaluate_parts(const vn_op *op, const vn_eval *e, int64_t parts, char *scratch,
                        int64_t bytes, void *shared);

/* Records the program of a sealed tape again on inputs (values or numbers):
 * outputs[n_output]. */
vn_status vn__tape_inline(vn_array *outputs[], const vn__tape *tape, vn_array *const inputs[]);

#endif
