/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_named.c: rules of ${ARG} and ${START}, and what a name on a command
 * line, or where that was given, does not open: code, packages, programs, and a
 * program's own settings.
 */
#include "schema/path.h"
#include "schema/policy/decide.h"

#define CHANGES                                                                \
	(SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_DELETE |               \
	 SM_ACCESS_META | SM_ACCESS_LINK | SM_ACCESS_SQLITE)

/* Nodes looked at for code below a name; with more, there is some. */
#define LOOKED_AT_MAX 256

/*
 * Code, programs and packages are not what a command line is about. So what
 * these rules let be written may be run by nobody, whatever his own names.
 */
static bool is_nameable(const struct sm_policy *policy, struct sm_str path)
{
	return !sm_decide_is_installed(policy, path) &&
	       !sm_decide_is_granted(policy, SM_ROOT_LOAD, path) &&
	       !sm_decide_is_granted(policy, SM_ROOT_PROGRAM, path) &&
	       !sm_decide_is_granted(policy, SM_ROOT_LIBRARY, path);
}

static struct sm_str dir_of(struct sm_str path)
{
	return (struct sm_str){ path.p, path.len - sm_path_name(path).len - 1 };
}

/* Lines of .pth files are run, those of any site directory. */
static bool is_path_file(struct sm_str path)
{
	struct sm_str name = sm_path_name(path), dir;

	if (!sm_str_ends(name, SM_STR(".pth")))
		return false;
	dir = sm_path_name(dir_of(path));
	return sm_str_equal(dir, SM_STR("site-packages")) ||
	       sm_str_equal(dir, SM_STR("dist-packages"));
}

/* `name`, `name.py`, `name.cpython-311.pyc`: what an import of it may take. */
static bool is_module(struct sm_str file, struct sm_str name)
{
	return sm_str_starts(file, name) &&
	       (file.len == name.len || file.p[name.len] == '.');
}

/*
 * Python runs it whenever it starts, whatever this policy lets be loaded and
 * whichever environments it knows: lines of .pth files, and two modules or
 * packages wherever they are found (site, in the library reference).
 */
static bool runs_at_start(struct sm_str path)
{
	if (is_path_file(path))
		return true;
	for (; path.len > 1; path = dir_of(path)) {
		struct sm_str name = sm_path_name(path);

		if (is_module(name, SM_STR("sitecustomize")) ||
		    is_module(name, SM_STR("usercustomize")))
			return true;
	}
	return false;
}

static uint32_t count_components(struct sm_str path)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < path.len; i++)
		count += path.p[i] == '/' && path.len > 1;
	return count;
}

/*
 * A rule that spells the path out lets it be read, and none lets it be
 * changed: a program's own settings are not for whoever names them to change.
 */
static bool is_only_read(const struct sm_policy *policy, struct sm_str path)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);
	uint32_t components = count_components(path), access = 0, i, j;
	struct sm_match_set set;

	sm_match_path(policy, SM_ROOT_FILES, path, &set);
	for (i = 0; i < set.count; i++) {
		struct sm_blob_span rules = nodes[set.nodes[i]].rules;

		for (j = 0; j < rules.count; j++) {
			const struct sm_blob_rule *rule =
				sm_decide_rule(policy, index[rules.first + j]);

			if (!(rule->flags & SM_RULE_DENY) &&
			    rule->via >> SM_VIA_DIRECT & 1 &&
			    rule->literals == components)
				access |= rule->access;
		}
	}
	return access & SM_ACCESS_READ && !(access & CHANGES);
}

/* ------------------------------------------------------------- code below */

static bool lets_run(const struct sm_policy *policy,
		     const struct sm_blob_node *node)
{
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);

	for (uint32_t i = 0; i < node->rules.count; i++)
		if (sm_decide_lets_run(sm_decide_rule(
			    policy, index[node->rules.first + i])))
			return true;
	return false;
}

