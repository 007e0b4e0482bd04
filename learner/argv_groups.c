/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that a program adds to a line when it is asked for more: `-quality
 * 80`, `-strip`, one `-e PATTERN` for each of several. A line that is another
 * one but for options, each perhaps with a word behind it, tells that these may
 * stand there or not, and the next line may hold any of them. Those that all
 * lines hold stay: they may be what keeps the program in bounds.
 *
 * An option that no line held is none of them: which ones a program has, and
 * what they make it do, is not told by those it was given.
 */
#include <stdlib.h>

#include "learner/argv_options.h"

/* ---------------------------------------------------------- lines, reduced */

/* A line, and which of its words are left out of what it is compared by. */
struct reduced {
	struct sm_line *line;
	const struct sm_option **option; /* of each word; NULL: it stays */
	struct sm_word *words;		 /* those that stay */
	uint32_t count;
	struct sm_line grouped; /* these and groups */
};

static void reduce(struct sm_learn *l, struct sm_options *o,
		   struct sm_line *line, struct reduced *r)
{
	r->line = line;
	r->option = sm_learn_take(l, (line->count + 1) *
					     sizeof(const struct sm_option *));
	for (uint32_t i = 0; i <= line->count; i++)
		r->option[i] = NULL;
	for (uint32_t i = 0; i < line->count; i++) {
		const struct sm_option *option = sm_option_at(o, line, i);
		uint32_t more = option && !line->words[i].head.len
					? sm_option_takes(option)
					: 0;

		if (!option || !sm_option_has_values(line, i, more))
			continue;
		for (r->option[i] = option; more; more--)
			r->option[++i] = option;
	}
}

static void keep_words(struct sm_learn *l, struct reduced *r)
{
	r->words = sm_learn_take(l, (r->line->count + 1) * sizeof(*r->words));
	r->count = 0;
	for (uint32_t i = 0; i < r->line->count; i++)
		if (!r->option[i])
			r->words[r->count++] = r->line->words[i];
}

static struct sm_line kept(const struct reduced *r)
{
	struct sm_line line = *r->line;

	line.words = r->words;
	line.count = r->count;
	return line;
}

static int by_kept(const void *x, const void *y)
{
	const struct reduced *a = x, *b = y;
	struct sm_line left = kept(a), right = kept(b);
	int r = sm_line_compare_shapes(&left, &right);

	return r ? r : sm_line_compare(a->line, b->line);
}

static bool has_option(const struct reduced *r, const struct sm_option *o)
{
	for (uint32_t i = 0; i < r->line->count; i++)
		if (r->option[i] == o)
			return true;
	return false;
}

/* Those that all of the lines hold stay, where they stand last. */
static void keep_common(struct reduced *r, size_t count,
			const struct sm_option *o)
{
	for (size_t i = 0; i < count; i++)
		if (!has_option(&r[i], o))
			return;
	for (size_t i = 0; i < count; i++)
		for (uint32_t at = r[i].line->count; at--;) {
			if (r[i].option[at] != o)
				continue;
			r[i].option[at] = NULL;
			if (sm_word_is_option(&r[i].line->words[at]))
				break;
		}
}

/* Without the word that says what the program does, if there is one. */
static bool drop_command(struct sm_learn *l, const struct reduced *r,
			 struct sm_line *line)
{
	*line = kept(r);
	if (line->count < 2 || !sm_word_is_value(&line->words[1]) ||
	    !sm_is_command_word(line->words[1].value))
		return false;
	line->words = sm_learn_take(l, line->count * sizeof(*line->words));
	line->words[0] = r->words[0];
	line->count--;
	memcpy(line->words + 1, r->words + 2,
	       (line->count - 1) * sizeof(*line->words));
	return true;
}

/*
 * A line is one of r's but for this word, and does without the option: what
 * goes with the same words may be left out whatever is done.
 */
