/* SPDX-License-Identifier: MIT */
/* Which instructions behind a product are left to the product: an added bias, an activation, an
 * activation's derivative, in this order and each the only reader of the one before. The kernel
 * does them while the result is in registers or in L1, so the values between are never stored.
 * The step stands where the last of them stood: its operands exist by then. */
#include "core/ops/ops.h"
#include "core/plan/compile.h"
#include "kernels/kernels.h"

/* How far a chain has come: what follows must be of a later kind. */
typedef enum state { PRODUCT, BIAS, UNARY, GATE } state;

static bool alike(const vn__compiler *c, uint32_t a, uint32_t b)
{
    const vn__value *const x = &c->tape->value[a], *const y = &c->tape->value[b];
    return x->axes == y->axes && x->aval.dtype == y->aval.dtype &&
           vn_shape_equal(x->aval.shape, y->aval.shape);
}

/* The only instruction that reads a value which nobody else needs and which is in no chain yet;
 * NULL: there is no such. */
static const vn__instr *only_reader(const vn__compiler *c, uint32_t value)
{
    if (c->uses[value] != 1 || c->in_of[value] >= 0 || c->out_of[value] >= 0 ||
        c->reader[value] == VN__NO_INSTR || c->chain[c->reader[value]] ||
        c->absorbed[c->reader[value]])
        return NULL;
    const vn__instr *const r = &c->tape->instr[c->reader[value]];
    return r->n_out == 1 && !r->op->results && alike(c, value, r->out) ? r : NULL;
}

/* Can the product end like this? bias: its operand, or NULL. */
static bool takes(const vn__compiler *c, const vn__instr *product, const uint32_t *bias)
{
    vn_aval in[2], bias_aval;
    bool mapped[2];
    const vn__slot out = vn__slot_of(c, product->out);
    for (int i = 0; i < 2; i++) {
        const vn__slot operand = vn__slot_of(c, product->in[i]);
        in[i] = operand.aval;
        mapped[i] = operand.lanes;
    }
    if (bias) {
        const vn__slot slot = vn__slot_of(c, *bias);
        if (slot.lanes || slot.loops & ~out.loops)
            return false;
        bias_aval = slot.aval;
    }
    return product->op->takes_epilogue(product->attr, in, mapped,
                                       out.lanes ? c->program->lanes : 1,
                                       bias ? &bias_aval : NULL);
}

/* One more instruction of the chain, the reader r of value v. */
static bool extend(const vn__compiler *c, vn__chain *chain, state *at, const vn__instr *r,
                   uint32_t v)
{
    const uint32_t other = r->in[r->n_in == 2 && r->in[0] == v];
    if (*at < BIAS && r->op == &vn__op_add && takes(c, chain->product, &other)) {
        *at = BIAS;
        chain->bias = other;
        chain->has_bias = true;
    } else if (*at < UNARY && r->n_in == 1 && r->op->ends_product) {
        *at = UNARY;
        chain->unary = r->op->kernel_row;
    } else if (*at < GATE && r->n_in == 2 && r->op->ends_product && r->in[1] == v &&
               alike(c, r->in[0], v)) {
        *at = GATE;
        chain->mask = r->in[0];
        chain->gate = r->op->kernel_row;
    } else {
        return false;
    }
    return true;
}

static vn__chain chain_from(const vn__compiler *c, const vn__instr *product)
{
    vn__chain chain = { .product = product };
    state at = PRODUCT;
    uint32_t v = product->out;
    for (const vn__instr *r; (r = only_reader(c, v)) && extend(c, &chain, &at, r, v);
         v = r->out)
        chain.last = c->reader[v];
    return chain;
}

vn_status vn__find_chains(vn__compiler *c)
{
    const vn__tape *const tape = c->tape;
    for (int64_t k = 0; k < tape->n_instr; k++) {
        const vn__instr *const product = &tape->instr[k];
        if (!product->op->takes_epilogue || product->n_in != 2 || !takes(c, product, NULL))
            continue;
        const vn__chain chain = chain_from(c, product);
        if (!chain.unary && !chain.gate && !chain.has_bias)
            continue;
        vn__chain *const kept = vn__arena_alloc(&c->program->arena, sizeof *kept);
        if (!kept)
            return vn_error_status();
        *kept = chain;
        c->chain[chain.last] = kept;
        for (uint32_t v = product->out; c->reader[v] != chain.last;
             v = tape->instr[c->reader[v]].out)
            c->absorbed[c->reader[v]] = true;
        c->absorbed[k] = true;
    }
    return VN_ERR_OK;
}

vn__step *vn__chain_step(vn__compiler *c, const vn__chain *chain)
{
    uint32_t in[4] = { chain->product->in[0], chain->product->in[1] };
    int n = 2;
    vn__ending ending = { .unary = chain->unary,
                          .gate = chain->gate,
                          .bias = -1,
                          .mask = -1,
                          .begin = -1,
                          .scale = -1 };
    if (chain->has_bias) {
        ending.bias = n;
        in[n++] = chain->bias;
    }
    if (chain->gate) {
        ending.mask = n;
        in[n++] = chain->mask;
    }
    vn__step *const s =
        vn__step_new(c, VN__STEP_EVAL, n, in, 1, c->tape->instr[chain->last].out);
    vn__ending *const kept = vn__arena_alloc(&c->program->arena, sizeof *kept);
    if (!s || !kept)
        return NULL;
    *kept = ending;
    s->op = chain->product->op;
    s->attr = chain->product->attr;
    s->n_op = 2;
    s->ending = kept;
    return s;
}
