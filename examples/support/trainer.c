/* SPDX-License-Identifier: MIT */
#include "trainer.h"

#include "report.h"

static vn_tree *step(vn_tree *const arg[]) /* optimiser, loss, model, state, batch */
{
    vn_tree *grad = vn_filter_value_and_grad(arg[1], NULL);
    vn_tree *both = vn_call(grad, arg[2], arg[4]);
    vn_tree *update = vn_optim_update(arg[0], vn_at(both, 1), arg[3], arg[2]);
    vn_tree *model = vn_apply_updates(arg[2], vn_at(update, 0));
    return vn_tuple(model, vn_at(update, 1), vn_at(both, 0));
}

trainer trainer_create(vn_tree *model, vn_tree *optimiser, vn_fn *loss)
{
    vn_tree *bound = vn_partial(vn_function(step, 5), optimiser, vn_function(loss, 2));
    return (trainer){ .model = vn_retain(model),
                      .state = vn_retain(vn_optim_init(optimiser, model)),
                      .step = vn_retain(vn_filter_jit(bound, NULL)),
                      .start = seconds_now() };
}

void trainer_destroy(trainer *t)
{
    vn_release(t->model), vn_release(t->state);
    vn_release(t->step), vn_release(t->order);
    *t = (trainer){ 0 };
}

double trainer_step(trainer *t, vn_tree *batch)
{
    double loss = 0;
    VN_SCOPE {
        vn_tree *out = vn_call(t->step, t->model, t->state, batch);
        vn_assign(&t->model, vn_at(out, 0));
        vn_assign(&t->state, vn_at(out, 1));
        loss = vn_item(vn_at(out, 2));
    }
    return loss;
}

void trainer_report(const trainer *t, int64_t i, int64_t steps, double loss)
{
    if (i % (steps / 5 ? steps / 5 : 1) && i != steps - 1)
        return;
    printf("step %5lld of %lld  loss %.6f  %.1f s\n", (long long)i, (long long)steps, loss,
           seconds_now() - t->start);
    fflush(stdout);
}

vn_tree *trainer_batch(trainer *t, int64_t i, int64_t size, vn_array *x, vn_array *y)
{
    const int64_t n = vn_dim(x, 0), in_pass = n > size ? n / size : 1, at = i % in_pass;
    if (at == 0)
        vn_assign(&t->order, vn_permutation(vn_fold_in(vn_key(0), vn_int(i / in_pass)), n));
    vn_array *rows = vn_slice(t->order, 0, at * size, (at + 1) * size, 1);
    return vn_tuple(vn_take(x, rows, 0), vn_take(y, rows, 0));
}

vn_array *softmax_cross_entropy(vn_array *logits, vn_array *labels)
{
    vn_array *column = vn_expand_dims(labels, 1);
    return vn_neg(vn_mean(vn_take_along_axis(vn_log_softmax(logits, 1), column, 1)));
}

int verdict(bool good)
{
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && good ? 0 : 1;
}
