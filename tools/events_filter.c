/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_filter.h"

#include <stdlib.h>

/* --------------------------------------------------------------- matching */

/* Length of the glob's first element, and whether it takes byte c. */
static uint32_t element(struct sm_str glob, uint32_t at, char c, bool *takes)
{
	if (glob.p[at] == '\\' && at + 1 < glob.len) {
		*takes = glob.p[at + 1] == c;
		return 2;
	}
	*takes = glob.p[at] == '?' || glob.p[at] == c;
	return 1;
}

bool sm_glob_match(struct sm_str glob, struct sm_str text)
{
	uint32_t at = 0, in = 0;
	uint32_t star = UINT32_MAX, star_in = 0;

	while (in < text.len) {
		bool takes = false;
		uint32_t n = 0;

		if (at < glob.len && glob.p[at] == '*') {
			star = ++at;
			star_in = in;
			continue;
		}
		if (at < glob.len)
			n = element(glob, at, text.p[in], &takes);
		if (takes) {
			at += n;
			in++;
			continue;
		}
		if (star == UINT32_MAX)
			return false;
		/* The last star takes one byte more. */
		at = star;
		in = ++star_in;
	}
	while (at < glob.len && glob.p[at] == '*')
		at++;
	return at == glob.len;
}

static bool is_literal(struct sm_str glob)
{
	for (uint32_t i = 0; i < glob.len; i++)
		if (strchr("*?\\", glob.p[i]))
			return false;
	return true;
}

static bool matches_any(const struct filter_words *words, struct sm_str text)
{
	for (size_t i = 0; i < words->count; i++)
		if (sm_glob_match(words->items[i], text))
			return true;
	return false;
}

/* A plain path also stands for what lies below it. */
static bool matches_path(const struct filter_words *paths, struct sm_str text)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct sm_str glob = paths->items[i];

		if (sm_glob_match(glob, text))
			return true;
		if (glob.len > 1 && glob.p[glob.len - 1] == '/')
			glob.len--;
		if (is_literal(glob) && glob.len && glob.p[0] == '/' &&
		    sm_path_is_under(text, glob))
			return true;
	}
	return false;
}

/* --------------------------------------------------------------- options */

static enum sm_status add_word(struct filter_words *words, struct sm_str word,
			       struct sm_diag *diag)
{
	if (words->count == FILTER_WORDS_MAX)
		return sm_fail(diag, SM_LIMIT, "more than %d words",
			       FILTER_WORDS_MAX);
	words->items[words->count++] = word;
	return SM_OK;
}

/* The next word of a comma list; false after the last. Empty ones: skipped. */
static bool next_word(const char **at, struct sm_str *word)
{
	while (**at == ',')
		(*at)++;
	if (!**at)
		return false;
	*word = (struct sm_str){ *at, (uint32_t)strcspn(*at, ",") };
	*at += word->len;
	return true;
}

static enum sm_status add_words(struct filter_words *words, const char *value,
				struct sm_diag *diag)
{
	enum sm_status status = SM_OK;
	struct sm_str word;

	if (!*value)
		return sm_fail(diag, SM_INVALID, "is empty");
	while (status == SM_OK && next_word(&value, &word))
		status = add_word(words, word, diag);
	return status;
}

static enum sm_status add_family(uint32_t *families, struct sm_str name,
				 struct sm_diag *diag)
{
	int family = sm_family_find(name);

	if (family < 0)
		return sm_fail(diag, SM_INVALID,
			       "%%%.*s is no family; write %%files, %%network, "
			       "%%processes, %%code, %%pickles, %%native or "
			       "%%events",
			       (int)name.len, name.p);
	*families |= 1u << family;
	return SM_OK;
}

enum sm_status sm_filter_add_events(struct event_filter *filter,
				    const char *value, struct sm_diag *diag)
{
	bool negated = *value == '!';
	struct filter_words *words =
		negated ? &filter->not_events : &filter->events;
	uint32_t *families =
		negated ? &filter->not_families : &filter->families;
	enum sm_status status = SM_OK;
	struct sm_str word;

	value += negated;
	if (!*value)
		return sm_fail(diag, SM_INVALID, "is empty");
	while (status == SM_OK && next_word(&value, &word)) {
		struct sm_str name = { word.p + 1, word.len - 1 };

		status = word.p[0] == '%' ? add_family(families, name, diag)
					  : add_word(words, word, diag);
	}
	return status;
}

