/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_exposure.c: what a rule opens, in words; of paths also what lies here
 * and was never asked for.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/path.h"
#include "schema/policy/pattern.h"
#include "tools/review.h"

#define ENTRIES_MAX 20000 /* of a walk; then the numbers are at least these */
#define DEPTH_MAX   16

/* ---------------------------------------------------------------- the files */

struct walk {
	struct sm_policy policy; /* the path alone, for anybody */
	const struct sm_evidence *seen;
	size_t entries, matches, unseen;
	char path[SM_DIRECTORY_MAX];
};

static bool matches(const struct walk *w)
{
	struct sm_value args[3] = { { .type = SM_TEXT },
				    { .type = SM_NONE },
				    { .type = SM_INT } };
	struct sm_event event = { .args = args, .argc = 3 };
	struct sm_verdict v;

	args[0].s = w->path;
	args[0].len = (uint32_t)strlen(w->path);
	args[0].full_len = args[0].len;
	event.site.event = SM_STR("open");
	event.site.kind = sm_catalogue_find(event.site.event);
	event.site.principal.kind = SM_PRINCIPAL_PYTHON;
	event.site.principal.name = SM_STR("python");
	sm_policy_decide(&w->policy, &event, &v);
	return v.decision == SM_ALLOWED;
}

static bool is_seen(const struct walk *w)
{
	size_t i;

	for (i = 0; i < w->seen->value_count; i++)
		if (sm_str_equal(w->seen->values[i].text, sm_str_of(w->path)))
			return true;
	return false;
}

static bool enter(struct walk *w, size_t *length, const char *name)
{
	size_t n = strlen(name);

	if (!strcmp(name, ".") || !strcmp(name, "..") ||
	    *length + n + 2 > sizeof(w->path))
		return false;
	w->path[*length] = '/';
	memcpy(w->path + *length + 1, name, n + 1);
	*length += n + 1;
	return true;
}

/* Links are not followed: what they lead to has a path of its own. */
static void walk(struct walk *w, size_t length, unsigned depth)
{
	DIR *dir = opendir(length ? w->path : "/");
	struct dirent *entry;

	while (dir && w->entries < ENTRIES_MAX && (entry = readdir(dir))) {
		size_t end = length;

		if (!enter(w, &end, entry->d_name))
			continue;
		w->entries++;
		if (entry->d_type == DT_DIR && depth < DEPTH_MAX) {
			walk(w, end, depth + 1);
		} else if (matches(w)) {
			w->matches++;
			w->unseen += !is_seen(w);
		}
		w->path[length] = 0;
	}
	if (dir)
		closedir(dir);
}

/* A policy of this path, to be read by anybody. */
static enum sm_status open_path(const struct sm_places *places,
				const struct sm_rule *rule, void **blob,
				struct sm_policy *policy)
{
	struct sm_rule copy = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_READ,
				.pattern = rule->pattern };
	struct sm_rules *rules = sm_step_same(places, &copy);
	struct sm_diag diag;
	size_t bytes;
	enum sm_status status =
		rules ? sm_policy_compile(rules, places->bindings,
					  places->binding_count, blob, &bytes,
					  &diag)
		      : SM_NOMEM;

	sm_rules_free(rules);
	return status ? status : sm_policy_open(policy, *blob, bytes, &diag);
}

static void put_files(FILE *out, const struct sm_review *r,
		      const struct sm_rule *rule, const struct sm_parts *parts,
		      const struct sm_evidence *seen)
{
	struct walk w = { .seen = seen };
	struct sm_str dir;
	void *blob = NULL;

	if (!sm_parts_directory(parts, &r->places, w.path, &dir) ||
	    dir.len < 2 || dir.len >= sizeof(w.path))
		return;
	w.path[dir.len] = 0;
	if (!open_path(&r->places, rule, &blob, &w.policy)) {
		walk(&w, dir.len, 0);
		fprintf(out, "; files here that match: %s%zu",
			w.entries < ENTRIES_MAX ? "" : "at least ", w.matches);
		if (seen->events && seen->distinct == seen->value_count)
			fprintf(out, ", never seen: %zu", w.unseen);
	}
	free(blob);
}

/* ----------------------------------------------------------------- in words */

