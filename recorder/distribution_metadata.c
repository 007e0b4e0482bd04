/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distribution_metadata.c: a distribution as *.dist-info and *.egg-info
 * describe it.
 */
#include "recorder/distribution.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "charset-normalizer (>=2.0); extra == 'x'": what an extra wants is left. */
static void add_need(struct sm_distribution *d, const char *text)
{
	const char *marker = strchr(text, ';');

	if (!marker || !strstr(marker, "extra"))
		sm_names_add_need(&d->needs, text);
}

/* Core metadata: header fields up to an empty line. */
static void take_metadata(struct sm_distribution *d, char *text)
{
	const char *need;
	char *line;

	while ((line = sm_next_line(&text)) && *line) {
		sm_name_keep_normal(d->name, sm_field(line, "Name"));
		sm_name_keep(d->version, sm_field(line, "Version"));
		need = sm_field(line, "Requires-Dist");
		if (need)
			add_need(d, need);
	}
}

/* setuptools: sections in brackets; "[:MARKER]" is no extra. */
static void take_requires(struct sm_distribution *d, char *text)
{
	bool is_wanted = true;
	char *line;

	while ((line = sm_next_line(&text))) {
		if (line[0] == '[')
			is_wanted = line[1] == ':';
		else if (is_wanted)
			add_need(d, line);
	}
}

/* RECORD: CSV of the files installed, relative to the site directory. */
static void take_record(struct sm_distribution *d, char *text)
{
	char *line;

	while ((line = sm_next_line(&text)))
		sm_names_add_module_of(&d->modules, line, strcspn(line, ","));
}

static char *read_in(int site, const char *directory, const char *name)
{
	char path[NAME_MAX + 32];
	int n = snprintf(path, sizeof(path), "%s%s%s", directory,
			 name[0] ? "/" : "", name);

	return n < 0 || (size_t)n >= sizeof(path) ? NULL
						  : sm_read_text(site, path);
}

typedef void take_text(struct sm_distribution *d, char *text);

static void read_one(struct sm_distribution *d, int site, const char *directory,
		     const char *name, take_text *take)
{
	char *text = read_in(site, directory, name);

	if (text)
		take(d, text);
	free(text);
}

static void add_existing(struct sm_distribution *d, int site, const char *name)
{
	char file[SM_NAME_BYTES + 4];

	if (!name[0] || name[sm_name_length(name)] ||
	    strlen(name) >= SM_NAME_BYTES)
		return;
	snprintf(file, sizeof(file), "%s.py", name);
	if (!faccessat(site, name, F_OK, 0) || !faccessat(site, file, F_OK, 0))
		sm_names_add_module(&d->modules, name);
}

/* It lists what the source had, installed or not. */
static void read_top_level(struct sm_distribution *d, int site,
			   const char *directory)
{
	char *text = read_in(site, directory, "top_level.txt"), *at = text;
	char *line;

	while (text && (line = sm_next_line(&at)))
		add_existing(d, site, line);
	free(text);
}

/* No list at all: a module of the distribution's name, if there is one. */
static void guess_module(struct sm_distribution *d, int site)
{
	char name[SM_NAME_BYTES];

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = d->name[i] == '-' ? '_' : d->name[i];
	add_existing(d, site, name);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

bool sm_distribution_read(struct sm_distribution *d, int site,
			  const char *entry)
{
	bool is_egg = ends_with(entry, ".egg-info");

	if (!is_egg && !ends_with(entry, ".dist-info"))
		return false;
	memset(d, 0, sizeof(*d));
	/* distutils wrote it as one file. */
	if (is_egg)
		read_one(d, site, entry, "", take_metadata);
	read_one(d, site, entry, is_egg ? "PKG-INFO" : "METADATA",
		 take_metadata);
	read_one(d, site, entry, "requires.txt", take_requires);
	read_top_level(d, site, entry);
	read_one(d, site, entry, "RECORD", take_record);
	if (!d->modules.count && d->name[0])
		guess_module(d, site);
	return d->name[0] && d->modules.count;
}
