/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_sites.c: what there was where code came from, so that who reads
 * the trace elsewhere knows it: what a distribution consists of and needs,
 * which modules the application has, and which installed ones either names in
 * an import statement. Once for each site directory and for each root of the
 * application's, in the storing thread, as soon as code came from it: what the
 * program writes later is not among it. Only sources are read later, when there
 * is nothing to store, or at the end.
 */
#include "recorder/collector_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "recorder/distributions.h"
#include "recorder/imports.h"
#include "recorder/lines.h"
#include "recorder/modules.h"
#include "schema/path.h"

/* A hostile guest names any number. */
#define DIRECTORIES_MAX 256

/* What a key of the trace's meta tells of a directory; how many of each. */
struct subject {
	struct sm_str prefix;
	int max;
};
static const struct subject distributions = { SM_STR(SM_META_DISTRIBUTIONS),
					      32 },
			    modules = { SM_STR(SM_META_MODULES), 32 },
			    imports = { SM_STR(SM_META_IMPORTS), 256 };

struct known_site {
	struct known_site *next;
	const struct subject *subject;
	bool is_waiting;
	bool is_lazy; /* imports: none of its code was seen, others name it */
	char *text;   /* NULL: it is waiting, or memory ran out */
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

static struct known_site *find(const struct sm_collector *collector,
			       const struct subject *subject,
			       struct sm_str directory, int *count)
{
	struct known_site *site = collector->sites;

	for (*count = 0; site; site = site->next) {
		if (site->subject != subject)
			continue;
		if (sm_str_equal(site->directory, directory))
			return site;
		++*count;
	}
	return NULL;
}

/* NULL: it is known, or too many are. */
static struct known_site *add(struct sm_collector *collector,
			      const struct subject *subject,
			      struct sm_str directory)
{
	const uint32_t n = subject->prefix.len;
	struct known_site *site;
	int count;

	if (find(collector, subject, directory, &count) ||
	    count >= subject->max)
		return NULL;
	site = calloc(1, sizeof(*site) + n + directory.len + 1);
	if (!site)
		return NULL;
	memcpy(site->key, subject->prefix.p, n);
	memcpy(site->key + n, directory.p, directory.len);
	site->directory = sm_str_of(site->key + n);
	site->subject = subject;
	site->next = collector->sites;
	collector->sites = site;
	return site;
}

typedef char *read_site(const char *directory);

/* Tells of directory what read() says, the first time. */
static void tell(struct sm_collector *collector, const struct subject *subject,
		 struct sm_str directory, read_site *read)
{
	struct known_site *site = add(collector, subject, directory);

	if (!site)
		return;
	site->text = read(site->directory.p);
	store(collector, site);
}

/* Tells of directory what its code imports, when there is time. */
static void tell_imports(struct sm_collector *collector,
			 struct sm_str directory)
{
	int count;
	struct known_site *site = find(collector, &imports, directory, &count);

