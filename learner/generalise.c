/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening slots in the tree of recorded paths, from the top down: names that
 * were made up, then sibling directories of one shape (they become one and
 * share their subtree), then files with one extension.
 */
#include <stdlib.h>

#include "learner/paths.h"

/* A child that could become part of a slot. */
struct member {
	struct sm_node *node;
	struct sm_str extension;
	struct sm_str skeleton;
	unsigned typed;
	struct sm_sketch shape; /* directories */
	unsigned cluster;
};

struct members {
	struct member *items;
	size_t count;
};

struct sm_node *sm_node_resolve(struct sm_node *node)
{
	while (node->forward)
		node = node->forward;
	return node;
}

/* ------------------------------------------------------------------- merge */

static int compare_nodes(const struct sm_node *a, const struct sm_node *b)
{
	if (a->is_slot != b->is_slot)
		return a->is_slot ? -1 : 1;
	return sm_str_compare(a->name, b->name);
}

static int by_name(const void *a, const void *b)
{
	return compare_nodes(*(struct sm_node *const *)a,
			     *(struct sm_node *const *)b);
}

void sm_node_grant(struct sm_learn *l, struct sm_node *node, struct sm_str by,
		   uint32_t access)
{
	struct sm_grant **at = &node->grants, *new;

	while (*at && sm_str_compare((*at)->by, by) < 0)
		at = &(*at)->next;
	if (*at && sm_str_equal((*at)->by, by)) {
		(*at)->access |= access;
		return;
	}
	new = sm_learn_take(l, sizeof(*new));
	*new = (struct sm_grant){ by, access, *at };
	*at = new;
}

/* Everything of from but its kids. */
static void merge_facts(struct sm_learn *l, struct sm_node *into,
			struct sm_node *from)
{
	from->forward = into;
	for (struct sm_grant *g = from->grants; g; g = g->next)
		sm_node_grant(l, into, g->by, g->access);
	sm_sketch_merge(&into->runs, &from->runs);
	into->seen += from->seen;
	into->sources += from->sources;
	into->is_dir |= from->is_dir;
	into->is_made |= from->is_made;
	into->holds_undata |= from->holds_undata;
}

static void tidy(struct sm_learn *l, struct sm_node *node);

/*
 * Makes nodes[0] stand for all of them. The kids are gathered first and joined
 * once: merging pair by pair would copy them again and again.
 */
static void merge_many(struct sm_learn *l, struct sm_node *const *nodes,
		       size_t count)
{
	struct sm_node *into = nodes[0], **kids;
	size_t n = 0, total = 0;

	for (size_t i = 0; i < count; i++)
		total += nodes[i]->count;
	kids = sm_learn_take(l, (total + 1) * sizeof(*kids));
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < nodes[i]->count; k++) {
			kids[n] = nodes[i]->kids[k];
			kids[n++]->parent = into;
		}
		if (i)
			merge_facts(l, into, nodes[i]);
	}
	into->kids = kids;
	into->count = into->room = n;
	if (count > 1 && n)
		tidy(l, into);
}

/* Makes the members [first, end) of one cluster a slot called name. */
static void make_slot(struct sm_learn *l, struct member *members, size_t count,
		      struct sm_str name)
{
	struct sm_node **nodes = sm_learn_take(l, (count + 1) * sizeof(*nodes));
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!members[i].node->forward)
			nodes[n++] = members[i].node;
	if (!n)
		return;
	nodes[0]->name = name;
	nodes[0]->is_slot = true;
	merge_many(l, nodes, n);
}

/* Drops what was merged away, puts the rest in order, joins equal slots. */
static void tidy(struct sm_learn *l, struct sm_node *node)
{
	size_t n = 0, end;

	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->forward)
			node->kids[n++] = node->kids[i];
	node->count = n;
	if (n)
		qsort(node->kids, n, sizeof(struct sm_node *), by_name);
	n = 0;
	for (size_t i = 0; i < node->count; i = end) {
		for (end = i + 1;
		     end < node->count &&
		     !compare_nodes(node->kids[i], node->kids[end]);)
			end++;
		if (end > i + 1)
			merge_many(l, &node->kids[i], end - i);
		node->kids[n++] = node->kids[i];
	}
	node->count = n;
}

/* --------------------------------------------------------- made-up names */

