/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h: a policy as text, as rules, as a compiled blob, and its decisions.
 *
 *   JSON text --sm_policy_parse--> struct sm_rules --sm_policy_compile--> blob
 *   blob --sm_policy_open--> struct sm_policy --sm_policy_decide--> verdict
 *
 * The blob is flat, position-independent and validated once by
 * sm_policy_open(); deciding allocates nothing and makes no system call. The
 * agent links schema/policy/{open,decide,match}*.c only: no JSON, no malloc.
 * Semantics: secmgr-policy(5).
 */
#ifndef SCHEMA_POLICY_H
#define SCHEMA_POLICY_H

#include "schema/event.h"
#include "schema/request.h"
#include "schema/status.h"

/* ------------------------------------------------------------------ rules */

enum sm_mode { SM_MODE_DEFAULT, SM_MODE_OFF, SM_MODE_WARN, SM_MODE_BLOCK };

/* A list of owned, NUL-terminated strings (lengths kept: bytes may be any). */
struct sm_strings {
	struct sm_str *items;
	size_t count;
};

/*
 * One rule, as in the file. Which members mean something depends on family and
 * access; unused ones are empty. Text is owned by the struct sm_rules.
 */
struct sm_rule {
	enum sm_family family;
	uint32_t access;  /* files: any of them; others: exactly one */
	struct sm_str id; /* unique in the file; "f7" */
	/*
	 * The pattern: files path; code load ("stdlib", "distribution:NAME",
	 * path pattern) and exec; network address; processes program, shell
	 * template or signal target; pickles class; native name; events name.
	 */
	struct sm_str pattern;
	struct sm_strings
		args;	      /* processes argv slots; events argument slots */
	bool has_args;	      /* false: any arguments */
	struct sm_strings by; /* principals; empty: all but foreign, dynamic */
	uint32_t via;	      /* files: bits 1 << enum sm_via; 0: direct only */
	bool makes_code;      /* files: what it lets be written may be run */
	bool deny;	      /* stands in `deny` */
	struct sm_str review; /* reason it stands in `review`; or empty */
	struct sm_str bundle; /* name of the bundle it came from; or empty */
	uint64_t seen;	      /* `seen`, evidence; 0: absent */
	unsigned line;	      /* in the file; 0: built by a program */
	unsigned column;
};

struct sm_variable {
	struct sm_str name;	  /* [A-Z][A-Z0-9_]* */
	struct sm_strings values; /* absolute paths; several mean "any of" */
};

/*
 * A whole policy. Variables STDLIB and SITE (lists) say where the standard
 * library and distributions live; the learner writes them like any other.
 */
struct sm_rules {
	struct sm_rule *rules;
	size_t count;
	struct sm_variable *variables;
	size_t variable_count;
	struct sm_strings use; /* bundle names */
	unsigned use_line, use_column;
	enum sm_mode modes[SM_FAMILIES];
	void *arena; /* owns every string and array above */
};

/* An empty policy; NULL when out of memory. sm_rules_free accepts NULL. */
struct sm_rules *sm_rules_new(void);
void sm_rules_free(struct sm_rules *rules);
/* Copies text into the policy's storage; p is NULL when out of memory. */
struct sm_str sm_rules_keep(struct sm_rules *rules, struct sm_str text);
/* Appends a copy of rule (strings are copied). */
SM_CHECKED enum sm_status sm_rules_add(struct sm_rules *rules,
				       const struct sm_rule *rule);
SM_CHECKED enum sm_status sm_rules_set_variable(struct sm_rules *rules,
						struct sm_str name,
						const struct sm_str *values,
						size_t count);
/* The same texts in the same order. */
bool sm_strings_equal(const struct sm_strings *a, const struct sm_strings *b);
bool sm_strings_have(const struct sm_strings *list, struct sm_str text);
SM_CHECKED enum sm_status sm_strings_add(struct sm_rules *rules,
					 struct sm_strings *list,
					 struct sm_str text);

/* Whether the rule's pattern, arguments and principals are well spelled. */
SM_CHECKED enum sm_status sm_policy_check_rule(const struct sm_rule *rule,
					       struct sm_diag *diag);

/*
 * What a policy may hold, so that every program answers about any in seconds
 * and half a gigabyte; real ones have thousands of rules and a few items.
 */
