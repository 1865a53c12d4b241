/* SPDX-License-Identifier: MIT */
/* Values inside loops: where they lie, slice t of a stacked one, running a body on them. */
#ifndef VN_CORE_PLAN_SLICES_H
#define VN_CORE_PLAN_SLICES_H

#include <string.h>

#include "core/plan/compile.h"

/* A stacked value [loops..][t][..] and its slices: `blocks` turns of loop axes, `length`
 * slices. */
typedef struct vn__stack {
    vn__pointer whole;
    int64_t blocks, length;
} vn__stack;

static inline int64_t vn__aligned(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

static inline int64_t vn__panels(const vn__frame *f, const vn__slot *slot)
{
    return slot->lanes ? f->panels : 1;
}

static inline vn__pointer vn__buffer_at(char *memory, const vn__slot *slot)
{
    return (vn__pointer){ memory, slot->lanes ? vn__aligned(slot->bytes) : 0 };
}

/* Copies a value panel by panel; nothing where both are one. */
static inline void vn__copy_value(const vn__frame *f, vn__pointer to, vn__pointer from,
                                  const vn__slot *slot)
{
    for (int64_t p = 0; p < vn__panels(f, slot) && to.at != from.at; p++)
        memcpy(to.at + p * to.panel, from.at + p * from.panel, (size_t)slot->bytes);
}

static inline void vn__clear_value(const vn__frame *f, vn__pointer x, const vn__slot *slot)
{
    for (int64_t p = 0; p < vn__panels(f, slot); p++)
        memset(x.at + p * x.panel, 0, (size_t)slot->bytes);
}

/* Slice t where it lies: only if there is one block. */
static inline vn__pointer vn__slice_at(const vn__stack *s, const vn__slot *slot, int64_t t)
{
    return (vn__pointer){ s->whole.at + t * slot->bytes, s->whole.panel };
}

/* Copies slice t into `part`, or `part` into slice t. */
void vn__move_slice(const vn__frame *f, const vn__stack *s, vn__pointer part,
                    const vn__slot *slot, int64_t t, bool to_part);
/* Slice t: where it lies, or copied to `buffer`. */
static inline vn__pointer vn__read_slice(const vn__frame *f, const vn__stack *s,
                                         vn__pointer buffer, const vn__slot *slot, int64_t t)
{
    if (s->blocks == 1)
        return vn__slice_at(s, slot, t);
    vn__move_slice(f, s, buffer, slot, t, true);
    return buffer;
}

/* sum += term; the first term is copied. */
void vn__add_term(const vn__frame *f, vn__pointer sum, vn__pointer term, const vn__slot *slot,
                  bool first);
/* True if some lane of a bool value is true. */
bool vn__any_true(const vn__frame *f, vn__pointer flags, const vn__slot *slot);

/* Runs a program of the tile of f: parameters, workspace and what is prepared are given. */
void vn__run_inner(const vn__program *program, const vn__frame *f, const vn__pointer in[],
                   const vn__pointer out[], char *work, char *prepared);

/* Building: turns of the loop axes of a slot; room for a value in the step's scratch. */
int64_t vn__turns_of(const vn__compiler *c, const vn__slot *slot);
int64_t vn__take_buffer(const vn__compiler *c, const vn__slot *slot, int64_t *bytes);
vn__program *vn__compile_body(const vn__compiler *c, const vn__tape *body, int64_t max_panels,
                              int n_varying, const vn__logs *logs, const bool summed[]);

#endif