static bool is_left_out(struct sm_learn *l, const struct reduced *r,
			const struct reduced *all, size_t count,
			const struct sm_option *o)
{
	struct sm_line mine, theirs;

	if (!drop_command(l, r, &mine))
		return false;
	for (size_t i = 0; i < count; i++) {
		theirs = kept(&all[i]);
		if (!has_option(&all[i], o) &&
		    !sm_line_compare_shapes(&mine, &theirs))
			return true;
	}
	return false;
}

/* ----------------------------------------------------------------- groups */

/* Between words that stay: behind so many that are spelled, and then there. */
struct place {
	uint32_t spelled, at; /* AT_END: where the values end */
};
#define AT_END UINT32_MAX

/* An option and its word where it stood in a line. */
struct chunk {
	struct place place;
	const struct sm_option *option;
	const struct reduced *of;
	uint32_t at, count; /* of its words */
};

static struct place place_at(const struct reduced *r, uint32_t at)
{
	struct place p = { 0, 0 };
	uint32_t i;

	for (i = 0; i < at; i++) {
		bool is_value = sm_word_is_value(&r->words[i]);

		p.spelled += !is_value;
		p.at = is_value ? p.at + 1 : 0;
	}
	if (p.at && (i == r->count || !sm_word_is_value(&r->words[i])))
		p.at = AT_END;
	return p;
}

/* Where the place is in a line that has more or fewer values. */
static uint32_t index_of(const struct reduced *r, struct place p)
{
	uint32_t i = 0;

	for (uint32_t n = 0; n < p.spelled && i < r->count; i++)
		n += !sm_word_is_value(&r->words[i]);
	for (uint32_t n = 0;
	     n < p.at && i < r->count && sm_word_is_value(&r->words[i]); n++)
		i++;
	return i;
}

static int compare_chunks(const struct chunk *a, const struct chunk *b)
{
	int r = (a->place.spelled > b->place.spelled) -
		(a->place.spelled < b->place.spelled);

	if (!r)
		r = (a->place.at > b->place.at) - (a->place.at < b->place.at);
	if (!r)
		r = sm_str_compare(a->option->text, b->option->text);
	if (!r)
		r = sm_str_compare(a->option->command, b->option->command);
	return r ? r : (a->count > b->count) - (a->count < b->count);
}

static int by_place(const void *x, const void *y)
{
	return compare_chunks(x, y);
}

static size_t find_chunks(const struct reduced *r, size_t count,
			  struct chunk *chunks)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t kept = 0, end;

		for (uint32_t at = 0; at < r[i].line->count; at = end) {
			const struct sm_option *o = r[i].option[at];

			end = at + 1;
			kept += !o;
			if (!o)
				continue;
			while (r[i].option[end] == o &&
			       !sm_word_is_option(&r[i].line->words[end]))
				end++;
			chunks[n++] = (struct chunk){ place_at(&r[i], kept), o,
						      &r[i], at, end - at };
		}
	}
	if (n)
		qsort(chunks, n, sizeof(*chunks), by_place);
	return n;
}

/* A space is one of the word, not the end of it; none is in a slot's way. */
static struct sm_str escape_spaces(struct sm_learn *l, struct sm_str word)
{
	char *p = sm_learn_take(l, 2 * (size_t)word.len + 1);
	uint32_t n = 0, depth = 0;

	for (uint32_t i = 0; i < word.len; i++) {
		depth += word.p[i] == '<' && (!i || word.p[i - 1] != '\\');
		depth -= depth && word.p[i] == '>';
		if (word.p[i] == ' ' && !depth)
			p[n++] = '\\';
		p[n++] = word.p[i];
	}
	return (struct sm_str){ p, n };
}