enum sm_status sm_filter_add_path(struct event_filter *filter,
				  const char *value, struct sm_diag *diag)
{
	/* Commas are legal in file names: one glob an option. */
	if (!*value)
		return sm_fail(diag, SM_INVALID, "is empty");
	return add_word(&filter->paths, sm_str_of(value), diag);
}

enum sm_status sm_filter_add_by(struct event_filter *filter, const char *value,
				struct sm_diag *diag)
{
	return add_words(&filter->by, value, diag);
}

enum sm_status sm_filter_add_via(struct event_filter *filter, const char *value,
				 struct sm_diag *diag)
{
	struct sm_str word;

	while (next_word(&value, &word)) {
		int via = sm_via_find(word);

		if (via < 0)
			return sm_fail(diag, SM_INVALID,
				       "'%.*s' is none of direct, import, "
				       "traceback and exec",
				       (int)word.len, word.p);
		filter->vias |= 1u << via;
	}
	return SM_OK;
}

static int decision_find(struct sm_str name)
{
	for (int i = SM_UNDECIDED; i <= SM_DENIED; i++)
		if (sm_str_equal(name, sm_str_of(sm_decision_name(
					       (enum sm_decision)i))))
			return i;
	return -1;
}

static enum sm_status add_decisions(const char *value, const char *also,
				    uint32_t *decisions, struct sm_diag *diag)
{
	struct sm_str word;

	while (next_word(&value, &word)) {
		int decision = decision_find(word);

		if (decision < 0 && sm_str_equal(word, sm_str_of(also)))
			decision = FILTER_DIFFERS;
		if (decision < 0)
			return sm_fail(diag, SM_INVALID,
				       "'%.*s' is none of %s%sdenied, warned, "
				       "allowed and undecided",
				       (int)word.len, word.p, also,
				       *also ? ", " : "");
		*decisions |= 1u << decision;
	}
	return SM_OK;
}

enum sm_status sm_filter_add_verdict(struct event_filter *filter,
				     const char *value, struct sm_diag *diag)
{
	return add_decisions(value, "", &filter->decisions, diag);
}

enum sm_status sm_filter_add_shadow(struct event_filter *filter,
				    const char *value, struct sm_diag *diag)
{
	return add_decisions(value, "differs", &filter->shadows, diag);
}

enum sm_status sm_filter_set_denial(struct event_filter *filter,
				    const char *value, struct sm_diag *diag)
{
	if (value && strcmp(value, "no"))
		return sm_fail(diag, SM_INVALID, "'%s' is not no", value);
	filter->denial = value ? FILTER_BEFORE : FILTER_AFTER;
	return SM_OK;
}

enum sm_status sm_filter_add_pid(struct event_filter *filter, const char *value,
				 struct sm_diag *diag)
{
	struct sm_str word;

	while (next_word(&value, &word)) {
		char *end;
		unsigned long pid = strtoul(word.p, &end, 10);

		if (end != word.p + word.len || !pid || pid > INT32_MAX)
			return sm_fail(diag, SM_INVALID, "'%.*s' is no pid",
				       (int)word.len, word.p);
		if (filter->pid_count == FILTER_WORDS_MAX)
			return sm_fail(diag, SM_LIMIT, "more than %d pids",
				       FILTER_WORDS_MAX);
		filter->pids[filter->pid_count++] = (uint32_t)pid;
	}
	return SM_OK;
}

/* --------------------------------------------------------------- prepare */

static bool wants_name(const struct event_filter *filter, struct sm_str name)
{
	if (matches_any(&filter->not_events, name))
		return false;
	/* Families are looked at event by event. */
	if (!filter->events.count || filter->families)
		return true;
	return matches_any(&filter->events, name);
}

