/* SPDX-License-Identifier: MIT */
/* Data parallelism (Equinox: parallelism): there is nothing to write. A batch is spread over
 * all threads, and any number of them gives the same bits, so here the model is trained several
 * times and the results are compared exactly. --full: a batch that is worth spreading. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/option.h"
#include "support/report.h"
#include "support/trainer.h"

static const char help[] =
    "parallel [--threads N] [--full]\n"
    "trains with 1, 2, 4, .. N threads (default 4); --full: 1,048,576 examples, wider layers";

enum { STEPS = 100, CHANNELS = 4 };

typedef struct size {
    int64_t dataset, batch, width;
} size;

static vn_tree *loss(vn_tree *const arg[]) /* model, (x, y) [n, 4] -> f32[] */
{
    vn_array *y = vn_vmap_call(arg[0], vn_at(arg[1], 0));
    return vn_mean(vn_square(vn_sub(y, vn_at(arg[1], 1))));
}

/* The trained model, which the caller owns. */
static vn_tree *train(const size *s, int threads, double *final_loss)
{
    vn_tree *model = NULL;
    vn_set_num_threads(threads);
    VN_SCOPE {
        vn_array *keys = vn_split(vn_key(6789), 2);
        vn_array *x = vn_normal(vn_subkey(keys, 0), VN_SHAPE(s->dataset, CHANNELS), VN_F32);
        vn_array *y = vn_sin(x);
        vn_tree *mlp = vn_mlp(CHANNELS, CHANNELS, s->width, 1, vn_subkey(keys, 1), NULL);
        trainer t = trainer_create(mlp, vn_adam(vn_float(3e-4), NULL), loss);
        double spent = 0;
        for (int i = 0; i < STEPS && vn_ok(); i++)
            VN_SCOPE {
                vn_tree *batch = trainer_batch(&t, i, s->batch, x, y);
                const double start = seconds_now();
                trainer_step(&t, batch);
                spent += i ? seconds_now() - start : 0; /* the first step compiles */
            }
        *final_loss = vn_item(vn_call(vn_function(loss, 2), t.model, vn_tuple(x, y)));
        printf("%3d threads  loss %.8f  %12.0f examples/s\n", threads, *final_loss,
               (double)(s->batch * (STEPS - 1)) / spent);
        model = vn_retain(t.model);
        trainer_destroy(&t);
    }
    return model;
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--threads --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const int most = atoi(option(argc, argv, "--threads", "4"));
    const size s = flag(argc, argv, "--full") ? (size){ 1 << 20, 1 << 15, 128 }
                                              : (size){ 64, 16, 32 };
    double value;
    vn_tree *one = train(&s, 1, &value);
    bool same = true;
    for (int threads = 2; threads <= most && vn_ok(); threads *= 2) {
        vn_tree *many = train(&s, threads, &value);
        same &= vn_tree_equal(one, many, NULL);
        vn_release(many);
    }
    printf("%s; Equinox on eight devices, other data: loss 0.32279302\n",
           same ? "the same bits" : "DIFFERENT BITS");
    vn_release(one);
    return verdict(same && value < 0.36);
}
