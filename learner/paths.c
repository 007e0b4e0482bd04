/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: every recorded path goes into one tree with who did what to it; the
 * tree is generalised and written out as rules.
 */
#include <stdlib.h>

#include "learner/open.h"
#include "learner/paths.h"

/* A path to put into the tree. access 0: only mentioned. */
struct entry {
	struct sm_str path;
	uint32_t access;
	uint32_t within; /* of a relative word: up to its first slash; or 0 */
	bool is_made;	 /* mentioned as something to be written */
	bool is_dropped;
	bool is_taken; /* a rule of ${ARG} or ${START} grants it */
	const struct sm_view *view;
	struct sm_node *node;
};

struct sm_paths {
	struct sm_node root;
	struct entry *entries; /* by component */
	size_t count, room;
};

/* Like sm_str_compare(), but a directory's entries stay together. */
static int compare_paths(struct sm_str a, struct sm_str b)
{
	uint32_t n = a.len < b.len ? a.len : b.len;

	for (uint32_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)a.p[i];
		unsigned char y = (unsigned char)b.p[i];

		if (x == y)
			continue;
		return (x == '/' ? 0 : x + 1) < (y == '/' ? 0 : y + 1) ? -1 : 1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static int by_path(const void *a, const void *b)
{
	return compare_paths(((const struct entry *)a)->path,
			     ((const struct entry *)b)->path);
}

/* NULL: path is none. Valid until the next. */
static struct entry *add_entry(struct sm_learn *l, struct sm_str path,
			       uint32_t access, bool is_made,
			       const struct sm_view *view)
{
	struct sm_paths *p = l->paths;

	if (!sm_path_is_canonical(path))
		return NULL;
	p->entries = sm_learn_grow(l, p->entries, p->count, &p->room,
				   sizeof(*p->entries));
	p->entries[p->count++] = (struct entry){
		.path = path, .access = access, .is_made = is_made, .view = view
	};
	return &p->entries[p->count - 1];
}

/* A bare word is a file only where the line says where it is. */
static bool is_relative(const struct sm_standing *standing, struct sm_str word)
{
	return word.len && word.p[0] != '/' &&
	       (sm_str_has(word, '/') ||
		(standing->is_told && sm_is_data_suffix(sm_extension(word))));
}

static void add_relative(struct sm_learn *l, const struct sm_standing *standing,
			 struct sm_str path, bool is_made,
			 const struct sm_view *view)
{
	struct entry *entry = add_entry(l, path, 0, is_made, view);
	uint32_t n = standing->dir.len + 1;

	if (!entry || is_made || !standing->is_told)
		return;
	while (n < path.len && path.p[n] != '/')
		n++;
	entry->within = n < path.len ? n : 0;
}

/* An argument that is a path, or `--option=` and a path. */
static void add_mention(struct sm_learn *l, const struct sm_standing *standing,
			struct sm_str word, bool is_made,
			const struct sm_view *view)
{
	const char *equals = word.len && word.p[0] == '-'
				     ? memchr(word.p, '=', word.len)
				     : NULL;

	if (equals) {
		uint32_t n = (uint32_t)(equals - word.p) + 1;

		word = (struct sm_str){ word.p + n, word.len - n };
	}
	if (is_relative(standing, word)) {
		word = sm_standing_path(l, standing, word);
		add_relative(l, standing, word, is_made, view);
		return;
	}
	add_entry(l, word, 0, is_made, view);
}

static void add_arguments(struct sm_learn *l, const struct sm_fact *fact)
{
	const struct sm_request *r = fact->request;
	struct sm_standing *standing =
		sm_learn_take(l, (r->argc + 1) * sizeof(*standing));

	sm_standing_in_argv(l, fact, standing);
	for (uint32_t i = 1; i < r->argc; i++)
		add_mention(l, &standing[i], sm_value_str(&r->args[i]), false,
			    fact->view);
}

/* `> FILE` writes FILE; other words of a shell line mention theirs. */
static void add_words(struct sm_learn *l, const struct sm_fact *fact)
{
	struct sm_shell *shell = sm_learn_take(l, sizeof(*shell));
	struct sm_standing *standing;
	bool is_output = false;

	if (!sm_shell_parse(fact->request->value, false, shell))
		return;
	standing = sm_learn_take(l, (shell->count + 1) * sizeof(*standing));
	sm_standing_in_shell(l, fact, shell, standing);
	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];

		if (t->kind == SM_SHELL_WORD && !t->is_live)
			add_mention(l, &standing[i], sm_learn_copy(l, t->text),
				    is_output, fact->view);
		is_output = t->kind == SM_SHELL_REDIRECT && t->raw.len &&
			    sm_str_has(t->raw, '>');
	}
}

