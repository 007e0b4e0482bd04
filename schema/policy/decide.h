/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h: one request being decided. Private to schema/policy.
 *
 * decide.c says what comes of it; decide_look_up.c finds the rules that a
 * request meets and weighs them, decide_network.c those of hosts,
 * decide_named.c those of ${ARG} and ${START}; decide_arguments.c compares what
 * a rule says beside its pattern, decide_groups.c where words of that may be
 * left out.
 */
#ifndef SCHEMA_POLICY_DECIDE_H
#define SCHEMA_POLICY_DECIDE_H

#include "schema/policy/blob.h"
#include "schema/shell.h"

/* How near a rule came that did not grant; the largest is reported. */
enum sm_nearness {
	NEAR_NOTHING,
	NEAR_ANYWHERE, /* for another purpose, and of every place */
	NEAR_ACCESS,
	NEAR_ARGUMENTS,
	NEAR_PRINCIPAL,
	NEAR_VIA,
	NEAR_ADDRESS,
};

/* One request being decided. Rules are numbers in SM_BLOB_RULES. */
struct sm_deciding {
	const struct sm_policy *policy;
	const struct sm_event *event;
	const struct sm_request *request;
	const struct sm_subject *subject;
	const struct sm_shell *shell; /* the parsed line, or NULL */
	uint32_t access;	      /* asked for */
	uint32_t granted;
	uint32_t granting; /* first rule that granted anything */
	uint32_t denying;
	uint32_t stdlib; /* a rule for the whole standard library matched */
	bool is_capability;
	bool only_denials; /* what allows is looked at to be told of only */
	enum sm_nearness nearness;
	uint32_t nearest;
	bool has_overflown;
};

/* Finds and weighs all rules that the request meets. */
void sm_decide_look_up(struct sm_deciding *d);
/* Weighs one that it meets. */
void sm_decide_weigh(struct sm_deciding *d, uint32_t number);
/* Those of a path, or of a key, below a root. */
void sm_decide_path(struct sm_deciding *d, enum sm_blob_root root,
		    struct sm_str path);
void sm_decide_key(struct sm_deciding *d, enum sm_blob_root root,
		   struct sm_str key);
/* Those of sockets, hosts and addresses. */
void sm_decide_network(struct sm_deciding *d);
/* Whether arguments, ports and the like are the rule's. */
bool sm_decide_details(const struct sm_deciding *d,
		       const struct sm_blob_rule *rule);
/* Whether a word of the request meets a slot; NULL: it is no option. */
typedef bool sm_decide_word(const struct sm_deciding *d,
			    const struct sm_blob_token *slot, uint32_t word);
/* Whether so many words meet the slots of a rule that has groups of them. */
bool sm_decide_groups(const struct sm_deciding *d,
		      const struct sm_blob_rule *rule, uint32_t words,
		      sm_decide_word *meets);
/* The first rule of the nodes that is_wanted; SM_BLOB_NONE. */
uint32_t sm_decide_first(const struct sm_policy *policy,
			 const struct sm_match_set *set,
			 bool (*is_wanted)(const struct sm_blob_rule *));
/* Those of ${ARG} and ${START}; see decide_named.c. */
void sm_decide_named(struct sm_deciding *d, struct sm_str path);
/* A rule of a family of code that allows something. */
bool sm_decide_lets_run(const struct sm_blob_rule *rule);
/* Whether some allow rule of a family of code means path, whoever asks. */
bool sm_decide_is_granted(const struct sm_policy *policy,
			  enum sm_blob_root root, struct sm_str path);

#endif
