/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h: results for continuous integration: JUnit XML and SARIF 2.1.0.
 *
 * Source: the schema junit-10.xsd of Jenkins' xUnit plugin; OASIS SARIF 2.1.0.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "tools/cli.h"

enum sm_outcome { SM_OUTCOME_PASS, SM_OUTCOME_WARN, SM_OUTCOME_FAIL };

/* One result; everything is borrowed. */
struct sm_report_case {
	const char *suite; /* JUnit: the suite; cases of one stand together */
	const char *name;  /* what was looked at */
	enum sm_outcome outcome;
	const char *reason; /* of no pass: a short stable word, "no-rule" */
	const char *text;   /* of no pass: a sentence */
	struct sm_str file; /* where in the code or input; may be empty */
	uint32_t line;	    /* 0: unknown */
	uint64_t count;	    /* how often; at least 1 */
};

struct sm_report {
	const char *tool; /* "secmgr-replay" */
	const struct sm_report_case *cases;
	size_t count;
};

/*
 * Writes what is asked for (a path may be NULL) into files. SM_EXIT_USAGE after
 * a message when one cannot be written.
 */
int sm_report_write(const struct sm_program *program,
		    const struct sm_report *report, const char *junit,
		    const char *sarif);

#endif