static void push(struct sm_match_set *left, uint32_t node)
{
	if (node == SM_BLOB_NONE)
		return;
	if (left->count == LOOKED_AT_MAX)
		left->has_overflown = true;
	else
		left->nodes[left->count++] = node;
}

static void push_children(const struct sm_policy *policy,
			  const struct sm_blob_node *node,
			  struct sm_match_set *left)
{
	const struct sm_blob_edge *edges =
		sm_blob_section(policy, SM_BLOB_EDGES);
	const struct sm_blob_branch *branches =
		sm_blob_section(policy, SM_BLOB_BRANCHES);

	for (uint32_t i = 0; i < node->edges.count; i++)
		push(left, edges[node->edges.first + i].node);
	for (uint32_t i = 0; i < node->branches.count; i++)
		push(left, branches[node->branches.first + i].node);
	push(left, node->below);
	push(left, node->tidy);
}

_Static_assert(LOOKED_AT_MAX <= SM_ACTIVE_MAX, "a set has room for them");

/*
 * Rules let code be loaded from below the name: it is what the program is made
 * of and not what it makes, however often it was told so. Rules for any depth
 * above it tell nothing of it; what they let be loaded is_nameable() keeps.
 */
static bool holds_code(const struct sm_policy *policy, struct sm_str name)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	struct sm_match_set left;
	uint32_t i, count;

	sm_match_spelled(policy, SM_ROOT_LOAD, name, &left);
	count = left.count;
	for (i = 0; i < count; i++)
		push_children(policy, &nodes[left.nodes[i]], &left);
	for (; i < left.count; i++) {
		const struct sm_blob_node *node = &nodes[left.nodes[i]];

		if (lets_run(policy, node))
			return true;
		push_children(policy, node, &left);
	}
	return left.has_overflown;
}

/* A directory above the name, to be made: it has to be there for what is named
 * to be made in it, and one that is there stays what it is. */
static bool leads_to(const struct sm_deciding *d, struct sm_str path,
		     struct sm_str name)
{
	return d->event->site.kind == SM_EVENT_OS_MKDIR &&
	       path.len < name.len && sm_path_is_under(name, path);
}

static struct sm_str rest_of(struct sm_str path, struct sm_str name)
{
	if (path.len <= name.len)
		return SM_STR("/");
	return (struct sm_str){ path.p + name.len, path.len - name.len };
}

static bool concerns_named(const struct sm_deciding *d, struct sm_str path)
{
	const struct sm_named *named = d->event->named;

	for (uint32_t i = 0; named && i < named->count; i++)
		if (sm_path_is_under(path, sm_named_place(named, i)) ||
		    (!sm_named_is_start(named, i) &&
		     leads_to(d, path, named->paths[i])))
			return true;
	return false;
}

static void decide_start(struct sm_deciding *d, struct sm_str path)
{
	struct sm_str start = sm_named_start(d->event->named);

	if (!start.len || !sm_path_is_under(path, start) ||
	    (d->access & CHANGES && holds_code(d->policy, start)))
		return;
	sm_decide_path(d, SM_ROOT_START, rest_of(path, start));
}

/*
 * For each path that the command line named and that this is or lies below:
 * with what follows it, as if that were all. Who may make what is named makes
 * the directories that lead to it.
 */
void sm_decide_named(struct sm_deciding *d, struct sm_str path)
{
	const struct sm_named *named = d->event->named;
	bool is_change = d->access & CHANGES;

	if (!concerns_named(d, path) || !is_nameable(d->policy, path) ||
	    (is_change &&
	     (is_only_read(d->policy, path) || runs_at_start(path))))
		return;
	decide_start(d, path);
	for (uint32_t i = 0; i < named->count; i++) {
		struct sm_str name = named->paths[i];

		if (sm_named_is_start(named, i) ||
		    !(sm_path_is_under(path, name) ||
		      leads_to(d, path, name)) ||
		    (is_change && holds_code(d->policy, name)))
			continue;
		sm_decide_path(d, SM_ROOT_NAMED, rest_of(path, name));
	}
}
