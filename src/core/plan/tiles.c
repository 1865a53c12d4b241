/* SPDX-License-Identifier: MIT */
/* How a stage cuts its batch: lanes of a panel, panels of a tile, slots, and whether it is
 * wide. Everything here depends on shapes alone, never on the machine or the number of threads:
 * the same program gives the same bits everywhere. */
#include "core/ops/ops.h"
#include "core/plan/compile.h"

/* ------------------------------------------------------------------------------- lanes */

#define PANEL_BYTES  (512 * 1024) /* above this for 32 lanes, panels of images are 16 wide */
#define MIDDLE_BYTES (160 * 1024) /* below this for 32 lanes, panels are twice as wide */
#define SMALL_BYTES  (64 * 1024)  /* below this WIDE_LANES wide */
#define WIDE_LANES   128
#define FEW_LANES    40 /* of which half a pair of vectors is a large part */

/* Pixels and lanes together fill the vectors of a convolution, lanes alone those of a product
 * with a matrix. */
static bool convolves(const vn__program *p)
{
    for (int64_t k = 0; k < p->n_step; k++) {
        const vn__step *const s = &p->step[k];
        if (s->op && s->op->flops && s->op != &vn__op_dot_general)
            return true;
        for (int i = 0; i < vn__inner_programs(s); i++)
            if (vn__inner_program(s, i) && convolves(vn__inner_program(s, i)))
                return true;
    }
    return false;
}

/* A batch in panels of at most so many lanes that are filled alike: a multiple of 16, or, where
 * that would be a large part of them and they may be halved, of 8. */
static int64_t even_lanes(int64_t lanes, int64_t n, bool halves)
{
    const int64_t panels = n > 0 ? (n + lanes - 1) / lanes : 1;
    const int64_t own = (n + panels - 1) / panels, unit = halves && own <= FEW_LANES ? 8 : 16;
    const int64_t whole = (own + unit - 1) / unit * unit;
    return whole > 0 ? whole : lanes;
}

/* Few features: wide panels, so that a step does more than it costs to start. */
static int64_t lanes_for_memory(const vn__program *of_32)
{
    const int64_t bytes_of_32 = of_32->value_bytes;
    if (bytes_of_32 > PANEL_BYTES)
        return convolves(of_32) ? 16 : 32;
    return bytes_of_32 > MIDDLE_BYTES ? 32 : bytes_of_32 > SMALL_BYTES ? 64 : WIDE_LANES;
}

/* Products meet all panels of a tile, images are convolved panel by panel. */
static int64_t wide_lanes(const vn__stage *st)
{
    const bool images = convolves(st->program);
    return even_lanes(images ? lanes_for_memory(st->program) : 32, st->n, !images);
}

/* Narrower panels while a small batch has too few for its workers, and each is still worth a
 * slot. Halves of 128 lanes cost a few percent of all work, halves of 32 a fifth: the wider a
 * panel, the more of them there should be. */
static int64_t better_lanes(const vn__stage *st, int64_t slots_worth)
{
    const bool halves = !convolves(st->program); /* their kernels want pairs of vectors */
    int64_t lanes = even_lanes(lanes_for_memory(st->program), st->n, halves);
    while (lanes > 16) {
        const int64_t panels = (st->n + lanes - 1) / lanes;
        if (16 * panels >= lanes || 2 * panels > slots_worth)
            break;
        lanes = even_lanes(lanes / 2, st->n, halves);
    }
    return lanes;
}

/* ------------------------------------------------- sums over examples, and what they cost */

#define PART_BYTES   (1 << 16)        /* a result that more than one worker should make, */
#define PART_NUMBERS (PART_BYTES / 4) /* of f32 */
#define FEW_SLOTS    8                /* so many are worth more than tiles of several panels */
#define TOTAL_FLOPS  2000 /* by so much work for each total the combination of slots is 2 %, */
#define TOTAL_VALUES 4    /* or by so many values, which then are never in memory: */
#define PAID_SLOTS   16   /* so many are paid */

/* Can several workers share a large sum over examples? */
static bool divides(const vn__step *s)
{
    return s->kind != VN__STEP_EVAL_SUM || s->parts > 1 || s->out_slot[0].bytes < PART_BYTES;
}

/* Totals of a slot, those of them that are in sums which several workers share, and values of
 * an example: how many numbers. Those of f64 are twice the memory and take twice the time to
 * make, and programs of both are cut alike. */
typedef struct numbers {
    double totals, shared, values;
} numbers;

