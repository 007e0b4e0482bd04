/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network: hosts and ports stay literal; a unix socket is a path and takes the
 * slots of its directory.
 */
#include "learner/paths.h"

static struct sm_str address_of(struct sm_learn *l,
				const struct sm_request *request)
{
	struct sm_str value = request->value, text;
	bool slotted;

	if (value.len && value.p[0] == '/')
		return sm_paths_pattern(l, value, &slotted);
	text = sm_escape(l, value);
	if (request->port >= 0 &&
	    (sm_str_equal(request->proto, SM_STR("udp")) ||
	     sm_str_equal(request->proto, SM_STR("raw"))))
		text = sm_learn_join(
			l, sm_learn_join(l, request->proto, SM_STR(":")), text);
	return text;
}

void sm_learn_network(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_NETWORK, UINT32_MAX);

	for (size_t i = 0; i < f.count; i++) {
		const struct sm_request *request = f.items[i].request;
		struct sm_rule rule = { .family = SM_FAMILY_NETWORK,
					.access = request->access,
					.pattern = address_of(l, request),
					.seen = f.items[i].view->call->count };

		sm_learn_rule_by(l, &rule, &f.items[i].view->event);
	}
}
