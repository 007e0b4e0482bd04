/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which paths there are: what was done with files, and what stands in command
 * lines, addresses and names of code. A directory's entries stay together.
 */
#include <stdlib.h>

#include "learner/path_entries.h"

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
	return compare_paths(((const struct sm_path_entry *)a)->path,
			     ((const struct sm_path_entry *)b)->path);
}

/* NULL: path is none. Valid until the next. */
static struct sm_path_entry *add_entry(struct sm_learn *l, struct sm_str path,
				       uint32_t access, bool is_made,
				       const struct sm_view *view)
{
	struct sm_paths *p = l->paths;

	if (!sm_path_is_canonical(path))
		return NULL;
	p->entries = sm_learn_grow(l, p->entries, p->count, &p->room,
				   sizeof(*p->entries));
	p->entries[p->count++] = (struct sm_path_entry){
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
	struct sm_path_entry *entry = add_entry(l, path, 0, is_made, view);
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
		struct sm_path_entry *e = &p->entries[i];
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

/* ----------------------------------------------------------------- entries */

struct sm_path_entry *sm_path_entry(const struct sm_paths *p,
				    struct sm_str path)
{
	struct sm_path_entry key = { .path = path };

	return p->count ? bsearch(&key, p->entries, p->count, sizeof(key),
				  by_path)
			: NULL;
}

struct sm_path_entry *sm_path_entries_below(const struct sm_paths *p,
					    struct sm_str dir, size_t *count)
{
	size_t first = first_of(p, dir), end = first;

	while (end < p->count && sm_path_is_under(p->entries[end].path, dir))
		end++;
	*count = end - first;
	return p->entries + first;
}

bool sm_path_is_taken(const struct sm_paths *p, struct sm_str path)
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

void sm_path_entries(struct sm_learn *l, const struct sm_facts *files,
		     const bool *is_taken, const struct sm_str *started)
{
	struct sm_paths *p = l->paths;
	struct sm_path_entry *new;

	for (size_t i = 0; i < files->count; i++) {
		const struct sm_fact *f = &files->items[i];

		if (f->request->via != SM_VIA_DIRECT)
			continue;
		new = add_entry(l, f->request->value, f->request->access, false,
				f->view);
		if (new)
			new->is_taken = is_taken[i];
		add_entry(l, started[i], f->request->access, false, f->view);
	}
	add_mentions(l);
	if (p->count)
		qsort(p->entries, p->count, sizeof(*p->entries), by_path);
	drop_unused(p);
}
