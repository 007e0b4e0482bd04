/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_sites.c: what is installed where code came from, so that who reads
 * the trace elsewhere knows what a distribution consists of and needs. Once
 * for each site directory, in the storing thread.
 */
#include "recorder/collector_internal.h"

#include <stdlib.h>

#include "recorder/distributions.h"
#include "schema/path.h"

#define SITES_MAX 32 /* a hostile guest names any number */

struct known_site {
	struct known_site *next;
	char *distributions; /* NULL: memory ran out */
	struct sm_str directory;
	char key[]; /* of the trace's meta; directory is its end */
};

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

static void store(struct sm_collector *collector, const struct known_site *site)
{
	if (site->distributions && collector->trace &&
	    !collector->is_storing_given_up)
		collector_note(collector,
			       sm_trace_set_meta(collector->trace, site->key,
						 site->distributions));
}

static struct known_site *add(struct sm_collector *collector,
			      struct sm_str directory)
{
	static const char prefix[] = SM_META_DISTRIBUTIONS;
	const size_t n = sizeof(prefix) - 1;
	struct known_site *site = malloc(sizeof(*site) + n + directory.len + 1);

	if (!site)
		return NULL;
	memcpy(site->key, prefix, n);
	memcpy(site->key + n, directory.p, directory.len);
	site->key[n + directory.len] = '\0';
	site->directory = sm_str_of(site->key + n);
	site->distributions = sm_distributions_read(site->directory.p);
	site->next = collector->sites;
	collector->sites = site;
	return site;
}

void sites_note(struct sm_collector *collector, struct sm_str file)
{
	struct sm_str directory = site_of(file);
	const struct known_site *site;
	int count = 0;

	if (!directory.len || !sm_path_is_canonical(directory))
		return;
	for (site = collector->sites; site; site = site->next, count++)
		if (sm_str_equal(site->directory, directory))
			return;
	site = count < SITES_MAX ? add(collector, directory) : NULL;
	if (site)
		store(collector, site);
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
		free(site->distributions);
		free(site);
	}
}