static void prepare_kinds(struct event_filter *filter,
			  struct sm_trace_query *query)
{
	if (!filter->events.count && !filter->not_events.count)
		return;
	filter->kinds[SM_EVENT_OTHER] = true; /* names known per event */
	for (int i = SM_EVENT_OTHER + 1; i < SM_EVENTS; i++) {
		const struct sm_catalogue_entry *entry =
			sm_catalogue_entry((enum sm_event_kind)i);

		filter->kinds[i] = entry && wants_name(filter, entry->name);
	}
	query->kinds = filter->kinds;
}

static uint32_t last_of_component(struct sm_str glob, uint32_t at)
{
	while (at + 1 < glob.len && glob.p[at + 1] != '/')
		at++;
	return at;
}

/*
 * The longest run of bytes inside one path component that every path the glob
 * matches must show in the event's own strings. A run ends at a dot: sources
 * stand for their cache files (a.py for a.cpython-311.pyc).
 */
static struct sm_str needle(struct sm_str glob)
{
	struct sm_str best = { NULL, 0 }, run = { NULL, 0 };

	if (!glob.len || glob.p[0] != '/')
		return best;
	for (uint32_t i = 0; i < glob.len; i++) {
		if (strchr("/.*?\\", glob.p[i])) {
			run.len = 0;
			/* The byte after a backslash is no part of a run. */
			i += glob.p[i] == '\\' && i + 1 < glob.len;
			if (glob.p[i] == '.')
				i = last_of_component(glob, i);
			continue;
		}
		if (!run.len)
			run.p = glob.p + i;
		run.len++;
		if (run.len > best.len)
			best = run;
	}
	return best;
}

static void prepare_process(const struct event_filter *filter,
			    const struct sm_trace *trace,
			    struct sm_trace_query *query)
{
	uint32_t found = 0, matches = 0;

	if (filter->pid_count != 1)
		return;
	for (uint32_t i = 1; i <= sm_trace_process_count(trace); i++) {
		const struct sm_trace_process_info *info =
			sm_trace_process(trace, i);

		if (info->start.pid != filter->pids[0] &&
		    info->start.guest_pid != filter->pids[0])
			continue;
		found = i;
		matches++;
	}
	/* A live trace may still get another process of that number. */
	if (matches == 1 && sm_trace_process(trace, found)->has_ended)
		query->process = found;
}

enum sm_status sm_filter_prepare(struct event_filter *filter,
				 const struct sm_trace *trace,
				 const struct sm_clock *clock,
				 struct sm_trace_query *query,
				 struct sm_diag *diag)
{
	const uint32_t denials = 1u << SM_DENIED | 1u << SM_WARNED;
	enum sm_status status = SM_OK;

	*query = (struct sm_trace_query){ .kinds = NULL };
	if (filter->since)
		status = sm_clock_parse(clock, filter->since, &filter->from_ns,
					diag);
	if (status == SM_OK && filter->until)
		status = sm_clock_parse(clock, filter->until, &filter->to_ns,
					diag);
	if (status != SM_OK)
		return status;
	if (!sm_memo_init(&filter->resources))
		return sm_fail(diag, SM_NOMEM, "out of memory");
	query->from_ns = filter->from_ns;
	query->to_ns = filter->to_ns;
	query->denied_only =
		filter->decisions && !(filter->decisions & ~denials);
	if (filter->paths.count == 1)
		query->contains = needle(filter->paths.items[0]);
	prepare_process(filter, trace, query);
	prepare_kinds(filter, query);
	return SM_OK;
}

void sm_filter_fini(struct event_filter *filter)
{
	free(filter->sites);
	filter->sites = NULL;
	filter->site_count = 0;
	sm_memo_fini(&filter->resources);
}

/* ------------------------------------------------------------------- ask */

static bool wants_site(const struct event_filter *filter,
		       const struct sm_site *site)
{
	if (!wants_name(filter, site->event))
		return false;
	if (filter->vias && !(filter->vias >> site->via & 1))
		return false;
	return !filter->by.count ||
	       matches_any(&filter->by, site->principal.name);
}

/* A live trace's sites grow while we read. */
static bool make_room(struct event_filter *filter, uint32_t site)
{
	uint32_t count = filter->site_count ? filter->site_count : 1024;
	uint8_t *sites;

	while (count <= site)
		count *= 2;
	sites = realloc(filter->sites, count);
	if (!sites)
		return false;
	memset(sites + filter->site_count, 0, count - filter->site_count);
	filter->sites = sites;
	filter->site_count = count;
	return true;
}