#define SM_POLICY_BYTES_MAX	(16u << 20)
#define SM_POLICY_RULES_MAX	50000
#define SM_POLICY_ITEMS_MAX	256 /* of one list in it */
#define SM_POLICY_VARIABLES_MAX 256

/*
 * Parses JSON text; SM_LIMIT beyond the bounds above. Every unknown key,
 * duplicate key or id, bad pattern and wrong type is an error with line and
 * column in diag. Bundles named by `use` are not expanded here.
 */
SM_CHECKED enum sm_status sm_policy_parse(const char *text, size_t bytes,
					  struct sm_rules **out,
					  struct sm_diag *diag);
/* Reads and parses a file ("-": standard input). diag names the reason. */
SM_CHECKED enum sm_status
sm_policy_load(const char *path, struct sm_rules **out, struct sm_diag *diag);
/*
 * The canonical text: one rule a line, families and keys in a fixed order,
 * rules in the order they stand. parse(print(r)) == r. *out is malloc'ed.
 */
SM_CHECKED enum sm_status sm_policy_print(const struct sm_rules *rules,
					  char **out, size_t *bytes);
/* One rule as it stands there, "{ ... }". *out is malloc'ed. */
SM_CHECKED enum sm_status sm_policy_print_rule(const struct sm_rule *rule,
					       char **out);
/* The canonical order; 0: they are spelled alike, but for id and review. */
int sm_rule_compare(const struct sm_rule *a, const struct sm_rule *b);
/* Sorts rules into canonical order and gives missing ids. */
SM_CHECKED enum sm_status sm_policy_normalise(struct sm_rules *rules);

/*
 * Whether "stdlib" leaves this module of the standard library out: it needs a
 * load rule of its own, "stdlib:NAME".
 */
bool sm_policy_is_capability(struct sm_str module);

/* The text of a shipped bundle, or NULL; names are listed NULL-terminated. */
const char *sm_bundle_text(const char *name);
const char *const *sm_bundle_names(void);

/* --------------------------------------------------------------- patterns */

/*
 * Tokens inside patterns; the closed set of typed slots (secmgr-policy(5)).
 * One path component, one argv word, or one shell word at most, except ** and
 * <tree>.
 */
enum sm_token {
	SM_TOKEN_INT,	 /* <int>      [0-9]+ */
	SM_TOKEN_HEX,	 /* <hex>      [0-9a-f]{8,} */
	SM_TOKEN_UUID,	 /* <uuid>     8-4-4-4-12 hex digits */
	SM_TOKEN_DATE,	 /* <date>     YYYY-MM-DD or YYYYMMDD */
	SM_TOKEN_TMP,	 /* <tmp>      tempfile's 8 characters [a-z0-9_] */
	SM_TOKEN_NAME,	 /* <name>     no /, no leading dot; spaces, dots ok */
	SM_TOKEN_WORD,	 /* <word>     argv: any text without leading `-` */
	SM_TOKEN_OPTION, /* <option:a|b> argv: one of the texts */
	SM_TOKEN_PATH,	 /* <path:PATTERN> argv: a path, canonical, matched */
	SM_TOKEN_HOST,	 /* <host>     host name or address, no leading `-` */
	SM_TOKEN_PORT,	 /* <port>     1024..65535; network only */
	SM_TOKEN_TEXT,	 /* <text>     argv: anything that is one word */
	SM_TOKEN_TREE,	 /* <tree>     ** that no component with a leading dot
				       is part of; alone in its place */
	SM_TOKEN_CLASS,	 /* <class>    dotted identifiers; pickles only */
	SM_TOKENS
};

/* The narrowest typed token that matches all of text; SM_TOKENS when none. */
enum sm_token sm_token_of(struct sm_str text);
/* Length of the longest prefix of text the token can match; 0 when none. */
size_t sm_token_match(enum sm_token token, struct sm_str text);
const char *sm_token_name(enum sm_token token); /* "int" */

/* ---------------------------------------------------------------- compile */

/* Values that replace or complete the policy's variables at compile time. */
struct sm_binding {
	const char *name;
	const char *value; /* several values: separated by ':' */
};

/*
 * Expands bundles and variables and compiles. *blob is malloc'ed, *bytes long;
 * same input, same bytes. SM_INVALID with line for an undefined variable, an
 * unreachable rule (under an earlier identical or wider one) is reported by
 * sm_policy_check() only.
 */