static bool is_tmp_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct sm_str part(struct sm_str s, uint32_t from, uint32_t to)
{
	return (struct sm_str){ s.p + from, to - from };
}

/* prefix + <token> + suffix, the literal parts escaped. */
static struct sm_str with_token(struct sm_learn *l, struct sm_str name,
				uint32_t from, uint32_t to, const char *token)
{
	struct sm_str text = sm_escape(l, part(name, 0, from));

	text = sm_learn_join(l, text, sm_str_of(token));
	return sm_learn_join(l, text, sm_escape(l, part(name, to, name.len)));
}

static bool is_tmp_word(struct sm_str name, uint32_t at)
{
	if (at + 8 > name.len)
		return false;
	for (uint32_t i = at; i < at + 8; i++)
		if (!is_tmp_char(name.p[i]))
			return false;
	return true;
}

/*
 * Where tempfile's eight characters stand in prefix + 8 + suffix. The default
 * prefix is "tmp"; others mostly end, and suffixes begin, with a separator.
 */
static bool find_tmp(struct sm_str name, uint32_t *at)
{
	bool found = false;

	*at = 3;
	if (sm_str_starts(name, SM_STR("tmp")) && is_tmp_word(name, 3))
		return true;
	for (uint32_t i = 0; i + 8 <= name.len; i++) {
		bool starts = !i || !is_tmp_char(name.p[i - 1]) ||
			      name.p[i - 1] == '_';
		bool ends = i + 8 == name.len || !is_tmp_char(name.p[i + 8]);

		if (is_tmp_word(name, i) && (ends || (starts && !found))) {
			*at = i;
			found = true;
			if (starts && ends)
				return true;
		}
	}
	return found;
}

/* "tmp" and eight characters, nothing or an extension behind. */
static bool is_plain_tmp(struct sm_str name)
{
	return sm_str_starts(name, SM_STR("tmp")) && is_tmp_word(name, 3) &&
	       (name.len == 11 || name.p[11] == '.');
}

static bool is_pid(const struct sm_learn *l, struct sm_str digits)
{
	uint64_t value = 0;
	size_t low = 0, high = l->pid_count;

	if (digits.len > 7)
		return false;
	for (uint32_t i = 0; i < digits.len; i++)
		value = value * 10 + (uint64_t)(digits.p[i] - '0');
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->pids[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->pid_count && l->pids[low] == value && value > 1;
}

static bool find_pid(const struct sm_learn *l, struct sm_str name,
		     uint32_t *from, uint32_t *to)
{
	for (uint32_t i = 0; i < name.len; i = *to) {
		*from = *to = i;
		while (*to < name.len && is_digit(name.p[*to]))
			++*to;
		if (*to > i && is_pid(l, part(name, i, *to)))
			return true;
		if (*to == i)
			++*to;
	}
	return false;
}

static bool is_number(struct sm_str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (!is_digit(name.p[i]))
			return false;
	return name.len;
}

/* Descriptors and threads under /proc are numbers that mean nothing later. */
static bool is_proc_number(const struct sm_node *node)
{
	struct sm_str up = node->parent ? node->parent->name : node->name;

	return is_number(node->name) && (sm_str_equal(up, SM_STR("fd")) ||
					 sm_str_equal(up, SM_STR("fdinfo")) ||
					 sm_str_equal(up, SM_STR("task")));
}

/* gettext's DIR/LANGUAGE/LC_MESSAGES: the language is the visitor's. */
static bool is_language(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (sm_str_equal(node->kids[i]->name, SM_STR("LC_MESSAGES")))
			return !node->is_made;
	return false;
}

static void rename_made_up(struct sm_learn *l, struct sm_node *node,
			   const struct sm_place *place)
{
	struct sm_str name = node->name;
	uint32_t from, to;

	if (node->is_slot)
		return;
	if ((node->is_tempfile && find_tmp(name, &from)) ||
	    ((place->is_tmp || node->is_made) && is_plain_tmp(name) &&
	     find_tmp(name, &from)))
		node->name = with_token(l, name, from, from + 8, "<tmp>");
	else if ((node->is_made || place->is_tmp || place->is_proc) &&
		 find_pid(l, name, &from, &to))
		node->name = with_token(l, name, from, to, "<int>");
	else if (place->is_proc && is_proc_number(node))
		node->name = SM_STR("<int>");
	else if (is_language(node))
		node->name = SM_STR("<name>");
	else
		return;
	node->is_slot = true;
}

/* ---------------------------------------------------------------- evidence */

/*
 * Free names of a merged directory that several of its sources hold belong to
 * the structure ("profile.json" of every user) and stay literal.
 */
static bool is_structure(const struct sm_node *parent,
			 const struct member *member)
{
	return !member->typed && parent->sources > 1 &&
	       member->node->sources > 1;
}

static struct sm_evidence weigh(const struct sm_learn *l,
				const struct sm_node *parent,
				const struct member *members, size_t count)
{
	struct sm_evidence e = { .distinct = count, .is_typed = count > 0 };

	for (size_t i = 0; i < count; i++) {
		const struct sm_node *node = members[i].node;

		e.some_recur |= node->runs.count > 1 ||
				(parent->sources > 1 && node->sources > 1);
		e.is_typed &= members[i].typed > 0;
		e.is_made |= node->is_made;
	}
	/* That no owner and no run shares a name is evidence of its own. */
	e.is_made |= parent->sources > 1 || l->observations->run_count > 1;
	return e;
}

/* Literal letters before the first token: "order-<int>", not "<int>". */
static bool has_fixed_start(struct sm_str skeleton)
{
	return skeleton.len && skeleton.p[0] != '<';
}

/* ------------------------------------------------------------- directories */

/* "<int>.json", but not "logo-<int>.png": that is a name with a number. */
static bool is_all_typed(struct sm_str skeleton, const struct sm_node *node)
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

static void add_shape(struct sm_learn *l, const struct sm_node *node,
		      uint64_t seed, struct sm_sketch *shape)
{
	struct sm_str extension = sm_extension(node->name), text;
	unsigned typed;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		text = sm_skeleton(l, kid->name, &typed);
		if (!kid->is_slot && !is_all_typed(text, kid))
			text = SM_STR("*");
		add_shape(l, kid,
			  sm_hash(sm_hash(seed, "/", 1), text.p, text.len),
			  shape);
	}
	if (node->is_dir)
		return;
	seed = sm_hash(seed, extension.p, extension.len);
	sm_sketch_add(shape, seed);
}

