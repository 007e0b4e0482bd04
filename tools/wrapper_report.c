/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_report.c: what the recording came to, on standard error. Losses are
 * always told, the rest unless quiet.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/wrapper.h"

static uint64_t lost_events(const struct sm_collector_summary *summary)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < SM_LOSSES; i++)
		sum += summary->lost[i];
	return sum;
}

static void report_lost(const struct wrapper *wrapper,
			const struct sm_collector_summary *summary)
{
	char text[256];
	size_t used = 0;
	int i;

	for (i = 0; i < SM_LOSSES && used < sizeof(text); i++)
		if (summary->lost[i])
			used += (size_t)snprintf(
				text + used, sizeof(text) - used,
				"%s%" PRIu64 " %s", used ? ", " : "",
				summary->lost[i],
				sm_loss_name((enum sm_loss)i));
	if (used)
		sm_cli_error(wrapper->program, NULL,
			     "%" PRIu64 " of %" PRIu64 " events lost: %s",
			     lost_events(summary), summary->attempts, text);
	if (summary->is_bounded)
		sm_cli_error(wrapper->program, wrapper->output,
			     "%s reached; what came later is not stored and "
			     "counted as lost (store)",
			     wrapper->collector.max_age_ns
				     ? "--max-age or --max-size"
				     : "--max-size");
	if (summary->uncovered)
		sm_cli_error(wrapper->program, NULL,
			     "%" PRIu64 " process(es) could not be covered "
			     "(no_channel)",
			     summary->uncovered);
	if (summary->tainted)
		sm_cli_error(wrapper->program, NULL,
			     "%" PRIu64 " process(es) damaged their ring; what "
			     "they reported before is kept",
			     summary->tainted);
	if (summary->unbalanced)
		sm_cli_error(wrapper->program, NULL,
			     "%" PRIu64
			     " process(es) reported more events than "
			     "they counted",
			     summary->unbalanced);
}

static void report_line(const struct wrapper *wrapper,
			const struct sm_collector_summary *summary)
{
	const char *output = wrapper->output;

	sm_cli_error(wrapper->program, output,
		     "%" PRIu64 " process%s, %" PRIu64 " events%s, %" PRIu64
		     " lost, %" PRIu64 " no_channel",
		     summary->processes, summary->processes == 1 ? "" : "es",
		     summary->stored, output ? "" : " seen",
		     lost_events(summary), summary->uncovered);
	if (summary->files > 1)
		sm_cli_error(wrapper->program, output,
			     "%" PRIu64 " files, the older ones as %s.1, ...",
			     summary->files, output);
	if (summary->still_running)
		sm_cli_error(wrapper->program, output,
			     "%" PRIu64 " process(es) still running, no "
			     "longer recorded",
			     summary->still_running);
}

static void report_shadow(const struct wrapper *wrapper,
			  const struct sm_collector_summary *summary)
{
	sm_cli_error(wrapper->program, NULL,
		     "shadow: would have denied %" PRIu64
		     " events that passed, allowed %" PRIu64
		     " that were denied",
		     summary->shadow_denies, summary->shadow_allows);
}

/* attempts = stored + noise + lost, so that a reader can add it up. */
static void report_table(const struct sm_collector_summary *summary)
{
	int i;

	fprintf(stderr,
		"processes  %12" PRIu64 "\nuncovered  %12" PRIu64
		"\nattempts   %12" PRIu64 "\nstored     %12" PRIu64
		"\nnoise      %12" PRIu64 "\n",
		summary->processes, summary->uncovered, summary->attempts,
		summary->stored, summary->noise);
	for (i = 0; i < SM_LOSSES; i++)
		fprintf(stderr, "%-10s %12" PRIu64 "\n",
			sm_loss_name((enum sm_loss)i), summary->lost[i]);
}

/* The recording is over; while it ran, the disk was tried again and again. */
static void report_store(const struct wrapper *wrapper,
			 const struct sm_diag *store)
{
	struct sm_diag told = *store;

	if (store->status == SM_IO)
		sm_fail(&told, store->status,
			"%s; what was not stored until the end is lost: make "
			"room, or choose another disk",
			store->text);
	sm_cli_diag(wrapper->program, wrapper->output, &told);
}

bool wrapper_report(const struct wrapper *wrapper,
		    const struct sm_collector_summary *summary,
		    const struct sm_diag *store)
{
	if (wrapper->has_summary)
		report_table(summary);
	report_lost(wrapper, summary);
	if (store->status) {
		report_store(wrapper, store);
		return true;
	}
	if (!wrapper->is_quiet && summary->processes)
		report_line(wrapper, summary);
	if (!wrapper->tells_losses_only && summary->has_shadow)
		report_shadow(wrapper, summary);
	if (summary->processes)
		return false;
	if (summary->uncovered) /* why was told above */
		sm_cli_error(wrapper->program, wrapper->output,
			     "nothing was recorded: no process could be "
			     "covered");
	else
		sm_cli_error(wrapper->program, wrapper->argv[0],
			     "no Python interpreter was seen: COMMAND starts "
			     "none (CPython 3.8 or newer), or it is static, "
			     "setuid or clears LD_PRELOAD");
	return true;
}
