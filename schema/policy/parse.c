/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c: policy text to rules. Everything that can be wrong is told with the
 * line and column of the word that is wrong.
 */
#include "schema/policy/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum sm_status sm_parse_keep(struct sm_parser *p, struct sm_str text,
			     struct sm_str *out)
{
	*out = sm_rules_keep(p->rules, text);
	return out->p ? SM_OK : SM_NOMEM;
}

enum sm_status sm_parse_list(struct sm_parser *p, const char *what,
			     bool may_be_empty, sm_parse_item *add, void *into)
{
	size_t start = sm_json_place(&p->json);
	enum sm_status status = sm_json_enter(&p->json, '[', what);
	bool is_first = true;
	struct sm_str text;
	size_t count = 0;

	if (status)
		return status;
	while (!(status = sm_json_item(&p->json, ']', &is_first))) {
		size_t place = sm_json_place(&p->json);

		if (count++ == SM_POLICY_ITEMS_MAX)
			return sm_json_fail(&p->json, SM_LIMIT, place,
					    "more than %d items in \"%s\"; "
					    "spread them over several rules",
					    SM_POLICY_ITEMS_MAX, what);
		status = sm_json_string(&p->json, what, &text);
		if (!status)
			status = add(p, into, text, place);
		if (status)
			return status;
	}
	if (status == SM_END && !count && !may_be_empty)
		return sm_json_fail(&p->json, SM_INVALID, start,
				    "%s must not be empty", what);
	return status == SM_END ? SM_OK : status;
}

void sm_parse_names(const char *const *names, size_t count,
		    char out[SM_PARSE_NAMES_BYTES])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && used < SM_PARSE_NAMES_BYTES; i++)
		used += (size_t)snprintf(out + used,
					 SM_PARSE_NAMES_BYTES - used, "%s%s",
					 used ? ", " : "", names[i]);
}

static enum sm_status read_version(struct sm_parser *p)
{
	size_t place = sm_json_place(&p->json);
	uint64_t version;
	enum sm_status status = sm_json_uint(&p->json, "secmgr", &version);

	if (!status && version != 1)
		return sm_json_fail(&p->json, SM_VERSION, place,
				    "policy format %llu; this build reads "
				    "format 1",
				    (unsigned long long)version);
	return status;
}

static const char *const top_keys[] = { "secmgr", "variables", "use",
					"files",  "network",   "processes",
					"code",	  "pickles",   "native",
					"events", "deny",      "review",
					"modes" };
#define TOP_KEYS (sizeof(top_keys) / sizeof(*top_keys))

static enum sm_status read_top(struct sm_parser *p, size_t key,
			       struct sm_str name)
{
	switch (key) {
	case 0:
		return read_version(p);
	case 1:
		return sm_parse_variables(p);
	case 2:
		return sm_parse_use(p);
	case 10:
		return sm_parse_rules(p, SM_FAMILY_FROM_KEYS);
	case 11:
		return sm_parse_reviews(p);
	case 12:
		return sm_parse_modes(p);
	}
	return sm_parse_rules(p, (enum sm_family)sm_family_find(name));
}

static enum sm_status read_policy(struct sm_parser *p)
{
	size_t start = sm_json_place(&p->json);
	enum sm_status status = sm_json_enter(&p->json, '{', "a policy");
	bool is_first = true;
	uint32_t seen = 0;

	if (status)
		return status;
	while (!(status = sm_json_item(&p->json, '}', &is_first))) {
		size_t place = sm_json_place(&p->json), key;
		char names[SM_PARSE_NAMES_BYTES];
		struct sm_str name;

		status = sm_json_key(&p->json, &name);
		if (status)
			return status;
		for (key = 0; key < TOP_KEYS; key++)
			if (sm_str_equal(name, sm_str_of(top_keys[key])))
				break;
		if (key == TOP_KEYS) {
			sm_parse_names(top_keys, TOP_KEYS, names);
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "unknown key \"%.*s\"; one of %s",
					    (int)name.len, name.p, names);
		}
		if (seen & 1u << key)
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "key \"%s\" stands twice",
					    top_keys[key]);
		seen |= 1u << key;
		status = read_top(p, key, sm_str_of(top_keys[key]));
		if (status)
			return status;
	}
	if (status != SM_END)
		return status;
	if (!(seen & 1))
		return sm_json_fail(&p->json, SM_NOT_OURS, start,
				    "no policy: \"secmgr\": 1 is missing");
	return sm_json_end(&p->json);
}

/* ---------------------------------------------------------- across the file */

struct id_entry {
	struct sm_str id;
	size_t rule;
};

static int compare_ids(const void *left, const void *right)
{
	const struct id_entry *a = left, *b = right;
	int r = sm_str_compare(a->id, b->id);

	return r ? r : (a->rule > b->rule) - (a->rule < b->rule);
}

static struct id_entry *sorted_ids(const struct sm_rules *rules, size_t *count)
{
	struct id_entry *ids = calloc(rules->count + 1, sizeof(*ids));
	size_t i;

