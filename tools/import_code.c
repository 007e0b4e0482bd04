/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_code.c: modules that pysecmgr lets run code or be imported, as rules.
 */
#include "tools/import_pysecmgr.h"

#include <stdio.h>
#include <unistd.h>

#include "schema/path.h"

static struct sm_str top_of(struct sm_str module)
{
	uint32_t n = 0;

	while (n < module.len && module.p[n] != '.')
		n++;
	return (struct sm_str){ module.p, n };
}

enum sm_status sm_import_exec(struct sm_import *m, unsigned line,
			      struct sm_str module)
{
	struct sm_str top = top_of(module);
	struct sm_rule rule = {
		.family = SM_FAMILY_CODE,
		.access = SM_ACCESS_RUN,
		.pattern = SM_STR("<*>"),
		.by = { &top, 1 },
		.review = SM_STR("it runs code that has no file"),
	};

	/* The import system runs what `load` grants. */
	if (sm_str_equal(top, SM_STR("importlib")))
		return SM_OK;
	if (sm_str_equal(top, SM_STR("__main__")))
		top = SM_STR("app");
	else if (top.len < module.len)
		sm_import_say(m, line,
			      "wider: \"%.*s\" becomes \"%.*s\": modules of a "
			      "package "
			      "are not told apart",
			      (int)module.len, module.p, (int)top.len, top.p);
	return sm_import_add(m, line, &rule);
}

static bool is_below(const char *directories, struct sm_str name)
{
	char path[SM_PATH_MAX];
	size_t n;

	for (; *directories; directories += n + (directories[n] == ':')) {
		static const char *const forms[] = { "", ".py" };

		n = strcspn(directories, ":");
		for (size_t i = 0; i < 2; i++)
			if (snprintf(path, sizeof(path), "%.*s/%.*s%s", (int)n,
				     directories, (int)name.len, name.p,
				     forms[i]) < (int)sizeof(path) &&
			    !access(path, F_OK))
				return true;
	}
	return false;
}

static const char *binding_of(const struct sm_import *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->binding_count; i++)
		if (!strcmp(m->bindings[i].name, name))
			return m->bindings[i].value;
	return NULL;
}

enum sm_status sm_import_module(struct sm_import *m, unsigned line,
				struct sm_str module)
{
	struct sm_str top = top_of(module);
	const char *site = binding_of(m, "SITE");
	char pattern[256];

	if (top.len > 200)
		return SM_OK;
	if (sm_policy_is_capability(top)) {
		snprintf(pattern, sizeof(pattern), "stdlib:%.*s", (int)top.len,
			 top.p);
		return sm_import_add_pattern(
			m, line, SM_FAMILY_CODE, SM_ACCESS_LOAD, pattern,
			"it can do what no other rule sees");
	}
	if (!site || !is_below(site, top))
		return SM_OK; /* the library's, or the application's own */
	snprintf(pattern, sizeof(pattern), "distribution:%.*s", (int)top.len,
		 top.p);
	return sm_import_add_pattern(m, line, SM_FAMILY_CODE, SM_ACCESS_LOAD,
				     pattern, NULL);
}