static numbers numbers_of(const vn__program *program, const vn__part *part)
{
    numbers of = { 0 };
    int64_t size = 1; /* bytes of one */
    for (int j = 0; j < part->n_out; j++) {
        if (part->out_role[j] != VN__ROLE_TOTAL && part->out_role[j] != VN__ROLE_LARGEST)
            continue;
        const vn__slot *const slot = &program->out_slot[j];
        const int64_t own = (int64_t)vn_dtype_size(slot->aval.dtype);
        const int64_t totals = vn__slot_elements(slot);
        of.totals += (double)totals;
        of.shared += totals >= PART_NUMBERS ? (double)totals : 0;
        size = own > size ? own : size;
    }
    of.values = (double)program->value_bytes / (double)(program->lanes * size);
    return of;
}

/* Does the work of a batch pay for the totals of so many slots? Or, up to PAID_SLOTS, its
 * values, which without slots would go through memory? */
static bool pays(const vn__program *program, int64_t n, int64_t slots, const numbers *of)
{
    const double totals = (double)slots * of->totals;
    return (double)n * program->flops >= TOTAL_FLOPS * totals ||
           (slots <= PAID_SLOTS && (double)n * of->values >= TOTAL_VALUES * totals &&
            !convolves(program));
}

/* -------------------------------------------------------------------- step by step, or not */

#define WIDE_TOTALS  (1 << 17) /* with more for a slot, not paid, a stage is wide; */
#define MOST_TOTALS  (3 << 17) /* or with more than this, and than values of */
#define MOST_VALUES  224       /* so many examples; */
#define SOME_TOTALS  (1 << 15) /* or, where a batch has fewer values than slots, with these */
#define SOME_VALUES  8         /* in large sums, and more than values of so many examples; */
#define WIDE_SHARED  (1 << 18) /* or with so much of weights, */
#define WIDE_FEW     1024      /* and so many examples at most */
#define FEW_EXAMPLES 4         /* take less time one by one than 16 lanes do, */
#define FEW_HEAVY    8   /* or so many, which then are work for several workers, */
#define HEAVY_FLOPS  2e7 /* if each is so much work, */
#define FEW_LARGE    10  /* or of images, */
#define LARGE_FLOPS  1e8 /* if each is so much */
#define IMAGE_FLOPS  1e6 /* of one of 16 images, whose steps several workers share */
#define IMAGES_BYTES (64 << 20) /* of 32 images that are in memory anyway */

/* Panels of images, as narrow as they get. */
static int64_t image_panels(int64_t n) { return (n + 15) / 16; }

/* Are the totals of a few slots more than all values of the batch, and large matrices? Each is
 * then better made once, by all workers. */
static bool are_most(int64_t n, const numbers *of)
{
    return of->shared >= SOME_TOTALS && of->totals >= SOME_VALUES * of->values &&
           FEW_SLOTS * of->totals >= (double)n * of->values;
}

/* Do totals of slots cost more than the work? Panels of images have work enough for as many
 * slots as there are panels; a wide stage costs a tenth more where each worker has some. */
static bool are_large(const vn__program *program, int64_t n, const numbers *of)
{
    const int64_t panels = image_panels(n);
    const bool images = convolves(program);
    if (of->totals <= WIDE_TOTALS)
        return !images && are_most(n, of);
    if (images)
        return !pays(program, n, panels < PAID_SLOTS ? panels : PAID_SLOTS, of);
    return (of->totals > MOST_TOTALS && of->totals > MOST_VALUES * of->values) ||
           !pays(program, n, PAID_SLOTS, of);
}

/* So many examples, one by one, take less time than lanes of which most are empty. */
static int64_t few_examples(const vn__program *p)
{
    if (convolves(p)) /* a large image fills lanes by its rows */
        return p->flops >= LARGE_FLOPS ? FEW_LARGE : FEW_EXAMPLES;
    return p->flops >= HEAVY_FLOPS ? FEW_HEAVY : FEW_EXAMPLES;
}

/* Are there images for one panel only, each of so much work that steps are worth several
 * workers, or for few panels that are in memory anyway? Then a tile is there once, not for
 * every worker. */
static bool is_few_images(const vn__program *of_32, int64_t n)
{
    const int64_t panels = image_panels(n), bytes = of_32->value_bytes;
    if (n < 1 || panels >= FEW_SLOTS || bytes <= PANEL_BYTES || !convolves(of_32))
        return false;
    if (n <= few_examples(of_32))
        return of_32->flops >= (n == 1 ? HEAVY_FLOPS : LARGE_FLOPS);
    return panels == 1 ? of_32->flops >= IMAGE_FLOPS : bytes >= IMAGES_BYTES;
}