static bool shapes_meet(const struct sm_sketch *a, const struct sm_sketch *b)
{
	if (!a->count || !b->count)
		return true;
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			if (a->hash[i] == b->hash[k])
				return true;
	return false;
}

static bool holds_code(const struct sm_learn *l, struct sm_str dir)
{
	for (size_t i = 0; i < l->code_dirs.count; i++)
		if (sm_path_is_under(l->code_dirs.items[i], dir))
			return true;
	return false;
}

static struct sm_str below(struct sm_learn *l, struct sm_str dir,
			   struct sm_str name)
{
	struct sm_str text = dir;

	if (dir.len != 1)
		text = sm_learn_join(l, dir, SM_STR("/"));
	return sm_learn_join(l, text, name);
}

static bool may_open_dir(struct sm_learn *l, const struct sm_node *parent,
			 struct sm_str dir, const struct member *m)
{
	const struct sm_node *node = m->node;

	if (node->is_slot || node->forward || sm_is_guarded_name(node->name) ||
	    is_structure(parent, m))
		return false;
	return !dir.len || !holds_code(l, below(l, dir, node->name));
}

static struct members dirs_of(struct sm_learn *l, struct sm_node *node,
			      struct sm_str dir)
{
	struct members m = {
		sm_learn_take(l, (node->count + 1) * sizeof(*m.items)), 0
	};

	for (size_t i = 0; i < node->count; i++) {
		struct member *new = &m.items[m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		if (!new->node->is_dir)
			continue;
		new->skeleton = sm_skeleton(l, new->node->name, &new->typed);
		if (!may_open_dir(l, node, dir, new))
			continue;
		add_shape(l, new->node, SM_HASH_SEED, &new->shape);
		m.count++;
	}
	return m;
}

static int by_skeleton(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int r = sm_str_compare(x->extension, y->extension);

	if (!r)
		r = sm_str_compare(x->skeleton, y->skeleton);
	return r ? r : sm_str_compare(x->node->name, y->node->name);
}

static int by_cluster(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->cluster != y->cluster)
		return x->cluster < y->cluster ? -1 : 1;
	return by_skeleton(a, b);
}

