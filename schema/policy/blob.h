/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.h: the layout of a compiled policy. Private to schema/policy.
 *
 * Flat arrays of fixed structs that name one another by index; nothing in it
 * is a pointer. Host byte order: a blob never leaves its machine.
 *
 * Patterns of all families live in one forest. A path walks down by its
 * components; every other key (host, class, event name, ...) is a tree of one
 * level. A node has literal children in a hash table, pattern children in a
 * list, and perhaps one child each for `**` and <tree>.
 */
#ifndef SCHEMA_POLICY_BLOB_H
#define SCHEMA_POLICY_BLOB_H

#include "schema/address.h"
#include "schema/policy.h"

#define SM_BLOB_MAGIC	0x6c6f7073u /* "spol" */
#define SM_BLOB_VERSION 19
#define SM_BLOB_MAX	(256u << 20)
#define SM_BLOB_NONE	UINT32_MAX
#define SM_BLOB_ALIGN	64u /* bytes: sections begin where cache lines do */

/*
 * Nodes one key can reach at once. The compiler refuses policies that could
 * need more; deciding treats more as matching nothing.
 */
#define SM_ACTIVE_MAX 256

enum sm_blob_section {
	SM_BLOB_TEXT,	  /* bytes */
	SM_BLOB_NODES,	  /* struct sm_blob_node */
	SM_BLOB_EDGES,	  /* struct sm_blob_edge */
	SM_BLOB_FILTER,	  /* uint64_t, a power of two: bits, see stop.h */
	SM_BLOB_SLOTS,	  /* uint32_t, a power of two: see stop.h */
	SM_BLOB_MARKS,	  /* struct sm_blob_mark */
	SM_BLOB_ENDS,	  /* struct sm_blob_ends */
	SM_BLOB_STOPS,	  /* words of 8 bytes: struct sm_blob_stop and more */
	SM_BLOB_BRANCHES, /* struct sm_blob_branch */
	SM_BLOB_INDEX,	  /* uint32_t: rules of nodes, patterns of arguments */
	SM_BLOB_RULES,	  /* struct sm_blob_rule */
	SM_BLOB_PATTERNS, /* struct sm_blob_span of items */
	SM_BLOB_ITEMS,	  /* struct sm_blob_item */
	SM_BLOB_NAMES,	  /* struct sm_blob_text: options, directories */
	SM_BLOB_BY,	  /* struct sm_blob_by */
	SM_BLOB_WHO,	/* struct sm_blob_by: whose bits follow SM_WHO_NAMES */
	SM_BLOB_TOKENS, /* struct sm_blob_token */
	SM_BLOB_SECTIONS
};

extern const uint32_t sm_blob_element_bytes[SM_BLOB_SECTIONS];

enum sm_blob_root {
	SM_ROOT_FILES,	  /* paths */
	SM_ROOT_LOAD,	  /* paths */
	SM_ROOT_RUN,	  /* names of code objects */
	SM_ROOT_HOST,	  /* "name" in lower case, or NUL + 16 address bytes */
	SM_ROOT_UNIX,	  /* paths */
	SM_ROOT_ABSTRACT, /* "@name" */
	SM_ROOT_SOCKET,	  /* kinds */
	SM_ROOT_PROGRAM,  /* paths */
	SM_ROOT_SHELL_LINE, /* whole lines that do not parse */
	SM_ROOT_SHELL_WORD, /* first token of lines that do */
	SM_ROOT_SIGNAL,
	SM_ROOT_ENVIRONMENT,
	SM_ROOT_CLASS,
	SM_ROOT_LIBRARY, /* paths */
	SM_ROOT_NATIVE,	 /* bare library names, symbols */
	SM_ROOT_EVENT,
	SM_ROOT_NAMED, /* files: what follows a path that ${ARG} means */
	SM_ROOT_START, /* and what follows ${START} */
	SM_BLOB_ROOTS
};

/* What rules there are of what a process is told when it starts. */
enum sm_blob_told {
	SM_TOLD_NAMED = 1 << 0, /* below SM_ROOT_NAMED */
	SM_TOLD_START = 1 << 1, /* below SM_ROOT_START */
};

/*
 * Copied as they are: padding would hold what lay on the compiler's stack, and
 * the same policy would not give the same bytes.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct sm_blob_span {
	uint32_t first, count;
};

struct sm_blob_text {
	uint32_t at, len;
};

struct sm_blob_header {
	uint32_t magic;
	uint32_t version;
	uint32_t bytes;
	uint32_t unused;
	uint64_t checksum; /* of everything behind this member */
	uint8_t digest[SM_POLICY_DIGEST_BYTES];
	struct sm_blob_span sections[SM_BLOB_SECTIONS]; /* byte, elements */
	uint32_t roots[SM_BLOB_ROOTS];
	struct sm_blob_span stdlib, site; /* names: directories */
	uint8_t modes[8];		  /* enum sm_mode by family */
	uint8_t mode_of_unknown;	  /* uncatalogued events */
	uint8_t has_event_rules;	  /* rules that name an event */
	uint8_t has_told_rules;		  /* enum sm_blob_told */
	uint8_t reach;			  /* blocks that are hashed: stop.h */
	uint32_t spare;			  /* 0 */
};

