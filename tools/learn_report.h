/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_report.h: what secmgr-learn says of a policy, beside the policy.
 */
#ifndef TOOLS_LEARN_REPORT_H
#define TOOLS_LEARN_REPORT_H

#include <stdio.h>

#include "learner/learner.h"

struct sm_learn_report {
	struct sm_observed observed;
	const struct sm_learned *learned;
	const struct sm_estimate *estimate; /* NULL: not asked for */
	double max_false_blocks; /* of 1000 events; < 0: not asked for */
};

/* For people, to standard error, each line behind the program's name. */
void sm_learn_report_summary(const char *program,
			     const struct sm_learn_report *report);
/* What a reader must not miss. */
void sm_learn_report_warnings(const char *program,
			      const struct sm_learn_report *report);
/* Every rule, and how it came about. False: memory ran out. */
bool sm_learn_report_rules(FILE *out, const struct sm_learned *learned);
/* A rule as a part of a line: family, id, what it names and for whom. */
void sm_learn_report_rule(FILE *out, const struct sm_rule *rule);
/* All of it as one JSON object. */
void sm_learn_report_json(FILE *out, const struct sm_learn_report *report);
/* More events may be blocked in error than was asked for. */
bool sm_learn_report_is_too_many(const struct sm_learn_report *report);

#endif