/* All members hold only data, or the program makes things in some of them. */
static bool is_data_place(const struct member *members, size_t count)
{
	bool is_made = false, is_data = true;

	for (size_t i = 0; i < count; i++) {
		is_made |= members[i].node->is_made;
		is_data &= !members[i].node->holds_undata;
	}
	return is_made || is_data;
}

static void open_typed_dirs(struct sm_learn *l, struct sm_node *node,
			    struct members *m, const struct sm_place *place)
{
	size_t end;

	if (m->count)
		qsort(m->items, m->count, sizeof(*m->items), by_skeleton);
	for (size_t i = 0; i < m->count; i = end) {
		struct member *first = &m->items[i];
		struct sm_evidence e;

		for (end = i + 1;
		     end < m->count &&
		     sm_str_equal(m->items[end].skeleton, first->skeleton);)
			end++;
		e = weigh(l, node, first, end - i);
		if (!first->typed || !sm_is_open(l, &e) ||
		    !is_data_place(first, end - i) ||
		    (place->is_shared &&
		     (!has_fixed_start(first->skeleton) || !e.is_made)) ||
		    ((place->is_code || place->is_hidden) && !e.is_made))
			continue;
		make_slot(l, first, end - i, first->skeleton);
	}
}

/* Numbers the members by shape, in the order of their names. */
static void cluster(struct members *m)
{
	struct sm_sketch *seen;
	unsigned clusters = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct member *member = &m->items[i];

		member->cluster = clusters;
		for (size_t k = 0; k < i; k++) {
			seen = &m->items[k].shape;
			if (!shapes_meet(seen, &member->shape))
				continue;
			member->cluster = m->items[k].cluster;
			sm_sketch_merge(seen, &member->shape);
			break;
		}
		clusters += member->cluster == clusters;
	}
	if (m->count)
		qsort(m->items, m->count, sizeof(*m->items), by_cluster);
}

static void open_free_dirs(struct sm_learn *l, struct sm_node *node,
			   struct members *m, const struct sm_place *place)
{
	size_t end, left = 0;

	if (place->is_shared || place->is_code)
		return;
	for (size_t i = 0; i < m->count; i++)
		if (!m->items[i].node->forward && !m->items[i].node->is_slot)
			m->items[left++] = m->items[i];
	m->count = left;
	cluster(m);
	for (size_t i = 0; i < m->count; i = end) {
		struct member *first = &m->items[i];
		struct sm_evidence e;

		for (end = i + 1;
		     end < m->count && m->items[end].cluster == first->cluster;)
			end++;
		e = weigh(l, node, first, end - i);
		if (!sm_is_open(l, &e) || !is_data_place(first, end - i) ||
		    (place->is_hidden && !e.is_made))
			continue;
		make_slot(l, first, end - i, SM_STR("<name>"));
	}
}

/* ------------------------------------------------------------------- files */

static bool may_open_file(struct sm_learn *l, const struct sm_node *parent,
			  struct sm_str dir, const struct member *m)
{
	const struct sm_node *node = m->node;

	if (node->is_slot || node->forward || node->is_dir ||
	    sm_is_guarded_name(node->name) || is_structure(parent, m))
		return false;
	return !dir.len ||
	       !sm_list_has(&l->code_files, below(l, dir, node->name));
}

static struct members files_of(struct sm_learn *l, struct sm_node *node,
			       struct sm_str dir)
{
	struct members m = {
		sm_learn_take(l, (node->count + 1) * sizeof(*m.items)), 0
	};

	for (size_t i = 0; i < node->count; i++) {
		struct member *new = &m.items[m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		new->extension = sm_extension(new->node->name);
		new->skeleton = sm_skeleton(l, new->node->name, &new->typed);
		m.count += may_open_file(l, node, dir, new);
	}
	if (m.count)
		qsort(m.items, m.count, sizeof(*m.items), by_skeleton);
	return m;
}

/* Whether files with this extension may open at all in this place. */
static bool may_open_extension(const struct sm_place *place,
			       struct sm_str extension, bool is_made)
{
	bool is_code = sm_is_code_suffix(extension);

