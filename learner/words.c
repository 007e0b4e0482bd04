/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory that relative words of a command line are meant from: that of
 * the process, the one its child is started in, or what the line itself goes
 * to before, with `cd` or -C.
 */
#include "learner/argv.h"

static struct sm_standing go(struct sm_learn *l, const struct sm_standing *from,
			     struct sm_str word)
{
	struct sm_standing to = { .dir = { "", 0 }, .is_told = true };
	struct sm_str path;
	char out[SM_PATH_MAX];
	bool is_absolute = word.len && word.p[0] == '/';

	if (!word.len || word.p[0] == '-' || (!is_absolute && !from->dir.len) ||
	    sm_path_canonical(is_absolute ? SM_STR("/") : from->dir, word, out,
			      &path) != SM_OK)
		return to;
	to.dir = sm_learn_copy(l, path);
	return to;
}

/*
 * What subprocess was given as cwd=, or where all processes work. Of an object
 * only the type is known, and the words have to tell.
 */
static struct sm_standing start_of(struct sm_learn *l,
				   const struct sm_fact *fact,
				   const struct sm_str *words, size_t count)
{
	const struct sm_event *e = sm_announcement(l, fact);
	struct sm_standing start = { .dir = l->cwd };
	struct sm_str dir = { "", 0 };

	if (!e)
		e = &fact->view->event;
	if (e->site.kind != SM_EVENT_SUBPROCESS_POPEN || e->argc < 3)
		return start;
	if (sm_value_is_string(&e->args[2]))
		return go(l, &start, sm_value_str(&e->args[2]));
	if (e->args[2].type == SM_OPAQUE)
		dir = sm_paths_holding(l, words, count);
	if (dir.len)
		return (struct sm_standing){ dir, true };
	return start;
}

static struct sm_standing start_of_argv(struct sm_learn *l,
					const struct sm_fact *fact)
{
	const struct sm_request *r = fact->request;
	struct sm_str *words = sm_learn_take(l, (r->argc + 1) * sizeof(*words));

	for (uint32_t i = 0; i < r->argc; i++)
		words[i] = i ? sm_value_str(&r->args[i]) : SM_STR("");
	return start_of(l, fact, words, r->argc);
}

static struct sm_standing start_of_shell(struct sm_learn *l,
					 const struct sm_fact *fact,
					 const struct sm_shell *shell)
{
	struct sm_str *words =
		sm_learn_take(l, (shell->count + 1) * sizeof(*words));

	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];

		words[i] = t->kind == SM_SHELL_WORD && !t->is_live ? t->text
								   : SM_STR("");
	}
	return start_of(l, fact, words, shell->count);
}

/* Of tar, make, git, ninja and others: -C DIR. */
static bool is_told_where(struct sm_str option)
{
	return sm_str_equal(option, SM_STR("-C"));
}

void sm_standing_in_argv(struct sm_learn *l, const struct sm_fact *fact,
			 struct sm_standing *standing)
{
	const struct sm_request *r = fact->request;
	struct sm_standing here = start_of_argv(l, fact);

	for (uint32_t i = 0; i < r->argc; i++) {
		standing[i] = here;
		if (i && is_told_where(sm_value_str(&r->args[i - 1])))
			here = go(l, &here, sm_value_str(&r->args[i]));
	}
}

static bool is_operator(const struct sm_shell *shell, uint32_t at,
			const char *text)
{
	return at < shell->count &&
	       shell->tokens[at].kind == SM_SHELL_OPERATOR &&
	       sm_str_equal(shell->tokens[at].raw, sm_str_of(text));
}

/* `cd WORD &&` at `at`, in this shell and not in one of a pipe's. */
static bool is_move(const struct sm_shell *shell, uint32_t at)
{
	const struct sm_shell_token *t = &shell->tokens[at];

	if (at + 2 >= shell->count || !t->is_command ||
	    !sm_str_equal(t->text, SM_STR("cd")) ||
	    (at && is_operator(shell, at - 1, "|")))
		return false;
	return t[1].kind == SM_SHELL_WORD && !t[1].is_live &&
	       (is_operator(shell, at + 2, "&&") ||
		is_operator(shell, at + 2, ";") ||
		is_operator(shell, at + 2, "\n"));
}

void sm_standing_in_shell(struct sm_learn *l, const struct sm_fact *fact,
			  const struct sm_shell *shell,
			  struct sm_standing *standing)
{
	const struct sm_standing unknown = { .dir = { "", 0 } };
	struct sm_standing start = start_of_shell(l, fact, shell), here = start;
	struct sm_standing outside[SM_SHELL_DEPTH_MAX + 1];

	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];

		/* -C is for one command, cd for those that follow. */
		if (t->kind == SM_SHELL_OPERATOR)
			here = start;
		standing[i] = here;
		/* Where a subshell ends would have to be followed. */
		if (sm_shell_enters(shell, i))
			outside[t->depth] = start;
		else if (sm_shell_leaves(shell, i))
			here = start = outside[t->depth];
		else if (is_operator(shell, i, "(") ||
			 is_operator(shell, i, ")"))
			here = start = unknown;
		if (i && is_move(shell, i - 1))
			here = start = go(l, &here, t->text);
		else if (i && t->kind == SM_SHELL_WORD &&
			 t[-1].kind == SM_SHELL_WORD &&
			 is_told_where(t[-1].text))
			here = t->is_live ? unknown : go(l, &here, t->text);
	}
}

/* `*` and the like: a name may begin with a dash. */
static bool is_any_name(const struct sm_shell_token *t)
{
	return t->kind == SM_SHELL_WORD && t->is_live && !t->is_command &&
	       t->raw.len && strchr("*?[", t->raw.p[0]);
}

bool sm_word_gives_names(const struct sm_shell *shell, uint32_t at)
{
	const struct sm_shell_token *t = shell->tokens;
	bool are_operands = false;

	if (!at || !(is_move(shell, at - 1) || is_told_where(t[at - 1].text)))
		return false;
	for (uint32_t i = at + 1; i < shell->count; i++) {
		if (t[i].is_command && !t[i].is_assignment)
			are_operands = sm_takes_operands_only(t[i].text);
		if (t[i].kind == SM_SHELL_OPERATOR)
			are_operands = false;
		are_operands |= sm_str_equal(t[i].raw, SM_STR("--"));
		if (is_any_name(&t[i]) && !are_operands &&
		    t[i - 1].kind != SM_SHELL_REDIRECT)
			return true;
	}
	return false;
}

struct sm_str sm_standing_path(struct sm_learn *l,
			       const struct sm_standing *standing,
			       struct sm_str word)
{
	struct sm_str none = { "", 0 }, path, dir = standing->dir;
	char out[SM_PATH_MAX];

	if (dir.len < 2 || !word.len || word.p[0] == '/' ||
	    sm_path_canonical(dir, word, out, &path) != SM_OK ||
	    path.len != dir.len + 1 + word.len)
		return none;
	return sm_learn_copy(l, path);
}