/* "[-o VALUE]"; slots: of the words, or empty. */
static struct sm_str spell(struct sm_learn *l, const struct chunk *c,
			   const struct sm_str *slots)
{
	bool is_shell = c->of->line->access == SM_ACCESS_SHELL;
	struct sm_str text = SM_STR("["), word;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct sm_word *w = &c->of->line->words[c->at + i];

		word = is_shell
			       ? sm_word_shell(l, w, slots[i])
			       : escape_spaces(l, sm_word_text(l, w, slots[i]));
		if (i)
			text = sm_learn_join(l, text, SM_STR(" "));
		text = sm_learn_join(l, text, word);
	}
	return sm_learn_join(l, text, SM_STR("]"));
}

/* All lines of a program, and which of their words are options. */
struct lines {
	struct sm_options options;
	struct reduced *items;
	size_t count;
};

/* The words before a place, as a line of their own. */
static struct sm_line start_of(const struct reduced *r, struct place place)
{
	struct sm_line line = kept(r);

	line.count = index_of(r, place);
	return line;
}

/* Whether they are alike up to where the chunk stands in its line. */
static bool starts_like(const struct reduced *r, const struct chunk *c)
{
	struct sm_line mine = start_of(r, c->place),
		       theirs = start_of(c->of, c->place);

	return !sm_line_compare_shapes(&mine, &theirs);
}

/* Whether word k of the line is the option of the chunk, with as many words. */
static bool is_same_option(struct lines *all, const struct sm_line *line,
			   uint32_t k, const struct chunk *c)
{
	return sm_option_at(&all->options, line, k) == c->option &&
	       sm_option_has_values(line, k, c->count - 1);
}

/*
 * What stood at one word of an option in lines like the chunk's, there or where
 * they always hold it; into items, if they are not NULL.
 */
static size_t values_of(struct lines *all, const struct chunk *c, uint32_t at,
			struct sm_word_value *items)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct sm_line *line = all->items[i].line;

		if (!starts_like(&all->items[i], c))
			continue;
		for (uint32_t k = 0; k < line->count; k++) {
			const struct sm_word *w = &line->words[k + at];

			if (!is_same_option(all, line, k, c))
				continue;
			if (w->is_fixed || w->is_path)
				return 0;
			if (items)
				items[n] = sm_value_of(line, w);
			n++;
		}
	}
	return n;
}

/* The slot of that word, or empty: as it was. */
static struct sm_str slot_of(struct sm_learn *l, struct lines *all,
			     const struct chunk *c, uint32_t at)
{
	struct sm_values v = { .count = values_of(all, c, at, NULL) };

	if (!v.count)
		return SM_STR("");
	v.items = sm_learn_take(l, v.count * sizeof(*v.items));
	values_of(all, c, at, v.items);
	sm_values_sort(&v);
	return sm_word_slot(l, c->of->line, c->at + at, &v);
}

/* One with slots, or one a value. */
static void spell_all(struct sm_learn *l, struct lines *all,
		      const struct chunk *chunks, size_t count,
		      struct sm_str_list *out)
{
	struct sm_str slots[SM_TAKES_MAX + 1];

	for (uint32_t i = 0; i < chunks[0].count; i++)
		slots[i] = slot_of(l, all, chunks, i);
	for (size_t i = 0; i < count; i++)
		sm_list_add(l, out, spell(l, &chunks[i], slots));
}

/* Puts groups where they belong; from the end, so that places stay. */
static void insert(struct sm_learn *l, struct reduced *r, struct place place,
		   const struct sm_str_list *groups)
{
	uint32_t at = index_of(r, place), more = (uint32_t)groups->count;
	struct sm_line *line = &r->grouped;
	struct sm_word *words =
		sm_learn_take(l, (line->count + more) * sizeof(*words));

	memcpy(words, line->words, at * sizeof(*words));
	for (uint32_t i = 0; i < more; i++)
		words[at + i] = (struct sm_word){ .value = groups->items[i],
						  .is_fixed = true,
						  .is_pattern = true,
						  .is_raw = true };
	memcpy(words + at + more, line->words + at,
	       (line->count - at) * sizeof(*words));
	line->words = words;
	line->count += more;
}

