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
#include <strings.h>
#include <unistd.h>

/* What runs a program needs none of these, by the first letters. */
static bool is_for_makers(const char *extra)
{
	static const char *const starts[] = {
		"test",	  "doc",    "rtd",   "sphinx",	   "example",
		"dev",	  "lint",   "style", "code_style", "code-style",
		"pep8",	  "typing", "mypy",  "cov",	   "benchmark",
		"profil", "release"
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncasecmp(extra, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* NULL: needed without an extra. */
static void add_need(struct sm_distribution *d, const char *text,
		     const char *extra)
{
	if (!extra)
		sm_names_add_need(&d->needs, text);
	else if (!is_for_makers(extra))
		sm_names_add_need(&d->wants, text);
}

/* "charset-normalizer (>=2.0); extra == 'x'": x'; NULL: there is none. */
static const char *extra_of(const char *text)
{
	const char *marker = strchr(text, ';');
	const char *extra = marker ? strstr(marker, "extra") : NULL;

	return extra ? extra + 5 + strspn(extra + 5, " \t='\"") : NULL;
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
			add_need(d, need, extra_of(need));
	}
}

/* setuptools: sections in brackets; "[:MARKER]" is no extra. */
static void take_requires(struct sm_distribution *d, char *text)
{
	const char *extra = NULL;
	char *line;

	while ((line = sm_next_line(&text))) {
		if (line[0] == '[')
			extra = line[1] == ':' ? NULL : line + 1;
		else
			add_need(d, line, extra);
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
						  : sm_file_text(site, path);
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
