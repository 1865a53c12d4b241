/* SPDX-License-Identifier: MIT */
/* A program: the compiled form of a tape or of one stage of it. A list of steps over places;
 * running it allocates nothing.
 *
 * A program runs either plainly, or for a tile of examples: `panels` panels of `lanes` examples
 * each. A value that is mapped over the lane axis is stored as [panel][loop
 * axes..][features..][lanes], another one as [loop axes..][features..]; loop axes are the
 * remaining mapped axes, lowest first. */
#ifndef VN_CORE_PLAN_PROGRAM_H
#define VN_CORE_PLAN_PROGRAM_H

#include "core/transform/control.h"
#include "core/transform/error_if.h"
#include "kernels/provider.h"

typedef enum vn__space {
    VN__SPACE_WORK,
    VN__SPACE_IN,
    VN__SPACE_OUT,
    VN__SPACE_CONST
} vn__space;

typedef struct vn__place {
    vn__space space;
    int32_t index;    /* IN, OUT: which parameter */
    int64_t offset;   /* bytes from the start of the workspace or of the parameter */
    int64_t panel;    /* WORK: bytes from panel to panel, 0 if shared by all */
    const void *data; /* CONST */
} vn__place;

/* What is stored there. */
typedef struct vn__slot {
    vn_aval aval;
    uint64_t loops; /* loop axes */
    bool lanes;
    int64_t bytes; /* of one panel (or of the whole value) */
} vn__slot;

static inline int64_t vn__slot_elements(const vn__slot *slot)
{
    return slot->bytes / (int64_t)vn_dtype_size(slot->aval.dtype);
}

typedef enum vn__step_kind {
    VN__STEP_EVAL,     /* op->eval, panel by panel, loop by loop */
    VN__STEP_EVAL_SUM, /* op->eval_sum: out += sum over lanes */
    VN__STEP_FUSED,    /* element-wise ops, block by block in L1 */
    VN__STEP_LOAD,     /* examples of an array into lanes */
    VN__STEP_STORE,    /* lanes into an array of examples */
    VN__STEP_SUM,      /* out += sum over lanes */
    VN__STEP_MAX,      /* out = max(out, lanes) */
    VN__STEP_INDEX,    /* number of the example, by lane */
    VN__STEP_COPY,     /* strided copy (loop axes, aliases) */
    VN__STEP_SPREAD,   /* repeat over mapped axes */
    VN__STEP_LOOP_SUM, /* sum over a loop axis */
    VN__STEP_LOOP_MAX,
    VN__STEP_LOOP_INDEX,
    VN__STEP_SCAN,
    VN__STEP_WHILE,
    VN__STEP_UNWIND, /* the reverse mode of a while loop with checkpoints */
    VN__STEP_BRANCH,
    VN__STEP_CHECK, /* notes the examples whose error code is not 0 */
    VN__STEP_STAGE, /* a program run tile by tile over the pool */
} vn__step_kind;

/* What an op does before it stores: operands of the step behind the op's own, -1: none; rows of
 * kernels + 1, 0: none. EVAL_SUM: operand `begin` + operand `scale` * sum. */
typedef struct vn__ending {
    int bias, mask, unary, gate;
    int begin, scale;
} vn__ending;

#define VN__MAX_LOOPS 6

typedef struct vn__step {
    vn__step_kind kind;
    const vn_op *op;
    const void *attr;
    int32_t n_in, n_out;
    int32_t n_op;             /* operands of the op: the first of n_in */
    const vn__ending *ending; /* NULL: nothing */
    vn__place *in, *out;
    vn__slot *in_slot, *out_slot;
    vn_aval *in_aval, *out_aval;
    bool *mapped;
    int64_t lanes; /* of the results: 1, or those of the program */
    bool tiled;    /* works on examples: is run for every panel of the tile */
    bool log;      /* writes a log where it lies: nothing to do when a loop is replayed */
    int32_t n_loops;
    int64_t loop_count[VN__MAX_LOOPS];
    int64_t *in_stride;  /* [loop][operand], bytes */
    int64_t *out_stride; /* [loop][result] */
    int64_t rows, row_bytes, in_row,
        out_row;       /* LOAD, STORE, COPY: blocks within one loop turn */
    int64_t scratch;   /* offset in the workspace, -1: none */
    int64_t parts;     /* of the result, that can be computed apart (wide.c); at least 1 */
    bool shares;       /* outside of tiles: parts read what is prepared in the step's scratch */
    const void *setup; /* made by op->setup, NULL: nothing */
    int64_t prepared;  /* offset in what is prepared once for all tiles, -1: nothing */
    struct vn__program *body, *cond; /* cond of an unwind: one step back */
    struct vn__program **branch; /* n_branches of them */
    int32_t n_branches;
    int32_t drop_from, drop_to; /* results that nobody reads and that are not made */
    const bool *summed; /* scan: which outputs of the body are sums over the lanes */
    int64_t *buffer; /* loops: offsets of buffers in the step's scratch */
    int64_t *blocks; /* loops: of each body input and output, how many loop turns */
    struct vn__stage *stage;
    const struct vn__fused *fused;
} vn__step;

