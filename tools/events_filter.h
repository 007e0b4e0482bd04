/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_filter.h: which events secmgr-events is asked for.
 *
 * Fill a struct event_filter from options, prepare it for a trace, derive the
 * trace's query from it, then ask for each event.
 */
#ifndef TOOLS_EVENTS_FILTER_H
#define TOOLS_EVENTS_FILTER_H

#include "replay/memo.h"
#include "schema/request.h"
#include "schema/trace.h"
#include "tools/cli_clock.h"

#define FILTER_WORDS_MAX 64

/* Words of repeatable, comma separated options; borrowed from argv. */
struct filter_words {
	struct sm_str items[FILTER_WORDS_MAX];
	size_t count;
};

enum filter_side { FILTER_BOTH, FILTER_BEFORE, FILTER_AFTER };

#define FILTER_DIFFERS 7 /* a bit of shadows, beside enum sm_decision's */

struct event_filter {
	struct filter_words events, not_events; /* globs of names */
	uint32_t families, not_families;	/* bits 1 << enum sm_family */
	struct filter_words paths;		/* globs of resources */
	struct filter_words by;			/* globs of principals */
	uint32_t vias, decisions, shadows;	/* bits; 0: all */
	enum filter_side denial;		/* of what follows one */
	uint32_t pids[FILTER_WORDS_MAX];
	size_t pid_count;
	const char *since, *until; /* as typed; NULL: open */
	uint64_t from_ns, to_ns;   /* of the trace; to_ns 0: no end */

	/* Prepared per trace. */
	bool kinds[SM_EVENTS];
	uint8_t *sites; /* 0 unknown, 1 wanted, 2 not; by site id */
	uint32_t site_count;
	struct sm_memo resources; /* sm_trace_key() -> wanted */
	struct sm_request_scratch scratch;
};

/*
 * "*" any bytes, "?" one byte, "\\c" the byte c. Time bounded by the product
 * of both lengths.
 */
bool sm_glob_match(struct sm_str glob, struct sm_str text);

/*
 * What -e takes: "GLOB,%FAMILY,..", "!.." for everything but these. The other
 * lists are GLOB,GLOB..; names of sm_via_name() and sm_decision_name().
 */
SM_CHECKED enum sm_status sm_filter_add_events(struct event_filter *filter,
					       const char *value,
					       struct sm_diag *diag);
SM_CHECKED enum sm_status sm_filter_add_path(struct event_filter *filter,
					     const char *value,
					     struct sm_diag *diag);
SM_CHECKED enum sm_status sm_filter_add_by(struct event_filter *filter,
					   const char *value,
					   struct sm_diag *diag);
SM_CHECKED enum sm_status sm_filter_add_via(struct event_filter *filter,
					    const char *value,
					    struct sm_diag *diag);
SM_CHECKED enum sm_status sm_filter_add_verdict(struct event_filter *filter,
						const char *value,
						struct sm_diag *diag);
/* Also "differs": the shadow policy says otherwise than the enforced one. */
SM_CHECKED enum sm_status sm_filter_add_shadow(struct event_filter *filter,
					       const char *value,
					       struct sm_diag *diag);
/* Only what follows a denial; "no": only what does not. NULL: given bare. */
SM_CHECKED enum sm_status sm_filter_set_denial(struct event_filter *filter,
					       const char *value,
					       struct sm_diag *diag);
SM_CHECKED enum sm_status sm_filter_add_pid(struct event_filter *filter,
					    const char *value,
					    struct sm_diag *diag);

/*
 * Resolves times and sets query to a condition all wanted events meet; it
 * borrows from filter. Call once per trace; sm_filter_fini() after it.
 */
SM_CHECKED enum sm_status sm_filter_prepare(struct event_filter *filter,
					    const struct sm_trace *trace,
					    const struct sm_clock *clock,
					    struct sm_trace_query *query,
					    struct sm_diag *diag);
void sm_filter_fini(struct event_filter *filter);

/* key: sm_trace_key() of the cursor that gave event. */
bool sm_filter_wants(struct event_filter *filter, const struct sm_trace *trace,
		     const struct sm_event *event, uint32_t site, uint64_t key);

#endif
