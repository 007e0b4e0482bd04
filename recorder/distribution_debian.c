/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distribution_debian.c: Debian's packages say in fields of their own, and
 * leave out of the metadata, what they need. See deb-control(5), dpkg(1).
 */
#include "recorder/distribution.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DPKG "/var/lib/dpkg"

struct packages {
	sm_take_distribution *take;
	void *context;
	const char *site;
	int info; /* the directory of lists of files */
	struct sm_distribution d;
	char architecture[SM_NAME_BYTES];
	bool is_python;
};

/* "python3-a (>= 1), python3-b | python3-c, python3-d:any" */
static void take_depends(struct sm_names *names, const char *text)
{
	while (*text) {
		text += strspn(text, " ,|\t");
		sm_names_add_need(names, text);
		text += strcspn(text, ",|");
	}
}

static void take_line(struct packages *p, const char *line)
{
	const char *depends = sm_field(line, "Depends"),
		   *recommends = sm_field(line, "Recommends");

	sm_name_keep(p->d.name, sm_field(line, "Package"));
	sm_name_keep(p->d.version, sm_field(line, "Version"));
	sm_name_keep(p->architecture, sm_field(line, "Architecture"));
	if (depends)
		take_depends(&p->d.needs, depends);
	if (recommends)
		take_depends(&p->d.wants, recommends);
	/* Whatever has modules depends on an interpreter. */
	if (depends && strstr(depends, "python3"))
		p->is_python = true;
}

/* False: there is no such list. */
static bool read_list(struct packages *p, const char *name)
{
	size_t n = strlen(p->site);
	char *text = sm_file_text(p->info, name), *at = text, *line;

	if (!text)
		return false;
	while ((line = sm_next_line(&at)))
		if (!strncmp(line, p->site, n) && line[n] == '/')
			sm_names_add_module_of(&p->d.modules, line + n + 1,
					       strlen(line + n + 1));
	free(text);
	return true;
}

/* A package was read; false: take wants no more. */
static bool end_package(struct packages *p)
{
	char list[2 * SM_NAME_BYTES + 8];
	bool done = true;

	if (p->d.name[0] && p->is_python) {
		snprintf(list, sizeof(list), "%s.list", p->d.name);
		if (!read_list(p, list)) {
			snprintf(list, sizeof(list), "%s:%s.list", p->d.name,
				 p->architecture);
			read_list(p, list);
		}
	}
	if (p->d.modules.count)
		done = p->take(p->context, &p->d);
	memset(&p->d, 0, sizeof(p->d));
	p->architecture[0] = '\0';
	p->is_python = false;
	return done;
}

static bool read_status(struct packages *p, FILE *status)
{
	size_t room = 0;
	char *line = NULL;
	bool done = true;

	while (done && getline(&line, &room, status) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			take_line(p, line);
		else
			done = end_package(p);
	}
	free(line);
	return done && end_package(p);
}

bool sm_distributions_of_debian(const char *site, sm_take_distribution *take,
				void *context)
{
	struct packages *p = calloc(1, sizeof(*p));
	FILE *status = fopen(DPKG "/status", "re");
	bool done = p != NULL;

	if (p && status) {
		p->take = take;
		p->context = context;
		p->site = site;
		p->info = open(DPKG "/info", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (p->info >= 0) {
			done = read_status(p, status);
			close(p->info);
		}
	}
	if (status)
		fclose(status);
	free(p);
	return done;
}
