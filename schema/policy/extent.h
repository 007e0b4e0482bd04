/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extent.h: all the requests that a rule's pattern and arguments mean, as a
 * language. Who asks, and by which way, is not part of it.
 *
 * A request is one text: a path; or a letter for what it is (k a key, h a
 * host's name, i an address, u a whole shell line, and the tokens of one that
 * can be cut: w words, l live ones, o operators, r redirections; n what follows
 * a path that ${ARG} means, s what follows ${START}), then the resource.
 * Arguments follow, a NUL in front of and behind them.
 */
#ifndef SCHEMA_POLICY_EXTENT_H
#define SCHEMA_POLICY_EXTENT_H

#include "schema/policy/build.h"
#include "schema/policy/language.h"

/*
 * Adds what rule means for access, one bit. Rules of another access may be
 * asked about it: who may connect may resolve, and a file that may not be read
 * may not be loaded. except (may be NULL) takes what "stdlib" leaves out.
 * SM_NOT_FOUND for a variable without value.
 */
SM_CHECKED enum sm_status sm_extent_add(struct sm_build *values,
					const struct sm_rule *rule,
					uint32_t access,
					struct sm_language *language,
					struct sm_language *except);

/* A request as people write it; false when it has no other spelling. */
void sm_extent_spell(const struct sm_found_text *request, char *out,
		     size_t room);
/*
 * The same host spelled as an address, or as a name: what some rules compare
 * as the one and some as the other. False: it has only one spelling.
 */
bool sm_extent_respell(const struct sm_found_text *request,
		       struct sm_found_text *other);

/* The protocol of that number, 0 is the usual one; NULL: there is none. */
const char *sm_extent_protocol(unsigned code);

#endif
