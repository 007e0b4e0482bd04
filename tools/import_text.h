/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_text.h: other people's configurations as a tree: JSON, protobuf's text
 * format and the calls of a Python script have the same few tokens.
 *
 * Bounded, and good for any bytes. Everything lives until sm_source_fini().
 */
#ifndef TOOLS_IMPORT_TEXT_H
#define TOOLS_IMPORT_TEXT_H

#include "schema/status.h"
#include "schema/value.h"

enum sm_node_kind {
	SM_NODE_TEXT,	/* a string, its escapes resolved */
	SM_NODE_WORD,	/* true, null, 17, a name */
	SM_NODE_LIST,	/* [ ... ] */
	SM_NODE_FIELDS, /* { ... }: children have names */
	SM_NODE_OTHER,	/* what cannot be followed: f"...", expressions */
};

struct sm_node {
	enum sm_node_kind kind;
	struct sm_str name; /* of a field or keyword; may be empty */
	bool is_quoted_name;
	struct sm_str text;
	unsigned line;
	struct sm_node *children, *next;
};

struct sm_source {
	const char *at, *end;
	unsigned line, depth;
	unsigned nodes; /* left to be made */
	struct sm_source_chunk *chunks;
	const char *error; /* NULL: none so far */
};

/* text is borrowed; lines are counted from `line`. */
void sm_source_init(struct sm_source *source, struct sm_str text,
		    unsigned line);
void sm_source_fini(struct sm_source *source);

/*
 * All fields up to the end, in braces or not. NULL and source->error, at
 * source->line, when it is no such text.
 */
const struct sm_node *sm_source_fields(struct sm_source *source);
/* One value; what follows it is left. */
const struct sm_node *sm_source_value(struct sm_source *source);
/*
 * The next NAME(ARGUMENTS), wherever it stands; NULL at the end. Its text is
 * NAME without what is in front of the last dot, its children the arguments.
 */
const struct sm_node *sm_source_call(struct sm_source *source);

/* The field of that name in either spelling, open_config or openConfig. */
const struct sm_node *sm_node_field(const struct sm_node *node,
				    const char *name);
bool sm_node_is_named(const struct sm_node *node, const char *name);

#endif
