/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_cases.h: expectations about a policy as people write them: a list of
 * objects in JSON, secmgr-policy(1). Only tools/ uses it.
 *
 *   text --sm_cases_parse--> struct sm_cases --sm_case_event--> an event
 */
#ifndef TOOLS_POLICY_CASES_H
#define TOOLS_POLICY_CASES_H

#include "tools/policy_tool.h"

/* Texts belong to the struct sm_cases. */
struct sm_case {
	const char *name;  /* what it is called, else its event */
	const char *event; /* a sentence, or an audit event's name */
	const char *by, *via, *file, *rule; /* NULL: not said */
	bool expects_denial;
	unsigned line, column;	       /* of the object */
	void *args, *resolved, *named; /* the lists; NULL: not said */
};

struct sm_cases {
	struct sm_case *items;
	size_t count;
	void *document; /* owns every text */
};

/*
 * Checks keys, types and values; diag names the first mistake with its line.
 * cases is emptied on failure.
 */
SM_CHECKED enum sm_status sm_cases_parse(const char *text, size_t bytes,
					 struct sm_cases *cases,
					 struct sm_diag *diag);
void sm_cases_fini(struct sm_cases *cases);

/*
 * The event a case is about. Borrows from the case and from *sentence, which
 * is malloc'ed and the caller's, of a failure too.
 */
SM_CHECKED enum sm_status sm_case_event(const struct sm_case *one,
					const struct sm_compiled *c,
					struct sm_spoken *s, char **sentence,
					struct sm_diag *diag);

#endif