typedef struct vn__program {
    vn__arena arena;
    vn__step *step;
    int64_t n_step, step_capacity;
    int32_t n_in, n_out;
    vn__slot *in_slot, *out_slot;
    int64_t work_bytes;        /* of one run (one worker) */
    int64_t value_bytes;       /* of these, what values take; the rest is scratch and totals */
    int64_t worker_bytes;      /* of each worker that runs tiles of its stages */
    int64_t prepared_bytes;    /* made of shared operands before the first tile */
    int64_t lanes, max_panels; /* 1, 1: a plain program */
    double flops;              /* of one example (or one run) */
    bool checks;               /* it, or a program inside, has a CHECK or a callback */
} vn__program;

/* How a stage treats its parameters. */
typedef enum vn__role {
    VN__ROLE_SHARED, /* in: the same for all tiles */
    VN__ROLE_ARRAY,  /* in, out: an array of examples (LOAD and STORE find theirs) */
    VN__ROLE_SPILL,  /* in, out: panels of all examples */
    VN__ROLE_TOTAL,  /* out: sum over examples */
    VN__ROLE_LARGEST /* out: maximum over examples */
} vn__role;

typedef struct vn__stage {
    vn__program *program;
    bool wide;     /* runs step by step (wide.c) */
    int64_t n;     /* examples */
    int64_t slots; /* parts whose totals are combined in a fixed tree */
    int64_t tile;  /* examples of one tile */
    vn__role *in_role, *out_role;
    int64_t *total_offset; /* of each TOTAL and LARGEST in one slot's memory */
    int64_t totals_bytes;  /* of one slot */
    int64_t totals_at;     /* offset in the caller's workspace: slots * totals_bytes */
    int64_t values_at;     /* wide: offset there of the values of a tile */
    int64_t prepared_at;   /* offset in the caller's workspace */
    int64_t from, to;      /* the steps that are run: all, but in segments (segments.c) */
    int32_t *in_number, *out_number; /* of the step's operands and results: which parameter;
                                        NULL: all in order */
    int axis;
} vn__stage;

static inline int64_t vn__stage_panels(const vn__stage *st)
{
    const int64_t lanes = st->program->lanes;
    return (st->n + lanes - 1) / lanes;
}

/* The faults of one run: of all that happen those that were recorded first, and of these the
 * ones of the first examples, so that they do not depend on the threads. */
#define VN__MAX_FAULTS 8
typedef struct vn__fault {
    const vn__fault_attr *what;
    int32_t code, n; /* which message; number of mapped axes */
    int64_t index[VN__MAX_LOOPS + 1];
} vn__fault;
typedef struct vn__report {
    int32_t lock; /* taken by whoever has a fault to note */
    int32_t n;
    vn__fault fault[VN__MAX_FAULTS]; /* sorted */
    vn__error error;                 /* of the first callback that failed */
} vn__report;
void vn__report_start(vn__report *report);
/* Takes the error of the thread. */
void vn__report_error(vn__report *report);
/* VN_ERR_OK, or the error that the faults make. */
vn_status vn__report_status(const vn__report *report);

#define VN__MAX_PARAMETERS 512 /* of a program inside another */

typedef struct vn__pointer {
    char *at;
    int64_t panel; /* bytes from panel to panel */
} vn__pointer;

