/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children of a directory that could become one slot, and what speaks for it.
 */
#include "learner/open.h"

/* Names kept to know arguments by; a list is slow to add many to. */
#define MEMBERS_MAX 4096

/* No ids and hashes are among its tokens, which nobody picks. */
static bool is_numbered(struct sm_str skeleton)
{
	const struct sm_str picked[] = { SM_STR("<int>"), SM_STR("<date>") };

	for (uint32_t i = 0; i < skeleton.len; i++) {
		struct sm_str rest = { skeleton.p + i, skeleton.len - i };

		if (rest.p[0] == '\\')
			i++;
		else if (rest.p[0] == '<' && !sm_str_starts(rest, picked[0]) &&
			 !sm_str_starts(rest, picked[1]))
			return false;
	}
	return true;
}

/*
 * What else may be called so: names without numbers, and those that somebody
 * else chose with one, as day-1.md, or day-<int>.md. A number alone is the same
 * by chance.
 */
static void note_stem(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_str text;
	unsigned typed;

	if (node->is_slot || sm_is_guarded_name(node->name) ||
	    l->sunk.count >= MEMBERS_MAX)
		return;
	text = sm_skeleton(l, node->name, &typed);
	if (!typed) {
		sm_list_add(l, &l->sunk, node->name);
		return;
	}
	if (node->is_dir || !sm_is_found(node) || !is_numbered(text) ||
	    sm_is_all_typed(text, node))
		return;
	sm_list_add(l, &l->sunk, node->name);
	sm_list_add(l, &l->sunk, text);
}

/* Files that are there to be read. */
static void note_found(struct sm_learn *l, const struct sm_node *node)
{
	if (!node->is_dir && !node->is_slot && !node->is_made &&
	    sm_node_access(node) & SM_ACCESS_READ &&
	    l->found.count < MEMBERS_MAX)
		sm_list_add(l, &l->found, node->name);
}

void sm_members_note(struct sm_learn *l, const struct sm_member *members,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sm_node *node = members[i].node;

		note_found(l, node);
		if (members[i].typed)
			note_stem(l, node);
		if (members[i].typed || node->is_slot ||
		    l->members.count >= MEMBERS_MAX)
			continue;
		sm_list_add(l, &l->members, node->name);
		if (node->is_dir && sm_node_access(node) & SM_ACCESS_CREATE)
			sm_list_add(l, &l->owners, node->name);
	}
}

void sm_members_note_tree(struct sm_learn *l, const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		note_stem(l, node->kids[i]);
		note_found(l, node->kids[i]);
		sm_members_note_tree(l, node->kids[i]);
	}
}

struct sm_node *sm_members_join(struct sm_learn *l, struct sm_node **nodes,
				size_t count, struct sm_str name)
{
	nodes[0]->name = name;
	nodes[0]->is_slot = true;
	sm_nodes_join(l, nodes, count);
	return nodes[0];
}

int sm_by_skeleton(const void *a, const void *b)
{
	const struct sm_member *x = a, *y = b;
	int r = sm_str_compare(x->extension, y->extension);

	if (!r)
		r = sm_str_compare(x->skeleton, y->skeleton);
	return r ? r : sm_str_compare(x->node->name, y->node->name);
}

bool sm_is_structure(const struct sm_node *parent,
		     const struct sm_member *member)
{
	return !member->typed && parent->sources > 1 &&
	       member->node->sources > 1;
}

/* `17` or `17.pdf`, or how numbers begin that are hashes. */
static bool is_number(const struct sm_member *member)
{
	struct sm_str number = SM_STR("<int>"), text = member->skeleton;

	if (sm_is_shelf(member->node))
		return true;
	text.len -= member->extension.len;
	return member->typed == 1 && sm_str_equal(text, number);
}

/* All of them came back, but none once there was another one. */
static bool follow_one_another(const struct sm_member *members, size_t count)
{
	struct sm_use uses[SM_USES_MAX];

	if (count > SM_USES_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		uses[i] = (struct sm_use){ members[i].node->time,
					   &members[i].node->runs };
	return sm_uses_follow(uses, count);
}

struct sm_evidence sm_members_weigh(const struct sm_learn *l,
				    const struct sm_node *parent,
				    const struct sm_member *members,
				    size_t count)
{
	struct sm_evidence e = { .distinct = count, .is_typed = count > 0 };
	bool is_numbered = count > 0, is_back = false;

	for (size_t i = 0; i < count; i++) {
		const struct sm_node *node = members[i].node;

		is_back |= !node->is_given && node->runs.count > 1;
		e.some_recur |= !node->is_given && parent->sources > 1 &&
				node->sources > 1;
		e.is_typed &= members[i].typed > 0;
		e.is_made |= node->is_made;
		is_numbered &= is_number(&members[i]);
	}
	e.some_recur |= is_back && !follow_one_another(members, count);
	e.is_numbered = is_numbered && e.is_made;
	/* That no owner and no run shares a name is evidence of its own. */
	e.is_made |= parent->sources > 1 || l->run_count > 1;
	return e;
}

bool sm_has_fixed_start(struct sm_str skeleton)
{
	return skeleton.len && skeleton.p[0] != '<';
}

size_t sm_count_skeletons(const struct sm_member *members, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += !i || !sm_str_equal(members[i].skeleton,
					 members[i - 1].skeleton);
	return n;
}

bool sm_is_all_typed(struct sm_str skeleton, const struct sm_node *node)
{
	struct sm_str extension = sm_extension(node->name);
	uint32_t end = skeleton.len - extension.len;
	bool is_token = false;

	if (node->is_dir)
		end = skeleton.len;
	for (uint32_t i = 0; i < end; i++) {
		char c = skeleton.p[i];

		is_token = c == '<' || (is_token && c != '>');
		if (!is_token && c != '>' && c != '-' && c != '_')
			return false;
	}
	return end > 0;
}
