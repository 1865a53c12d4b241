/* SPDX-License-Identifier: MIT */
/* Who computes what the plain kernels could compute as well: a switch for each provider.
 *
 * VN_ONEDNN, VN_WINOGRAD = 0|1|auto (read once, default auto): never; wherever it takes the
 * shape; where measurements say that it is clearly faster. */
#ifndef VN_KERNELS_PROVIDER_H
#define VN_KERNELS_PROVIDER_H

typedef enum vn__provider { VN__ONEDNN, VN__WINOGRAD, VN__PROVIDERS } vn__provider;
typedef enum vn__use { VN__AUTO, VN__NEVER, VN__ALWAYS } vn__use;

vn__use vn__use_get(vn__provider provider);
/* Instead of the environment; plans that are made already keep what they have. */
void vn__use_set(vn__provider provider, vn__use use);

/* On this thread, where that says AUTO; returns what it was before. AUTO: no preference. */
vn__use vn__use_prefer(vn__provider provider, vn__use use);

#endif
