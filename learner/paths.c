/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: every recorded path goes into one tree with who did what to it; the
 * tree is generalised and written out as rules.
 */
#include "learner/open.h"
#include "learner/path_entries.h"

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

static void put_entry(struct sm_learn *l, struct sm_path_entry *entry)
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
	struct sm_path_entry *found = sm_path_entry(l->paths, path);

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
		struct sm_path_entry *e = &p->entries[i];
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
		struct sm_path_entry *e = &p->entries[i];
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

void sm_learn_paths(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, UINT32_MAX);
	struct sm_paths *p = l->paths = sm_learn_take(l, sizeof(*p));
	bool *taken = sm_learn_command(l, &f);
	const struct sm_str *started = sm_learn_start(l, &f, taken);

	p->root.is_dir = true;
	p->root.sources = 1;
	sm_path_entries(l, &f, taken, started);
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
	sm_path_rules(l, &p->root);
	sm_learn_sources(l);
	sm_path_rules_indirect(l, &f);
}
