/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory the program fills with files of many kinds: whatever is put there
 * may have any extension.
 */
#include "learner/file_forms.h"

/* The files a directory is filled with, and what they would be as slots. */
struct filling {
	struct sm_members m;
	struct sm_str *stems; /* slots and typed names, without extension */
	size_t stem_count, slots, free, files, extensions;
	double saved;  /* rules of slots there were */
	bool is_mixed; /* a name is neither */
	bool is_whole; /* nothing else lies there, and all is people's */
	size_t brought;
};

/* What people keep in files, each in a format of his own; no program's state.
 */
static bool is_peoples(struct sm_str extension)
{
	static const char *const list[] = {
		".avif", ".bmp",  ".csv",  ".doc",  ".docx", ".eml",	".epub",
		".gif",	 ".heic", ".ics",  ".jpeg", ".jpg",  ".md",	".mov",
		".mp3",	 ".mp4",  ".odp",  ".ods",  ".odt",  ".ogg",	".pdf",
		".png",	 ".ppt",  ".pptx", ".rtf",  ".svg",  ".tar.gz", ".tif",
		".tiff", ".txt",  ".vcf",  ".wav",  ".webm", ".webp",	".xls",
		".xlsx", ".zip",  NULL
	};

	return sm_is_among(extension, list);
}

static void add_stem(struct filling *f, struct sm_str text,
		     struct sm_str extension, bool is_slot)
{
	f->slots += is_slot;
	f->free += is_slot && sm_str_starts(text, SM_STR("<name>"));
	text.len -= text.len < extension.len ? text.len : extension.len;
	f->is_mixed |= !text.len;
	f->stems[f->stem_count++] = text;
}

/* `<int>.<name>` for 17.png and 18.jpg, or empty. */
static struct sm_str any_extension(struct sm_learn *l, const struct filling *f)
{
	for (size_t i = 0; i < f->stem_count; i++)
		if (f->is_mixed || !sm_str_equal(f->stems[i], f->stems[0]))
			return SM_STR("");
	return sm_learn_join(l, f->stems[0], SM_STR(".<name>"));
}

static bool may_fill(const struct sm_member *m)
{
	return m->node->is_made && m->extension.len &&
	       !sm_is_code_suffix(m->extension);
}

/* The slots they would become by themselves: the cheapest form with some. */
static const struct sm_file_form *open_form(const struct sm_kind *k)
{
	const struct sm_form *best = k->cut->forms;

	for (const struct sm_form *f = best->next; f; f = f->next)
		if (best == k->cut->forms || f->cost < best->cost)
			best = f;
	return (const struct sm_file_form *)best;
}

/* The members of one extension. */
static void fill_with(struct filling *f, const struct sm_kind *k)
{
	const struct sm_file_form *form = open_form(k);
	size_t open = 0, before = f->m.count;

	for (size_t i = 0; i < form->count; i++) {
		open += form->openings[i].count;
		if (may_fill(&form->openings[i].members[0]))
			add_stem(f, form->openings[i].slot,
				 k->members[0].extension, true);
	}
	for (size_t i = 0; i < k->count; i++) {
		const struct sm_member *m = &k->members[i];

		if (!may_fill(m))
			continue;
		if (i >= open)
			add_stem(f, m->typed ? m->skeleton : SM_STR(""),
				 m->extension, false);
		f->files += m->node->sources;
		f->brought += m->node->is_brought;
		f->m.items[f->m.count++] = *m;
	}
	f->extensions += f->m.count > before;
}

/* Slots from before: names that were made up. */
static void fill_with_slots(struct sm_learn *l, struct filling *f,
			    const struct sm_node *node,
			    const struct sm_reach *reach)
{
	struct sm_str_list known = { NULL, 0, 0 };

	for (size_t i = 0; i < f->m.count; i++)
		sm_list_add(l, &known, f->m.items[i].extension);
	for (size_t i = 0; i < node->count; i++) {
		struct sm_member *new = &f->m.items[f->m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		new->extension = sm_extension(new->node->name);
		/* No free name begins with a dot: .anna.<tmp>.part stays. */
		if (!new->node->is_slot || new->node->is_dir ||
		    new->node->name.p[0] == '.' || !may_fill(new))
			continue;
		add_stem(f, new->node->name, new->extension, true);
		f->files += new->node->sources;
		f->saved += sm_literal_cost(reach, new->node);
		f->extensions += !sm_list_has(&known, new->extension);
		sm_list_add(l, &known, new->extension);
		f->m.count++;
	}
}

/*
 * A directory the program fills with files of many kinds (uploads): two
 * extensions, one of which opened for any name, or four files where one opened
 * for numbers; or one extension that people's files have, and nothing beside
 * them: another picture has another format. Empty: it is none.
 */
static struct sm_str filling_slot(struct sm_learn *l, const struct filling *f)
{
	struct sm_str slot = SM_STR("<name>");

	/* Where they come from there are other kinds. */
	if (f->slots && f->brought > 1 && f->brought == f->m.count)
		return slot;
	if (!f->slots || f->files < 3 || (f->extensions < 2 && !f->is_whole))
		return SM_STR("");
	if (f->free && f->extensions > 1)
		return slot;
	slot = any_extension(l, f);
	if (slot.len)
		return slot;
	return f->extensions < 3 || f->files < 4 ? slot : SM_STR("<name>");
}

/* Node holds those files alone. */
static bool is_all(const struct sm_node *node, const struct sm_members *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (!is_peoples(m->items[i].extension))
			return false;
	return m->count == node->count;
}

void sm_cut_filling(struct sm_learn *l, struct sm_choice *cut,
		    const struct sm_node *node, const struct sm_kind *kinds,
		    size_t count, const struct sm_scope *scope, double others)
{
	size_t room = node->count + 1;
	struct filling f = { .m = { sm_learn_take(l, room * sizeof(*f.m.items)),
				    0 } };
	struct sm_file_form *form;
	struct sm_str slot;

	f.stems = sm_learn_take(l, 2 * room * sizeof(*f.stems));
	for (size_t i = 0; i < count; i++)
		fill_with(&f, &kinds[i]);
	fill_with_slots(l, &f, node, &scope->reach);
	f.is_whole = !f.is_mixed && is_all(node, &f.m);
	slot = filling_slot(l, &f);
	if (!slot.len)
		return;
	form = sm_file_form(l, cut, 1, count);
	sm_file_form_open(form, f.m.items, f.m.count, slot);
	form->form.cost =
		others - f.saved +
		sm_block_cost(l, sm_new_kind(node, kinds, count, true)) +
		sm_opening_cost(&scope->reach, &form->openings[0]);
	for (size_t i = 0; i < count; i++) {
		const struct sm_member *m = kinds[i].members;

		if (!m[0].extension.len || sm_is_code_suffix(m[0].extension)) {
			form->form.parts[form->form.count++] = kinds[i].cut;
			continue;
		}
		for (size_t k = 0; k < kinds[i].count; k++)
			if (!may_fill(&m[k]))
				form->form.cost += sm_literal_cost(
					&scope->reach, m[k].node);
	}
}
