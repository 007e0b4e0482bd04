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
#include "learner/open.h"
#include "schema/named.h"

/* Words of all processes; more give nothing. */
#define GIVEN_MAX 4096
/* How far back a process looks for the one that started it. */
#define PARENTS 64

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

/* WORD, `--option=WORD`, `NAME=WORD`. */
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

		if (equals) {
			word.len -= (uint32_t)(equals + 1 - word.p);
			word.p = equals + 1;
		}
		if (equals || !word.len || word.p[0] != '-')
			put(out, &all, word);
	}
	return all;
}

/* Another recorded process started it. */
static bool is_child(const struct sm_observations *o, size_t at)
{
	const struct sm_owner *owner = &o->owners[at];

	for (size_t n = 0; n < PARENTS && n < at; n++) {
		const struct sm_owner *other = &o->owners[at - 1 - n];

		if (other->run == owner->run && owner->parent_pid &&
		    other->pid == owner->parent_pid)
			return true;
	}
	return false;
}

static struct sm_str stem_of(struct sm_str name)
{
	name.len -= sm_extension(name).len;
	return name;
}

/* Where the program lies, or what holds that, is where it always was. */
static bool is_place(const struct sm_learn *l, struct sm_str path)
{
	return path.p[0] == '/' &&
	       (sm_place_is_shared(path) || sm_is_base(l, path));
}

/* A word, and if it is a path, each component that is a path, and what it is
 * without extension. */
static void add_word(struct sm_learn *l, struct sm_str word)
{
	uint32_t end;

	if (l->given.count <= GIVEN_MAX)
		sm_list_add(l, &l->given, word);
	for (uint32_t at = 0; at < word.len; at = end + 1) {
		struct sm_str part = { word.p + at, 0 };

		for (end = at; end < word.len && word.p[end] != '/';)
			end++;
		part.len = end - at;
		if (!part.len || part.p[0] == '.' ||
		    l->given.count > GIVEN_MAX ||
		    is_place(l, (struct sm_str){ word.p, end }))
			continue;
		sm_list_add(l, &l->given, part);
		sm_list_add(l, &l->given, stem_of(part));
	}
}

void sm_learn_given(struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;

	for (size_t i = 0; i < o->owner_count; i++) {
		struct sm_str all = o->owners[i].given, word;

		if (is_child(o, i))
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
