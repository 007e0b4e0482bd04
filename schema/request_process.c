/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/request_build.h"

struct sm_str sm_request_shell_line(struct sm_str program,
				    const struct sm_value *argv, uint32_t argc)
{
	static const char *const shells[] = { "sh",  "bash", "dash",
					      "ksh", "zsh",  "ash" };
	struct sm_str name = sm_path_name(program), none = { "", 0 };
	struct sm_str dir = { program.p, program.len - name.len };

	/* Only the system's own shells are known to read lines as we do. */
	if (!sm_str_equal(dir, SM_STR("/bin/")) &&
	    !sm_str_equal(dir, SM_STR("/usr/bin/")))
		return none;
	if (argc < 3 || !sm_value_is_string(&argv[1]) ||
	    !sm_str_equal(sm_value_str(&argv[1]), SM_STR("-c")) ||
	    !sm_value_is_string(&argv[2]) || sm_value_is_cut(&argv[2]))
		return none;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (sm_str_equal(name, sm_str_of(shells[i])))
			return sm_value_str(&argv[2]);
	return none;
}

static bool is_argv_cut(const struct sm_value *argv, uint32_t argc)
{
	for (uint32_t i = 0; i < argc; i++)
		if (!sm_value_is_string(&argv[i]) || sm_value_is_cut(&argv[i]))
			return true;
	return false;
}

static void shell(struct sm_request_build *b, struct sm_str line)
{
	struct sm_request *r =
		sm_request_add(b, SM_FAMILY_PROCESSES, SM_ACCESS_SHELL);

	r->value = line;
}

/* What decides which code the child runs, where it is not what we were given.
 */
static void environment(struct sm_request_build *b)
{
	struct sm_str changes = b->event->resolved[1];
	struct sm_request *r;

	if (!changes.len)
		return;
	r = sm_request_add(b, SM_FAMILY_PROCESSES, SM_ACCESS_ENVIRONMENT);
	r->value = changes;
	/* What the agent says when it cannot tell: nothing grants that. */
	r->cut = sm_str_equal(changes, SM_STR("unreadable"));
}

/*
 * What the event cannot tell, the exec interposer can: a PathLike's path, the
 * path of a name that PATH did not lead to, a directory to start in that is an
 * object. It asks for what is really run, as secmgr.exec. Where there is no
 * interposer, the agent calls them cut.
 */
static bool is_told_later(const struct sm_value *program,
			  const struct sm_value *argv,
			  const struct sm_value *dir, struct sm_str path)
{
	const struct sm_value *items = argv;
	uint32_t n = argv != NULL;

	if (argv && argv->type == SM_LIST) {
		items = argv->items;
		n = argv->len;
	}
	if (program && sm_value_is_cut(program))
		return false;
	if (program && program->type == SM_OPAQUE)
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (items[i].type == SM_OPAQUE && !sm_value_is_cut(&items[i]))
			return true;
	if (dir && dir->type == SM_OPAQUE && !sm_value_is_cut(dir) &&
	    path.len && path.p[0] != '/')
		return true;
	return path.len && !memchr(path.p, '/', path.len);
}

/* program and argv; the agent puts what PATH finds in resolved[0]. */
static void exec_program(struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_ARGV);
	const struct sm_value *program = sm_request_arg(b, SM_ROLE_PROGRAM);
	struct sm_str path = b->event->resolved[0], line;
	bool is_named = !program || program->type == SM_NONE ||
			program->type == SM_LIST;
	struct sm_request *r;

	if (!path.len && program && sm_value_is_string(program))
		path = sm_value_str(program);
	if (!path.len && is_named && v && sm_value_is_string(v))
		path = sm_value_str(v);
	if (!path.len && is_named && v && v->type == SM_LIST && v->len)
		path = sm_value_str(&v->items[0]);
	if (b->event->site.kind != SM_EVENT_EXECUTED &&
	    is_told_later(program, v, sm_request_arg(b, SM_ROLE_CWD), path))
		return;
	if (v && v->type == SM_LIST && !sm_value_is_cut(v)) {
		line = sm_request_shell_line(path, v->items, v->len);
		if (line.len && v->len == 3) {
			shell(b, line);
			return;
		}
	}
	r = sm_request_add(b, SM_FAMILY_PROCESSES, SM_ACCESS_EXEC);
	r->value = path;
	if (v && v->type == SM_LIST) {
		r->args = v->items;
		r->argc = v->len;
	} else if (v && sm_value_is_string(v)) {
		r->args = v;
		r->argc = 1;
	}
	r->cut = !v || sm_value_is_cut(v) || is_argv_cut(r->args, r->argc) ||
		 !sm_path_is_canonical(path);
}

void sm_request_exec(struct sm_request_build *b)
{
	exec_program(b);
	environment(b);
}

/* 3.14 raises fork_exec below subprocess.Popen, which was decided already. */
void sm_request_fork_exec(struct sm_request_build *b)
{
	struct sm_str function = b->event->site.function;
	struct sm_str suffix = SM_STR("_execute_child");

	if (sm_str_ends(function, suffix) &&
	    sm_str_equal(sm_path_name(b->event->site.file),
			 SM_STR("subprocess.py")))
		return;
	sm_request_exec(b);
}

void sm_request_system(struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_SHELL);

	shell(b, v ? sm_value_str(v) : (struct sm_str){ "", 0 });
	b->out[b->count - 1].cut =
		!v || !sm_value_is_string(v) || sm_value_is_cut(v);
	environment(b);
}

void sm_request_signal(struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_PID);
	struct sm_request *r;

	if (!v)
		v = sm_request_arg(b, SM_ROLE_PGID);
	if (v && sm_value_is_string(v))
		return; /* "self", "child", "group" */
	v = sm_request_arg(b, SM_ROLE_SIGNAL);
	if (v && v->type == SM_INT && !v->i)
		return; /* none is sent: kill(2) tells whether it is there */
	r = sm_request_add(b, SM_FAMILY_PROCESSES, SM_ACCESS_SIGNAL);
	r->value = SM_STR("other");
}