	if (place->is_code)
		return is_made && extension.len && !is_code;
	if (is_code)
		return !place->is_app && !place->is_hidden && !place->is_shared;
	if (is_made)
		return true;
	return sm_is_data_suffix(extension) && !place->is_hidden &&
	       !place->is_shared;
}

static void open_typed_files(struct sm_learn *l, struct sm_node *node,
			     struct member *members, size_t count,
			     const struct sm_place *place)
{
	size_t end;

	for (size_t i = 0; i < count; i = end) {
		struct member *first = &members[i];
		struct sm_evidence e;

		for (end = i + 1;
		     end < count &&
		     sm_str_equal(members[end].skeleton, first->skeleton);)
			end++;
		e = weigh(l, node, first, end - i);
		if (first->typed && sm_is_open(l, &e) &&
		    (!place->is_shared || has_fixed_start(first->skeleton)))
			make_slot(l, first, end - i, first->skeleton);
	}
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.' || c == ' ' || c == '+';
}

/* What all names start with, up to a separator; empty if less than two bytes
   or if it is all of one of them. */
static struct sm_str common_start(const struct member *members, size_t count)
{
	struct sm_str start = members[0].node->name;
	uint32_t n = start.len;

	for (size_t i = 1; i < count; i++) {
		struct sm_str name = members[i].node->name;
		uint32_t k = 0;

		while (k < n && k < name.len && name.p[k] == start.p[k])
			k++;
		n = k;
	}
	while (n && !is_separator(start.p[n - 1]))
		n--;
	for (size_t i = 0; i < count; i++)
		if (members[i].node->name.len <= n + members[i].extension.len ||
		    members[i].node->name.p[n] == '.')
			n = 0;
	return part(start, 0, n < 2 ? 0 : n);
}

/* start + <name> + extension: the free names of one extension. */
static void open_free_files(struct sm_learn *l, struct sm_node *node,
			    struct member *members, size_t count,
			    const struct sm_place *place)
{
	struct sm_evidence e;
	struct sm_str name, start;
	size_t left = 0;

	if (place->is_shared)
		return;
	for (size_t i = 0; i < count; i++)
		if (!members[i].node->forward && !members[i].node->is_slot) {
			struct member taken = members[i];

			members[i] = members[left];
			members[left++] = taken;
		}
	e = weigh(l, node, members, left);
	e.is_typed = false;
	if (!left || !sm_is_open(l, &e))
		return;
	start = common_start(members, left);
	name = sm_learn_join(l, sm_escape(l, start), SM_STR("<name>"));
	name = sm_learn_join(l, name, sm_escape(l, members[0].extension));
	/* Without a start of its own it covers the typed slots as well. */
	if (!start.len)
		for (size_t i = left; i < count; i++)
			members[i].node->is_slot = false;
	make_slot(l, members, start.len ? left : count, name);
}

static void open_files(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir, const struct sm_place *place)
{
	struct members m = files_of(l, node, dir);
	size_t end;

	for (size_t i = 0; i < m.count; i = end) {
		struct member *first = &m.items[i];
		bool is_made = first->node->is_made;

		for (end = i + 1;
		     end < m.count &&
		     sm_str_equal(m.items[end].extension, first->extension);
		     end++)
			is_made |= m.items[end].node->is_made;
		if (!may_open_extension(place, first->extension, is_made))
			continue;
		open_typed_files(l, node, first, end - i, place);
		open_free_files(l, node, first, end - i, place);
	}
	tidy(l, node);
}

/*
 * A directory the program fills with files of many kinds (uploads): three
 * extensions, four files and one extension that opened by itself.
 */
static void open_any_file(struct sm_learn *l, struct sm_node *node,
			  struct sm_str dir, const struct sm_place *place)
{
	struct members m = {
		sm_learn_take(l, (node->count + 1) * sizeof(*m.items)), 0
	};
	size_t extensions = 0, files = 0, slots = 0;
	struct sm_str last = { "", 0 };

	if (place->is_code || place->is_shared || place->is_hidden)
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct member *new = &m.items[m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		new->extension = sm_extension(new->node->name);
		if (new->node->is_dir || !new->node->is_made ||
		    !new->extension.len || sm_is_code_suffix(new->extension))
			continue;
		if (new->node->is_slot)
			slots++;
		else if (!may_open_file(l, node, dir, new))
			continue;
		files += new->node->sources;
		m.count++;
	}
	if (m.count)
		qsort(m.items, m.count, sizeof(*m.items), by_skeleton);
	for (size_t i = 0; i < m.count; i++) {
		extensions += !i || !sm_str_equal(m.items[i].extension, last);
		last = m.items[i].extension;
	}
	if (extensions < 3 || files < 4 || !slots)
		return;
	for (size_t i = 0; i < m.count; i++)
		m.items[i].node->is_slot = false;
	make_slot(l, m.items, m.count, SM_STR("<name>"));
	tidy(l, node);
}

/* --------------------------------------------------------------------- all */

/* What a slot's subtree inherits: nothing literal is known below it. */
static struct sm_place place_below_slot(const struct sm_place *place)
{
	struct sm_place inner = *place;

