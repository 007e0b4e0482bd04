/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/lines.h"

#include <stdlib.h>
#include <string.h>

bool sm_lines_are_full(const struct sm_lines *lines)
{
	return lines->count == SM_LINES_MAX;
}

bool sm_lines_take(struct sm_lines *lines, char *line)
{
	if (!line)
		return false;
	if (sm_lines_are_full(lines))
		free(line);
	else
		lines->text[lines->count++] = line;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *sm_lines_join(struct sm_lines *lines)
{
	char *text = malloc(SM_LINES_BYTES), *at = text, *smaller;

	if (!text)
		return NULL;
	qsort(lines->text, lines->count, sizeof(*lines->text), by_bytes);
	for (size_t i = 0; i < lines->count; i++) {
		size_t n = strlen(lines->text[i]);

		if ((size_t)(at - text) + n >= SM_LINES_BYTES)
			break;
		memcpy(at, lines->text[i], n);
		at += n;
	}
	*at = '\0';
	smaller = realloc(text, (size_t)(at - text) + 1);
	return smaller ? smaller : text;
}

void sm_lines_free(struct sm_lines *lines)
{
	for (size_t i = 0; lines && i < lines->count; i++)
		free(lines->text[i]);
	free(lines);
}
