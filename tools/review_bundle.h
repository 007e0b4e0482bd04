/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_bundle.h: questions about bundles in `use`. Private to review*.c.
 *
 * A bundle is allowed or taken out as a whole: it is the same in every policy.
 */
#ifndef TOOLS_REVIEW_BUNDLE_H
#define TOOLS_REVIEW_BUNDLE_H

#include "tools/review.h"

/*
 * Adds a question, for which there is room, about each bundle that is proposed,
 * or by which the policy grants more than old, unless that is NULL. False: out
 * of memory.
 */
bool sm_review_find_bundles(struct sm_review *review,
			    const struct sm_rules *old);
/* Takes those that are not to be there out of rules->use. */
void sm_review_drop_bundles(const struct sm_review *review,
			    struct sm_rules *rules);

/* What it grants, rule by rule: as text and as JSON. */
void sm_review_show_bundle(const struct sm_review *review,
			   const struct sm_question *q, const char *before,
			   FILE *out);
void sm_review_put_bundle(struct sm_json *j, const struct sm_review *review,
			  const struct sm_question *q);

#endif