SM_CHECKED enum sm_status sm_policy_compile(const struct sm_rules *rules,
					    const struct sm_binding *bindings,
					    size_t binding_count, void **blob,
					    size_t *bytes,
					    struct sm_diag *diag);

/*
 * Calls found for each finding a reviewer should see, in the order of the
 * file: a rule that grants (or denies) nothing that other rules or bundles do
 * not, one that never applies because others deny it or let its code be
 * written, an empty family in mode block. Claims are proved; what cannot be is
 * not told. The policy must compile with the bindings.
 */
typedef void sm_policy_finding(void *context, const struct sm_diag *finding);
SM_CHECKED enum sm_status sm_policy_check(const struct sm_rules *rules,
					  const struct sm_binding *bindings,
					  size_t binding_count,
					  sm_policy_finding *found,
					  void *context, struct sm_diag *diag);

/*
 * Which rules the others make needless: covered_by, of rules->count, gets the
 * number of one that covers the rule, rules->count for one of a bundle, and
 * SIZE_MAX where none does. Of two alike the first stays.
 */
SM_CHECKED enum sm_status sm_policy_covered(const struct sm_rules *rules,
					    size_t *covered_by,
					    struct sm_diag *diag);

/* A copy with the rules of its bundles appended. */
SM_CHECKED enum sm_status sm_policy_expand(const struct sm_rules *rules,
					   struct sm_rules **out,
					   struct sm_diag *diag);

/*
 * Whether a value for the variable could change what the policy means: it, or a
 * bundle of it, has such a variable, or every policy has.
 */
SM_CHECKED enum sm_status sm_policy_has_variable(const struct sm_rules *rules,
						 struct sm_str name, bool *has);

/* What a change does. UNKNOWN: it could not be proved either way. */
enum sm_change { SM_CHANGE_NARROWER, SM_CHANGE_UNKNOWN, SM_CHANGE_WIDER };

struct sm_policy_change {
	enum sm_change change;
	enum sm_family family;
	const struct sm_rule *rule; /* NULL: the family's mode */
	bool is_new;		    /* rule stands in the new policy */
	const char *why;	    /* "newly allowed" */
	uint32_t access;	    /* one bit it shows in, or 0 */
	struct sm_str by;	    /* one principal it shows for; or empty */
	const char *example;	    /* a resource; or NULL */
};

/*
 * Calls changed for everything that new allows and old does not, and the other
 * way round: rule by rule, with an example where there is one. Both policies
 * must compile with the bindings.
 */
typedef void sm_policy_changed(void *context,
			       const struct sm_policy_change *change);
SM_CHECKED enum sm_status
sm_policy_diff(const struct sm_rules *old, const struct sm_rules *new,
	       const struct sm_binding *bindings, size_t binding_count,
	       sm_policy_changed *changed, void *context, struct sm_diag *diag);

/* ----------------------------------------------------------------- decide */

/* A view of a blob; the caller keeps the blob readable while it is used. */
struct sm_policy {
	const uint8_t *blob;
	size_t bytes;
	/* What every decision needs of it, found by sm_policy_open(). */
	const uint64_t *filter, *stops;
	const uint32_t *slots;
	const struct sm_blob_mark *marks;
	const struct sm_blob_ends *ends;
	const char *text;
	uint32_t filter_mask, slot_mask, reach;
	bool has_file_rules_only; /* of rules that are about files */
};

#define SM_POLICY_DIGEST_BYTES 32

/* Validates everything deciding relies on; SM_DAMAGED, SM_VERSION. */
SM_CHECKED enum sm_status sm_policy_open(struct sm_policy *policy,
					 const void *blob, size_t bytes,
					 struct sm_diag *diag);
/* SHA-256 of the policy's canonical text, for "which policy was this". */
const uint8_t *sm_policy_digest(const struct sm_policy *policy);

