/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origins_read.c: what there is in one place that code came from.
 */
#include "recorder/origins_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "recorder/distributions.h"
#include "recorder/imports.h"
#include "recorder/modules.h"
#include "schema/path.h"

#define SITES_MAX 32

static bool has_at(struct sm_str text, uint32_t at, struct sm_str part)
{
	return text.len - at >= part.len &&
	       !memcmp(text.p + at, part.p, part.len);
}

struct sm_str origins_site_of(struct sm_str file)
{
	static const struct sm_str site = SM_STR("/site-packages/"),
				   dist = SM_STR("/dist-packages/");

	for (uint32_t i = file.len; i-- > 0;)
		if (has_at(file, i, site) || has_at(file, i, dist))
			return (struct sm_str){ file.p, i + site.len - 1 };
	return (struct sm_str){ "", 0 };
}

/* --------------------------------------------------------------- application
 */

/* A link to the code, as deployments have it: loading asks for both paths. */
static void find_root(struct sm_origins *o, const char *directory)
{
	char path[PATH_MAX], real[PATH_MAX];
	struct sm_str root = { directory,
			       (uint32_t)sm_modules_root(directory) };

	origins_add(o, ORIGIN_MODULES, root);
	origins_add(o, ORIGIN_IMPORTS, root);
	snprintf(path, sizeof(path), "%.*s", (int)root.len, root.p);
	if (realpath(path, real) && strcmp(path, real) != 0)
		origins_add(o, ORIGIN_MODULES, sm_str_of(real));
}

/* ------------------------------------------------------------------- imports
 */

static bool has_module(const char *directory, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s.py", directory, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	if (!access(path, F_OK))
		return true;
	path[n - 3] = '\0';
	return !access(path, F_OK);
}

/* The directory's own. */
static bool is_own(struct sm_str directory, const char *name)
{
	if (origins_site_of(directory).len)
		return sm_str_equal(sm_path_name(directory), sm_str_of(name));
	return has_module(directory.p, name);
}

/* What loading name, as site has it, would load as well is to be told, too. */
static void add_lazy(struct sm_origins *o, const char *site, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", site, name);

	if (n > 0 && (size_t)n < sizeof(path))
		origins_add(o, ORIGIN_LAZY_IMPORTS, sm_str_of(path));
}

static bool is_installed(struct sm_origins *o, const char *const *sites,
			 unsigned count, const char *name)
{
	bool is_found = false;

	for (unsigned i = 0; i < count; i++) {
		if (!has_module(sites[i], name))
			continue;
		add_lazy(o, sites[i], name);
		is_found = true;
	}
	return is_found;
}

/* Leaves those of others that are installed, a line each. */
static char *print_installed(struct sm_origins *o, struct sm_str directory,
			     const struct sm_imports *found)
{
	const char *sites[SITES_MAX];
	const unsigned count = origins_sites(o, sites, SITES_MAX);
	char *text = malloc(found->count * (SM_IMPORT_BYTES + 1) + 1);
	char *at = text;

	for (unsigned i = 0; text && i < found->count && !o->should_stop; i++)
		if (!is_own(directory, found->name[i]) &&
		    is_installed(o, sites, count, found->name[i]))
			at += sprintf(at, "%s\n", found->name[i]);
	if (text)
		*at = '\0';
	return text;
}

/* A module that is a file lies in the site directory itself. */
static void scan_single(struct sm_origins *o, struct sm_str directory,
			enum sm_imports_of which, struct sm_imports *found)
{
	struct sm_str name = sm_path_name(directory);
	char site[PATH_MAX], file[NAME_MAX + 4];

	if (directory.len >= sizeof(site) || name.len > NAME_MAX)
		return;
	snprintf(site, sizeof(site), "%.*s",
		 (int)(directory.len - name.len - 1), directory.p);
	snprintf(file, sizeof(file), "%.*s.py", (int)name.len, name.p);
	sm_imports_scan_files(found, site, file, which, &o->import_bytes,
			      &o->should_stop);
}

static void scan(struct sm_origins *o, struct sm_str directory,
		 enum sm_imports_of which, struct sm_imports *found)
{
	const char *list = origins_text(o, ORIGIN_MODULES, directory);
	char *text =
		list ? NULL : sm_modules_read(directory.p, &o->should_stop);

	if (!list)
		list = text;
	if (list && *list)
		sm_imports_scan_files(found, directory.p, list, which,
				      &o->import_bytes, &o->should_stop);
	else if (list)
		scan_single(o, directory, which, found);
	free(text);
}

static char *read_imports(struct sm_origins *o, struct sm_str directory,
			  enum sm_imports_of which)
{
	struct sm_imports *found = calloc(1, sizeof(*found));
	char *text = NULL;

	if (found) {
		scan(o, directory, which, found);
		text = print_installed(o, directory, found);
	}
	free(found);
	return text;
}

/* ---------------------------------------------------------------------- kinds
 */

char *origins_read(struct sm_origins *o, enum origin_kind kind,
		   struct sm_str directory)
{
	switch (kind) {
	case ORIGIN_APPLICATION:
		find_root(o, directory.p);
		return NULL;
	case ORIGIN_DISTRIBUTIONS:
		return sm_distributions_read(directory.p, &o->should_stop);
	case ORIGIN_MODULES:
		return sm_modules_read(directory.p, &o->should_stop);
	case ORIGIN_IMPORTS:
		return read_imports(o, directory, SM_IMPORTS_OF_ALL);
	case ORIGIN_LAZY_IMPORTS:
		return read_imports(o, directory, SM_IMPORTS_OF_LOADING);
	case ORIGIN_KINDS:
		break;
	}
	return NULL;
}
