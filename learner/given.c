/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that command lines give. Whoever starts a program with "berlin" in its
 * command line chose that word, and will choose another one: where it comes
 * back as the name of a file or directory, that it did so in every run tells
 * what was tried out, not how the program is laid out.
 *
 * Only words somebody outside of the recording gave: what a recorded program
 * starts another one with, is its own.
 */
#include <stdlib.h>

#include "learner/open.h"
#include "schema/named.h"

/* Words of all processes: the first in the order of bytes, which is the same
 * whoever is told first. */
#define GIVEN_MAX 4096

static bool is_plain(struct sm_str word)
{
	for (uint32_t i = 0; i < word.len; i++)
		if ((unsigned char)word.p[i] < ' ')
			return false;
	return word.len > 0;
}

static void put(char *out, struct sm_str *all, struct sm_str word)
{
	if (!is_plain(word) || all->len + word.len + 1 > SM_GIVEN_BYTES)
		return;
	memcpy(out + all->len, word.p, word.len);
	all->len += word.len;
	out[all->len++] = '\n';
}

static struct sm_str behind(struct sm_str word, const char *mark)
{
	word.len -= (uint32_t)(mark + 1 - word.p);
	word.p = mark + 1;
	return word;
}

/* Behind `@` or `NAME@`, which say that a value is in a file. */
static struct sm_str file_in(struct sm_str word)
{
	const char *at = word.len ? memchr(word.p, '@', word.len) : NULL;

	if (!at)
		return word;
	if (at == word.p || memchr(at, '/', behind(word, at).len + 1))
		return behind(word, at);
	return word;
}

/* WORD, `--option=WORD`, `NAME=WORD`; `@WORD` in place of each. */
struct sm_str sm_given_words(const struct sm_trace_process *process, char *out)
{
	const struct sm_command command = { .exe = process->exe,
					    .argv = process->argv,
					    .argc = process->argc };
	struct sm_str all = { out, 0 };

	for (uint32_t i = sm_named_first_word(&command); i < process->argc;
	     i++) {
		struct sm_str word = process->argv[i];
		const char *equals =
			word.len ? memchr(word.p, '=', word.len) : NULL;

		if (equals)
			word = behind(word, equals);
		if (equals || !word.len || word.p[0] != '-')
			put(out, &all, file_in(word));
	}
	return all;
}

static uint64_t hash_pid(uint64_t run, uint32_t pid)
{
	return sm_hash(sm_hash(SM_HASH_SEED, &run, sizeof(run)), &pid,
		       sizeof(pid));
}

bool *sm_owners_started(const struct sm_observations *o, struct sm_arena *arena)
{
	size_t count = o->owner_count;
	uint64_t *pids = sm_arena_take(arena, (count + 1) * sizeof(*pids));
	bool *started = sm_arena_take(arena, (count + 1) * sizeof(*started));

	if (!pids || !started)
		return NULL;
	for (size_t i = 0; i < count; i++)
		pids[i] = hash_pid(o->owners[i].run, o->owners[i].pid);
	qsort(pids, count, sizeof(*pids), sm_by_number);
	for (size_t i = 0; i < count; i++) {
		const struct sm_owner *owner = &o->owners[i];
		uint64_t parent = hash_pid(owner->run, owner->parent_pid);

		started[i] = owner->parent_pid &&
			     bsearch(&parent, pids, count, sizeof(*pids),
				     sm_by_number);
	}
	return started;
}

/* Where the program lies, or what holds that, is where it always was. */
static bool is_place(const struct sm_learn *l, struct sm_str path)
{
	return path.p[0] == '/' &&
	       (sm_place_is_shared(path) || sm_is_base(l, path));
}

static void add_given(struct sm_learn *l, struct sm_str text)
{
	struct sm_str_list *list = &l->given;

	if (list->count == GIVEN_MAX &&
	    sm_str_compare(text, list->items[GIVEN_MAX - 1]) >= 0)
		return;
	sm_list_add(l, list, text);
	if (list->count > GIVEN_MAX)
		list->count--;
}

/* A word, and if it is a path, each component that is a path, and what it is
 * without extension. */
static void add_word(struct sm_learn *l, struct sm_str word)
{
	uint32_t end;

	add_given(l, word);
	for (uint32_t at = 0; at < word.len; at = end + 1) {
		struct sm_str part = { word.p + at, 0 };

		for (end = at; end < word.len && word.p[end] != '/';)
			end++;
		part.len = end - at;
		if (!part.len || part.p[0] == '.' ||
		    is_place(l, (struct sm_str){ word.p, end }))
			continue;
		add_given(l, part);
		add_given(l, sm_stem_of(part));
	}
}

void sm_learn_given(struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;
	const bool *started = sm_owners_started(o, &l->arena);

	if (!started)
		sm_learn_fail(l, SM_NOMEM);
	for (size_t i = 0; i < o->owner_count; i++) {
		struct sm_str all = o->owners[i].given, word;

		if (started[i])
			continue;
		for (; all.len;
		     all.p += word.len + 1, all.len -= word.len + 1) {
			const char *end = memchr(all.p, '\n', all.len);

			if (!end)
				break;
			word = (struct sm_str){ all.p,
						(uint32_t)(end - all.p) };
			add_word(l, word);
		}
	}
}

/* q1.html for `q1`, and what is made of q1.csv: q1.rejected.csv. */
bool sm_is_given(const struct sm_learn *l, struct sm_str name)
{
	if (sm_list_has(&l->given, name))
		return true;
	for (uint32_t i = 1; i < name.len && name.p[0] != '.'; i++)
		if (name.p[i] == '.' &&
		    sm_list_has(&l->given, (struct sm_str){ name.p, i }))
			return true;
	return false;
}