enum sm_reason {
	SM_REASON_NONE,	     /* allowed, or undecided */
	SM_REASON_DENY_RULE, /* a `deny` rule matched */
	SM_REASON_NO_RULE,   /* nothing covers it; nearest: other names */
	SM_REASON_ACCESS,    /* a rule covers it, but not this access */
	SM_REASON_PRINCIPAL, /* a rule covers it, for other principals */
	SM_REASON_VIA,	     /* a rule covers it, read for another purpose */
	SM_REASON_ADDRESS,   /* a rule covers the name, not where it leads */
	SM_REASON_ARGUMENTS, /* a rule covers the program or event only */
	SM_REASON_CUT,	     /* the resource is too long, or unreadable */
	SM_REASON_WRITTEN,   /* code loaded from a place rules let be written */
	SM_REASON_NO_POLICY, /* enforcing, but no policy could be obtained */
};

struct sm_verdict {
	enum sm_decision decision; /* after modes */
	enum sm_reason reason;
	enum sm_family family; /* of the deciding request */
	unsigned request;      /* its index in sm_event_requests() */
	uint32_t lacking;      /* accesses not granted */
	struct sm_str rule;    /* deciding rule's id, else the nearest one's,
				  else empty; points into the blob */
	uint32_t rule_index;   /* the same in compile order; UINT32_MAX */
};

/*
 * Decides event. Order: deny rules, then allows, else denied; see policy.md.
 * Every request must be granted (each access bit by some rule). The verdict's
 * decision is SM_UNDECIDED for events that ask for nothing. Linear in the
 * event's size, independent of the number of rules. Any thread, any process.
 */
void sm_policy_decide(const struct sm_policy *policy,
		      const struct sm_event *event, struct sm_verdict *verdict);

/* Who asks, as rules see it. Borrows from the principal and the policy. */
struct sm_subject {
	enum sm_principal_kind kind;
	struct sm_str name;	/* DISTRIBUTION; or a module, for code exec */
	struct sm_str owner;	/* DYNAMIC */
	struct sm_str function; /* APP; empty: unknown */
	bool is_narrowed; /* to a module others called: kind says nothing */
	uint64_t who;	  /* the same in bits, for the policy that was asked */
};

/*
 * The same in two steps, for those who decide many events of one principal:
 * the policy is asked for his file once.
 */
void sm_policy_subject(const struct sm_policy *policy,
		       const struct sm_principal *principal,
		       struct sm_subject *subject);
void sm_policy_decide_for(const struct sm_policy *policy,
			  const struct sm_event *event,
			  const struct sm_subject *subject,
			  struct sm_verdict *verdict);

/*
 * The same about one of the event's requests alone, by its number in
 * sm_event_requests(). SM_UNDECIDED beyond the last.
 */
void sm_policy_decide_request(const struct sm_policy *policy,
			      const struct sm_event *event, unsigned request,
			      struct sm_verdict *verdict);

/* A rule that allows a file; by value, for those who ask often. */
struct sm_allowance {
	const char *rule; /* its id; NULL: nothing is told */
	uint32_t rule_length;
	uint32_t rule_index; /* in compile order */
};

/*
 * Whether path is allowed to be accessed directly, and by which rule; what
 * sm_policy_decide_for() says of an event that asks for this file and nothing
 * else (sm_event_file()), for less.
 */
struct sm_allowance sm_policy_allows_file(const struct sm_policy *policy,
					  const struct sm_subject *subject,
					  struct sm_str path, uint32_t access);

/*
 * Whether a decision about events of that name may depend on arguments the
 * catalogue calls details: a rule that names the event compares them all. For
 * those who remember decisions by key arguments only. _has_: of any name.
 */
bool sm_policy_sees_details(const struct sm_policy *policy,
			    struct sm_str event);
bool sm_policy_has_details(const struct sm_policy *policy);
/*
 * Whether a decision about a file may depend on what the command line of the
 * process names: there are rules of ${ARG} or ${START}.
 */
bool sm_policy_has_named(const struct sm_policy *policy);

/*
 * The principal as the policy sees it: APP whose file no `code` load rule
 * covers is FOREIGN (code that may not be loaded has no rights either).
 * sm_policy_decide() applies this itself.
 */
enum sm_principal_kind
sm_policy_principal(const struct sm_policy *policy,
		    const struct sm_principal *principal);

/* False: whatever the mode, such events only warn. */
bool sm_policy_can_block(enum sm_event_kind kind);

/* "read /etc/passwd by app: no rule covers it; nearest f7 lacks read" */
void sm_verdict_explain(const struct sm_event *event,
			const struct sm_verdict *verdict, char *out,
			size_t bytes);
const char *sm_reason_name(enum sm_reason reason);

#endif
