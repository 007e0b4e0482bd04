/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/imports.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/distribution.h"
#include "schema/ascii.h"

/* --------------------------------------------------------------- statements */

static bool is_in_name(char c)
{
	return sm_is_alnum(c) || c == '_';
}

/* strspn() makes a table each time it is called: every line of a program. */
static size_t name_length(const char *p)
{
	size_t n = 0;

	while (is_in_name(p[n]))
		n++;
	return n;
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Behind `a.b.c`; p itself where no name is. */
static const char *skip_dotted(const char *p)
{
	for (;;) {
		size_t n = name_length(p);

		if (!n || p[n] != '.')
			return p + n;
		p += n + 1;
	}
}

/* Behind word and a blank; NULL: another stands there. */
static const char *behind_word(const char *p, const char *word)
{
	for (; *word; word++, p++)
		if (*p != *word)
			return NULL;
	return *p == ' ' || *p == '\t' ? skip_blanks(p) : NULL;
}

/* Where name is, or belongs. */
static unsigned place_of(const struct sm_imports *imports, const char *name)
{
	unsigned low = 0, high = imports->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (strcmp(imports->name[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add(struct sm_imports *imports, const char *text)
{
	size_t n = name_length(text);
	char name[SM_IMPORT_BYTES];
	unsigned at;

	if (!n || n >= sizeof(name) || (*text >= '0' && *text <= '9'))
		return;
	memcpy(name, text, n);
	name[n] = '\0';
	at = place_of(imports, name);
	if (imports->count == SM_IMPORTS_MAX ||
	    (at < imports->count && !strcmp(imports->name[at], name)))
		return;
	memmove(imports->name[at + 1], imports->name[at],
		(imports->count - at) * sizeof(*imports->name));
	memcpy(imports->name[at], name, n + 1);
	imports->count++;
}

static bool is_end(const char *p)
{
	return !*p || strchr("\r\n#;\\", *p);
}

/* Behind `a.b` or `a.b as c`; NULL: that is none. */
static const char *skip_imported(const char *p)
{
	const char *end = skip_dotted(p), *alias;

	if (end == p)
		return NULL;
	end = skip_blanks(end);
	alias = behind_word(end, "as");
	return alias ? skip_blanks(alias + name_length(alias)) : end;
}

/* `a.b as c, d`: taken if all of it is that. */
static void scan_import(struct sm_imports *imports, const char *list)
{
	const char *p = list;

	while ((p = skip_imported(p)) && *p == ',')
		p = skip_blanks(p + 1);
	if (!p || !is_end(p))
		return;
	for (p = list; p; p = *p == ',' ? skip_blanks(p + 1) : NULL) {
		add(imports, p);
		p = skip_imported(p);
		if (!p)
			return;
	}
}

static void scan_from(struct sm_imports *imports, const char *name)
{
	const char *end = skip_dotted(name), *p = skip_blanks(end);

	if (end == name || p == end || strncmp(p, "import", 6) != 0)
		return;
	if (p[6] == ' ' || p[6] == '\t' || p[6] == '(' || p[6] == '*')
		add(imports, name);
}

static void scan_line(struct sm_imports *imports, const char *line)
{
	const char *p = skip_blanks(line), *rest;

	if ((rest = behind_word(p, "import")))
		scan_import(imports, rest);
	else if ((rest = behind_word(p, "from")))
		scan_from(imports, rest);
}

/* -------------------------------------------------------------------- calls */

static void scan_calls(struct sm_imports *imports, const char *text,
		       const char *call)
{
	const char *p = text;

	while ((p = strstr(p, call))) {
		const char *end;

		p = skip_blanks(p + strlen(call));
		if (*p != '\'' && *p != '"')
			continue;
		end = skip_dotted(p + 1);
		if (*end == *p)
			add(imports, p + 1);
	}
}

/* Whether what follows the line, one step in, waits for a call. */
static bool begins_function(const char *line, bool does)
{
	if (!name_length(line))
		return does;
	return behind_word(line, "def") || behind_word(line, "async") ||
	       behind_word(line, "class");
}

static bool is_deep(const char *line)
{
	size_t tabs = strspn(line, "\t"), blanks = strspn(line, " ");

	return tabs > 1 || blanks > 4;
}

void sm_imports_scan(struct sm_imports *imports, const char *text,
		     enum sm_imports_of which)
{
	bool in_function = false;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		in_function = begins_function(line, in_function);
		if (which == SM_IMPORTS_OF_ALL ||
		    (!in_function && !is_deep(line)))
			scan_line(imports, line);
	}
	if (which == SM_IMPORTS_OF_LOADING)
		return;
	scan_calls(imports, text, "import_module(");
	scan_calls(imports, text, "__import__(");
}

/* -------------------------------------------------------------------- files */

static bool is_loaded(const char *path)
{
	static const char *const others[] = { "conftest.py", "setup.py",
					      "testing.py", "__main__.py" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(path, others[i]))
			return false;
	return !strchr(path, '/');
}

static void scan_file(struct sm_imports *imports, int root, const char *path,
		      enum sm_imports_of which, size_t *bytes)
{
	char *text = *bytes ? sm_file_text(root, path) : NULL;
	size_t n = text ? strlen(text) : 0;

	if (n <= *bytes && text)
		sm_imports_scan(imports, text, which);
	*bytes -= n < *bytes ? n : *bytes;
	free(text);
}

void sm_imports_scan_files(struct sm_imports *imports, const char *root,
			   const char *modules, enum sm_imports_of which,
			   size_t *bytes, const _Atomic bool *should_stop)
{
	int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX];

	if (directory < 0)
		return;
	while (*modules && !(should_stop && *should_stop)) {
		size_t n = strcspn(modules, "\n");

		if (n > 3 && n < sizeof(path) &&
		    !memcmp(modules + n - 3, ".py", 3)) {
			memcpy(path, modules, n);
			path[n] = '\0';
			if (which == SM_IMPORTS_OF_ALL || is_loaded(path))
				scan_file(imports, directory, path, which,
					  bytes);
		}
		modules += n + (modules[n] == '\n');
	}
	close(directory);
}
