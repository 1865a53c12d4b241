/* SPDX-License-Identifier: MIT */
/* Running a stage step by step instead of tile by tile: for nets whose parameters do not fit
 * beside a tile in a core's cache, so that totals of several slots would cost more than the
 * work. The batch (or a large part of it) is one tile in the caller's workspace, and every step
 * is a parallel loop of its own: products over groups of their rows, so that a group of packed
 * weights meets all panels while it is in level 2; sums over examples over the rows of the
 * result; what has large panels over parts of them; other steps over the panels. Steps are not
 * run together panel by panel: values share memory once their lives are over, and not panel by
 * panel. No sum is split: same bits at any number of threads. */
#include "core/plan/stage_run.h"
#include "kernels/kernels.h"
#include "parallel/pool.h"

/* One step of one tile. */
typedef struct wide {
    const vn__stage *stage;
    const vn__frame *tile;
    char *workers; /* scratch of each */
    int64_t worker_bytes;
    const vn__step *step;
    int64_t parts, chunks;
    bool fresh;
} wide;

static vn__frame frame_of(const wide *w, int worker)
{
    vn__frame f = *w->tile;
    f.temp = w->workers + worker * w->worker_bytes - w->stage->program->value_bytes;
    f.fresh = w->fresh;
    return f;
}

static void run_panel(void *context, int64_t panel, int worker)
{
    const wide *const w = context;
    vn__frame f = frame_of(w, worker);
    f.begin = panel;
    f.panels = panel + 1;
    vn__run_step(w->step, &f);
}

/* Task: one part of the rows, one chunk of the panels. */
static void run_part(void *context, int64_t task, int worker)
{
    const wide *const w = context;
    vn__frame f = frame_of(w, worker);
    const int64_t chunk = task % w->chunks, panels = w->tile->panels;
    f.part = task / w->chunks;
    f.parts = w->parts;
    f.begin = chunk * panels / w->chunks;
    f.panels = (chunk + 1) * panels / w->chunks;
    if (f.begin < f.panels)
        vn__run_step(w->step, &f);
}

static void run_whole(void *context, int64_t task, int worker)
{
    (void)task;
    const wide *const w = context;
    const vn__frame f = frame_of(w, worker);
    vn__run_step(w->step, &f);
}

static bool over_panels(const vn__step *s)
{
    return s->tiled && s->parts <= 1 && s->kind != VN__STEP_EVAL_SUM &&
           s->kind != VN__STEP_SUM && s->kind != VN__STEP_MAX;
}

static void run(wide *w, const vn__step *s)
{
    w->step = s;
    if (s->parts > 1) {
        w->parts = s->parts;
        const bool panels = s->tiled && (s->kind == VN__STEP_EVAL || s->kind == VN__STEP_FUSED);
        w->chunks = panels && s->parts < 2 * vn__pool_workers() ? 2 : 1;
        vn__parallel_for(w->parts * w->chunks, run_part, w);
    } else if (over_panels(s)) {
        vn__parallel_for(w->tile->panels, run_panel, w);
    } else {
        vn__parallel_for(1, run_whole, w);
    }
}

void vn__run_wide(const vn__stage *stage, const vn__frame *tile, char *workers,
                  int64_t worker_bytes, bool fresh)
{
    wide w = { .stage = stage, .tile = tile, .workers = workers, .worker_bytes = worker_bytes,
               .fresh = fresh };
    for (int64_t k = stage->from; k < stage->to; k++)
        run(&w, &stage->program->step[k]);
}
