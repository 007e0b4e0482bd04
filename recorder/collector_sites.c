/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_sites.c: what there was where code came from, so that who reads
 * the trace elsewhere knows it: what a distribution consists of and needs, and
 * which modules the application has. Once for each site directory and for each
 * root of the application's, in the storing thread, as soon as code came from
 * it: what the program writes later is not among it.
 */
#include "recorder/collector_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "recorder/distributions.h"
#include "recorder/modules.h"
#include "schema/path.h"

/* A hostile guest names any number. */
#define SITES_MAX	32 /* of either kind */
#define DIRECTORIES_MAX 256

struct known_site {
	struct known_site *next;
	char *text; /* NULL: memory ran out */
	struct sm_str directory;
	char key[]; /* of the trace's meta; directory is its end */
};

/* Code of the application's came from it; its root is a known site. */
struct known_directory {
	struct known_directory *next;
	uint32_t len;
	char path[];
};

/* ------------------------------------------------------------------- telling
 */

static void store(struct sm_collector *collector, const struct known_site *site)
{
	if (site->text && collector->trace && !collector->is_storing_given_up)
		collector_note(collector,
			       sm_trace_set_meta(collector->trace, site->key,
						 site->text));
}

typedef char *read_site(const char *directory);

static struct known_site *add(struct sm_collector *collector,
			      struct sm_str prefix, struct sm_str directory,
			      read_site *read)
{
	struct known_site *site =
		malloc(sizeof(*site) + prefix.len + directory.len + 1);

	if (!site)
		return NULL;
	memcpy(site->key, prefix.p, prefix.len);
	memcpy(site->key + prefix.len, directory.p, directory.len);
	site->key[prefix.len + directory.len] = '\0';
	site->directory = sm_str_of(site->key + prefix.len);
	site->text = read(site->directory.p);
	site->next = collector->sites;
	collector->sites = site;
	return site;
}

/* Tells of directory what read() says, the first time. */
static void tell(struct sm_collector *collector, struct sm_str prefix,
		 struct sm_str directory, read_site *read)
{
	const struct known_site *site;
	int count = 0;

	for (site = collector->sites; site; site = site->next) {
		if (!sm_str_starts(sm_str_of(site->key), prefix))
			continue;
		if (sm_str_equal(site->directory, directory))
			return;
		count++;
	}
	site = count < SITES_MAX ? add(collector, prefix, directory, read)
				 : NULL;
	if (site)
		store(collector, site);
}

/* ------------------------------------------------------------- distributions
 */

static bool has_at(struct sm_str text, uint32_t at, struct sm_str part)
{
	return text.len - at >= part.len &&
	       !memcmp(text.p + at, part.p, part.len);
}

/* "/usr/lib/python3/dist-packages" of what is below it, or empty. */
static struct sm_str site_of(struct sm_str file)
{
	static const struct sm_str site = SM_STR("/site-packages/"),
				   dist = SM_STR("/dist-packages/");

	for (uint32_t i = file.len; i-- > 0;)
		if (has_at(file, i, site) || has_at(file, i, dist))
			return (struct sm_str){ file.p, i + site.len - 1 };
	return (struct sm_str){ "", 0 };
}

static void note_distribution(struct sm_collector *collector,
			      struct sm_str file)
{
	struct sm_str directory = site_of(file);

	if (directory.len && sm_path_is_canonical(directory))
		tell(collector, SM_STR(SM_META_DISTRIBUTIONS), directory,
		     sm_distributions_read);
}

/* --------------------------------------------------------------- application
 */

/* The directory of file, once; NULL: it is known, or too many are. */
static const char *new_directory(struct sm_collector *collector,
				 struct sm_str file)
{
	struct known_directory *known;
	uint32_t len = file.len - sm_path_name(file).len - 1;
	int count = 0;

	for (known = collector->directories; known; known = known->next) {
		if (known->len == len && !memcmp(known->path, file.p, len))
			return NULL;
		count++;
	}
	known = count < DIRECTORIES_MAX ? malloc(sizeof(*known) + len + 1)
					: NULL;
	if (!known)
		return NULL;
	memcpy(known->path, file.p, len);
	known->path[len] = '\0';
	known->len = len;
	known->next = collector->directories;
	collector->directories = known;
	return known->path;
}

/* A link to the code, as deployments have it: loading asks for both paths. */
static void tell_root(struct sm_collector *collector, struct sm_str root)
{
	const struct sm_str prefix = SM_STR(SM_META_MODULES);
	char path[PATH_MAX], real[PATH_MAX];

	tell(collector, prefix, root, sm_modules_read);
	snprintf(path, sizeof(path), "%.*s", (int)root.len, root.p);
	if (realpath(path, real) && strcmp(path, real) != 0)
		tell(collector, prefix, sm_str_of(real), sm_modules_read);
}

static void note_application(struct sm_collector *collector, struct sm_str file)
{
	const char *directory;

	if (!sm_path_is_canonical(file) || file.len >= PATH_MAX)
		return;
	directory = new_directory(collector, file);
	if (directory && *directory)
		tell_root(collector,
			  (struct sm_str){ directory, (uint32_t)sm_modules_root(
							      directory) });
}

void sites_note(struct sm_collector *collector,
		const struct sm_record_code *code)
{
	if (code->package.len)
		note_distribution(collector, code->file);
	else if (code->kind == SM_PRINCIPAL_APP)
		note_application(collector, code->file);
}

void sites_next_file(struct sm_collector *collector)
{
	const struct known_site *site;

	for (site = collector->sites; site; site = site->next)
		store(collector, site);
}

void sites_free(struct sm_collector *collector)
{
	while (collector->sites) {
		struct known_site *site = collector->sites;

		collector->sites = site->next;
		free(site->text);
		free(site);
	}
	while (collector->directories) {
		struct known_directory *known = collector->directories;

		collector->directories = known->next;
		free(known);
	}
}
