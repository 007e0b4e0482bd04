/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/review_path.h"

#include <stdlib.h>

#include "schema/path.h"
#include "schema/policy/pattern.h"

static struct sm_str from(struct sm_str text, uint32_t at)
{
	return (struct sm_str){ text.p + at, text.len - at };
}

static bool is(struct sm_str text, const char *word)
{
	return sm_str_equal(text, sm_str_of(word));
}

static bool is_one_of(struct sm_str text, const char *const *list)
{
	for (; *list; list++)
		if (is(text, *list))
			return true;
	return false;
}

bool sm_parts_split(struct sm_str pattern, struct sm_parts *out)
{
	struct sm_str rest = pattern;
	const char *end;

	*out = (struct sm_parts){ .count = 0 };
	if (pattern.len > 2 && pattern.p[0] == '$') {
		end = memchr(pattern.p, '}', pattern.len);
		if (!end)
			return false;
		out->head = (struct sm_str){ pattern.p,
					     (uint32_t)(end + 1 - pattern.p) };
		rest = from(pattern, out->head.len);
	}
	while (rest.len && rest.p[0] == '/') {
		if (out->count == SM_PARTS_MAX)
			return false;
		rest = from(rest, 1);
		end = memchr(rest.p, '/', rest.len);
		out->parts[out->count] =
			(struct sm_str){ rest.p, end ? (uint32_t)(end - rest.p)
						     : rest.len };
		rest = from(rest, out->parts[out->count++].len);
	}
	return out->count && !rest.len;
}

struct sm_str sm_parts_join(const struct sm_parts *p, struct sm_rules *rules)
{
	struct sm_str text = { NULL, 0 }, kept;
	size_t bytes = p->head.len, i;
	char *at;

	for (i = 0; i < p->count; i++)
		bytes += p->parts[i].len + 1u;
	at = malloc(bytes + 1);
	if (!at)
		return text;
	text.p = at;
	memcpy(at, p->head.len ? p->head.p : "", p->head.len);
	at += p->head.len;
	for (i = 0; i < p->count; i++) {
		*at++ = '/';
		memcpy(at, p->parts[i].p, p->parts[i].len);
		at += p->parts[i].len;
	}
	text.len = (uint32_t)bytes;
	kept = sm_rules_keep(rules, text);
	free((char *)(uintptr_t)text.p);
	return kept;
}

/* -------------------------------------------------------------------- align */

static bool align_rest(const struct sm_parts *p, struct sm_str rest,
		       struct sm_str caught[SM_PARTS_MAX])
{
	struct sm_parts path;
	size_t i, extra, wide = 0, at = 0;

	for (i = 0; i < p->count; i++)
		wide += sm_pattern_depth(p->parts[i]) != SM_DEPTH_NONE;
	if (wide > 1 || !sm_parts_split(rest, &path) || path.count < p->count)
		return false;
	extra = path.count - p->count;
	if (extra && !wide)
		return false;
	for (i = 0; i < p->count; i++) {
		bool is_wide = sm_pattern_depth(p->parts[i]);
		struct sm_str last = path.parts[at + (is_wide ? extra : 0)];

		caught[i] = path.parts[at];
		caught[i].len = (uint32_t)(last.p + last.len - caught[i].p);
		at += is_wide ? extra + 1 : 1;
		if (!sm_part_is_open(p->parts[i]) &&
		    !sm_str_equal(p->parts[i], caught[i]) &&
		    !sm_str_has(p->parts[i], '\\'))
			return false;
	}
	return true;
}

static bool align_below(const struct sm_parts *p, struct sm_str dir,
			struct sm_str path, struct sm_str caught[SM_PARTS_MAX])
{
	return sm_str_starts(path, dir) &&
	       align_rest(p, from(path, dir.len), caught);
}

/* The n-th directory a variable stands for, from 0. */
static bool value_of(const struct sm_places *places, struct sm_str head,
		     size_t n, struct sm_str *out)
{
	struct sm_str name = { head.p + 2, head.len - 3 };
	size_t i;

	for (i = 0; i < places->binding_count; i++) {
		const char *v = places->bindings[i].value;

		if (!is(name, places->bindings[i].name))
			continue;
		for (; n && *v; n--) {
			v += strcspn(v, ":");
			v += *v == ':';
		}
		*out = (struct sm_str){ v, (uint32_t)strcspn(v, ":") };
		return out->len > 0;
	}
	for (i = 0; i < places->policy->variable_count; i++) {
		const struct sm_variable *v = &places->policy->variables[i];

		if (!sm_str_equal(v->name, name) || n >= v->values.count)
			continue;
		*out = v->values.items[n];
		return true;
	}
	return false;
}

bool sm_parts_align(const struct sm_parts *p, const struct sm_places *places,
		    struct sm_str path, struct sm_str caught[SM_PARTS_MAX])
{
	struct sm_str dir;
	size_t n;

	if (!p->head.len)
		return align_rest(p, path, caught);
	for (n = 0; value_of(places, p->head, n, &dir); n++)
		if (align_below(p, dir, path, caught))
			return true;
	return false;
}

/* -------------------------------------------------------------------- parts */

