/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy.h"

struct bundle {
	const char *name, *text;
};

static const struct bundle bundles[] = {
#include "bundles.inc"
};
#define BUNDLES (sizeof(bundles) / sizeof(*bundles))

const char *sm_bundle_text(const char *name)
{
	size_t i;

	for (i = 0; i < BUNDLES; i++)
		if (!strcmp(bundles[i].name, name))
			return bundles[i].text;
	return NULL;
}

const char *const *sm_bundle_names(void)
{
	static const char *names[BUNDLES + 1];
	size_t i;

	/* Every thread writes the same pointers. */
	for (i = 0; i < BUNDLES; i++)
		names[i] = bundles[i].name;
	return names;
}
