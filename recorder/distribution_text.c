/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distribution_text.c: names and files as metadata has them.
 */
#include "recorder/distribution.h"
#include "schema/ascii.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES (1u << 20)

size_t sm_name_length(const char *text)
{
	size_t n = 0;

	while (sm_is_alnum(text[n]) || (text[n] && strchr("-_.", text[n])))
		n++;
	return n;
}

/* Lower case, and runs of "-", "_" and "." are one "-". */
static void normalise(char *name)
{
	size_t to = 0;

	for (size_t i = 0; name[i]; i++) {
		char c = name[i];

		if (sm_is_upper(c))
			c = (char)(c - 'A' + 'a');
		if (sm_is_alnum(c))
			name[to++] = c;
		else if (to && name[to - 1] != '-')
			name[to++] = '-';
	}
	name[to] = '\0';
}

static void add(struct sm_names *names, const char *text, size_t n,
		bool is_need)
{
	char *name;

	if (!n || n >= SM_NAME_BYTES || names->count == SM_NAMES_MAX)
		return;
	name = names->text[names->count];
	memcpy(name, text, n);
	name[n] = '\0';
	if (is_need)
		normalise(name);
	for (unsigned i = 0; i < names->count; i++)
		if (!strcmp(names->text[i], name))
			return;
	names->count++;
}

void sm_names_add_need(struct sm_names *names, const char *text)
{
	add(names, text, sm_name_length(text), true);
}

void sm_names_add_module(struct sm_names *names, const char *text)
{
	add(names, text, sm_name_length(text), false);
}

/* "pkg/x.py", "pkg.py" and "pkg.cpython-311-x86_64-linux-gnu.so". */
void sm_names_add_module_of(struct sm_names *names, const char *path,
			    size_t bytes)
{
	const char *end = path + bytes;
	size_t n = 0;

	if (bytes < 4 ||
	    (memcmp(end - 3, ".py", 3) && memcmp(end - 3, ".so", 3)))
		return;
	while (sm_is_alnum(path[n]) || path[n] == '_')
		n++;
	if (path[n] == '/' || path[n] == '.')
		add(names, path, n, false);
}

void sm_name_keep(char *name, const char *text)
{
	size_t n = text ? strcspn(text, " \t=,") : 0;

	if (n && n < SM_NAME_BYTES && !name[0]) {
		memcpy(name, text, n);
		name[n] = '\0';
	}
}

void sm_name_keep_normal(char *name, const char *text)
{
	if (text && text[sm_name_length(text)] == '\0' && !name[0]) {
		sm_name_keep(name, text);
		normalise(name);
	}
}

/* Never waits for a pipe. */
char *sm_file_text(int directory, const char *path)
{
	int fd = openat(directory, path,
			O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat facts;
	char *text = NULL;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &facts) && S_ISREG(facts.st_mode) &&
	    facts.st_size < (off_t)FILE_BYTES)
		text = malloc((size_t)facts.st_size + 1);
	if (text)
		n = read(fd, text, (size_t)facts.st_size);
	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

char *sm_next_line(char **at)
{
	char *line = *at, *end;

	if (!*line)
		return NULL;
	end = line + strcspn(line, "\n");
	*at = *end ? end + 1 : end;
	*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}

const char *sm_field(const char *line, const char *field)
{
	size_t n = strlen(field);

	if (strncasecmp(line, field, n) || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " \t");
}