/* One run of a program. Panel strides of parameters are bytes, 0 for what all panels share. */
typedef struct vn__frame {
    const vn__pointer *in, *out;
    char *work;
    char *prepared; /* NULL: nothing is prepared */
    char *workers;  /* workspaces of the pool's workers, for stages; NULL in a tile */
    int64_t worker_bytes;
    char *temp; /* base of the steps' scratch offsets; NULL: work */
    int64_t begin, panels; /* from panel `begin` to before `panels` */
    int64_t part, parts;   /* of the results of a step, parts 0: whole */
    bool fresh;            /* sums over examples begin at zero */
    int64_t first; /* number of the first example of the tile */
    int64_t valid; /* examples of the tile */
    int64_t n;     /* examples of all tiles */
    vn__report *report; /* NULL in a program without checks */
    bool replay;   /* steps that have been run before are run again: logs are written already */
} vn__frame;

void vn__run(const vn__program *program, const vn__frame *frame);
/* Fills `memory` for the steps whose shared operands are parameters (in) or constants. */
void vn__prepare(const vn__program *program, void *const in[], char *memory);
void vn__run_stage(const vn__step *step, const vn__frame *frame);
void vn__run_fused(const vn__step *step, const vn__frame *frame);
void vn__run_scan(const vn__step *step, const vn__frame *frame);
void vn__run_while(const vn__step *step, const vn__frame *frame);
void vn__run_unwind(const vn__step *step, const vn__frame *frame);
void vn__run_branch(const vn__step *step, const vn__frame *frame);
void vn__run_check(const vn__step *step, const vn__frame *frame);

/* Can output j of a stage be written where its input i lies, as it updates it (updates.c)? */
bool vn__update_in_place(const vn__step *stage, int i, int j);

/* vn__prepare of the programs inside a step, given its shared operands. */
void vn__prepare_while(const vn__step *step, void *const in[], char *memory);
void vn__prepare_unwind(const vn__step *step, void *const in[], char *memory);
void vn__prepare_branch(const vn__step *step, void *const in[], char *memory);

/* The address of a place (panel 0) and its stride from panel to panel. */
static inline char *vn__address(const vn__place *place, const vn__frame *f, int64_t *panel)
{
    switch (place->space) {
    case VN__SPACE_IN:
        *panel = f->in[place->index].panel;
        return f->in[place->index].at + place->offset;
    case VN__SPACE_OUT:
        *panel = f->out[place->index].panel;
        return f->out[place->index].at + place->offset;
    case VN__SPACE_CONST:
        *panel = 0;
        return (char *)(uintptr_t)place->data;
    default:
        *panel = place->panel;
        return f->work + place->offset;
    }
}

/* Parameters that lie in one place: input in + i and output out + i are the same memory. */
typedef struct vn__logs {
    int in, out, n;
} vn__logs;

/* What is chosen for the stages of a program. Its zero is no choice: vn__by_shape. */
typedef struct vn__choices {
    int64_t lanes;              /* of a panel; 0: by shape */
    int64_t panels;             /* of a tile, at most; 0: by shape */
    int wide;                   /* tile by tile 0, step by step 1 if it can, by shape -1 */
    vn__use use[VN__PROVIDERS]; /* AUTO: as the switches of the process say */
} vn__choices;
extern const vn__choices vn__by_shape;

/* Compiles a simplified tape. */
vn__program *vn__compile_tape(const vn__tape *tape, const vn__choices *choices);

/* Measures other choices than those of the program, frees it and returns the fastest, or it
 * again (tune.c). NULL on error. */
vn__program *vn__tune(const vn__tape *tape, vn__program *program);

/* Compiles a tape within one that is compiled, the body of a loop or a branch. lane: the axis
 * that is the lanes of the caller's tile, -1: none (it may then contain stages). n_varying: the
 * first inputs change from run to run of one tile. logs may be NULL. summed: which outputs are
 * sums over the lanes, that add to what is there (at the frame's `fresh` to zero); NULL: none.
 * NULL on error. */
vn__program *vn__compile(const vn__tape *tape, int lane, int64_t lanes, int64_t max_panels,
                         int n_varying, const vn__logs *logs, const bool summed[],
                         const vn__choices *choices);
void vn__program_free(vn__program *program);

/* The part of a tape that a stage runs: chosen instructions, values that come in and go out. */
typedef struct vn__part {
    const uint32_t *instr;
    int64_t n_instr;
    const uint32_t *in, *out;
    int32_t n_in, n_out;
    const vn__role *in_role, *out_role;
} vn__part;
vn__program *vn__compile_part(const vn__tape *tape, const vn__part *part, int lane,
                              int64_t lanes, int64_t max_panels, bool wide);

#endif
