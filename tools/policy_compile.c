/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "tools/policy_tool.h"
#include "tools/variables.h"

const char *sm_policy_place(const char *path)
{
	return strcmp(path, "-") ? path : "<stdin>";
}

struct sm_rules *sm_policy_load_or_tell(const char *path)
{
	struct sm_rules *rules;
	struct sm_diag diag = { 0 };

	if (!sm_policy_load(path, &rules, &diag))
		return rules;
	sm_cli_diag(&sm_policy_program, sm_policy_place(path), &diag);
	return NULL;
}

static bool is_bound(const struct sm_settled *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (!strcmp(s->items[i].name, name))
			return true;
	return false;
}

static bool is_defined(const struct sm_rules *rules, const char *name)
{
	size_t i;

	for (i = 0; i < rules->variable_count; i++)
		if (sm_str_equal(rules->variables[i].name, sm_str_of(name)))
			return true;
	return false;
}

static void settle_one(struct sm_settled *s, const char *name,
		       const char *value)
{
	if (value && value[0] == '/' && !is_bound(s, name))
		s->items[s->count++] = (struct sm_binding){ name, value };
}

void sm_policy_settle(const struct sm_policy_options *o,
		      const struct sm_rules *rules,
		      const struct sm_trace *trace, struct sm_settled *s)
{
	const char *tmp = getenv("TMPDIR");

	memcpy(s->items, o->bindings, o->binding_count * sizeof(*s->items));
	s->count = o->binding_count;
	if (trace) {
		settle_one(s, "HOME", sm_trace_meta(trace, "variable.HOME"));
		settle_one(s, "TMP", sm_trace_meta(trace, "variable.TMP"));
		settle_one(s, "CWD", sm_trace_meta(trace, "variable.CWD"));
		return;
	}
	if (!is_defined(rules, "HOME"))
		settle_one(s, "HOME", getenv("HOME"));
	if (!is_defined(rules, "TMP"))
		settle_one(s, "TMP", tmp && *tmp ? tmp : "/tmp");
	if (!is_defined(rules, "CWD"))
		settle_one(s, "CWD", getcwd(s->cwd, sizeof(s->cwd)));
}

void sm_compiled_fini(struct sm_compiled *c)
{
	sm_rules_free(c->rules);
	free(c->blob);
}

bool sm_compiled_init(const struct sm_policy_options *o, const char *path,
		      const struct sm_trace *trace, struct sm_compiled *c)
{
	struct sm_diag diag = { 0 };
	size_t bytes;

	memset(c, 0, sizeof(*c));
	c->rules = sm_policy_load_or_tell(path);
	if (!c->rules)
		return false;
	sm_policy_settle(o, c->rules, trace, &c->settled);
	if (!sm_policy_compile(c->rules, c->settled.items, c->settled.count,
			       &c->blob, &bytes, &diag) &&
	    !sm_policy_open(&c->policy, c->blob, bytes, &diag))
		return true;
	sm_cli_diag(&sm_policy_program, sm_policy_place(path), &diag);
	sm_compiled_fini(c);
	return false;
}

bool sm_policy_knows_defined(const struct sm_policy_options *o,
			     const struct sm_compiled *compiled, size_t count)
{
	const struct sm_rules *policies[2] = { NULL, NULL };

	for (size_t i = 0; i < count && i < 2; i++)
		policies[i] = compiled[i].rules;
	return sm_variables_are_known(&sm_policy_program, "-D", o->bindings,
				      o->binding_count, policies, count);
}
