/* SPDX-License-Identifier: MIT */
/* The state of one compilation, shared by the files that turn instructions into steps. */
#ifndef VN_CORE_PLAN_COMPILE_H
#define VN_CORE_PLAN_COMPILE_H

#include "core/plan/program.h"

typedef struct vn__compiler {
    const vn__tape *tape;
    int lane;      /* axis of the lanes, -1: none */
    int n_varying; /* inputs below this change while shared operands stay */
    bool wide;     /* of a stage that runs step by step */
    const vn__choices *choices;
    const vn__logs *logs;
    const bool *summed; /* by output: it is summed over the lanes; NULL: none is */
    vn__program *program;
    int32_t *in_of, *out_of;       /* by value: parameter, or -1 */
    int32_t *uses;                 /* by value: number of reading instructions and outputs */
    uint32_t *reader;              /* by value: the last instruction that reads it */
    struct vn__chain **chain;      /* by instruction: the chain that ends here, or NULL */
    bool *absorbed;                /* by instruction: left to the end of its chain */
    uint32_t *root;                /* by value: the value that it is a part of, or itself */
    int64_t *root_offset;          /* ... and where in it, in bytes */
    uint32_t *whole;               /* by value: the one within which it is made, or itself */
    int64_t *whole_offset;
} vn__compiler;

vn__slot vn__slot_of(const vn__compiler *c, uint32_t value);
int64_t vn__loop_stride(const vn__compiler *c, const vn__slot *slot, int axis);
/* Appends a step whose results are the values out, out + 1, ...; NULL on error. */
vn__step *vn__step_new(vn__compiler *c, vn__step_kind kind, int n_in, const uint32_t in[],
                       int n_out, uint32_t out);
/* Makes `value` the j-th result of a step. */
void vn__step_set_out(vn__compiler *c, vn__step *s, int j, uint32_t value);
/* Adds a loop over one axis, over a set of axes. */
vn_status vn__step_loop(const vn__compiler *c, vn__step *s, int axis);
vn_status vn__step_loops(const vn__compiler *c, vn__step *s, uint64_t axes);

/* Steps of one instruction (build.c); of a list in which every instruction stands behind those
 * whose results it reads, element-wise ones fused (fuse.c); of all, with stages (stage.c). */
vn_status vn__build_instr(vn__compiler *c, uint32_t instr);
vn_status vn__build_list(vn__compiler *c, const uint32_t *instr, int64_t n);
vn_status vn__build_staged(vn__compiler *c);

/* Places, scratch and setups of all steps, once the list is complete (layout.c). */
vn_status vn__lay_out(vn__compiler *c);

/* Sums that might update weights wait for what reads the old ones (updates.c), in the list of a
 * wide stage before its places are chosen; those of a program's stages that can do so. */
void vn__delay_sums(const vn__compiler *c);
vn_status vn__take_updates(vn__compiler *c);

/* Lets other updates of large sums take place within the stages that make them (segments.c). */
vn_status vn__cut_stages(vn__compiler *c);

/* Compiles the program of a stage for the tiles, slots and way of running that fit its shapes
 * (tiles.c); its n and axis are known. *shared: the lanes of earlier stages of the axis, whose
 * panels this one may read; 0: none, and then those of this one. */
vn_status vn__stage_tiles(vn__stage *st, const vn__tape *tape, const vn__part *part,
                          int64_t *shared, const vn__choices *choices);

/* Output j as the sum of a value over the lanes, which adds to what is there. */
vn_status vn__build_summed(vn__compiler *c, int j);

/* A product and what its kernel does before it stores (epilogue.c). */
typedef struct vn__chain {
    const vn__instr *product;
    uint32_t last; /* instruction */
    uint32_t bias, mask;
    bool has_bias;
    int unary, gate; /* rows of kernels + 1, 0: none */
} vn__chain;

/* Values that lie within another one (view.c): parts that are not copied, and operands that are
 * made where they are joined. */
void vn__find_views(vn__compiler *c);

vn_status vn__find_chains(vn__compiler *c);
vn__step *vn__chain_step(vn__compiler *c, const vn__chain *chain);

vn_status vn__build_scan(vn__compiler *c, const vn__instr *instr);
vn_status vn__build_while(vn__compiler *c, const vn__instr *instr);
vn_status vn__build_unwind(vn__compiler *c, const vn__instr *instr);
vn_status vn__build_branch(vn__compiler *c, const vn__instr *instr);
vn_status vn__build_check(vn__compiler *c, const vn__instr *instr);

/* Gives the versions of each log one place (logs.c). */
vn_status vn__share_logs(vn__compiler *c, const vn__logs *logs);
/* True if the instruction must be done before a later one replaces what it reads. */
bool vn__reads_log(const vn__compiler *c, const vn__instr *instr);
/* True if the step writes a log where it lies. */
bool vn__is_log(const vn__compiler *c, const vn__step *s);

/* The programs inside a step; some are NULL. */
static inline vn__program *vn__inner_program(const vn__step *s, int i)
{
    return i == 0 ? s->body : i == 1 ? s->cond : s->branch[i - 2];
}
static inline int vn__inner_programs(const vn__step *s) { return 2 + s->n_branches; }

#endif