/* Elements of the matrices that all examples meet. */
static int64_t size_of_matrices(const vn__program *p)
{
    int64_t size = 0;
    for (int64_t k = 0; k < p->n_step; k++) {
        const vn__step *const s = &p->step[k];
        for (int i = 0; s->op == &vn__op_dot_general && s->prepared >= 0 && i < 2; i++)
            size += s->mapped[i] ? 0 : vn_shape_size(s->in_aval[i].shape);
    }
    return size;
}

/* Are the sums over examples so large that slots cannot have some each, or the weights so large
 * that few examples cannot pay for every worker reading them all? Loops would not be parallel
 * step by step. */
static bool is_wide(const vn__program *program, const numbers *of, int64_t n,
                    const vn__choices *choices)
{
    for (int64_t k = 0; k < program->n_step; k++)
        if (program->step[k].body || program->step[k].n_branches || !divides(&program->step[k]))
            return false;
    const bool by_shape = are_large(program, n, of) ||
                          (size_of_matrices(program) > WIDE_SHARED && n <= WIDE_FEW) ||
                          is_few_images(program, n);
    return choices->wide < 0 ? by_shape : choices->wide > 0;
}

/* --------------------------------------------------------------------- examples one by one */

#define ALONE_BYTES  (4 << 20) /* above this for 32 lanes, matrices need no lanes */
#define MATRIX_FLOPS 8         /* for each element read or written: worth no lanes */
#define STEP_FLOPS   400       /* what a step costs to start */
#define FEW_SHARED   2 /* examples, where a wide stage's weights are read once for a panel */

/* A product of matrices, not of a matrix and a vector: it computes more than it reads. */
static bool is_matrix_product(const vn__step *s, double flops)
{
    const int64_t touched = vn_shape_size(s->in_aval[0].shape) +
                            vn_shape_size(s->in_aval[1].shape) +
                            vn_shape_size(s->out_aval[0].shape);
    return flops >= MATRIX_FLOPS * (double)touched;
}

/* Does an example have products of matrices large enough to fill vectors by themselves (the
 * tokens of a sequence), and nothing else that is worth lanes? Then a tile is one example. */
static bool stands_alone(const vn__program *program)
{
    double products = 0;
    if (program->value_bytes <= ALONE_BYTES)
        return false;
    for (int64_t k = 0; k < program->n_step; k++) {
        const vn__step *const s = &program->step[k];
        if (s->body || s->n_branches || s->n_loops)
            return false;
        if (!s->op)
            continue;
        if (s->op != &vn__op_dot_general && (s->op->flops || s->kind == VN__STEP_EVAL_SUM))
            return false;
        if (s->op != &vn__op_dot_general)
            continue;
        const double flops = s->op->flops(s->attr, s->in_aval, s->n_op, s->out_aval);
        products += is_matrix_product(s, flops) ? flops : 0;
    }
    return 2 * products > program->flops;
}

/* Are there so few examples that one after the other, with all steps begun again for each, they
 * take less time than lanes of which most are empty? */
static bool is_few(const vn__stage *st)
{
    const double flops = st->program->flops;
    const double starts = STEP_FLOPS * (double)(st->n - 1) * (double)st->program->n_step;
    const bool matrices = st->wide && size_of_matrices(st->program) > WIDE_SHARED;
    const int64_t few = matrices ? FEW_SHARED : few_examples(st->program);
    return st->n > 0 && st->n <= few && flops >= starts;
}

/* --------------------------------------------------------------------- panels and slots */

#define TILE_BYTES   (640 * 1024) /* of intermediates: a share of L2 */
#define MAX_PANELS   4
#define ALONE_TILES  16  /* of examples without lanes: as many as give all workers some */
#define WIDE_TILE    512 /* examples, */
#define WIDE_VALUES  (64 << 20) /* and bytes of what is in memory anyway */
#define MAX_SLOTS    256
#define SLOT_FLOPS   1e6       /* a slot is at least 10 us of a core's work */
#define MANY_SLOTS   64        /* so many, */
#define MOST_NUMBERS (3 << 19) /* with so many totals, unless they are paid; */
#define PAID_NUMBERS (1 << 24) /* then with so many */

/* The large sums over examples are passed through once for a tile, not for every example, and
 * the values of its examples are the smaller part: more than one, while all workers have
 * tiles. */
static int64_t alone_panels(int64_t n)
{
    const int64_t panels = n / ALONE_TILES;
    return panels < 1 ? 1 : panels > MAX_PANELS ? MAX_PANELS : panels;
}

