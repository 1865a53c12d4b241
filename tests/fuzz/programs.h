/* SPDX-License-Identifier: MIT */
/* Functions whose parameters belong together, as functions without: a tree, or NULL and an
 * error. fuzz_x stands for vn_x or vn_x_n. */
#ifndef VN_TESTS_FUZZ_PROGRAMS_H
#define VN_TESTS_FUZZ_PROGRAMS_H

#include "fuzz/options.h"

/* Something to transform: a function, a layer, a transformed function, or not. */
vn_tree *fuzz_program(void);
/* How many of fuzz_items to take: 0 .. 3, rarely -1. */
int fuzz_count(void);
/* At least four trees, mostly arrays f32[4] and keys of one dict; rarely NULL. */
vn_tree *const *fuzz_items(void);
vn_tree *const *fuzz_tangents(void); /* the same, often none */
vn_tree *const *fuzz_programs(void); /* the same of fuzz_program */
const char *const *fuzz_texts(void);
vn_tree *fuzz_tape(void);

/* array.h, tree.h */
vn_tree *fuzz_array_from(void);
vn_tree *fuzz_array_wrap(void);
vn_tree *fuzz_copy_f64(void);
vn_tree *fuzz_copy_complex(void);
void fuzz_set_default_dtype(void); /* and back */
vn_tree *fuzz_halves(vn_tree *const arg[]);
vn_tree *fuzz_tree_path(void);
vn_tree *fuzz_assign(void);
vn_tree *fuzz_scope_return(void);
vn_tree *fuzz_module_cast(void);
vn_tree *fuzz_partition(int how); /* 1, 2: vn_partition_spec, vn_partition_with */
static inline vn_tree *fuzz_partition_spec(void) { return fuzz_partition(1); }
static inline vn_tree *fuzz_partition_with(void) { return fuzz_partition(2); }

/* transform.h, plan.h */
vn_tree *fuzz_while_loop(void);
vn_tree *fuzz_scan(bool with);
static inline vn_tree *fuzz_scan_with(void) { return fuzz_scan(true); }
vn_tree *fuzz_filter_pure_callback(void);
vn_tree *fuzz_branched_error_if(void);
vn_tree *fuzz_plan_create(void);
vn_tree *fuzz_printed(bool plan);
static inline vn_tree *fuzz_tape_print(void) { return fuzz_printed(false); }
static inline vn_tree *fuzz_plan_print(void) { return fuzz_printed(true); }

/* enumeration.h */
const void *fuzz_enumeration(void);
vn_tree *fuzz_enum_item(void); /* or another tree */

/* io.h: a drawn tree saved, damaged perhaps, and loaded */
typedef enum fuzz_format { FUZZ_EQX, FUZZ_EQX_SPEC, FUZZ_SAFETENSORS, FUZZ_NPZ } fuzz_format;
vn_tree *fuzz_file(fuzz_format format);
static inline vn_tree *fuzz_tree_deserialise_leaves_bytes(void) { return fuzz_file(FUZZ_EQX); }
static inline vn_tree *fuzz_tree_deserialise_leaves_spec_bytes(void)
{
    return fuzz_file(FUZZ_EQX_SPEC);
}
static inline vn_tree *fuzz_safetensors_load_bytes(void) { return fuzz_file(FUZZ_SAFETENSORS); }
static inline vn_tree *fuzz_npz_load_bytes(void) { return fuzz_file(FUZZ_NPZ); }
vn_tree *fuzz_json_parse(void);

/* optim.h */
vn_tree *fuzz_optimiser(void);
vn_tree *fuzz_optim_state(void);
vn_tree *fuzz_piecewise_constant_schedule(void);
vn_tree *fuzz_join_schedules(void);

#endif