bool sm_part_is_open(struct sm_str part)
{
	uint32_t i;

	for (i = 0; i < part.len; i++) {
		if (part.p[i] == '\\')
			i++;
		else if (part.p[i] == '*' || part.p[i] == '<')
			return true;
	}
	return false;
}

struct sm_str sm_part_extension(struct sm_str part)
{
	uint32_t at = part.len;

	while (at && part.p[at - 1] != '.' && part.p[at - 1] != '>' &&
	       part.p[at - 1] != '*' && part.p[at - 1] != '\\')
		at--;
	if (at < 2 || part.p[at - 1] != '.' || at == part.len ||
	    part.len - at > 8)
		return (struct sm_str){ NULL, 0 };
	return from(part, at - 1);
}

struct sm_str sm_part_escape(struct sm_str text, struct sm_rules *rules)
{
	char *room = malloc(2 * (size_t)text.len + 1);
	struct sm_str out = { room, 0 };
	uint32_t i;

	if (!room)
		return out;
	/* An argument of "[-x]" would be an option that may be left out. */
	if (sm_str_starts(text, SM_STR("[-")))
		room[out.len++] = '\\';
	for (i = 0; i < text.len; i++) {
		if (memchr("\\*<$", text.p[i], 4))
			room[out.len++] = '\\';
		room[out.len++] = text.p[i];
	}
	out = sm_rules_keep(rules, out);
	free(room);
	return out;
}

/* ------------------------------------------------------------------- places */

/* The spelling decides, as in the learner: secmgr-learn(1). */
static bool is_closed(struct sm_str dir)
{
	static const char *const system[] = { "/etc", "/proc", "/sys", "/boot",
					      "/bin", "/sbin", "/lib", "/lib64",
					      "/usr", "/root", "/dev", NULL };
	static const char *const shared[] = {
		"",	    "/",	"/home",      "/srv",	    "/opt",
		"/var",	    "/mnt",	"/media",     "/run",	    "/tmp",
		"/var/lib", "/var/log", "/var/tmp",   "/var/cache", "/var/www",
		"/var/run", "/var/opt", "/var/spool", NULL
	};
	size_t i;

	for (i = 0; system[i]; i++)
		if (sm_path_is_under(dir, sm_str_of(system[i])))
			return true;
	return is_one_of(dir, shared) || memmem(dir.p, dir.len, "/.", 2);
}

static bool is_guarded(struct sm_str name, struct sm_str extension)
{
	static const char *const extensions[] = {
		".py",	".pyc", ".pyo", ".pyw", ".so",	".pth", ".sh", ".zip",
		".whl", ".egg", ".key", ".pem", ".p12", ".pfx", NULL
	};

	return !name.len || name.p[0] == '.' ||
	       is_one_of(extension, extensions);
}

bool sm_parts_directory(const struct sm_parts *p,
			const struct sm_places *places,
			char room[SM_DIRECTORY_MAX], struct sm_str *out)
{
	struct sm_str head = { NULL, 0 };
	size_t i, n = 0;

	if (p->head.len && !value_of(places, p->head, 0, &head))
		return false;
	if (head.len > 2048)
		return false;
	for (; n < head.len; n++)
		room[n] = head.p[n];
	for (i = 0; i + 1 < p->count && !sm_part_is_open(p->parts[i]); i++) {
		if (n + p->parts[i].len + 2 > SM_DIRECTORY_MAX)
			return false;
		room[n++] = '/';
		memcpy(room + n, p->parts[i].p, p->parts[i].len);
		n += p->parts[i].len;
	}
	*out = (struct sm_str){ room, (uint32_t)n };
	return true;
}

bool sm_parts_may_open(const struct sm_parts *p, const struct sm_places *places)
{
	struct sm_str last = p->parts[p->count - 1], dir;
	char room[SM_DIRECTORY_MAX];

	return sm_parts_directory(p, places, room, &dir) && !is_closed(dir) &&
	       !is_guarded(last, sm_part_extension(last)) &&
	       !(p->count == 1 &&
		 (is(p->head, "${HOME}") || is(p->head, "${TMP}")));
}

/* Code from files of that very directory, or from anywhere below one of both.
 */
static bool loads_from(const struct sm_rule *rule,
		       const struct sm_places *places, struct sm_str dir)
{
	struct sm_str there;
	struct sm_parts p;
	char room[SM_DIRECTORY_MAX];

	if (rule->access != SM_ACCESS_LOAD || rule->deny ||
	    !sm_parts_split(rule->pattern, &p) ||
	    !sm_parts_directory(&p, places, room, &there))
		return false;
	return sm_path_is_under(there, dir) ||
	       (sm_part_is_open(rule->pattern) && sm_path_is_under(dir, there));
}

bool sm_parts_may_open_wide(const struct sm_parts *p,
			    const struct sm_places *places)
{
	struct sm_str dir;
	char room[SM_DIRECTORY_MAX];
	size_t i;

	if (!sm_parts_may_open(p, places) ||
	    !sm_parts_directory(p, places, room, &dir))
		return false;
	for (i = 0; i < places->policy->count; i++)
		if (loads_from(&places->policy->rules[i], places, dir))
			return false;
	return true;
}