/* Slots that the work is worth, and for whose totals there is room: a power of 2, that most
 * numbers of workers share evenly. */
static int64_t slots_worth(const vn__stage *st, const numbers *of)
{
    const double flops = (double)st->n * st->program->flops;
    int64_t slots = 1;
    for (int64_t more = 2; more <= MAX_SLOTS && flops >= SLOT_FLOPS * (double)more; more *= 2) {
        const double totals = (double)more * of->totals;
        const bool little = more <= MANY_SLOTS && totals <= MOST_NUMBERS;
        const bool room = more <= PAID_SLOTS || totals <= PAID_NUMBERS;
        if (!little && !(room && pays(st->program, st->n, more, of)))
            break;
        slots = more;
    }
    return slots;
}

/* Panels of the tile that memory asks for; the program is that of one panel. */
static int64_t panels_of(const vn__stage *st, bool alone, const vn__choices *choices)
{
    const int64_t lanes = st->program->lanes, one = st->program->value_bytes;
    const int64_t limit = lanes == 1 && !alone ? 1
                          : st->wide           ? WIDE_TILE / lanes
                          : choices->panels    ? choices->panels
                          : alone              ? alone_panels(st->n)
                                               : MAX_PANELS;
    const int64_t memory = st->wide || alone || choices->panels ? WIDE_VALUES : TILE_BYTES;
    int64_t panels = one ? memory / one : limit;
    panels = panels < limit ? panels : limit;
    panels = panels < vn__stage_panels(st) ? panels : vn__stage_panels(st);
    return panels < 1 ? 1 : panels;
}

/* As many as they may be and there are tiles, or panels while slots are few; then as few as
 * have no more panels each: twelve panels in eight slots would be four of two and four of one,
 * which are never faster than six of two. */
static int64_t slots_of(const vn__stage *st, int64_t slots, int64_t tile, bool alone)
{
    const int64_t panels = vn__stage_panels(st), tiles = st->n / tile;
    const int64_t few = alone ? 1 : panels < FEW_SLOTS ? panels : FEW_SLOTS;
    const int64_t most = tiles > few ? tiles : few;
    slots = slots < most ? slots : most;
    if (slots <= 1)
        return 1;
    const int64_t own = (panels + slots - 1) / slots;
    return (panels + own - 1) / own;
}

/* The panels of a slot in tiles of one size, a little larger or smaller than what memory asks
 * for: else some slots would have a tile more than others, and workers wait for these. */
static int64_t even_panels(const vn__stage *st, int64_t panels)
{
    const int64_t own = (vn__stage_panels(st) + st->slots - 1) / st->slots;
    const int64_t tiles = (2 * own + panels) / (2 * panels); /* the nearest number */
    return tiles > 1 ? (own + tiles - 1) / tiles : own > 0 ? own : 1;
}

static vn_status compile_panels(vn__stage *st, const vn__tape *tape, const vn__part *part,
                                int64_t lanes, int64_t panels)
{
    vn__program_free(st->program);
    st->program = vn__compile_part(tape, part, st->axis, lanes, panels, st->wide);
    return vn_error_status();
}

vn_status vn__stage_tiles(vn__stage *st, const vn__tape *tape, const vn__part *part,
                          int64_t *shared, const vn__choices *choices)
{
    const int64_t chosen = choices->lanes > 1 ? even_lanes(choices->lanes, st->n, false) : 0;
    const int64_t lanes = *shared ? *shared : chosen ? chosen : 32;
    VN_TRY(compile_panels(st, tape, part, lanes, 1));
    const bool open = !*shared && !chosen, whole = open && stands_alone(st->program);
    const numbers of = numbers_of(st->program, part);
    const int64_t worth = slots_worth(st, &of);
    const bool in_slots = whole && worth > 1; /* examples for several workers */
    st->wide = !in_slots && is_wide(st->program, &of, st->n, choices);
    const bool alone = whole || (open && (choices->lanes == 1 || is_few(st)));
    const int64_t better = alone               ? 1
                           : *shared || chosen ? lanes
                           : st->wide          ? wide_lanes(st)
                                               : better_lanes(st, worth);
    if (better != lanes)
        VN_TRY(compile_panels(st, tape, part, better, 1));
    *shared = better;
    int64_t panels = panels_of(st, alone, choices);
    st->slots = st->wide ? 1 : slots_of(st, worth, better * panels, alone);
    if (!choices->panels)
        panels = even_panels(st, panels);
    st->tile = better * panels;
    return panels > 1 || st->wide ? compile_panels(st, tape, part, better, panels) : VN_ERR_OK;
}