	inner.is_code = inner.is_shared = false;
	return inner;
}

/*
 * Before anything opens: made-up names look different each time and would hide
 * that directories have one shape. A made-up directory's path is known no
 * further, which is all right: what is below is made up or its own.
 */
static void rename_all(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir)
{
	struct sm_place place = sm_place_of(l, dir);

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid->count)
			rename_all(l, kid, below(l, dir, kid->name));
		rename_made_up(l, kid, &place);
	}
	tidy(l, node);
}

static void open_below(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir, struct sm_place place)
{
	if (!place.is_closed) {
		struct members dirs = dirs_of(l, node, dir);

		open_typed_dirs(l, node, &dirs, &place);
		open_free_dirs(l, node, &dirs, &place);
		tidy(l, node);
		open_files(l, node, dir, &place);
		open_any_file(l, node, dir, &place);
	}
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_str inner = { "", 0 };

		if (!kid->count)
			continue;
		if (dir.len && !kid->is_slot) {
			inner = below(l, dir, kid->name);
			open_below(l, kid, inner, sm_place_of(l, inner));
		} else {
			open_below(l, kid, inner, place_below_slot(&place));
		}
	}
}

/* ------------------------------------------------------------------ absorb */

static bool grants_cover(const struct sm_grant *wide,
			 const struct sm_grant *narrow)
{
	for (; narrow; narrow = narrow->next) {
		const struct sm_grant *g = wide;

		while (g && !sm_str_equal(g->by, narrow->by))
			g = g->next;
		if (!g || narrow->access & ~g->access)
			return false;
	}
	return true;
}

static struct sm_node *covering_kid(const struct sm_node *node,
				    const struct sm_node *kid);

/* Everything granted at and below narrow is granted by wide. */
static bool covers(const struct sm_node *wide, const struct sm_node *narrow)
{
	if (!grants_cover(wide->grants, narrow->grants))
		return false;
	for (size_t i = 0; i < narrow->count; i++)
		if (!covering_kid(wide, narrow->kids[i]))
			return false;
	return true;
}

/* A literal name the slot stands for. */
static bool holds(const struct sm_node *slot, const struct sm_node *kid)
{
	return !kid->is_slot && sm_slot_holds(slot->name, kid->name);
}

static struct sm_node *covering_kid(const struct sm_node *node,
				    const struct sm_node *kid)
{
	struct sm_node *const *found;
	size_t i;

	/* Slots come first and are few; literals are found by name. */
	for (i = 0; i < node->count && node->kids[i]->is_slot; i++)
		if (node->kids[i] != kid && holds(node->kids[i], kid) &&
		    covers(node->kids[i], kid))
			return node->kids[i];
	if (!node->count)
		return NULL;
	found = bsearch(&kid, node->kids, node->count, sizeof(struct sm_node *),
			by_name);
	return found && *found != kid && covers(*found, kid) ? *found : NULL;
}

/*
 * Merges narrow into wide; its kids go where wide has a slot for them. Nothing
 * is added to what wide grants.
 */
static void take_in(struct sm_learn *l, struct sm_node *wide,
		    struct sm_node *narrow)
{
	for (size_t i = 0; i < narrow->count; i++)
		take_in(l, covering_kid(wide, narrow->kids[i]),
			narrow->kids[i]);
	narrow->count = 0;
	merge_facts(l, wide, narrow);
}

/* Names that a slot beside them grants all of need no rules. */
static void absorb(struct sm_learn *l, struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_node *wide;

		absorb(l, kid);
		wide = covering_kid(node, kid);
		if (wide)
			take_in(l, wide, kid);
	}
	tidy(l, node);
}

/* ------------------------------------------------------------------ deepen */

