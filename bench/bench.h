/* SPDX-License-Identifier: MIT */
/* vernal-bench: problems, families of problems, cases (a problem that is ready to run).
 *
 * A problem is a line of words: family, dtype, sizes, options, mode, in any order after the
 * family:
 *     mlp f32 64-256-256-16 batch=8192 opt=adam step
 * A family is a file in families/ and a row of families.def. It checks nothing but its own
 * sizes: the driver knows from the row which options and modes there are. */
#ifndef VERNAL_BENCH_H
#define VERNAL_BENCH_H

#include "vernal.h"

enum { BENCH_MAX_DIMS = 16, BENCH_MAX_OPTIONS = 16, BENCH_WORD = 32, BENCH_LINE = 256 };

/* ---- problems */

typedef struct bench_family bench_family;

typedef struct bench_problem {
    char text[BENCH_LINE]; /* as written, spaces made one */
    const bench_family *family;
    vn_dtype dtype; /* VN_F32 unless the line says otherwise */
    int n_dims;
    int64_t dim[BENCH_MAX_DIMS]; /* 64-256-256-16 */
    /* a word of the family's modes, the first if the line has none */
    char mode[BENCH_WORD];
    int n_options;
    struct {
        char key[BENCH_WORD], value[BENCH_WORD];
    } option[BENCH_MAX_OPTIONS];
} bench_problem;

/* False after a line on stderr that says what is wrong. */
bool bench_parse(bench_problem *p, const char *text);
bool bench_complain(const bench_problem *p, const char *what); /* always false */

bool bench_is(const bench_problem *p, const char *mode);
const char *bench_word(const bench_problem *p, const char *key, const char *otherwise);
int64_t bench_int(const bench_problem *p, const char *key, int64_t otherwise);
double bench_real(const bench_problem *p, const char *key, double otherwise);

/* ---- cases */

typedef struct bench_case {
    const bench_problem *problem;
    const char *unit;      /* what one run does: "step" */
    double flops;          /* of one run, as the mathematics counts them; 0: nothing to count */
    double check;          /* first loss: equal for all who solve the problem */
    double first_result_s; /* from the model and the data to the first result */
    size_t workspace;      /* bytes, of all workers */
    size_t worker_bytes;   /* of each */
    bool one_thread;       /* runs on the caller alone, whatever the pool has */
    double work;           /* seconds of one run that are not to be counted */
    void *state;
    bool (*run)(struct bench_case *c, int64_t times); /* false: an error is recorded */
    /* now; NULL: nothing that could go astray */
    double (*value)(struct bench_case *c);
    bool (*save)(struct bench_case *c, const char *dir); /* for the peers; NULL: none */
    void (*destroy)(struct bench_case *c);
} bench_case;

struct bench_family {
    const char *name;
    const char *usage;             /* the rest of a line */
    const char *modes;             /* words, the first is the default; "" if there are none */
    const char *keys;              /* of options */
    bool (*create)(bench_case *c); /* c->problem is set, all else is zero */
};

extern const bench_family *const bench_families[]; /* ends with NULL */
extern const char *const bench_problems[];         /* the default list; ends with NULL */

bool bench_open(bench_case *c, const bench_problem *p);
void bench_close(bench_case *c);

/* ---- measuring */

double bench_now(void); /* seconds */

typedef struct bench_stats {
    double median, min, p90; /* seconds of one run */
    double cpu;              /* seconds of all threads in one run, the mean */
    int64_t samples;
} bench_stats;

/* Runs the case for about `seconds`, not counting a first run that warms the caches. */
bool bench_measure(bench_stats *stats, bench_case *c, double seconds);

/* The best multiply-add rates seen so far, flops a second, by threads (1, all) and dtype. */
typedef struct bench_ceilings {
    double f32[2], f64[2];
} bench_ceilings;

void bench_measure_ceilings(bench_ceilings *best, double seconds);
/* Of the threads that the case runs on, or of one of them. */
double bench_ceiling_of(const bench_ceilings *best, const bench_case *c, bool threads);

/* ---- reporting */

void bench_print_header(const bench_ceilings *ceilings);
void bench_print_text(const bench_case *c, const bench_stats *s,
                      const bench_ceilings *ceilings);
void bench_print_json(const bench_case *c, const bench_stats *s,
                      const bench_ceilings *ceilings);

/* ---- what families share */

typedef vn_array *bench_activation_fn(vn_array *x);
bench_activation_fn *bench_activation(const bench_problem *p, const char *otherwise);

/* Layers in order, as one model. */
typedef struct bench_layers {
    int n;
    vn_tree *layer[64];
} bench_layers;
void bench_push(bench_layers *layers, vn_tree *layer);
void bench_push_function(bench_layers *layers, bench_activation_fn *fn);
vn_tree *bench_model(const bench_layers *layers);

/* Losses: (model, x [batch, ..], y) -> scalar. */
vn_tree *bench_mean_square(vn_tree *const arg[]);   /* mean (model(x) - y)^2 */
vn_tree *bench_cross_entropy(vn_tree *const arg[]); /* y [batch]: classes */

/* Training: what a family has to say. Trees are borrowed. */
typedef struct bench_training {
    vn_tree *model;
    vn_fn *loss;
    vn_tree *x, *y; /* [batches, batch, ..] */
    double flops;   /* one batch forward */
    double first;   /* what the first layer has of it: its input needs no gradient */
    double rate;    /* of the optimiser, unless the line has lr=; 0: the usual one */
    /* (model, x, y) -> (value, tree) instead of value and gradient; or NULL */
    vn_fn *gradient;
    double gradient_flops; /* of that, instead of 3 flops - first; or 0 */
} bench_training;
#define BENCH_TRAINING_KEYS "batch batches opt lr by"

bool bench_train(bench_case *c, const bench_training *t);

/* A compiled step on raw pointers: f((x, y), model, state) -> (value, model, state), all of
 * arrays; without updates (value, gradient). What a step writes the next one reads. NULL on
 * error. */
typedef struct bench_stepper bench_stepper;
bench_stepper *bench_stepper_new(vn_tree *f, vn_tree *batches, vn_tree *model, vn_tree *state,
                                 bool updates);
void bench_stepper_free(bench_stepper *s);
bool bench_stepper_run(bench_stepper *s, int64_t times);
double bench_stepper_value(const bench_stepper *s);

/* A plan on raw pointers: f(inputs...). Trees are borrowed. */
bool bench_raw_plan(bench_case *c, vn_tree *f, int n, vn_tree *const arg[], vn_tree *model);

vn_array *bench_data(const bench_problem *p, int64_t seed, vn_shape shape); /* normal */
vn_array *bench_labels(int64_t seed, vn_shape shape, int64_t classes);      /* i32 */

/* dir/name.npy and dir/model.eqx */
bool bench_save_array(const char *dir, const char *name, const vn_array *x);
bool bench_save_model(const char *dir, const vn_tree *model);

#endif