enum sm_blob_node_flag {
	SM_NODE_DEEP = 1 << 0, /* for **: stays active below itself */
	SM_NODE_TAIL = 1 << 1, /* DEEP, and only ends follow: looked at once */
	SM_NODE_TIDY = 1 << 2, /* DEEP, for <tree>: no component with a dot */
};

struct sm_blob_node {
	struct sm_blob_span edges; /* count: 0 or a power of two */
	struct sm_blob_span branches;
	struct sm_blob_span rules; /* of SM_BLOB_INDEX */
	uint32_t below;		   /* the child for **, or SM_BLOB_NONE */
	uint32_t flags;
	uint64_t may;	 /* no child for components without a bit: stop.h */
	uint32_t access; /* that any of its rules is about */
	uint32_t tidy;	 /* the child for <tree>, or SM_BLOB_NONE */
};

/* A slot of an open-addressed table; node SM_BLOB_NONE: empty. */
struct sm_blob_edge {
	uint32_t hash;
	uint32_t node;
	struct sm_blob_text text;
};

struct sm_blob_branch {
	uint32_t pattern;
	uint32_t node;
};

enum sm_blob_item_kind {
	SM_BLOB_LITERAL, /* text */
	SM_BLOB_STAR,
	SM_BLOB_TOKEN,
	SM_BLOB_OPTION, /* span of names */
	SM_BLOB_PATH,	/* root node; token 1: relative */
	SM_BLOB_CIDR,	/* text: 17 bytes as in SM_ROOT_HOST; token: bits */
};

struct sm_blob_item {
	uint32_t kind;
	uint32_t token;
	uint32_t a, b;
};

enum sm_blob_rule_flag {
	SM_RULE_DENY = 1 << 0,
	SM_RULE_ANY_ARGS = 1 << 1,
	SM_RULE_REST = 1 << 2,	     /* further words may follow */
	SM_RULE_STDLIB = 1 << 3,     /* not where a rule below matches too */
	SM_RULE_NOT_STDLIB = 1 << 4, /* grants nothing; see above */
	SM_RULE_SHELL = 1 << 5,	     /* args are tokens of a shell line */
	SM_RULE_MAKES_CODE = 1 << 6, /* what it lets be written may be run */
	SM_RULE_GROUPS = 1 << 7,     /* args are tokens, some in groups */
};

struct sm_blob_rule {
	struct sm_blob_text id;
	uint32_t access;
	uint32_t via; /* bits 1 << enum sm_via */
	uint32_t flags;
	uint32_t family;
	uint64_t who; /* what of it bits can say: enum sm_who */
	struct sm_blob_span by;
	struct sm_blob_span args;  /* of SM_BLOB_INDEX or SM_BLOB_TOKENS */
	struct sm_blob_text proto; /* empty: tcp and udp */
	int32_t port_low, port_high;
	uint32_t literals; /* components before the first wildcard */
	uint32_t run; /* the argument that may come again, from 1; 0: none */
};

enum sm_blob_by_kind {
	SM_BY_KIND,	/* principal kind */
	SM_BY_NAME,	/* a distribution, or a module in code exec */
	SM_BY_OWNER,	/* dynamic code owned by name */
	SM_BY_FUNCTION, /* application code of functions: name, with commas */
	SM_BY_OTHERS,	/* application code of all but these */
};

struct sm_blob_by {
	uint32_t by; /* enum sm_blob_by_kind */
	uint32_t kind;
	struct sm_blob_text name;
};

/*
 * Who asks, and whom a rule is for, in bits: it is for him when they share one.
 * Each kind of principal has one, and so have names rules know him by, as far
 * as bits last: the last one stands for the others, which are to be compared.
 */
enum sm_who {
	SM_WHO_NAMES = SM_PRINCIPALS, /* and more, as in SM_BLOB_WHO */
	SM_WHO_OTHERS = 63,
};

#define SM_WHO(number)	 (UINT64_C(1) << (number))
#define SM_WHO_NAMES_MAX (SM_WHO_OTHERS - SM_WHO_NAMES)

#define SM_SLOTS_MAX 256 /* of a rule with groups */

/* A word whose text is a tail, and whose pattern is for the stem in front. */
#define SM_BLOB_STEM (SM_SHELL_REDIRECT + 1)

struct sm_blob_token {
	uint32_t kind;		  /* enum sm_shell_kind, or SM_BLOB_STEM */
	uint32_t pattern;	  /* SM_BLOB_NONE: raw text only */
	struct sm_blob_text text; /* as spelled in the template */
	uint32_t group;		  /* from 1; 0: it is in none */
};

#pragma GCC diagnostic pop

static inline const struct sm_blob_header *
sm_blob_header(const struct sm_policy *policy)
{
	return (const void *)policy->blob;
}