/* Who listens removes what it left behind when it was killed. */
static void add_socket(struct sm_learn *l, const struct sm_fact *fact)
{
	bool is_bound = fact->request->access == SM_ACCESS_BIND;

	add_entry(l, fact->request->value, is_bound ? SM_ACCESS_DELETE : 0,
		  is_bound, fact->view);
}

/* Paths that stand in arguments, addresses and names of generated code. */
static void add_mentions(struct sm_learn *l)
{
	struct sm_facts f =
		sm_learn_facts(l, SM_FAMILY_PROCESSES, SM_ACCESS_EXEC);

	for (size_t i = 0; i < f.count; i++)
		add_arguments(l, &f.items[i]);
	f = sm_learn_facts(l, SM_FAMILY_PROCESSES, SM_ACCESS_SHELL);
	for (size_t i = 0; i < f.count; i++)
		add_words(l, &f.items[i]);
	f = sm_learn_facts(l, SM_FAMILY_NETWORK,
			   SM_ACCESS_CONNECT | SM_ACCESS_BIND);
	for (size_t i = 0; i < f.count; i++)
		add_socket(l, &f.items[i]);
	f = sm_learn_facts(l, SM_FAMILY_CODE, SM_ACCESS_LOAD);
	for (size_t i = 0; i < f.count; i++)
		if (!sm_is_code_suffix(sm_extension(f.items[i].request->value)))
			add_entry(l, f.items[i].request->value, 0, false,
				  f.items[i].view);
	sm_learn_probed(l);
	f = sm_learn_facts(l, SM_FAMILY_PROCESSES, SM_ACCESS_EXEC);
	for (size_t i = 0; i < f.count; i++)
		if (sm_list_has(&l->probed, f.items[i].request->value))
			add_entry(l, f.items[i].request->value, 0, false,
				  f.items[i].view);
}

