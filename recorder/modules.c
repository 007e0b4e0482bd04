/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/modules.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/lines.h"

struct lister {
	struct sm_lines *lines;
	const _Atomic bool *should_stop; /* NULL: never */
	unsigned looks, depth;
	bool has_failed;     /* memory ran out */
	char path[PATH_MAX]; /* below the root, ends with `/` or is empty */
	size_t length;
};

enum entry_kind { ENTRY_HIDDEN, ENTRY_OTHER, ENTRY_MODULE, ENTRY_DIRECTORY };

/* -------------------------------------------------------------------- names */

static size_t word_length(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return strspn(name, letters);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && !strcmp(name + n - m, end);
}

/* "late.py", "fast.so", "fast.cpython-311-x86_64-linux-gnu.so" */
static bool is_module_name(const char *name)
{
	size_t n = word_length(name);
	const char *rest = name + n;

	if (!n || *rest != '.')
		return false;
	if (!strcmp(rest, ".py") || !strcmp(rest, ".so"))
		return true;
	n = word_length(rest + 1);
	return n && !strcmp(rest + 1 + n, ".so");
}

/* What lies beside modules and is none, but is not data either. */
static bool is_companion_name(const char *name)
{
	return ends_with(name, ".pyc") || ends_with(name, ".pyi") ||
	       !strcmp(name, "py.typed");
}

static bool is_package_name(const char *name)
{
	return !name[word_length(name)] && strcmp(name, "__pycache__") != 0 &&
	       strcmp(name, "tests") != 0 && strcmp(name, "test") != 0;
}

/* ------------------------------------------------------------------ entries */

static unsigned char type_of(int directory, const struct dirent *entry)
{
	struct stat facts;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(directory, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW))
		return DT_UNKNOWN;
	if (S_ISDIR(facts.st_mode))
		return DT_DIR;
	return S_ISREG(facts.st_mode) ? DT_REG : DT_UNKNOWN;
}

static enum entry_kind kind_of(int directory, const struct dirent *entry)
{
	const char *name = entry->d_name;
	unsigned char type;

	if (name[0] == '.')
		return ENTRY_HIDDEN;
	type = type_of(directory, entry);
	if (type == DT_DIR)
		return is_package_name(name) ? ENTRY_DIRECTORY : ENTRY_HIDDEN;
	if (type == DT_REG && is_companion_name(name))
		return ENTRY_HIDDEN;
	return type == DT_REG && is_module_name(name) ? ENTRY_MODULE
						      : ENTRY_OTHER;
}

static const struct dirent *next_entry(struct lister *l, DIR *directory)
{
	if (l->looks == SM_MODULES_LOOKS || l->has_failed ||
	    sm_lines_are_full(l->lines) || (l->should_stop && *l->should_stop))
		return NULL;
	l->looks++;
	return readdir(directory);
}

static bool may_anybody_write(int directory)
{
	struct stat facts;

	return fstat(directory, &facts) || facts.st_mode & S_IWOTH;
}

/* With an __init__.py, or with modules and nothing else. */
static bool is_package(struct lister *l, DIR *directory)
{
	const struct dirent *entry;
	bool has_module = false, has_other = false;

	if (!faccessat(dirfd(directory), "__init__.py", F_OK, 0))
		return true;
	while (!has_other && (entry = next_entry(l, directory))) {
		enum entry_kind kind = kind_of(dirfd(directory), entry);

		has_module |= kind == ENTRY_MODULE;
		has_other |= kind == ENTRY_OTHER;
	}
	rewinddir(directory);
	return has_module && !has_other;
}

/* --------------------------------------------------------------------- walk */

static void add_module(struct lister *l, const char *name)
{
	char *line = NULL;

	if (asprintf(&line, "%.*s%s\n", (int)l->length, l->path, name) < 0)
		line = NULL;
	l->has_failed |= !sm_lines_take(l->lines, line);
}

static void walk(struct lister *l, int at, const char *name);

static void enter(struct lister *l, int at, const char *name)
{
	size_t before = l->length, n = strlen(name);

	if (l->depth == SM_MODULES_DEPTH || before + n + 2 > sizeof(l->path))
		return;
	memcpy(l->path + before, name, n);
	l->path[before + n] = '/';
	l->length += n + 1;
	l->depth++;
	walk(l, at, name);
	l->depth--;
	l->length = before;
}

static void list(struct lister *l, DIR *directory)
{
	const struct dirent *entry;

	while ((entry = next_entry(l, directory))) {
		enum entry_kind kind = kind_of(dirfd(directory), entry);

		if (kind == ENTRY_MODULE)
			add_module(l, entry->d_name);
		else if (kind == ENTRY_DIRECTORY)
			enter(l, dirfd(directory), entry->d_name);
	}
}

/* Descends into packages; the root need be none. */
// NOLINTNEXTLINE(misc-no-recursion): at most SM_MODULES_DEPTH
static void walk(struct lister *l, int at, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(at, name, l->depth ? flags | O_NOFOLLOW : flags);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!may_anybody_write(fd) && (!l->depth || is_package(l, directory)))
		list(l, directory);
	closedir(directory);
}

/* ---------------------------------------------------------------------- API */

size_t sm_modules_root(const char *directory)
{
	char file[PATH_MAX];
	size_t n = strlen(directory);

	while (n > 1) {
		int bytes = snprintf(file, sizeof(file), "%.*s/__init__.py",
				     (int)n, directory);

		if (bytes < 0 || (size_t)bytes >= sizeof(file) ||
		    access(file, F_OK))
			break;
		while (n > 1 && directory[n - 1] != '/')
			n--;
		if (n > 1)
			n--;
	}
	return n;
}

char *sm_modules_read(const char *root, const _Atomic bool *should_stop)
{
	struct lister *l = calloc(1, sizeof(*l));
	char *text = NULL;

	if (l)
		l->lines = calloc(1, sizeof(*l->lines));
	if (l && l->lines) {
		l->should_stop = should_stop;
		walk(l, AT_FDCWD, root);
		if (!l->has_failed)
			text = sm_lines_join(l->lines);
		sm_lines_free(l->lines);
	}
	free(l);
	return text;
}