static void insert_all(struct sm_learn *l, struct lines *all, struct reduced *r,
		       size_t count, struct chunk *chunks, size_t n)
{
	while (n) {
		struct sm_str_list groups = { NULL, 0, 0 };
		size_t from = n, end = n;

		while (from &&
		       chunks[from - 1].place.spelled ==
			       chunks[n - 1].place.spelled &&
		       chunks[from - 1].place.at == chunks[n - 1].place.at)
			from--;
		for (size_t i = from; i < n; i = end) {
			for (end = i + 1;
			     end < n &&
			     !compare_chunks(&chunks[i], &chunks[end]);)
				end++;
			spell_all(l, all, chunks + i, end - i, &groups);
		}
		for (size_t i = 0; i < count; i++)
			insert(l, &r[i], chunks[from].place, &groups);
		n = from;
	}
}

/*
 * Whether what stood there in its line may stand in another one: up to there
 * they are alike, and the other one does not always hold it.
 */
static bool goes_with(const struct chunk *c, const struct reduced *r,
		      struct sm_options *o)
{
	struct sm_line all = kept(r);

	if (!starts_like(r, c))
		return false;
	for (uint32_t i = 0; i < all.count; i++)
		if (sm_option_at(o, &all, i) == c->option)
			return false;
	return true;
}

/* Lines that are alike but for options that may be left out. */
static void group(struct sm_learn *l, struct lines *all, size_t from,
		  size_t end, const struct chunk *chunks, size_t n)
{
	struct chunk *mine = sm_learn_take(l, (n + 1) * sizeof(*mine));
	struct reduced *r = all->items;
	size_t k = 0;

	for (size_t i = from; i < end; i++)
		r[i].grouped = kept(&r[i]);
	for (size_t i = 0; i < n; i++)
		if ((chunks[i].of >= r + from && chunks[i].of < r + end) ||
		    goes_with(&chunks[i], r + from, &all->options))
			mine[k++] = chunks[i];
	insert_all(l, all, r + from, end - from, mine, k);
}

static size_t end_of_alike(const struct reduced *r, size_t count, size_t from)
{
	struct sm_line first = kept(&r[from]), next;
	size_t end = from + 1;

	for (; end < count; end++) {
		next = kept(&r[end]);
		if (sm_line_compare_shapes(&first, &next))
			break;
	}
	return end;
}

/* Pieces of one program. */
void sm_pieces_group(struct sm_learn *l, struct sm_piece *pieces, size_t count)
{
	struct reduced *r = sm_learn_take(l, count * sizeof(*r));
	struct lines all = { sm_options_find(l, pieces, count), r, count };
	size_t *ends = sm_learn_take(l, count * sizeof(*ends));
	struct chunk *chunks;
	size_t room = 0, n;

	if (!all.options.count)
		return;
	for (size_t i = 0; i < count; i++) {
		reduce(l, &all.options, &pieces[i].line, &r[i]);
		keep_words(l, &r[i]);
		room += pieces[i].line.count;
	}
	qsort(r, count, sizeof(*r), by_kept);
	for (size_t i = 0; i < count; i = ends[i])
		ends[i] = end_of_alike(r, count, i);
	for (size_t i = 0; i < count; i = ends[i])
		for (size_t k = 0; k < all.options.count; k++)
			if (!is_left_out(l, &r[i], r, count,
					 &all.options.items[k]))
				keep_common(r + i, ends[i] - i,
					    &all.options.items[k]);
	for (size_t i = 0; i < count; i++)
		keep_words(l, &r[i]);
	chunks = sm_learn_take(l, (room + 1) * sizeof(*chunks));
	n = find_chunks(r, count, chunks);
	for (size_t i = 0; i < count; i = ends[i])
		group(l, &all, i, ends[i], chunks, n);
	for (size_t i = 0; i < count; i++)
		*r[i].line = r[i].grouped;
}
