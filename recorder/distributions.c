/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/distributions.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/distribution.h"
#include "recorder/lines.h"

struct reading {
	struct sm_lines *lines;
	const _Atomic bool *should_stop; /* NULL: never */
};

static void print_names(FILE *out, const char *key,
			const struct sm_names *names)
{
	fprintf(out, " %s=", key);
	for (unsigned i = 0; i < names->count; i++)
		fprintf(out, "%s%s", i ? "," : "", names->text[i]);
}

static bool add_line(void *context, const struct sm_distribution *d)
{
	const struct reading *r = context;
	char *line = NULL;
	size_t bytes;
	bool failed;
	FILE *out;

	if (r->should_stop && *r->should_stop)
		return false;
	if (sm_lines_are_full(r->lines))
		return true;
	out = open_memstream(&line, &bytes);
	if (!out)
		return false;
	fprintf(out, "%s %s", d->name, d->version[0] ? d->version : "0");
	print_names(out, "modules", &d->modules);
	print_names(out, "needs", &d->needs);
	print_names(out, "wants", &d->wants);
	fputc('\n', out);
	failed = fflush(out) || ferror(out);
	/* Without memory for its last byte fclose() may leave NULL and be 0. */
	if (fclose(out) || failed || !line) {
		free(line);
		return false;
	}
	return sm_lines_take(r->lines, line);
}

static bool read_entries(struct reading *r, DIR *directory)
{
	struct sm_distribution *d = malloc(sizeof(*d));
	const struct dirent *entry;
	bool done = d != NULL;

	while (done && (entry = readdir(directory)))
		if (sm_distribution_read(d, dirfd(directory), entry->d_name))
			done = add_line(r, d);
	free(d);
	return done;
}

char *sm_distributions_read(const char *directory,
			    const _Atomic bool *should_stop)
{
	struct sm_lines *lines = calloc(1, sizeof(*lines));
	struct reading r = { lines, should_stop };
	DIR *entries = opendir(directory);
	char *text = NULL;

	if (lines && entries && read_entries(&r, entries) &&
	    sm_distributions_of_debian(directory, add_line, &r))
		text = sm_lines_join(lines);
	else if (lines && !entries)
		text = sm_lines_join(lines);
	if (entries)
		closedir(entries);
	sm_lines_free(lines);
	return text;
}