static void put_slot(FILE *out, struct sm_str slot, size_t number)
{
	fputs(number ? ", " : "open: ", out);
	sm_cli_put(out, slot, false);
}

/* Each open component, argument or word, and what may stand there or not. */
static size_t put_slots(FILE *out, const struct sm_str *parts, size_t count)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if (sm_part_is_open(parts[i]) || sm_pattern_is_group(parts[i]))
			put_slot(out, parts[i], n++);
	return n;
}

static void put_path(FILE *out, const struct sm_review *r,
		     const struct sm_rule *rule, const struct sm_evidence *seen)
{
	struct sm_parts parts;

	if (!sm_parts_split(rule->pattern, &parts) ||
	    !put_slots(out, parts.parts, parts.count)) {
		fputs("this path only", out);
		return;
	}
	put_files(out, r, rule, &parts, seen);
}

static void put_address(FILE *out, const struct sm_rule *rule)
{
	struct sm_address_pattern a;
	struct sm_diag diag;

	if (sm_pattern_address(rule->pattern, rule->access != SM_ACCESS_RESOLVE,
			       &a, &diag)) {
		fputs("sockets of this kind", out);
		return;
	}
	if (sm_str_has(a.host, '/'))
		fputs("every address of the block", out);
	else if (sm_part_is_open(a.host))
		fputs("every host of that name", out);
	else
		fputs("this host", out);
	if (rule->access == SM_ACCESS_RESOLVE)
		return;
	if (a.port_low == a.port_high)
		fputs(" at this port", out);
	else
		fputs(a.port_low < 1024 ? " at every port"
					: " at every port from 1024",
		      out);
}

static void put_command(FILE *out, const struct sm_rule *rule)
{
	if (rule->access == SM_ACCESS_SHELL)
		fputs(sm_part_is_open(rule->pattern) ? "the line with open "
						       "words"
						     : "this line only",
		      out);
	else if (rule->access != SM_ACCESS_EXEC)
		fputs("just this", out);
	else if (!rule->has_args)
		fputs("the program with any arguments", out);
	else if (!put_slots(out, rule->args.items, rule->args.count))
		fputs("this command only", out);
}

/* What a pickle may call. */
static void put_class(FILE *out, const struct sm_rule *rule)
{
	const struct sm_str slot = SM_STR(".<class>");
	struct sm_str p = rule->pattern;

	if (p.len > slot.len && sm_str_ends(p, slot))
		fputs("every class and function of this module and those below "
		      "it",
		      out);
	else
		fputs(sm_part_is_open(p) ? "everything of that name"
					 : "this name only",
		      out);
}

static void put_code(FILE *out, const struct sm_rule *rule)
{
	struct sm_str p = rule->pattern;

	if (rule->access == SM_ACCESS_RUN)
		fputs("whatever text becomes code there", out);
	else if (sm_str_starts(p, SM_STR("distribution:")))
		fputs("every module of the distribution", out);
	else if (sm_str_starts(p, SM_STR("stdlib")))
		fputs(p.len == 6 ? "every module but those with capabilities"
				 : "this module, and what it reaches",
		      out);
	else
		fputs(sm_part_is_open(p) ? "every such file, as code"
					 : "this file, as code",
		      out);
}

char *sm_review_exposure(const struct sm_review *review,
			 const struct sm_rule *rule,
			 const struct sm_evidence *seen)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	if (rule->family == SM_FAMILY_FILES)
		put_path(out, review, rule, seen);
	else if (rule->family == SM_FAMILY_NETWORK)
		put_address(out, rule);
	else if (rule->family == SM_FAMILY_PROCESSES)
		put_command(out, rule);
	else if (rule->family == SM_FAMILY_CODE)
		put_code(out, rule);
	else if (rule->family == SM_FAMILY_PICKLES)
		put_class(out, rule);
	else if (rule->family == SM_FAMILY_NATIVE)
		fputs("no policy sees what native code does", out);
	else
		fputs(sm_part_is_open(rule->pattern) ? "everything of that name"
						     : "this name only",
		      out);
	if (!rule->by.count && rule->family == SM_FAMILY_FILES && !rule->via)
		fputs("; for everybody but foreign and generated code", out);
	return fclose(out) ? NULL : text;
}
