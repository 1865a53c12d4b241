/* SPDX-License-Identifier: MIT */
/* Plain C control flow that depends on values, under vmap and grad.
 *
 * Without vn_filter_jit the ops run at once, so numbers can be read while the gradient is
 * recorded. vn_filter_vmap then calls the function once an example, spread over the threads.
 * Here: Newton's method for Kepler's equation E - e sin E = M, as many steps as an orbit
 * needs. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vernal.h>

enum { ORBITS = 1000 };

/* Counts steps, so that we see that they differ; the tree of results is (E, steps). */
static vn_tree *kepler(vn_tree *const arg[]) /* M [], e [] -> (E [], steps []) */
{
    vn_array *m = arg[0], *e = arg[1], *one = vn_float(1);
    vn_array *anomaly = vn_add(m, vn_mul(e, vn_sin(m))); /* a good start for small e */
    int steps = 0;
    for (double size = 1; size > 1e-12 && steps < 50; steps++) {
        vn_array *f = vn_sub(vn_sub(anomaly, vn_mul(e, vn_sin(anomaly))), m);
        vn_array *slope = vn_sub(one, vn_mul(e, vn_cos(anomaly)));
        vn_array *delta = vn_div(f, slope);
        anomaly = vn_sub(anomaly, delta);
        size = fabs(vn_item(delta)); /* a number, while the tape is running */
    }
    return vn_tuple(anomaly, vn_scalar(VN_I32, steps));
}

static vn_tree *total(vn_tree *const arg[]) /* (M [n], e [n]) -> (sum of E, (E, steps)) */
{
    vn_tree *all = vn_call(vn_filter_vmap(vn_function(kepler, 2), NULL), vn_at(arg[0], 0),
                           vn_at(arg[0], 1));
    return vn_tuple(vn_sum(vn_at(all, 0)), all);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return puts("dynamic: Newton's method, example by example, with its gradient"),
               strcmp(argv[1], "--help") != 0;
    vn_set_default_dtype(VN_F64);
    vn_array *keys = vn_split(vn_key(0), 2);
    const vn_shape n = VN_SHAPE(ORBITS);
    vn_tree *orbits = vn_tuple(vn_uniform(vn_subkey(keys, 0), n, VN_F64, 0.1, 3),
                               vn_uniform(vn_subkey(keys, 1), n, VN_F64, 0, 0.95));

    const vn_grad_options aux = { .has_aux = true };
    vn_tree *grad = vn_filter_grad(vn_function(total, 1), &aux);
    vn_tree *both = vn_call(grad, orbits), *g = vn_at(both, 0);
    vn_array *anomaly = vn_get(both, "[1][0]"), *steps = vn_get(both, "[1][1]");
    vn_array *e = vn_at(orbits, 1), *one = vn_float(1);
    printf("%d orbits: %g to %g Newton steps each\n", ORBITS, vn_item(vn_min(steps)),
           vn_item(vn_max(steps)));

    /* Implicit function theorem: dE/dM = 1 / (1 - e cos E), dE/de = sin E / (1 - e cos E). */
    vn_array *slope = vn_sub(one, vn_mul(e, vn_cos(anomaly)));
    vn_tree *exact = vn_tuple(vn_reciprocal(slope), vn_div(vn_sin(anomaly), slope));
    vn_tree *error = vn_tree_sub(g, exact);
    const double worst = vn_item(vn_maximum(vn_max(vn_abs(vn_at(error, 0))),
                                            vn_max(vn_abs(vn_at(error, 1)))));
    printf("gradient against the implicit function theorem: %.1e\n", worst);

    /* Finite differences of all orbits at once, since E_i depends on M_i alone. */
    const double h = 1e-6;
    vn_array *m = vn_at(orbits, 0), *step = vn_float(h);
    vn_tree *vmapped = vn_filter_vmap(vn_function(kepler, 2), NULL);
    vn_array *up = vn_at(vn_call(vmapped, vn_add(m, step), e), 0);
    vn_array *down = vn_at(vn_call(vmapped, vn_sub(m, step), e), 0);
    vn_array *slope_fd = vn_scale(0.5 / h, vn_sub(up, down));
    const double fd = vn_item(vn_max(vn_abs(vn_div(vn_sub(slope_fd, vn_at(g, 0)), slope_fd))));
    printf("gradient against finite differences: %.1e\n", fd);

    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && worst < 1e-9 && fd < 1e-6 ? 0 : 1;
}