static struct sm_node *slot_kid(const struct sm_node *node, struct sm_str name,
				bool is_dir)
{
	for (size_t i = 0; i < node->count && node->kids[i]->is_slot; i++)
		if (node->kids[i]->is_dir == is_dir &&
		    sm_str_equal(node->kids[i]->name, name))
			return node->kids[i];
	return NULL;
}

static bool is_free_name(const struct sm_node *node)
{
	return node->is_slot && sm_str_starts(node->name, SM_STR("<name>"));
}

/*
 * The files that opened in the directories below node opened in node itself,
 * or the program makes files of any name on both levels; and nothing else is
 * there. Then how deep they lie means nothing.
 */
static bool is_tree(const struct sm_node *node, const struct sm_node *inner)
{
	bool has_files = false, is_made = inner->is_made, has_upper = false;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir || !kid->is_slot)
			continue;
		is_made &= is_free_name(kid) && kid->is_made;
		has_upper = true;
	}
	for (size_t i = 0; i < inner->count; i++) {
		const struct sm_node *kid = inner->kids[i];

		if (!kid->is_slot)
			return false;
		if (!kid->is_dir && !slot_kid(node, kid->name, false) &&
		    !(is_made && is_free_name(kid)))
			return false;
		if (kid->is_dir && kid->count &&
		    !sm_str_equal(kid->name, SM_STR("**")))
			return false;
		has_files |= !kid->is_dir;
	}
	return has_files && has_upper;
}

/* Puts the kids of a directory of the tree beside its files. */
static void fold(struct sm_learn *l, struct sm_node *tree)
{
	struct sm_node *deeper = slot_kid(tree, SM_STR("**"), true);
	struct sm_node *both[2] = { tree, deeper };

	if (deeper)
		merge_many(l, both, 2);
}

/* The slots for files in node itself: `**` stands for no directory, too. */
static void take_files(struct sm_learn *l, struct sm_node *tree,
		       struct sm_node *node)
{
	struct sm_node **kids =
		sm_learn_take(l, (tree->count + node->count) * sizeof(*kids));
	size_t n = tree->count, left = 0;

	if (n)
		memcpy(kids, tree->kids, n * sizeof(*kids));
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid->is_dir || !kid->is_slot) {
			node->kids[left++] = kid;
			continue;
		}
		kid->parent = tree;
		kids[n++] = kid;
	}
	node->count = left;
	tree->kids = kids;
	tree->count = tree->room = n;
	tidy(l, tree);
}

/* NODE/FILE and NODE/<name>/FILE become NODE/ ** /FILE, for any depth. */
static void deepen(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *inner, *dir, **kids;

	for (size_t i = 0; i < node->count; i++)
		deepen(l, node->kids[i]);
	inner = slot_kid(node, SM_STR("<name>"), true);
	if (!inner || !is_tree(node, inner))
		return;
	dir = sm_learn_take(l, sizeof(*dir));
	*dir = *inner;
	dir->kids = NULL;
	dir->count = dir->room = 0;
	dir->parent = inner;
	kids = sm_learn_take(l, (inner->count + 1) * sizeof(*kids));
	memcpy(kids, inner->kids, inner->count * sizeof(*kids));
	kids[inner->count] = dir;
	inner->kids = kids;
	inner->count = inner->room = inner->count + 1;
	inner->grants = NULL;
	inner->name = SM_STR("**");
	tidy(l, inner);
	fold(l, inner);
	take_files(l, inner, node);
	tidy(l, node);
}

/*
 * Files a slot for any name grants all of. Only now: before, slots for files
 * told directories of one shape and trees apart.
 */
static void join_slots(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *any = slot_kid(node, SM_STR("<name>"), true);

	if (!any)
		any = slot_kid(node, SM_STR("<name>"), false);
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		join_slots(l, kid);
		if (any && kid != any && kid->is_slot && !kid->is_dir &&
		    kid->name.p[0] != '.' && kid->name.p[0] != '\\' &&
		    grants_cover(any->grants, kid->grants))
			merge_facts(l, any, kid);
	}
	tidy(l, node);
}

void sm_generalise(struct sm_learn *l, struct sm_node *root)
{
	rename_all(l, root, SM_STR("/"));
	open_below(l, root, SM_STR("/"), sm_place_of(l, SM_STR("/")));
	absorb(l, root);
	deepen(l, root);
	join_slots(l, root);
}
