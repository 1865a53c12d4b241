/* SPDX-License-Identifier: MIT */
/* Which carries of a while loop are kept, and in what order its reverse mode computes the
 * others again: pure functions of step numbers. */
#ifndef VN_CORE_PLAN_SCHEDULE_H
#define VN_CORE_PLAN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* Forward: which of `slots` places takes the carry before step 0, 1, 2, .. of a loop whose
 * length is not known. */
typedef struct vn__saver {
    int64_t slots, length; /* length: at most so many steps */
    int64_t *at;           /* [slots] the step that a place holds, VN__NO_STEP: none */
    int64_t *level;        /* [slots] */
    bool *dispensable;     /* [slots] */
    int64_t next, left, until; /* of the first, linear phase */
    bool saving;
} vn__saver;

#define VN__NO_STEP INT64_MAX

/* Bytes of memory for a saver of so many slots; starting it there. */
int64_t vn__saver_bytes(int64_t slots);
void vn__saver_start(vn__saver *s, void *memory, int64_t *at, int64_t slots, int64_t length);
/* The place for the carry before this step, or -1. Call it for every step in order. */
int64_t vn__saver_place(vn__saver *s, int64_t step);

/* Backward: from the places that the saver has filled for a loop of n steps. */
typedef struct vn__unwinder {
    int64_t slots, length;
    int64_t *at;    /* [slots] the step that a place holds */
    int64_t *order; /* [slots] places by step: a stack */
    int64_t held;   /* on it */
    int64_t value;  /* the carry before this step is at hand */
    int64_t grad;   /* the cotangent of the carry before this step is known */
    int64_t next;   /* step to keep */
} vn__unwinder;

int64_t vn__unwinder_bytes(int64_t slots);
/* Returns the place of the carry to begin with; only if n > 0. */
int64_t vn__unwinder_start(vn__unwinder *u, void *memory, const int64_t *at, int64_t stride,
                           int64_t slots, int64_t length, int64_t n);
/* True if the step at hand is the one to differentiate, false if only its result is wanted. */
static inline bool vn__unwinder_turns(const vn__unwinder *u) { return u->value + 1 == u->grad; }
/* After a step was differentiated: the place of the carry to go on with, -1: all is done. */
int64_t vn__unwinder_back(vn__unwinder *u);
/* After a step was computed again: the place to keep its result in, or -1. */
int64_t vn__unwinder_forth(vn__unwinder *u);

#endif