/* The first entry that is not before path. */
static size_t first_of(const struct sm_paths *p, struct sm_str path)
{
	size_t low = 0, high = p->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_paths(p->entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Something was done with path, or with what lies in it. */
static bool is_used(const struct sm_paths *p, struct sm_str path)
{
	for (size_t i = first_of(p, path); i < p->count; i++) {
		struct sm_str other = p->entries[i].path;

		if (!sm_str_starts(other, path) ||
		    (other.len > path.len && other.p[path.len] != '/'))
			return false;
		if (p->entries[i].access)
			return true;
	}
	return false;
}

/*
 * A branch of git is a word with slashes and no file: nothing was ever done
 * where it would lie in the directory that was told. As a file it would keep
 * that from being like others.
 */
static void drop_unused(struct sm_paths *p)
{
	struct sm_str asked = { "", 0 };
	bool is_kept = true;
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct entry *e = &p->entries[i];
		struct sm_str within = { e->path.p, e->within };

		if (within.len && !sm_str_equal(within, asked)) {
			asked = within;
			is_kept = is_used(p, within);
		}
		e->is_dropped = within.len && !is_kept;
	}
	for (size_t i = 0; i < p->count; i++)
		if (!p->entries[i].is_dropped)
			p->entries[count++] = p->entries[i];
	p->count = count;
}

/* ------------------------------------------------------------------- tree */

static struct sm_node *kid_of(struct sm_learn *l, struct sm_node *node,
			      struct sm_str name)
{
	struct sm_node *kid;

	/* Paths come in order: only the newest child can be meant. */
	if (node->count &&
	    sm_str_equal(node->kids[node->count - 1]->name, name))
		return node->kids[node->count - 1];
	node->kids = sm_learn_grow(l, node->kids, node->count, &node->room,
				   sizeof(struct sm_node *));
	kid = sm_learn_take(l, sizeof(*kid));
	kid->name = name;
	kid->parent = node;
	kid->sources = 1;
	kid->is_given = sm_is_given(l, name);
	kid->is_named = sm_list_has(&l->given, name);
	node->kids[node->count++] = kid;
	node->is_dir = true;
	return kid;
}

static bool is_dir_event(enum sm_event_kind kind)
{
	return kind == SM_EVENT_OS_MKDIR || kind == SM_EVENT_OS_RMDIR ||
	       kind == SM_EVENT_OS_LISTDIR || kind == SM_EVENT_OS_SCANDIR;
}

/* To another directory, under the name it had. */
static bool is_move(const struct sm_event *event)
{
	return event->site.kind == SM_EVENT_OS_RENAME && event->argc > 1 &&
	       sm_value_is_string(&event->args[0]) &&
	       sm_value_is_string(&event->args[1]) &&
	       sm_str_equal(sm_path_name(sm_value_str(&event->args[0])),
			    sm_path_name(sm_value_str(&event->args[1])));
}

static void put_entry(struct sm_learn *l, struct entry *entry)
{
	const uint32_t made = SM_ACCESS_CREATE | SM_ACCESS_WRITE |
			      SM_ACCESS_DELETE | SM_ACCESS_SQLITE;
	struct sm_node *node = &l->paths->root;
	const struct sm_call *call = entry->view->call;
	struct sm_str path = entry->path;

	for (uint32_t at = 1, end; at < path.len; at = end + 1) {
		for (end = at; end < path.len && path.p[end] != '/';)
			end++;
		node = kid_of(l, node,
			      (struct sm_str){ path.p + at, end - at });
		node->is_made |= entry->is_made || entry->access & made;
		node->is_tempfile |=
			sm_list_has(&l->tmp_names,
				    (struct sm_str){ path.p, end }) ||
			sm_list_has(&l->tmp_relative, node->name);
		sm_node_note_call(l, node, call);
	}
	entry->node = node;
	node->is_probed |= sm_list_has(&l->probed, path);
	if (!entry->access)
		return;
	node->is_dir |= is_dir_event(entry->view->event.site.kind);
	node->is_file |= entry->view->event.site.kind == SM_EVENT_OPEN &&
			 entry->access & SM_ACCESS_CREATE;
	node->is_created |= entry->access & SM_ACCESS_CREATE;
	node->is_made_dir |= entry->view->event.site.kind == SM_EVENT_OS_MKDIR;
	node->is_link |= entry->view->event.site.kind == SM_EVENT_OS_SYMLINK;
	node->is_moved |= entry->access & SM_ACCESS_CREATE &&
			  is_move(&entry->view->event);
	sm_node_grant(l, node, sm_by_of(l, &entry->view->event), entry->access)
		->seen += call->count;
}

static struct sm_node *find(const struct sm_learn *l, struct sm_str path)
{
	struct entry key = { .path = path }, *found = NULL;

	if (l->paths->count)
		found = bsearch(&key, l->paths->entries, l->paths->count,
				sizeof(key), by_path);
	return found ? sm_node_resolve(found->node) : NULL;
}

const struct sm_node *sm_paths_find(const struct sm_learn *l,
				    struct sm_str path)
{
	return find(l, path);
}

bool sm_paths_recorded(const struct sm_learn *l, size_t at, struct sm_str *path)
{
	if (at >= l->paths->count)
		return false;
	*path = l->paths->entries[at].access ? l->paths->entries[at].path
					     : SM_STR("");
	return true;
}

/* Where its file was moved from, of a view with is_move(). */
static struct sm_str source_of(const struct sm_view *view)
{
	for (unsigned i = 0; i < view->request_count; i++)
		if (view->requests[i].access == SM_ACCESS_DELETE)
			return view->requests[i].value;
	return SM_STR("");
}

/* Names that files were found with before they were moved. */
static void note_brought(struct sm_learn *l)
{
	struct sm_paths *p = l->paths;

	for (size_t i = 0; i < p->count; i++) {
		struct entry *e = &p->entries[i];
		struct sm_node *source;

		if (!(e->access & SM_ACCESS_CREATE) ||
		    !is_move(&e->view->event))
			continue;
		source = find(l, source_of(e->view));
		if (!source || !sm_is_found(source))
			continue;
		e->node->is_brought = true;
		if (!e->node->source)
			e->node->source = source;
	}
}

/* What was put in place of something, or aside, under a name made of it. */
static void note_renamed(struct sm_learn *l)
{
	struct sm_paths *p = l->paths;

	for (size_t i = 0; i < p->count; i++) {
		struct entry *e = &p->entries[i];
		struct sm_node *other;

		if (!(e->access & SM_ACCESS_CREATE) ||
		    e->view->event.site.kind != SM_EVENT_OS_RENAME)
			continue;
		other = find(l, source_of(e->view));
		e->node->is_link |= other && other->is_link;
		e->node->is_made_dir |= other && other->is_made_dir;
		if (other && !sm_holds_code(l, e->path))
			sm_node_note_renamed(e->node, other);
	}
}

/*
 * What is recorded is what was asked for: a place that was made a directory, or
 * was to be one, and then written as a file is one.
 */
static void note_files(struct sm_node *node)
{
	node->is_dir &= node->count || !node->is_file;
	for (size_t i = 0; i < node->count; i++)
		note_files(node->kids[i]);
}

static bool note_undata(struct sm_node *node)
{
	if (!node->count && !node->is_dir)
		node->holds_undata =
			!sm_is_data_suffix(sm_extension(node->name));
	for (size_t i = 0; i < node->count; i++)
		node->holds_undata |= note_undata(node->kids[i]);
	return node->holds_undata;
}

/* ------------------------------------------------------------------- rules */

bool sm_is_package(struct sm_str by)
{
	static const char *const others[] = { "app", "python", "main",
					      "foreign" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (sm_str_equal(by, sm_str_of(others[i])))
			return false;
	return !sm_str_starts(by, SM_STR("dynamic"));
}

/* Why one slot opened. The rule may spell any depth in another way. */
static struct sm_str why_open(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_str why = node->why;

	if (!why.len)
		why = node->parent && sm_node_is_tree(node->parent)
			      ? SM_STR("as the depth")
			      : SM_STR("by its form");
	return sm_learn_join(
		l,
		sm_node_is_tree(node)
			? SM_STR("any depth: ")
			: sm_learn_join(l, node->name, SM_STR(": ")),
		why);
}

/* Why its slots opened, from the top. */
static struct sm_str reason_of(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_str why = { "", 0 }, one;

	for (; node; node = node->parent) {
		if (!node->is_slot)
			continue;
		one = why_open(l, node);
		if (why.len)
			one = sm_learn_join(l, one, SM_STR("; "));
		why = sm_learn_join(l, one, why);
	}
	return why;
}

/* Everything that was done with just this path, rules of ${ARG} and ${START}
 * grant. */
static bool is_taken(const struct sm_paths *p, struct sm_str path)
{
	size_t low = first_of(p, path);
	bool was_used = false;

	for (; low < p->count && sm_str_equal(p->entries[low].path, path);
	     low++) {
		if (p->entries[low].access && !p->entries[low].is_taken)
			return false;
		was_used |= p->entries[low].access != 0;
	}
	return was_used;
}

/* A grant before it has the same accesses, and their rule. */
static bool has_rule(const struct sm_node *node, const struct sm_grant *grant)
{
	const struct sm_grant *g = node->grants;

	while (g->access != grant->access)
		g = g->next;
	return g != grant;
}

/* One rule per set of accesses, for all principals that have it. What other
 * rules grant is taken from the node. */
static void emit_node(struct sm_learn *l, struct sm_node *node)
{
	struct sm_str path, pattern = sm_node_pattern(l, node, &path);

	if (path.len && is_taken(l->paths, path)) {
		for (struct sm_grant *g = node->grants; g; g = g->next)
			g->access = 0;
		return;
	}
	/* Where a program may lie that is built there, it is looked at, too. */
	if (path.len && node->is_probed &&
	    !(sm_node_access(node) & ~(SM_ACCESS_READ | SM_ACCESS_META)))
		pattern = sm_paths_told(l, path);
	sm_learn_package_data(l, node, path);
	l->why = reason_of(l, node);
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		struct sm_rule rule = { .family = SM_FAMILY_FILES,
					.access = g->access,
					.pattern = pattern };
		struct sm_str_list by = { NULL, 0, 0 };
		bool is_free = false;

		if (!g->access || has_rule(node, g))
			continue;
		for (struct sm_grant *k = g; k; k = k->next) {
			if (k->access != g->access)
				continue;
			is_free |= !k->by.len;
			rule.seen += k->seen;
			sm_list_add(l, &by, k->by);
		}
		if (!is_free)
			rule.by = (struct sm_strings){ by.items, by.count };
		sm_learn_rule(l, &rule);
	}
}

static void emit(struct sm_learn *l, struct sm_node *node)
{
	if (node->grants)
		emit_node(l, node);
	for (size_t i = 0; i < node->count; i++)
		emit(l, node->kids[i]);
}

/* What import, tracebacks and start-up do beside reading code. */
static void emit_indirect(struct sm_learn *l, const struct sm_facts *f)
{
	l->why = SM_STR("");
	for (size_t i = 0; i < f->count; i++) {
		const struct sm_request *r = f->items[i].request;
		struct sm_rule rule = { .family = SM_FAMILY_FILES,
					.access = r->access,
					.via = 1u << r->via,
					.seen = f->items[i].view->call->count };

		if (r->via == SM_VIA_DIRECT)
			continue;
		rule.pattern = sm_learn_path(l, r->value);
		sm_learn_rule_by(l, &rule, &f->items[i].view->event);
	}
}

void sm_learn_paths(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, UINT32_MAX);
	struct sm_paths *p = l->paths = sm_learn_take(l, sizeof(*p));
	bool *taken = sm_learn_command(l, &f);
	const struct sm_str *started = sm_learn_start(l, &f, taken);
	struct entry *new;

	p->root.is_dir = true;
	p->root.sources = 1;
	for (size_t i = 0; i < f.count; i++)
		if (f.items[i].request->via == SM_VIA_DIRECT) {
			new = add_entry(l, f.items[i].request->value,
					f.items[i].request->access, false,
					f.items[i].view);
			if (new)
				new->is_taken = taken[i];
			add_entry(l, started[i], f.items[i].request->access,
				  false, f.items[i].view);
		}
	add_mentions(l);
	if (p->count)
		qsort(p->entries, p->count, sizeof(*p->entries), by_path);
	drop_unused(p);
	for (size_t i = 0; i < p->count; i++)
		put_entry(l, &p->entries[i]);
	sm_note_stores(l, &p->root);
	note_brought(l);
	note_renamed(l);
	note_files(&p->root);
	note_undata(&p->root);
	sm_generalise(l, &p->root);
	sm_paths_index(l);
	sm_learn_share_readers(l);
	emit(l, &p->root);
	sm_learn_sources(l);
	emit_indirect(l, &f);
}