static bool wants_known_site(struct event_filter *filter,
			     const struct sm_site *site, uint32_t id)
{
	/* Beyond any real trace: decide without remembering. */
	if (id > 1u << 28 ||
	    (id >= filter->site_count && !make_room(filter, id)))
		return wants_site(filter, site);
	if (!filter->sites[id])
		filter->sites[id] = wants_site(filter, site) ? 1 : 2;
	return filter->sites[id] == 1;
}

static bool wants_pid(const struct event_filter *filter,
		      const struct sm_trace *trace, uint32_t process)
{
	const struct sm_trace_process_info *info;

	if (!filter->pid_count)
		return true;
	info = sm_trace_process(trace, process);
	for (size_t i = 0; info && i < filter->pid_count; i++)
		if (filter->pids[i] == info->start.pid ||
		    filter->pids[i] == info->start.guest_pid)
			return true;
	return false;
}

static bool argument_matches(const struct filter_words *paths,
			     const struct sm_value *value)
{
	if (sm_value_is_string(value))
		return matches_path(paths, sm_value_str(value));
	if (value->type == SM_LIST)
		for (uint32_t i = 0; i < value->len; i++)
			if (argument_matches(paths, &value->items[i]))
				return true;
	return false;
}

static bool resource_matches(const struct event_filter *filter,
			     const struct sm_event *event,
			     const struct sm_request *requests, unsigned count)
{
	if (!filter->paths.count)
		return true;
	for (unsigned i = 0; i < count; i++)
		if (matches_path(&filter->paths, requests[i].value))
			return true;
	/* What asks for nothing is known by what it says. */
	for (uint32_t i = 0; !count && i < event->argc; i++)
		if (argument_matches(&filter->paths, &event->args[i]))
			return true;
	return false;
}

static bool family_matches(const struct event_filter *filter,
			   const struct sm_event *event,
			   const struct sm_request *requests, unsigned count)
{
	uint32_t families = 0;

	for (unsigned i = 0; i < count; i++)
		families |= 1u << requests[i].family;
	if (families & filter->not_families)
		return false;
	if (!filter->families || families & filter->families)
		return true;
	return matches_any(&filter->events, event->site.event);
}

static bool wants_requests(struct event_filter *filter,
			   const struct sm_event *event, uint64_t key)
{
	struct sm_memo_slot *slot = sm_memo_find(&filter->resources, key);
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count;
	bool wanted;

	if (slot)
		return slot->value;
	count = sm_event_requests(event, &filter->scratch, requests);
	wanted = resource_matches(filter, event, requests, count) &&
		 family_matches(filter, event, requests, count);
	/* A full table only costs time. */
	(void)sm_memo_add(&filter->resources, key, wanted);
	return wanted;
}

/* Without a shadow policy, nothing differs from what it says. */
static bool wants_shadow(const struct event_filter *filter,
			 const struct sm_event *event)
{
	enum sm_decision is = event->verdict.decision,
			 would = event->shadow.decision;

	return filter->shadows >> would & 1 ||
	       (filter->shadows >> FILTER_DIFFERS & 1 &&
		would != SM_UNDECIDED && would != is);
}

bool sm_filter_wants(struct event_filter *filter, const struct sm_trace *trace,
		     const struct sm_event *event, uint32_t site, uint64_t key)
{
	if (event->time_ns < filter->from_ns ||
	    (filter->to_ns && event->time_ns > filter->to_ns))
		return false;
	if (filter->decisions &&
	    !(filter->decisions >> event->verdict.decision & 1))
		return false;
	if (filter->shadows && !wants_shadow(filter, event))
		return false;
	if (filter->denial && sm_trace_is_after_denial(trace, event) !=
				      (filter->denial == FILTER_AFTER))
		return false;
	if (!wants_known_site(filter, &event->site, site) ||
	    !wants_pid(filter, trace, event->process))
		return false;
	if (!filter->paths.count && !filter->families && !filter->not_families)
		return true;
	return wants_requests(filter, event, key);
}
