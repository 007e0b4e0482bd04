/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape.h: what events of one form have in common, and their leaves.
 *
 * A shape is the tree of types of an event's arguments, with list lengths,
 * cut marks, which resolved paths there are and the decision. What is left of
 * an event is a fixed row of 64-bit leaves: string numbers, integers, floats.
 * So nested lists, digests and opaque values need no columns of their own.
 *
 * Encoding: flags byte (decision, RULE, RESOLVED, SHADOW: the shadow policy's
 * decision, SHADOW_RULE), argument count, then per
 * value a byte: enum sm_type, or'ed with CUT; a list's length follows it, then
 * its items. Numbers are LEB128.
 * Leaves: per value in that order: TEXT, BYTES, OPAQUE: string; INT: integer;
 * FLOAT: float; DIGEST: full_len, hash as a string of 8 bytes, because the same
 * code is unmarshalled by every process; a cut value's full_len after its own;
 * then resolved[0], resolved[1], rule, shadow rule, each if there.
 */
#ifndef SCHEMA_TRACE_SHAPE_H
#define SCHEMA_TRACE_SHAPE_H

#include "schema/event.h"
#include "schema/trace/intern.h"

#define SM_SHAPE_DECISION    0x03 /* enum sm_decision */
#define SM_SHAPE_RULE	     0x04
#define SM_SHAPE_RESOLVED    0x08 /* << 0, 1 */
#define SM_SHAPE_SHADOW	     5	  /* enum sm_decision << 5 */
#define SM_SHAPE_SHADOW_RULE 0x80
#define SM_SHAPE_CUT	     0x10 /* or'ed to a value's type */
#define SM_SHAPE_MAX	     (8 + 3 * SM_VALUES_MAX) /* bytes */
#define SM_SHAPE_HASH_BYTES  8
#define SM_LEAVES_MAX	     (2 * SM_VALUES_MAX + SM_RESOLVED_MAX + 2)

enum sm_leaf_kind { SM_LEAF_STRING, SM_LEAF_INT, SM_LEAF_FLOAT, SM_LEAF_KINDS };

enum sm_leaf_target {
	SM_LEAF_TO_STRING, /* a value's s and len (and full_len) */
	SM_LEAF_TO_INT,	   /* a value's i */
	SM_LEAF_TO_FLOAT,
	SM_LEAF_TO_FULL_LEN,
	SM_LEAF_TO_HASH,     /* a digest's i, from 8 bytes big-endian */
	SM_LEAF_TO_RESOLVED, /* node: which */
	SM_LEAF_TO_RULE,
	SM_LEAF_TO_SHADOW_RULE,
};

struct sm_leaf {
	uint8_t kind;	/* enum sm_leaf_kind */
	uint8_t target; /* enum sm_leaf_target */
	uint8_t node;	/* index into nodes */
	uint8_t arg;	/* top-level argument it belongs to; 255: none */
};

/* A decoded shape. nodes[0..argc) are the arguments, list items follow. */
struct sm_shape {
	uint8_t flags;
	uint32_t argc, node_count, leaf_count;
	struct sm_leaf *leaves;
	struct sm_value *nodes;
	uint64_t *type_hash; /* per argument: its tree of types, for keys */
};

/*
 * The shape of event as bytes in text[SM_SHAPE_MAX], *len of them. SM_INVALID
 * when event passes a bound of value.h; nothing is kept then.
 */
SM_CHECKED enum sm_status sm_shape_of(const struct sm_event *event,
				      uint8_t *text, uint32_t *len);
/* Decodes one shape at r; allocates. SM_NOMEM, SM_DAMAGED. */
SM_CHECKED enum sm_status sm_shape_decode(struct sm_bytes_reader *r,
					  struct sm_shape *shape);
void sm_shape_fini(struct sm_shape *shape);
/* A digest's hash from its string; false when it is none. */
bool sm_shape_hash(struct sm_str text, int64_t *hash);

/* Numbers for the strings of an event; gives leaves. */
typedef enum sm_status sm_shape_intern(void *context, struct sm_str s,
				       uint32_t *id);
/* Appends the leaves of event, in shape's order. SM_NOMEM, intern's. */
SM_CHECKED enum sm_status
sm_shape_leaves(const struct sm_event *event, sm_shape_intern *intern,
		void *context, uint64_t out[SM_LEAVES_MAX], uint32_t *count);

/*
 * Which leaves decide: key arguments of the catalogue (all arguments of events
 * that are not in it) and resolved texts. seed stands for their types.
 */
bool sm_shape_leaf_is_key(const struct sm_shape *shape, unsigned leaf,
			  enum sm_event_kind kind);
uint64_t sm_shape_key_seed(const struct sm_shape *shape,
			   enum sm_event_kind kind, uint64_t site);
/*
 * A key is its seed and the sum of sm_mix(value, salt of the leaf), so that
 * leaves can be added in any order and those that do not change once.
 */
static inline uint64_t sm_shape_key_salt(unsigned leaf)
{
	return sm_mix(leaf, 0x8ebc6af09c88c6e3);
}

#endif
