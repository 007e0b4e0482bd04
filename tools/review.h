/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review.h: a policy, the rules and bundles of it that somebody should look at,
 * and what became of each.
 *
 *   sm_review_open: policy, traces, an older policy -> questions
 *   sm_review_answer: by a person (review_ask.c) or a file (review_answers.c)
 *   sm_review_write: the policy with all answers, at once
 */
#ifndef TOOLS_REVIEW_H
#define TOOLS_REVIEW_H

#include "tools/review_step.h"

enum sm_answer {
	SM_ANSWER_NONE,	   /* not asked yet; as IGNORE */
	SM_ANSWER_IGNORE,  /* stays as it is; what is proposed is not added */
	SM_ANSWER_ALLOW,   /* stays, and is not asked about again */
	SM_ANSWER_REPLACE, /* other rules in its place */
	SM_ANSWER_DENY,
	SM_ANSWER_REMOVE,
};

/* One rule, or one bundle in `use`, to decide about. */
struct sm_question {
	struct sm_str id;	    /* the rule's; or bundle:NAME */
	const struct sm_rule *rule; /* in the review's rules; NULL: a bundle */
	struct sm_rules *bundle;    /* its rules; NULL: a rule; owned */
	bool is_proposed;	    /* learned from the traces; not in there */
	bool is_new;		    /* not in the older policy */
	struct sm_evidence *evidence; /* one for each rule */
	/* One step away; NULL: there is none. */
	struct sm_rules *tighter, *looser;
	enum sm_answer answer;
	struct sm_rules *becomes; /* of REPLACE; owned */
};

#define SM_REVIEW_DIGEST 65 /* hex digits and a NUL */

struct sm_review {
	const struct sm_policy_options *o;
	const char *path;
	struct sm_rules *rules; /* the policy with what is proposed */
	/* The first ones; the rest is proposed, or for proposals. */
	size_t own_variables, own_bundles;
	bool is_sorted;		       /* it stood in canonical order */
	char digest[SM_REVIEW_DIGEST]; /* of the policy as it was read */
	struct sm_settled settled;
	struct sm_places places;
	struct sm_question *questions;
	size_t count;
	struct sm_evidence *evidence;
	size_t evidence_count;
	char **traces;
	size_t trace_count;
};

/*
 * All about POLICY and TRACE... of the command line: what the policy marks,
 * what is not in o->base, what the traces would add; with o->shows_all every
 * rule. The exit status, after a message; sm_review_close() in any case.
 */
int sm_review_open(const struct sm_policy_options *o, int argc, char **argv,
		   struct sm_review *review);
void sm_review_close(struct sm_review *review);

/* A copy of the rules alone; NULL when out of memory. */
struct sm_rules *sm_review_copy(const struct sm_rules *rules);
/* A rule as JSON, of the family, in the place and under the id of old. */
SM_CHECKED enum sm_status sm_review_parse_rule(const struct sm_rule *old,
					       const char *json,
					       struct sm_rules **out,
					       struct sm_diag *diag);

/* Takes becomes, which may be NULL unless answer is REPLACE. */
void sm_review_answer(struct sm_question *q, enum sm_answer answer,
		      struct sm_rules *becomes);
/* Not yet answered, or left for later. */
size_t sm_review_left(const struct sm_review *review);
/* "allow": as in files of answers; NULL for NONE. */
const char *sm_answer_name(enum sm_answer answer);

/* Whether more, or rather so than not, grants what old does not. */
bool sm_review_is_wider(const struct sm_review *review,
			const struct sm_rules *old,
			const struct sm_rules *more);
/* Modes, bundles and the first variables of from; false: out of memory. */
bool sm_review_add_frame(struct sm_rules *to, const struct sm_rules *from,
			 size_t variables);
/*
 * Replaces the policy by one with all answers, in canonical form; says on
 * standard output what became of it. The exit status, after a message.
 */
int sm_review_write(const struct sm_review *review);

/* The rules it is about; how many. */
size_t sm_question_rules(const struct sm_question *q);
const struct sm_rule *sm_question_rule(const struct sm_question *q, size_t at);
/* Whether a risk is marked, or it was stopped when it was recorded. */
bool sm_question_is_risky(const struct sm_question *q);

/* One question for people; each line starts with before. */
void sm_review_show(const struct sm_review *review, size_t at,
		    const struct sm_rules *becomes, const char *before,
		    FILE *out);
/* What the rule opens, as a sentence. malloc'ed, or NULL. */
char *sm_review_exposure(const struct sm_review *review,
			 const struct sm_rule *rule,
			 const struct sm_evidence *seen);
/* The key "seen". */
void sm_review_put_seen(struct sm_json *j, const struct sm_evidence *e);
void sm_review_print_json(const struct sm_review *review);
/* How each rule came about: what every slot of it stood for. */
void sm_review_explain(const struct sm_review *review);

/* All questions as a file of answers; "ignore" where there is none. */
void sm_review_print_answers(const struct sm_review *review, FILE *out,
			     bool is_commented);
/* Gives answers, all or (diag says why, with its line) none. */
SM_CHECKED enum sm_status sm_review_take_answers(struct sm_review *review,
						 FILE *in,
						 struct sm_diag *diag);
/* The same of a file. False after a message. */
bool sm_review_read_answers(struct sm_review *review, const char *path);

/*
 * Asks at the terminal. SM_EXIT_OK: write; SM_EXIT_FINDING: do not write,
 * answers so far are kept beside the policy.
 */
int sm_review_ask(struct sm_review *review);
/* The file beside the policy that keeps answers; malloc'ed. */
char *sm_review_answers_path(const struct sm_review *review);

#endif
