/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_program.c: which program an event names, as the call will find it.
 */
#include "recorder/agent/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* execve(2) refuses directories, which may be searched. */
bool sm_resolve_is_executable(int dir_fd, const char *path)
{
	struct stat st;

	if (faccessat(dir_fd, path, X_OK, AT_EACCESS) ||
	    syscall(SYS_newfstatat, dir_fd, path, &st, 0))
		return false;
	if (S_ISREG(st.st_mode))
		return true;
	errno = EACCES;
	return false;
}

static bool is_executable(const char *path)
{
	return sm_resolve_is_executable(AT_FDCWD, path);
}

/* PATH of the child's environment: a dict, or a sequence of NAME=VALUE. */
static bool path_of_dict(struct sm_box *box, struct py_object *variables,
			 struct sm_str *out)
{
	struct py_object *key, *value;
	PY_SIZE at = 0;
	struct sm_str name;

	while (sm_py.PyDict_Next(variables, &at, &key, &value))
		if (sm_extract_string(box, key, &name) &&
		    sm_str_equal(name, SM_STR("PATH")))
			return sm_extract_string(box, value, out);
	return false;
}

/* The environment argument; NULL: the event has none. */
static struct py_object *variables_of(const struct sm_catalogue_entry *entry,
				      struct py_object *args)
{
	int i = sm_catalogue_role(entry, SM_ROLE_ENVIRON);

	if (i < 0 || sm_py.PyTuple_Size(args) <= i)
		return NULL;
	return sm_py.PyTuple_GetItem(args, i);
}

static struct sm_str search_path(struct sm_box *box,
				 const struct sm_catalogue_entry *entry,
				 struct py_object *args)
{
	struct py_object *variables = variables_of(entry, args);
	struct sm_str path;
	const char *own = getenv("PATH");

	if (variables &&
	    sm_py.PyType_GetFlags(sm_python_type(variables)) & PY_IS_DICT)
		return path_of_dict(box, variables, &path)
			       ? path
			       : SM_STR("/bin:/usr/bin");
	return own ? sm_str_of(own) : SM_STR("/bin:/usr/bin");
}

/* NAME in dir, which may be relative to base; empty: it does not fit. */
static struct sm_str candidate(struct sm_str base, struct sm_str dir,
			       struct sm_str name, char *out)
{
	char text[SM_PATH_MAX];
	struct sm_str path = { text, dir.len }, result = { NULL, 0 };

	if (dir.len + name.len + 2 > SM_PATH_MAX)
		return result;
	if (dir.len)
		memcpy(text, dir.p, dir.len);
	if (dir.len)
		text[path.len++] = '/';
	memcpy(text + path.len, name.p, name.len);
	path.len += name.len;
	if (sm_path_canonical(base, path, out, &result) != SM_OK ||
	    result.len == SM_PATH_MAX)
		result.len = 0;
	out[result.len] = '\0';
	return result;
}

struct sm_str sm_resolve_program(struct sm_str path, struct sm_str base,
				 struct sm_str name, char out[SM_PATH_MAX])
{
	const char *colon;
	struct sm_str found;

	do {
		struct sm_str dir = path;

		colon = path.len ? memchr(path.p, ':', path.len) : NULL;
		if (colon)
			dir.len = (uint32_t)(colon - path.p);
		path.p += dir.len + 1;
		path.len -= dir.len + (colon != NULL);
		found = candidate(base, dir, name, out);
		if (found.len && is_executable(out))
			return found;
	} while (colon);
	return (struct sm_str){ NULL, 0 };
}

/* The first candidate that can be run: what _posixsubprocess will do. */
static struct sm_str first_runnable(const struct sm_value *list)
{
	char path[SM_PATH_MAX];

	for (uint32_t i = 0; i < list->len; i++) {
		struct sm_str s = sm_value_str(&list->items[i]);

		if (!s.len || s.len >= SM_PATH_MAX ||
		    sm_value_is_cut(&list->items[i]))
			continue;
		memcpy(path, s.p, s.len);
		path[s.len] = '\0';
		if (is_executable(path))
			return s;
	}
	return list->len ? sm_value_str(&list->items[0])
			 : (struct sm_str){ NULL, 0 };
}

