/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h: the growing parts of a blob while a policy is compiled.
 */
#ifndef SCHEMA_POLICY_BUILD_H
#define SCHEMA_POLICY_BUILD_H

#include "schema/policy/blob.h"
#include "schema/policy/pattern.h"

/* What all vectors of a build may take; 10,000 rules take some 5 MiB. */
#define SM_BUILD_MAX (160u << 20)

struct sm_build_left {
	size_t bytes;
	bool is_short; /* something did not fit */
};

struct sm_vector {
	char *p;
	size_t count, room; /* elements */
	struct sm_build_left *left;
};

/* A node before its children are laid out; lists are chains of links. */
struct sm_build_node {
	uint32_t below, tidy, flags;
	uint32_t edges, edge_tail, edge_count;
	uint32_t branches, branch_tail, branch_count;
	uint32_t rules, rule_tail, rule_count;
};

struct sm_build_link {
	uint32_t next;
	uint32_t what; /* child node, or rule number */
	uint32_t pattern;
	struct sm_blob_text text;
	uint32_t hash;
};

struct sm_build {
	const struct sm_rules *rules; /* the policy's and the bundles' */
	const struct sm_binding *bindings;
	size_t binding_count;
	struct sm_diag *diag;
	struct sm_build_left left;
	struct sm_vector sections[SM_BLOB_SECTIONS];
	struct sm_vector nodes; /* struct sm_build_node */
	struct sm_vector links; /* struct sm_build_link */
	uint32_t *children;	/* hash map: link of (node, text) */
	size_t child_room, child_count;
	uint32_t roots[SM_BLOB_ROOTS];
	struct sm_blob_span stdlib, site;
	uint8_t reach; /* of struct sm_blob_header */
};

static inline struct sm_build_node *sm_build_node_at(struct sm_build *b,
						     uint32_t node)
{
	return (struct sm_build_node *)(void *)b->nodes.p + node;
}

static inline struct sm_build_link *sm_build_link_at(struct sm_build *b,
						     uint32_t link)
{
	return (struct sm_build_link *)(void *)b->links.p + link;
}

static inline struct sm_str sm_build_str(const struct sm_build *b,
					 struct sm_blob_text text)
{
	return (struct sm_str){ b->sections[SM_BLOB_TEXT].p + text.at,
				text.len };
}

static inline const struct sm_blob_rule *
sm_build_rule_at(const struct sm_build *b, uint32_t rule)
{
	const void *rules = b->sections[SM_BLOB_RULES].p;

	return (const struct sm_blob_rule *)rules + rule;
}

/* Empty vectors and all that may be left; the other members stay. */
void sm_build_init(struct sm_build *b);
/* NULL: out of memory, or of what the build may take. */
void *sm_build_push(struct sm_vector *v, size_t size);
SM_CHECKED enum sm_status sm_build_text(struct sm_build *b, struct sm_str s,
					struct sm_blob_text *out);
SM_CHECKED enum sm_status sm_build_node(struct sm_build *b, uint32_t *node);
/* The child of parent for a component or key in pattern spelling. */
SM_CHECKED enum sm_status sm_build_child(struct sm_build *b, uint32_t parent,
					 struct sm_str spelling,
					 struct sm_scan how, uint32_t *child);
/* The child for literal bytes. */
SM_CHECKED enum sm_status sm_build_literal(struct sm_build *b, uint32_t parent,
					   struct sm_str text, uint32_t *child);
SM_CHECKED enum sm_status sm_build_branch(struct sm_build *b, uint32_t parent,
					  struct sm_str spelling,
					  uint32_t pattern, uint32_t *child);
SM_CHECKED enum sm_status sm_build_grant(struct sm_build *b, uint32_t node,
					 uint32_t rule);
/*
 * A path pattern below root; a leading ${NAME} gives one path per value.
 * line: for messages. Adds rule to every end.
 */
SM_CHECKED enum sm_status sm_build_path(struct sm_build *b, uint32_t root,
					struct sm_str pattern, unsigned line,
					uint32_t rule);
/* A literal directory and what follows it in pattern spelling. */
SM_CHECKED enum sm_status sm_build_below(struct sm_build *b, uint32_t root,
					 struct sm_str directory,
					 struct sm_str rest, uint32_t rule);
/* A pattern as items; scan.pattern is its spelling. */
SM_CHECKED enum sm_status sm_build_pattern(struct sm_build *b,
					   struct sm_scan scan, unsigned line,
					   uint32_t *pattern);
/* A `**` behind which one component follows, or none. */
bool sm_build_is_tail(struct sm_build *b, const struct sm_build_node *node);
/* Where literal starts of paths end, once all rules are in. */
SM_CHECKED enum sm_status sm_build_stops(struct sm_build *b);
/*
 * build_stop.c: appends the stop of a node behind a path of len bytes, and
 * those its ways lead to; at: its word, for sm_build_stop_at().
 */
SM_CHECKED enum sm_status sm_build_stop(struct sm_build *b,
					enum sm_blob_root root, uint32_t node,
					uint32_t len, uint32_t *at);
/* Until another one is appended. */
struct sm_blob_stop *sm_build_stop_at(struct sm_build *b, uint32_t word);

/* The path of a mark of the same number. */
struct sm_build_start {
	enum sm_blob_root root;
	uint32_t path, length; /* bytes of sm_build_starts.paths */
};

struct sm_build_starts {
	struct sm_vector starts; /* struct sm_build_start */
	struct sm_vector paths;	 /* bytes */
};

/* A directory above a stop, or its own path. */
struct sm_build_place {
	struct sm_build_place *up; /* NULL: there is none */
	uint32_t length;
	uint32_t text;	/* a byte of SM_BLOB_TEXT, or SM_BLOB_NONE: not yet */
	uint32_t names; /* that tails up to here accept: of SM_BLOB_ENDS */
};

/* SM_ENDS_NONE and SM_ENDS_ANY, before all others. */
SM_CHECKED enum sm_status sm_build_first_ends(struct sm_build *b);
/* Adds what tails of a stop accept to what those above it do. */
SM_CHECKED enum sm_status sm_build_ends(struct sm_build *b, uint32_t stop,
					uint32_t *names);
/* The mark of a stop that is done; path: place's. */
SM_CHECKED enum sm_status sm_build_mark(struct sm_build *b,
					enum sm_blob_root root, uint32_t stop,
					const char *path,
					const struct sm_build_place *place);
/* The table where marks are found. */
SM_CHECKED enum sm_status sm_build_slots(struct sm_build *b,
					 const struct sm_build_starts *starts);
/* Lays nodes out; returns the blob. */
SM_CHECKED enum sm_status sm_build_finish(struct sm_build *b,
					  const struct sm_blob_header *header,
					  void **blob, size_t *bytes);
void sm_build_fini(struct sm_build *b);

/* Values of a variable; SM_NOT_FOUND with line when it has none. */
SM_CHECKED enum sm_status sm_build_values(struct sm_build *b,
					  struct sm_str name, unsigned line,
					  struct sm_str *values, size_t room,
					  size_t *count);
#define SM_VALUES_OF_VARIABLE_MAX 64
/* The same as names of the blob; none when it has none. */
SM_CHECKED enum sm_status sm_build_directories(struct sm_build *b,
					       const char *name,
					       struct sm_blob_span *span);

/*
 * "10.0.0.0/8" as the key of its first address and how many bits of the
 * address (as IPv6) count; false when host is no block of addresses.
 */
bool sm_build_block(struct sm_str host, char key[SM_ADDRESS_KEY],
		    uint32_t *bits);

#endif
