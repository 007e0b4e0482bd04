/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/enforce_start.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/enforce_remedy.h"

static size_t find(const struct enforce_start *start, uint32_t pid)
{
	size_t i = 0;

	while (i < start->count && start->starting[i].pid != pid)
		i++;
	return i;
}

/*
 * CPython looks for "<frozen site>" as a file, to show its lines below an
 * exception: that is no reason of an end, but what comes of it.
 */
static bool is_source_shown(const struct sm_event *event)
{
	struct sm_str path = event->site.kind == SM_EVENT_OPEN && event->argc
				     ? sm_value_str(&event->args[0])
				     : SM_STR("");
	const char *slash = path.len ? memrchr(path.p, '/', path.len) : NULL;
	const char *name = slash ? slash + 1 : path.p;

	return name < path.p + path.len && *name == '<';
}

void enforce_start_denied(struct enforce_start *start, uint32_t pid,
			  const struct sm_event *event)
{
	size_t i = find(start, pid);

	if (i == ENFORCE_STARTS_MAX || is_source_shown(event))
		return;
	if (i == start->count) {
		start->starting[start->count++].pid = pid;
		start->starting[i].why = NULL;
	}
	free(start->starting[i].why);
	start->starting[i].why =
		enforce_remedy(start->policy->canonical, start->variables,
			       start->variable_count, event);
}

void enforce_start_ended(struct enforce_start *start, uint32_t pid,
			 bool has_begun)
{
	size_t i = find(start, pid);

	if (i == start->count)
		return;
	if (!has_begun)
		sm_cli_error(start->program, NULL,
			     "process %" PRIu32
			     " ended before its program ran; last denied: %s",
			     pid,
			     start->starting[i].why ? start->starting[i].why
						    : "unknown");
	free(start->starting[i].why);
	start->starting[i] = start->starting[--start->count];
}