/* executable, or argv[0] where it is None. */
static struct sm_str program_of(const struct sm_event *event,
				const struct sm_catalogue_entry *entry)
{
	const struct sm_value *v =
		sm_resolve_argument(event, entry, SM_ROLE_PROGRAM);
	const struct sm_value *argv =
		sm_resolve_argument(event, entry, SM_ROLE_ARGV);

	if (v && v->type == SM_LIST)
		return first_runnable(v);
	if (v && v->type != SM_NONE && !sm_value_is_string(v))
		return (struct sm_str){ NULL, 0 }; /* a PathLike */
	if (v && v->type == SM_NONE && argv) {
		v = argv;
		if (argv->type == SM_LIST)
			v = argv->len ? &argv->items[0] : NULL;
	}
	if (!v || !sm_value_is_string(v) || sm_value_is_cut(v))
		return (struct sm_str){ NULL, 0 };
	return sm_value_str(v);
}

/* Where one of its directories lies depends on where the program starts. */
static bool is_relative(struct sm_str path)
{
	for (uint32_t i = 0; i <= path.len; i++)
		if ((!i || path.p[i - 1] == ':') &&
		    (i == path.len || path.p[i] != '/'))
			return true;
	return false;
}

/*
 * A name PATH does not lead to stays without a path, and so does one given to
 * os.posix_spawn(), which may mean the working directory or PATH: the call
 * itself tells. Live replay is given paths, and looks at nothing.
 */
static struct sm_str search(struct sm_box *box,
			    const struct sm_catalogue_entry *entry,
			    struct py_object *args,
			    const struct sm_event *event,
			    const struct sm_str *base, struct sm_str name)
{
	struct sm_str path = search_path(box, entry, args);

	if (sm_agent.flags & SM_CHANNEL_LIVE ||
	    event->site.kind == SM_EVENT_OS_POSIX_SPAWN)
		return (struct sm_str){ NULL, 0 };
	if (!base && is_relative(path))
		return (struct sm_str){ NULL, 0 };
	return sm_resolve_program(path,
				  base && base->len ? *base : sm_resolve_cwd(),
				  name, box->resolved[0]);
}

/*
 * The directory a program is started in; empty: this process's. False: nothing
 * tells; of an object the call itself does.
 */
static bool directory_of(const struct sm_value *dir, char *room,
			 struct sm_str *out)
{
	*out = (struct sm_str){ NULL, 0 };
	if (!dir || dir->type == SM_NONE)
		return true;
	if (!sm_value_is_string(dir) || sm_value_is_cut(dir))
		return false;
	*out = sm_value_str(dir);
	if (!sm_path_is_canonical(*out))
		*out = sm_resolve_absolute((struct sm_str){ 0 }, *out, room);
	return out->len;
}

void sm_resolve_run(struct sm_box *box, const struct sm_catalogue_entry *entry,
		    struct py_object *args, struct sm_event *event)
{
	const struct sm_value *dir =
		sm_resolve_argument(event, entry, SM_ROLE_CWD);
	const struct sm_value *given =
		sm_resolve_argument(event, entry, SM_ROLE_PROGRAM);
	struct sm_str program = program_of(event, entry), base = { NULL, 0 };
	bool is_searched = entry->operation == SM_OPERATION_POPEN ||
			   event->site.kind == SM_EVENT_OS_POSIX_SPAWN;
	char copy[SM_PATH_MAX];
	bool is_told;

	if (given && given->type == SM_INT)
		event->resolved[0] = sm_resolve_fd(given->i, box->resolved[0]);
	if (!program.len || program.len >= SM_PATH_MAX ||
	    memchr(program.p, '\0', program.len))
		return;
	is_told = program.p[0] == '/' || directory_of(dir, copy, &base);
	if (is_searched && !memchr(program.p, '/', program.len)) {
		event->resolved[0] = search(box, entry, args, event,
					    is_told ? &base : NULL, program);
		return;
	}
	if (!is_told)
		return;
	if (sm_path_is_canonical(program)) {
		/* chosen from candidates, or argv[0]: say which */
		if (!given || !sm_value_is_string(given))
			event->resolved[0] = program;
		return;
	}
	event->resolved[0] =
		sm_resolve_absolute(base, program, box->resolved[0]);
}

void sm_resolve_environment(struct sm_box *box,
			    const struct sm_catalogue_entry *entry,
			    struct py_object *args, struct sm_event *event)
{
	event->resolved[1] = sm_environment_changes(
		box, variables_of(entry, args), box->resolved[1]);
}
