/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h: lines that are collected in any order and told sorted by bytes, for
 * facts in a trace's meta. No threads.
 */
#ifndef RECORDER_LINES_H
#define RECORDER_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* The first so many are kept; a text that grows longer is cut there. */
#define SM_LINES_MAX   4096
#define SM_LINES_BYTES (256u << 10)

struct sm_lines {
	char *text[SM_LINES_MAX];
	size_t count;
};

bool sm_lines_are_full(const struct sm_lines *lines);
/* Takes line, which malloc() gave and a newline ends; NULL: false. */
bool sm_lines_take(struct sm_lines *lines, char *line);
/* All of them; the caller's to free(). NULL: memory ran out. */
char *sm_lines_join(struct sm_lines *lines);
/* Them and lines itself; NULL is fine. */
void sm_lines_free(struct sm_lines *lines);

#endif
