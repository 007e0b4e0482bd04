/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/named.h"

#include "schema/path.h"
#include "schema/places.h"

int sm_named_find(const struct sm_named *named, struct sm_str path)
{
	int best = -1;

	for (uint32_t i = 0; named && i < named->count; i++)
		if (sm_path_is_under(path, named->paths[i]) &&
		    (best < 0 || named->paths[i].len > named->paths[best].len))
			best = (int)i;
	return best;
}

static const struct sm_str mark = SM_STR("/.");

/* DIR of DIR/.; empty: it is no such text. */
static struct sm_str unmarked(struct sm_str text)
{
	bool is_marked = text.len > mark.len && sm_str_ends(text, mark);

	return (struct sm_str){ text.p, is_marked ? text.len - mark.len : 0 };
}

struct sm_str sm_named_start(const struct sm_named *named)
{
	for (uint32_t i = 0; named && i < named->count; i++) {
		struct sm_str dir = unmarked(named->paths[i]);

		if (dir.len)
			return dir;
	}
	return (struct sm_str){ "", 0 };
}

struct sm_str sm_named_place(const struct sm_named *named, uint32_t i)
{
	struct sm_str dir = unmarked(named->paths[i]);

	return dir.len ? dir : named->paths[i];
}

bool sm_named_is_start(const struct sm_named *named, uint32_t i)
{
	return unmarked(named->paths[i]).len;
}

bool sm_named_is_valid(struct sm_str text)
{
	struct sm_str dir = unmarked(text);

	return sm_path_is_canonical(dir.len ? dir : text);
}

void sm_named_add(struct sm_named_store *store, struct sm_str path)
{
	struct sm_named *n = &store->named;

	for (uint32_t i = 0; i < n->count; i++)
		if (sm_str_equal(n->paths[i], path))
			return;
	if (n->count == SM_NAMED_MAX || path.len > SM_NAMED_BYTES - store->used)
		return;
	memcpy(store->text + store->used, path.p, path.len);
	n->paths[n->count++] =
		(struct sm_str){ store->text + store->used, path.len };
	store->used += path.len;
}

/* -------------------------------------------------------------- what may be */

/* Rules of ${ARG} go below what it names: that may hold none of these. */
static bool holds_closed(struct sm_str path, struct sm_str home)
{
	static const char *const closed[] = {
		"/etc",	 "/usr",	  "/home",	     "/root",
		"/proc", "/var/lib/dpkg", "/var/spool/cron", NULL
	};

	for (size_t i = 0; closed[i]; i++)
		if (sm_path_is_under(sm_str_of(closed[i]), path))
			return true;
	return home.len && sm_path_is_under(home, path);
}

static bool is_in_home(struct sm_str path, struct sm_str home)
{
	return (sm_path_is_under(home, SM_STR("/home")) ||
		sm_path_is_under(home, SM_STR("/root"))) &&
	       sm_path_is_under(path, home) && path.len > home.len;
}

bool sm_named_is_open(struct sm_str path, struct sm_str home)
{
	bool is_mine = home.len && is_in_home(path, home);
	struct sm_str own = path;

	if (!sm_path_is_canonical(path) || holds_closed(path, home) ||
	    sm_place_is_shared(path) ||
	    sm_path_is_under(path, SM_STR("/var/spool/cron")) ||
	    sm_path_is_under(path, SM_STR("/var/lib/dpkg")))
		return false;
	if (sm_place_is_system(path) && !is_mine)
		return false;
	/* Dots above one's own home say nothing of what is in it. */
	if (home.len > 1 && sm_path_is_under(path, home)) {
		own.p += home.len;
		own.len -= home.len;
	}
	return !sm_place_is_dotted(own) &&
	       !sm_is_guarded_name(sm_path_name(path));
}

/* ------------------------------------------------------------------- words */

static const char *find(struct sm_str s, const char *text)
{
	return s.len ? memmem(s.p, s.len, text, strlen(text)) : NULL;
}

/* The part of a word that is a path, or empty. */
static struct sm_str path_in(struct sm_str word)
{
	const struct sm_str none = { "", 0 };
	const char *equals = find(word, "="), *colons;
	bool is_option = word.len && word.p[0] == '-';

	for (uint32_t i = 0; i < word.len; i++)
		if ((unsigned char)word.p[i] < ' ' || word.p[i] == 127)
			return none;
	if (is_option && !equals)
		return none;
	if (equals) {
		word.len -= (uint32_t)(equals + 1 - word.p);
		word.p = equals + 1;
		if (!is_option && !find(word, "/"))
			return none;
	}
	if (!word.len || word.p[0] == '~' || word.p[0] == '-' ||
	    find(word, "://"))
		return none;
	colons = find(word, "::");
	if (colons)
		word.len = (uint32_t)(colons - word.p);
	return word;
}

/* Whether a cluster of the interpreter's short options wants another word. */
static bool takes_next(struct sm_str word, char *option)
{
	for (uint32_t i = 1; i < word.len; i++) {
		*option = word.p[i];
		if (memchr("cmWX", word.p[i], 4))
			return i + 1 == word.len;
	}
	*option = 0;
	return false;
}

/*
 * Where an interpreter's own words end: options, then a script, or -m and a
 * module, or -c and code. Other programs are their own first word.
 */
uint32_t sm_named_first_word(const struct sm_command *c)
{
	struct sm_str name = sm_path_name(c->exe);
	char option = 0;
	uint32_t i = 1;

	if (!sm_str_starts(name, SM_STR("python")) &&
	    !sm_str_starts(name, SM_STR("pypy")))
		return 1;
	for (; i < c->argc; i++) {
		struct sm_str word = c->argv[i];

		if (sm_str_equal(word, SM_STR("--")))
			return i + 2;
		if (word.len < 2 || word.p[0] != '-')
			return i + 1;
		if (word.p[1] == '-') {
			i += sm_str_equal(word,
					  SM_STR("--check-hash-based-pycs"));
			continue;
		}
		i += takes_next(word, &option);
		if (option == 'c' || option == 'm')
			return i + 1;
	}
	return c->argc;
}

static void take_word(const struct sm_command *c, struct sm_str word,
		      struct sm_named_store *store)
{
	char lexical[SM_PATH_MAX], real[SM_PATH_MAX];
	struct sm_str path, there;

	word = path_in(word);
	if (!word.len || sm_path_canonical(c->cwd, word, lexical, &path) ||
	    !sm_named_is_open(path, c->home))
		return;
	there = c->resolve ? c->resolve(path, real) : path;
	/* What a link names is named, and as little what it may not lead to. */
	if (there.len && !sm_str_equal(there, path)) {
		if (!sm_named_is_open(there, c->home))
			return;
		sm_named_add(store, there);
	}
	sm_named_add(store, path);
}

static void take_start(const struct sm_command *c, struct sm_named_store *store)
{
	char text[SM_PATH_MAX];

	if (!sm_named_is_open(c->start, c->home) ||
	    c->start.len > sizeof(text) - mark.len)
		return;
	memcpy(text, c->start.p, c->start.len);
	memcpy(text + c->start.len, mark.p, mark.len);
	sm_named_add(store, (struct sm_str){ text, c->start.len + mark.len });
}

void sm_named_take(const struct sm_command *c, struct sm_named_store *store)
{
	store->named.count = 0;
	store->used = 0;
	take_start(c, store);
	for (uint32_t i = sm_named_first_word(c); i < c->argc; i++)
		take_word(c, c->argv[i], store);
}