	if (site && !site->is_lazy)
		return;
	if (!site)
		site = add(collector, &imports, directory);
	if (!site)
		return;
	site->is_waiting = true;
	site->is_lazy = false;
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
			      const struct sm_record_code *code)
{
	struct sm_str directory = site_of(code->file), top = directory;

	if (!directory.len || !sm_path_is_canonical(code->file))
		return;
	tell(collector, &distributions, directory, sm_distributions_read);
	top.len += 1 + code->package.len;
	if (top.len < code->file.len &&
	    has_at(code->file, directory.len + 1, code->package))
		tell_imports(collector, top);
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
	char path[PATH_MAX], real[PATH_MAX];

	tell(collector, &modules, root, sm_modules_read);
	tell_imports(collector, root);
	snprintf(path, sizeof(path), "%.*s", (int)root.len, root.p);
	if (realpath(path, real) && strcmp(path, real) != 0)
		tell(collector, &modules, sm_str_of(real), sm_modules_read);
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
		note_distribution(collector, code);
	else if (code->kind == SM_PRINCIPAL_APP)
		note_application(collector, code->file);
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

/* The directory's own, or nothing that is installed. */
static bool is_needless(const struct sm_collector *collector,
			struct sm_str directory, const char *name)
{
	const struct known_site *site;

	if (site_of(directory).len
		    ? sm_str_equal(sm_path_name(directory), sm_str_of(name))
		    : has_module(directory.p, name))
		return true;
	for (site = collector->sites; site; site = site->next)
		if (site->subject == &distributions &&
		    has_module(site->directory.p, name))
			return false;
	return true;
}

static char *print_imports(const struct sm_collector *collector,
			   struct sm_str directory,
			   const struct sm_imports *found)
{
	struct sm_lines *lines = calloc(1, sizeof(*lines));
	char *text = NULL, *line;
	bool done = lines != NULL;

	for (unsigned i = 0; done && i < found->count; i++) {
		if (is_needless(collector, directory, found->name[i]))
			continue;
		if (asprintf(&line, "%s\n", found->name[i]) < 0)
			line = NULL;
		done = sm_lines_take(lines, line);
	}
	if (done)
		text = sm_lines_join(lines);
	sm_lines_free(lines);
	return text;
}

/* A module that is a file lies in the site directory itself. */
static void scan_single(struct sm_collector *collector, struct sm_str directory,
			enum sm_imports_of which, struct sm_imports *found)
{
	struct sm_str name = sm_path_name(directory);
	char site[PATH_MAX], file[NAME_MAX + 4];

	if (directory.len >= sizeof(site) || name.len > NAME_MAX)
		return;
	snprintf(site, sizeof(site), "%.*s",
		 (int)(directory.len - name.len - 1), directory.p);
	snprintf(file, sizeof(file), "%.*s.py", (int)name.len, name.p);
	sm_imports_scan_files(found, site, file, which,
			      &collector->import_bytes);
}

static void scan(struct sm_collector *collector, struct sm_str directory,
		 enum sm_imports_of which, struct sm_imports *found)
{
	int count;
	const struct known_site *root =
		find(collector, &modules, directory, &count);
	char *text = root ? NULL : sm_modules_read(directory.p);
	const char *list = root ? root->text : text;

	if (list && *list)
		sm_imports_scan_files(found, directory.p, list, which,
				      &collector->import_bytes);
	else if (!root)
		scan_single(collector, directory, which, found);
	free(text);
}

/* What loading name would load as well is to be told, too. */
static void add_lazy(struct sm_collector *collector, const char *name)
{
	struct known_site *site, *lazy;
	char path[PATH_MAX];

	for (site = collector->sites; site; site = site->next) {
		if (site->subject != &distributions ||
		    !has_module(site->directory.p, name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", site->directory.p, name);
		lazy = add(collector, &imports, sm_str_of(path));
		if (lazy)
			lazy->is_waiting = lazy->is_lazy = true;
	}
}

/* Those that were loaded first. */
static struct known_site *next_waiting(const struct sm_collector *collector)
{
	struct known_site *site, *lazy = NULL;

	for (site = collector->sites; site; site = site->next) {
		if (site->is_waiting && !site->is_lazy)
			return site;
		if (site->is_waiting)
			lazy = site;
	}
	return lazy;
}

static void work_on(struct sm_collector *collector, struct known_site *site,
		    struct sm_imports *found)
{
	scan(collector, site->directory,
	     site->is_lazy ? SM_IMPORTS_OF_LOADING : SM_IMPORTS_OF_ALL, found);
	free(site->text);
	site->text = print_imports(collector, site->directory, found);
	store(collector, site);
	for (unsigned i = 0; i < found->count; i++)
		if (!is_needless(collector, site->directory, found->name[i]))
			add_lazy(collector, found->name[i]);
}

bool sites_work(struct sm_collector *collector)
{
	struct known_site *site = next_waiting(collector);
	struct sm_imports *found;

	if (!site)
		return false;
	site->is_waiting = false;
	found = calloc(1, sizeof(*found));
	if (found)
		work_on(collector, site, found);
	free(found);
	return true;
}

/* --------------------------------------------------------------------- files
 */

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
