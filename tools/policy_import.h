/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_import.h: rules out of what other tools were configured with, or
 * wrote to a log.
 */
#ifndef TOOLS_POLICY_IMPORT_H
#define TOOLS_POLICY_IMPORT_H

#include "schema/policy.h"
#include "tools/import_text.h"

/* What could not be said as it was meant, and where it stands. */
typedef void sm_import_note(void *context, unsigned line, const char *text);

#define SM_IMPORT_RULES_MAX 20000

struct sm_import {
	struct sm_rules *rules; /* grows; without ids */
	uint32_t *table; /* made at need, to be freed: rules by their text */
	bool is_full;
	bool rejects_shell; /* whatever its processes say */
	const struct sm_binding *bindings;
	size_t binding_count;
	sm_import_note *note;
	void *context;
};

/*
 * google/python-security-manager: a configuration as JSON, as protobuf text or
 * as the calls of a script, or its log of audit events. What is not understood
 * is noted and left out. SM_SYNTAX, noted: none of these.
 */
SM_CHECKED enum sm_status sm_import_pysecmgr(struct sm_import *import,
					     struct sm_str text);

#endif
