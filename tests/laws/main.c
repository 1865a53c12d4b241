/* SPDX-License-Identifier: MIT */
/* laws [-v] [--list] [--law NAME] [ops | layers | ROW]: checks every law of every subject,
 * in f32 and f64; with VN_ISA not those of complex numbers, whose kernels are the same in all.
 * Exit status: 0 all hold, 1 one is broken, 77 the ISA that VN_ISA asks for is not there.
 * laws --dump: the values of all subjects, for the comparison of instruction sets (isa.c). */
#include <stdlib.h>
#include <string.h>

#include "laws/isa.h"
#include "laws/law.h"
#include "vernal/runtime.h"

enum { SKIPPED = 77, CAPACITY = 640 };

const law law_table[] = {
    { "shape", "the shape rule gives the shape made", LAW_BOTH, law_shape },
    { "vjp", "vjp equals a difference", LAW_F64, law_vjp },
    { "jvp", "jvp equals a difference", LAW_F64, law_jvp },
    { "transpose", "<jvp(t), g> equals <t, vjp(g)>", LAW_F64, law_transpose },
    { "second", "derivatives of the vjp equal differences", LAW_F64, law_second },
    { "plan", "a plan equals the function run at once", LAW_BOTH, law_plan },
    { "vmap", "vmap equals a loop", LAW_BOTH, law_vmap },
    { "vmap_grad", "vmap of a gradient equals a loop", LAW_BOTH, law_vmap_grad },
    { "mean_grad", "the gradient of a mean is the mean of gradients", LAW_BOTH, law_mean_grad },
    { "ensemble", "vmap over models equals a loop", LAW_BOTH, law_ensemble },
    { "threads", "any number of threads gives the same bits", LAW_F32, law_threads },
    { "complex", "an op takes complex numbers or says that it does not", LAW_BOTH,
      law_complex },
    { "file", "a model read from a file is the one written", LAW_BOTH, law_file },
    { "isa", "every instruction set agrees with the portable one", LAW_BOTH, law_isa },
};
const int law_count = (int)(sizeof law_table / sizeof law_table[0]);

int law_subjects(law_subject *out, int capacity)
{
    int n = 0;
    law_add_elementwise(out, &n);
    law_add_arrays(out, &n);
    law_add_products(out, &n);
    law_add_examples(out, &n);
    law_add_loops(out, &n);
    law_add_layers(out, &n);
    law_add_complex(out, &n);
    if (n > capacity)
        abort();
    return n;
}

typedef struct options {
    bool list, verbose, dump;
    const char *filter, *law, *isa; /* NULL: any */
} options;

static bool read_options(options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v"))
            o->verbose = true;
        else if (!strcmp(argv[i], "--list"))
            o->list = true;
        else if (!strcmp(argv[i], "--dump"))
            o->dump = true;
        else if (!strcmp(argv[i], "--law") && i + 1 < argc)
            o->law = argv[++i];
        else if (argv[i][0] != '-' && !o->filter)
            o->filter = argv[i];
        else
            return false;
    }
    return true;
}

static bool is_complex(const law_subject *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->in[i].kind == LAW_COMPLEX)
            return true;
    return false;
}

static bool wanted(const options *o, const law_subject *s)
{
    if (o->isa && is_complex(s))
        return false;
    if (!o->filter)
        return true;
    if (!strcmp(o->filter, "ops") || !strcmp(o->filter, "layers"))
        return (s->model != NULL) == !strcmp(o->filter, "layers");
    return !strcmp(o->filter, s->row);
}

static void check(law_run *r, const law *l, const law_subject *s, vn_dtype dtype)
{
    if (!(l->dtypes & (dtype == VN_F64 ? LAW_F64 : LAW_F32)))
        return;
    vn_set_default_dtype(dtype);
    r->subject = s;
    r->law = l->name;
    r->fault = false;
    r->compared = 0;
    VN_SCOPE
    l->check(r, s);
    if (!vn_ok())
        law_fail(r, "an error was left behind");
    r->failed += r->fault;
    r->passed += !r->fault && r->compared > 0;
    if (r->verbose && (r->fault || r->compared))
        printf("%s %s %s, law %s, %s\n", r->fault ? "FAILED" : "holds ", s->row, s->name,
               l->name, vn_dtype_name(dtype));
}

int main(int argc, char **argv)
{
    static law_subject subjects[CAPACITY];
    options o = { .list = false };
    if (!read_options(&o, argc, argv)) {
        fprintf(stderr, "usage: laws [-v] [--list] [--law NAME] [ops | layers | ROW]\n");
        return 2;
    }
    const char *const asked = getenv("VN_ISA");
    o.isa = asked && *asked ? asked : NULL;
    if (o.isa && strcmp(o.isa, vn_isa())) {
        printf("skipped: this machine has no %s kernels (%s is in use)\n", o.isa, vn_isa());
        return SKIPPED;
    }
    int n = law_subjects(subjects, CAPACITY);
    law_run r = { .verbose = o.verbose };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (o.dump)
        return law_dump(subjects, n);
    for (int i = 0; i < n; i++) {
        if (!wanted(&o, &subjects[i]))
            continue;
        if (o.list)
            printf("%s %s\n", subjects[i].row, subjects[i].name);
        for (int k = 0; k < law_count && !o.list; k++)
            if (!o.law || !strcmp(o.law, law_table[k].name)) {
                check(&r, &law_table[k], &subjects[i], VN_F32);
                check(&r, &law_table[k], &subjects[i], VN_F64);
            }
    }
    if (o.list)
        return 0;
    if (!o.law)
        law_coverage(&r, subjects, n, !o.filter || !strcmp(o.filter, "ops"),
                     !o.filter || !strcmp(o.filter, "layers"));
    law_isa_end();
    vn_finish();
    printf("%d passed, %d failed (%s)\n", r.passed, r.failed, vn_isa());
    return r.failed || r.passed == 0;
}
