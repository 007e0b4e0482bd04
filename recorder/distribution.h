/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distribution.h: one installed distribution and where it is read from; for
 * recorder/distribution*.c only. Reads files, blocks. No threads.
 */
#ifndef RECORDER_DISTRIBUTION_H
#define RECORDER_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>

#define SM_NAME_BYTES 100 /* longer names are left out */
#define SM_NAMES_MAX  64  /* modules, needs and wants of one distribution */

struct sm_names {
	char text[SM_NAMES_MAX][SM_NAME_BYTES];
	unsigned count;
};

struct sm_distribution {
	char name[SM_NAME_BYTES], version[SM_NAME_BYTES];
	struct sm_names modules, needs, wants;
};

/* Takes one that was found; false ends the reading: out of memory. */
typedef bool sm_take_distribution(void *context,
				  const struct sm_distribution *d);

/* ------------------------------------------------- parts of names and files */

/* Bytes of the name that text begins with. */
size_t sm_name_length(const char *text);
/* The name text begins with, once; needs and wants are normalised as PEP 503
 * says. */
void sm_names_add_need(struct sm_names *names, const char *text);
void sm_names_add_module(struct sm_names *names, const char *text);
/* The module of path, relative to its site directory, when it is code. */
void sm_names_add_module_of(struct sm_names *names, const char *path,
			    size_t bytes);
/* The first word of text, which may be NULL, unless name has one already. */
void sm_name_keep(char *name, const char *text);
/* The same for the name of a distribution, normalised. */
void sm_name_keep_normal(char *name, const char *text);

/*
 * All of a regular file below directory, zero-terminated and the caller's to
 * free(); NULL: there is none, or it is larger than a megabyte.
 */
char *sm_file_text(int directory, const char *path);
/* The line at *at, ended; NULL behind the last. */
char *sm_next_line(char **at);
/* The value when line is "FIELD: value", else NULL. */
const char *sm_field(const char *line, const char *field);

/* -------------------------------------------------------------------- readers
 */

/* An entry of the open site directory; false: it says nothing of use. */
bool sm_distribution_read(struct sm_distribution *d, int site,
			  const char *entry);
/* The packages of dpkg(1) with modules in site; false: take said so. */
bool sm_distributions_of_debian(const char *site, sm_take_distribution *take,
				void *context);

#endif
