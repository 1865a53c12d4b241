/* SPDX-License-Identifier: MIT */
/* Laws over tables: what must hold of every op and every layer, whatever it computes. A
 * subject is a function of trees with a way to draw its arguments; a law is a function that
 * checks one. */
#ifndef VN_TESTS_LAWS_LAW_H
#define VN_TESTS_LAWS_LAW_H

#include "vernal/ops.h"
#include "vernal/transform.h"

enum { LAW_MAX_ARGS = 6, LAW_MAX_BATCH = 320 };

typedef enum law_kind {
    LAW_REAL,     /* uniform in [lo, hi] */
    LAW_DISTINCT, /* the same, no two elements closer than the spacing of a grid: for sorting */
    LAW_INTEGER,  /* i32, uniform in [lo, hi] */
    LAW_BOOL,
    LAW_KEY,    /* u32[2] */
    LAW_COMPLEX /* both parts uniform in [lo, hi] */
} law_kind;

typedef struct law_operand {
    law_kind kind;
    vn_shape shape; /* of one example */
    double lo, hi;
} law_operand;

enum {
    LAW_NO_DERIVATIVE = 1 << 0, /* has none, and says so */
    LAW_NO_DIFFERENCE = 1 << 1, /* has one that differences cannot show: stop_gradient, casts */
    LAW_NO_SECOND = 1 << 2,     /* has no second derivative */
    LAW_NO_BATCH = 1 << 3       /* cannot be mapped */
};

typedef struct law_subject {
    const char *row;  /* of ops.def or nn.def, or what else it is a case of */
    const char *name; /* tells cases of one row apart; "" */
    unsigned flags;
    vn_fn *fn; /* of the model, if there is one, and the operands; NULL: the model is called */
    vn_array *(*unary)(vn_array *x); /* instead of fn */
    vn_array *(*binary)(vn_array *a, vn_array *b);
    vn_tree *(*model)(void); /* made in the default dtype; NULL: none */
    int n;
    law_operand in[LAW_MAX_ARGS];
} law_subject;

/* ---------------------------------------------------------------------- subjects */

/* The tables: element-wise rows are made from the library's own, the others are written. */
int law_subjects(law_subject *out, int capacity);
void law_add_elementwise(law_subject *out, int *n);
void law_add_arrays(law_subject *out, int *n);
void law_add_products(law_subject *out, int *n);
void law_add_examples(law_subject *out, int *n);
void law_add_loops(law_subject *out, int *n);
void law_add_layers(law_subject *out, int *n);
/* Those subjects so far that take complex numbers, with complex operands; and others. */
void law_add_complex(law_subject *out, int *n);

/* The subject as something to call; its derivative as a function: (arguments.., cotangent of
 * the result) -> tuple of the cotangents of the arguments; and (arguments.., g) -> <g,
 * f(arguments)>. */
vn_tree *law_function(const law_subject *s);
vn_tree *law_cotangents(vn_tree *f);
vn_tree *law_weighted(vn_tree *f);
/* Number of its arguments: the model, if any, and the operands. */
int law_arity(const law_subject *s);
/* The arguments in the default dtype, drawn from the seed; with batch > 0 the operands in
 * the set `mapped` (bits, the model is never one) hold `batch` examples along a new axis 0.
 * Example e of a batch is the argument drawn without a batch from seed + e. */
void law_arguments(vn_tree *arg[], const law_subject *s, uint64_t seed, int64_t batch,
                   unsigned mapped);
/* Arrays of the shapes and dtypes of the inexact arrays of `like`, uniform in [-1, 1]; none
 * for the other leaves. */
vn_tree *law_direction(vn_tree *like, uint64_t seed);

/* --------------------------------------------------------------------------- laws */

typedef struct law_run {
    const law_subject *subject;
    const char *law;
    int passed, failed;
    bool fault;   /* of the present subject and law */
    int compared; /* in it: 0 means that the law does not apply */
    bool verbose;
} law_run;

enum { LAW_F32 = 1, LAW_F64 = 2, LAW_BOTH = 3 };

typedef struct law {
    const char *name;
    const char *says;
    unsigned dtypes; /* in which it is checked */
    void (*check)(law_run *r, const law_subject *s);
} law;

extern const law law_table[];
extern const int law_count;

/* Trees of one structure with their arrays stacked along a new axis 0. */
vn_tree *law_stacked(int64_t n, vn_tree *const trees[]);
/* (tuple of the arguments) -> gradient of the mean of a mapped function of them. */
vn_tree *law_mean_gradient(vn_tree *mapped_function);

void law_vjp(law_run *r, const law_subject *s);
void law_jvp(law_run *r, const law_subject *s);
void law_transpose(law_run *r, const law_subject *s);
void law_second(law_run *r, const law_subject *s);
void law_vmap(law_run *r, const law_subject *s);
void law_vmap_grad(law_run *r, const law_subject *s);
void law_mean_grad(law_run *r, const law_subject *s);
void law_ensemble(law_run *r, const law_subject *s);
void law_plan(law_run *r, const law_subject *s);
void law_threads(law_run *r, const law_subject *s);
void law_shape(law_run *r, const law_subject *s);
void law_file(law_run *r, const law_subject *s);
void law_complex(law_run *r, const law_subject *s);

/* Every row of the tables has a subject: fails by name. */
void law_coverage(law_run *r, const law_subject *subjects, int n, bool ops, bool layers);

/* ---------------------------------------------------------------------- comparing */

/* A failure of the law; the sentence of a recorded error is added, and the error forgotten. */
void law_fail(law_run *r, const char *format, ...) VN_PRINTF(2, 3);

/* Leaves of two trees of one structure: |a - b| <= rtol (|b| + max |b|), integers equal. A
 * NULL is a failure. none where the other has an inexact array stands for zeros. */
bool law_close(law_run *r, const char *what, vn_tree *a, vn_tree *b, double rtol);
bool law_same_bits(law_run *r, const char *what, vn_tree *a, vn_tree *b);
/* 1e-12 in f64, 1e-5 in f32. */
double law_rounding(void);

/* The elements of an array, to be freed; a complex one is two numbers. */
double *law_numbers(const vn_tree *array, int64_t *n);

/* sum of the products of the inexact arrays of two trees, of complex ones real(a b), which is
 * the pairing of cotangents and tangents; *scale: the sum of their moduli. */
double law_inner(vn_tree *a, vn_tree *b, double *scale);

/* True if there is something to differentiate in it. */
bool law_has_inexact(vn_tree *tree);
/* x + step direction, leaf by leaf where direction is not none. */
vn_tree *law_moved(vn_tree *x, double step, vn_tree *direction);

#endif
