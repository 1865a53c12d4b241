/* SPDX-License-Identifier: MIT */
/* Between the ways of running a stage: tile by tile (stage_run.c), step by step (wide.c). */
#ifndef VN_CORE_PLAN_STAGE_RUN_H
#define VN_CORE_PLAN_STAGE_RUN_H

#include "core/plan/program.h"

/* One tile, every step over all workers. fresh: its sums begin at zero. */
void vn__run_wide(const vn__stage *stage, const vn__frame *tile, char *workers,
                  int64_t worker_bytes, bool fresh);

/* exec.c */
void vn__run_step(const vn__step *step, const vn__frame *frame);
void vn__prepare_step(const vn__step *step, void *const in[], char *memory, int64_t part,
                      int64_t parts);

#endif
