/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/distributions.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/distribution.h"

struct lines {
	char *text[SM_DISTRIBUTIONS_MAX];
	size_t count;
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
	struct lines *lines = context;
	char *line = NULL;
	size_t bytes;
	bool failed;
	FILE *out;

	if (lines->count == SM_DISTRIBUTIONS_MAX)
		return true;
	out = open_memstream(&line, &bytes);
	if (!out)
		return false;
	fprintf(out, "%s %s", d->name, d->version[0] ? d->version : "0");
	print_names(out, "modules", &d->modules);
	print_names(out, "needs", &d->needs);
	fputc('\n', out);
	failed = fflush(out) || ferror(out);
	/* Without memory for its last byte fclose() may leave NULL and be 0. */
	if (fclose(out) || failed || !line) {
		free(line);
		return false;
	}
	lines->text[lines->count++] = line;
	return true;
}

static bool read_entries(struct lines *lines, DIR *directory)
{
	struct sm_distribution *d = malloc(sizeof(*d));
	const struct dirent *entry;
	bool done = d != NULL;

	while (done && (entry = readdir(directory)))
		if (sm_distribution_read(d, dirfd(directory), entry->d_name))
			done = add_line(lines, d);
	free(d);
	return done;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *join(struct lines *lines)
{
	char *text = malloc(SM_DISTRIBUTIONS_BYTES), *at = text;

	qsort(lines->text, lines->count, sizeof(*lines->text), by_bytes);
	for (size_t i = 0; text && i < lines->count; i++) {
		size_t n = strlen(lines->text[i]);

		if ((size_t)(at - text) + n >= SM_DISTRIBUTIONS_BYTES)
			break;
		memcpy(at, lines->text[i], n);
		at += n;
	}
	if (text)
		*at = '\0';
	return text;
}

char *sm_distributions_read(const char *directory)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	DIR *entries = opendir(directory);
	char *text = NULL;

	if (lines && entries && read_entries(lines, entries) &&
	    sm_distributions_of_debian(directory, add_line, lines))
		text = join(lines);
	else if (lines && !entries)
		text = join(lines);
	if (entries)
		closedir(entries);
	for (size_t i = 0; lines && i < lines->count; i++)
		free(lines->text[i]);
	free(lines);
	return text;
}