	*count = 0;
	if (!ids)
		return NULL;
	for (i = 0; i < rules->count; i++)
		if (rules->rules[i].id.len)
			ids[(*count)++] =
				(struct id_entry){ rules->rules[i].id, i };
	if (*count)
		qsort(ids, *count, sizeof(*ids), compare_ids);
	return ids;
}

static enum sm_status check_unique(struct sm_parser *p,
				   const struct id_entry *ids, size_t count)
{
	size_t i, first = SIZE_MAX, before = 0;

	/* Of several duplicates, tell the first in the file. */
	for (i = 1; i < count; i++)
		if (sm_str_equal(ids[i].id, ids[i - 1].id) &&
		    (first == SIZE_MAX || ids[i].rule < first)) {
			first = ids[i].rule;
			before = ids[i - 1].rule;
		}
	if (first == SIZE_MAX)
		return SM_OK;
	return sm_json_fail(&p->json, SM_INVALID, p->id_places[first],
			    "id \"%.*s\" stands twice; first on line %u",
			    (int)p->rules->rules[first].id.len,
			    p->rules->rules[first].id.p,
			    p->rules->rules[before].line);
}

static enum sm_status attach_review(struct sm_parser *p,
				    const struct sm_parser_review *r,
				    const struct id_entry *ids, size_t count)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sm_str_compare(ids[middle].id, r->id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || !sm_str_equal(ids[low].id, r->id))
		return sm_json_fail(&p->json, SM_INVALID, r->place,
				    "review of \"%.*s\": no rule has this id",
				    (int)r->id.len, r->id.p);
	if (p->rules->rules[ids[low].rule].review.len)
		return sm_json_fail(&p->json, SM_INVALID, r->place,
				    "review of \"%.*s\" stands twice",
				    (int)r->id.len, r->id.p);
	p->rules->rules[ids[low].rule].review = r->reason;
	return SM_OK;
}

static enum sm_status connect_ids(struct sm_parser *p)
{
	size_t count, i;
	struct id_entry *ids = sorted_ids(p->rules, &count);
	enum sm_status status;

	if (!ids)
		return SM_NOMEM;
	status = check_unique(p, ids, count);
	for (i = 0; !status && i < p->review_count; i++)
		status = attach_review(p, &p->reviews[i], ids, count);
	free(ids);
	return status;
}

static enum sm_status too_long(struct sm_diag *diag)
{
	return sm_fail(diag, SM_LIMIT,
		       "more than %u bytes; a pattern can stand for many "
		       "rules, see secmgr-policy(5)",
		       SM_POLICY_BYTES_MAX);
}

enum sm_status sm_policy_parse(const char *text, size_t bytes,
			       struct sm_rules **out, struct sm_diag *diag)
{
	struct sm_parser p = { .rules = sm_rules_new() };
	enum sm_status status;

	*out = NULL;
	if (!p.rules)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	if (bytes > SM_POLICY_BYTES_MAX) {
		sm_rules_free(p.rules);
		return too_long(diag);
	}
	sm_json_init(&p.json, text, bytes, diag);
	status = read_policy(&p);
	if (!status)
		status = connect_ids(&p);
	sm_json_fini(&p.json);
	free(p.reviews);
	free(p.id_places);
	if (status == SM_NOMEM)
		sm_fail(diag, SM_NOMEM, "out of memory");
	if (status) {
		sm_rules_free(p.rules);
		return status;
	}
	*out = p.rules;
	return SM_OK;
}

/* --------------------------------------------------------------------- file */

static enum sm_status read_all(int fd, char **text, size_t *bytes,
			       struct sm_diag *diag)
{
	size_t room = 65536, len = 0;
	char *p = malloc(room), *larger;
	ssize_t n;

	while (p) {
		n = read(fd, p + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(p);
			return sm_fail(diag, SM_IO,
				       "cannot read the policy: %s",
				       strerror(errno));
		}
		if (!n) {
			*text = p;
			*bytes = len;
			return SM_OK;
		}
		len += (size_t)n;
		if (len > SM_POLICY_BYTES_MAX) {
			free(p);
			return too_long(diag);
		}
		if (len < room)
			continue;
		larger = realloc(p, room *= 2);
		if (!larger)
			free(p);
		p = larger;
	}
	return sm_fail(diag, SM_NOMEM, "out of memory");
}

enum sm_status sm_policy_load(const char *path, struct sm_rules **out,
			      struct sm_diag *diag)
{
	static const char trace[] = "SQLite format 3"; /* how it begins */
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? 0 : open(path, O_RDONLY | O_CLOEXEC);
	enum sm_status status;
	size_t bytes = 0;
	char *text = NULL;

	*out = NULL;
	if (fd < 0)
		return sm_fail(diag, errno == ENOENT ? SM_NOT_FOUND : SM_IO,
			       "cannot open the policy: %s", strerror(errno));
	status = read_all(fd, &text, &bytes, diag);
	if (!is_stdin)
		close(fd);
	if (!status && bytes >= strlen(trace) &&
	    !memcmp(text, trace, strlen(trace)))
		status = sm_fail(diag, SM_INVALID,
				 "a trace, and no policy; secmgr-learn makes "
				 "one of it");
	else if (!status)
		status = sm_policy_parse(text, bytes, out, diag);
	free(text);
	return status;
}