static inline const void *sm_blob_section(const struct sm_policy *policy,
					  enum sm_blob_section section)
{
	return policy->blob + sm_blob_header(policy)->sections[section].first;
}

static inline struct sm_str sm_blob_str(const struct sm_policy *policy,
					struct sm_blob_text text)
{
	const char *base = sm_blob_section(policy, SM_BLOB_TEXT);

	return (struct sm_str){ base + text.at, text.len };
}

/* ------------------------------------------------------------------- hash */

/* One step of 8 bytes; a partial last step is padded with zeros. */
static inline uint64_t sm_blob_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 32);
}

static inline uint32_t sm_blob_hash_end(uint64_t hash)
{
	return (uint32_t)(hash ^ (hash >> 29));
}

static inline uint64_t sm_blob_tail(const char *p, uint32_t n)
{
	uint64_t word = 0;

	while (n--)
		word = word << 8 | (uint8_t)p[n];
	return word;
}

static inline uint32_t sm_blob_hash(struct sm_str s)
{
	uint64_t hash = 0, word;
	uint32_t at = 0;

	for (; s.len - at >= 8; at += 8) {
		memcpy(&word, s.p + at, 8);
		hash = sm_blob_mix(hash, word);
	}
	if (at < s.len)
		hash = sm_blob_mix(hash, sm_blob_tail(s.p + at, s.len - at));
	return sm_blob_hash_end(hash);
}

/* Against accidents, not against attackers: those are why open validates. */
uint64_t sm_blob_checksum(const void *blob, size_t bytes);

/* ---------------------------------------------------------------- opening */

bool sm_open_stops(const struct sm_policy *policy);
/* Whether a pattern may stand for a component of a path: it is not one. */
bool sm_open_is_component(const struct sm_policy *policy, uint32_t pattern);

/* --------------------------------------------------------------- matching */

struct sm_match_set {
	uint32_t count;
	bool has_overflown; /* nothing may be granted */
	uint32_t nodes[SM_ACTIVE_MAX];
};

/* Nodes of a forest of paths that the canonical path reaches. */
void sm_match_path(const struct sm_policy *policy, enum sm_blob_root root,
		   struct sm_str path, struct sm_match_set *set);
/*
 * Nodes that patterns have for this very path, a component for each of its own,
 * whether a rule stands there or below: none by `**` or <tree>.
 */
void sm_match_spelled(const struct sm_policy *policy, enum sm_blob_root root,
		      struct sm_str path, struct sm_match_set *set);
/* Nodes below any node that it reaches, component by component. */
void sm_match_below(const struct sm_policy *policy, uint32_t node,
		    struct sm_str path, struct sm_match_set *set);
/* Nodes below root that the whole key reaches in one step. */
void sm_match_key(const struct sm_policy *policy, uint32_t root,
		  struct sm_str key, struct sm_match_set *set);
/* Whether one pattern matches all of text. is_component: hidden names. */
bool sm_match_pattern(const struct sm_policy *policy, uint32_t pattern,
		      struct sm_str text, bool is_component);

#define SM_ADDRESS_KEY (1 + SM_ADDRESS_BYTES)

/* Numeric host to the key of SM_ROOT_HOST. False: not numeric. */
static inline bool sm_match_address(struct sm_str host,
				    char key[SM_ADDRESS_KEY])
{
	key[0] = 0;
	return sm_address_parse(host, (uint8_t *)key + 1);
}

/* --------------------------------------------------------------- deciding */

/* The standard library's module a file belongs to, or an empty string. */
struct sm_str sm_decide_module(const struct sm_policy *policy,
			       struct sm_str file);
/*
 * is_indirect: code is loaded, or a directory listed for an import. Who
 * triggers that is an accident of order; generated code may be the one.
 */
bool sm_decide_by(const struct sm_policy *policy,
		  const struct sm_blob_rule *rule,
		  const struct sm_subject *subject, bool is_indirect);
static inline const struct sm_blob_rule *
sm_decide_rule(const struct sm_policy *policy, uint32_t number)
{
	return (const struct sm_blob_rule *)sm_blob_section(policy,
							    SM_BLOB_RULES) +
	       number;
}

/*
 * Among rules whose pattern path does not match, the one that shares the most
 * literal components with it (at least one) and fits; SM_BLOB_NONE. Bounded
 * effort: in a large policy it may miss one.
 */
typedef bool sm_decide_fits(const void *context,
			    const struct sm_blob_rule *rule);
uint32_t sm_decide_neighbour(const struct sm_policy *policy, uint32_t root,
			     struct sm_str path, sm_decide_fits *fits,
			     const void *context);
/* The file lies below STDLIB or SITE. */
bool sm_decide_is_installed(const struct sm_policy *policy, struct sm_str path);
/* Whether some allow rule lets path be loaded, whoever asks. */
bool sm_decide_is_code(const struct sm_policy *policy, struct sm_str path);

#endif
