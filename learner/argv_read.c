/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands as words: which of them are values, and which are spelled by the
 * program.
 */
#include "learner/argv.h"
#include "schema/ascii.h"
#include "schema/named.h"
#include "schema/shell.h"

/* python3.11 and php-cgi, but not sha256sum. */
static bool is_version_of(struct sm_str name, struct sm_str program)
{
	char next = name.len > program.len ? name.p[program.len] : '-';

	return sm_str_starts(name, program) &&
	       (next == '-' || next == '.' || sm_is_digit(next));
}

bool sm_is_interpreter(struct sm_str program)
{
	static const char *const names[] = { "python", "pypy",	 "perl", "ruby",
					     "node",   "nodejs", "php",	 "lua",
					     "sh",     "bash",	 "dash", "ksh",
					     "zsh",    "env",	 NULL };
	struct sm_str name = sm_path_name(program);

	for (size_t i = 0; names[i]; i++)
		if (is_version_of(name, sm_str_of(names[i])))
			return true;
	return false;
}

bool sm_is_option(struct sm_str text)
{
	return text.len > 1 && text.p[0] == '-';
}

/* `--name=` of `--name=value`, or empty. */
static struct sm_str option_head(struct sm_str text)
{
	const char *equals = text.len ? memchr(text.p, '=', text.len) : NULL;

	if (!equals || !sm_str_starts(text, SM_STR("--")))
		return (struct sm_str){ "", 0 };
	return (struct sm_str){ text.p, (uint32_t)(equals - text.p) + 1 };
}

/* `-c` of `-c1-40`, `-` of `-9`: an option with its numbers attached; or empty.
 */
static struct sm_str numbered_head(struct sm_learn *l, struct sm_str text)
{
	uint32_t n = 1, end;
	unsigned typed;

	while (n < text.len && sm_is_letter(text.p[n]))
		n++;
	if (!sm_is_option(text) || n == text.len)
		return (struct sm_str){ "", 0 };
	for (end = n; end < text.len; end++)
		if (!strchr(n > 1 ? "0123456789-.,:x%" : "0123456789",
			    text.p[end]))
			return (struct sm_str){ "", 0 };
	sm_skeleton(l, (struct sm_str){ text.p + n, text.len - n }, &typed);
	return (struct sm_str){ text.p, typed ? n : 0 };
}

/*
 * The absolute path that a word spells, perhaps with a slash at its end or a
 * dot for how much of it is meant; or empty. Nothing with "..": where that
 * leads, links decide.
 */
static struct sm_str path_of(struct sm_learn *l, struct sm_str word)
{
	struct sm_str path, none = { "", 0 };
	char out[SM_PATH_MAX];

	if (sm_path_is_canonical(word))
		return word;
	if (!sm_str_starts(word, SM_STR("/")) ||
	    memmem(word.p, word.len, "/../", 4) ||
	    sm_path_canonical(SM_STR("/"), word, out, &path))
		return none;
	return sm_learn_copy(l, path);
}

static struct sm_word read_word(struct sm_learn *l,
				const struct sm_standing *standing,
				struct sm_str text)
{
	struct sm_word w = { .head = option_head(text) };
	struct sm_str pattern;
	bool slotted;

	if (!w.head.len)
		w.head = numbered_head(l, text);
	w.value = (struct sm_str){ text.p + w.head.len, text.len - w.head.len };
	w.is_fixed = sm_is_option(text) && !w.head.len;
	if (w.is_fixed)
		return w;
	w.path = path_of(l, w.value);
	if (!w.path.len) {
		w.known = sm_paths_relative(l, standing, w.value, &slotted);
		return w;
	}
	if (!sm_path_is_canonical(w.value) && !sm_paths_find(l, w.path))
		return w;
	pattern = sm_paths_word(l, w.path, &slotted);
	if (slotted) {
		w.value = pattern;
		w.is_path = w.is_fixed = true;
	}
	return w;
}

static bool is_word_char(char c)
{
	return sm_is_alnum(c) || c == '_' || c == '.';
}

/* Behind the number at `at`, if one stands there on its own; else `at`. */
static uint32_t number_end(struct sm_str code, uint32_t at)
{
	uint32_t end = at;

	if (at && is_word_char(code.p[at - 1]))
		return at;
	while (end < code.len && sm_is_digit(code.p[end]))
		end++;
	return end < code.len && is_word_char(code.p[end]) ? at : end;
}

/*
 * What multiprocessing starts its children with holds the numbers of
 * descriptors, which say nothing about the next run (CPython, 3.8 to 3.14:
 * spawn.get_command_line(), resource_tracker, forkserver). They become slots,
 * but for those in strings; the code around them stays as it is.
 */
static bool open_descriptors(struct sm_learn *l, struct sm_word *w)
{
	struct sm_str code = w->value, text = SM_STR("");
	uint32_t from = 0, end;
	char quote = '\0';

	if (!sm_str_starts(code, SM_STR("from multiprocessing.")) &&
	    !sm_str_starts(code, SM_STR("import sys; from multiprocessing.")))
		return false;
	for (uint32_t i = 0; i < code.len; i++) {
		char c = code.p[i];

		if (quote && c == '\\')
			i++;
		else if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? '\0' : c;
		end = quote ? i : number_end(code, i);
		if (end <= i)
			continue;
		text = sm_learn_join(
			l, text,
			sm_escape(l,
				  (struct sm_str){ code.p + from, i - from }));
		text = sm_learn_join(l, text, SM_STR("<int>"));
		from = end;
		i = end - 1;
	}
	w->value =
		sm_learn_join(l, text,
			      sm_escape(l, (struct sm_str){ code.p + from,
							    code.len - from }));
	return true;
}

static bool takes_code(struct sm_str option)
{
	return sm_str_equal(option, SM_STR("-c")) ||
	       sm_str_equal(option, SM_STR("-m")) ||
	       sm_str_equal(option, SM_STR("-e"));
}

static void fix_word(struct sm_learn *l, struct sm_line *line, uint32_t at)
{
	struct sm_word *w = &line->words[at];
	struct sm_str last = line->words[at - 1].value;

	if (sm_str_equal(last, SM_STR("-c")))
		w->is_pattern = open_descriptors(l, w);
	w->is_fixed = true;
	w->is_command = !takes_code(last);
}

static bool is_python(struct sm_str program)
{
	return sm_str_starts(sm_path_name(program), SM_STR("python"));
}

/* Python's own words are known to the last one. */
static void fix_python(struct sm_learn *l, struct sm_line *line, uint32_t end)
{
	for (uint32_t i = 1; i < end && i < line->count; i++)
		line->words[i].is_fixed = true;
	if (end > 1 && end <= line->count &&
	    !sm_is_option(line->words[end - 1].value))
		fix_word(l, line, end - 1);
}

/* No value of an option, and not what runs another one. */
static bool is_script(const struct sm_line *line, uint32_t at)
{
	struct sm_str text = line->words[at].value;

	return (text.p[0] == '/' || sm_is_code_suffix(sm_extension(text))) &&
	       !sm_is_option(line->words[at - 1].value) &&
	       !sm_is_interpreter(text);
}

/*
 * Code given to an interpreter, and the script it runs, never vary. What is
 * behind a script is for that: its `-m` is a message or whatever it likes.
 */
static void fix_code(struct sm_learn *l, struct sm_line *line,
		     const struct sm_command *command)
{
	bool is_script_due = true;

	if (!sm_is_interpreter(line->program))
		return;
	if (is_python(line->program)) {
		fix_python(l, line, sm_named_first_word(command));
		return;
	}
	for (uint32_t i = 1; i < line->count; i++) {
		const struct sm_word *w = &line->words[i];

		if (takes_code(line->words[i - 1].value)) {
			fix_word(l, line, i);
			is_script_due = false;
		} else if (is_script_due && w->value.len &&
			   !sm_is_option(w->value) && !w->head.len) {
			fix_word(l, line, i);
			is_script_due = false;
			if (is_script(line, i))
				return;
		}
	}
}

/* What a program is called with: its path, with slots where that has some. */
static struct sm_word read_program(struct sm_learn *l, struct sm_str text)
{
	struct sm_word w = { .value = text, .is_fixed = true };
	struct sm_str told;

	if (!sm_path_is_canonical(text))
		return w;
	told = sm_paths_told(l, text);
	w.is_path = !sm_str_equal(told, sm_learn_path(l, text));
	if (w.is_path)
		w.value = told;
	return w;
}

static void read_argv(struct sm_learn *l, struct sm_line *line,
		      const struct sm_fact *fact)
{
	const struct sm_request *request = fact->request;
	struct sm_standing *standing =
		sm_learn_take(l, (request->argc + 1) * sizeof(*standing));
	struct sm_str *argv =
		sm_learn_take(l, (request->argc + 1) * sizeof(*argv));
	const struct sm_command command = { .exe = line->program,
					    .argv = argv,
					    .argc = request->argc };

	sm_standing_in_argv(l, fact, standing);
	line->words =
		sm_learn_take(l, (request->argc + 1) * sizeof(*line->words));
	for (uint32_t i = 0; i < request->argc; i++) {
		argv[i] = sm_value_str(&request->args[i]);
		line->words[i] = read_word(l, &standing[i], argv[i]);
		if (!i && !sm_list_has(&l->probed, argv[i]))
			line->words[i] = read_program(l, argv[i]);
	}
	line->count = request->argc;
	line->is_parsed = true;
	fix_code(l, line, &command);
	if (is_python(line->program))
		sm_line_note_source(l, line, sm_named_first_word(&command));
}

/* An interpreter in a line is told its code as elsewhere. */
static void fix_shell_code(struct sm_learn *l, struct sm_line *line,
			   const struct sm_shell *shell, uint32_t at)
{
	struct sm_str *argv =
		sm_learn_take(l, (shell->count + 1) * sizeof(*argv));
	struct sm_line part = { .access = line->access,
				.program = line->words[at].value,
				.words = line->words + at };
	struct sm_command command = { .exe = part.program, .argv = argv };

	for (uint32_t i = at; i < shell->count; i++) {
		if (shell->tokens[i].kind != SM_SHELL_WORD)
			break;
		argv[command.argc++] = shell->tokens[i].text;
	}
	part.count = command.argc;
	fix_code(l, &part, &command);
}

/* What is done with variables may run what they hold. */
static bool may_run_variables(const struct sm_shell *shell)
{
	static const char *const names[] = { ".",	"command", "env",
					     "eval",	"exec",	   "find",
					     "nohup",	"source",  "ssh",
					     "su",	"sudo",	   "time",
					     "timeout", "xargs",   NULL };

	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];

		if (t->is_command && !t->is_assignment &&
		    (t->is_live || sm_is_interpreter(t->text) ||
		     sm_is_among(sm_path_name(t->text), names)))
			return true;
	}
	return false;
}

/*
 * A name in front of a pattern of names: what joins them (NAME.*) belongs to
 * the pattern. Paths and options stay as they are.
 */
static bool read_stem(struct sm_learn *l, const struct sm_shell_token *t,
		      struct sm_word *word)
{
	struct sm_str stem = sm_learn_copy(l, t->stem), joint;

	if (t->kind != SM_SHELL_WORD || !sm_shell_has_stem(t) ||
	    stem.p[0] == '-' || sm_str_has(stem, '/'))
		return false;
	joint = stem;
	while (joint.len && strchr(".-_", joint.p[joint.len - 1]))
		joint.len--;
	if (!joint.len)
		return false;
	*word = (struct sm_word){
		.value = joint,
		.tail = sm_learn_join(l,
				      (struct sm_str){ stem.p + joint.len,
						       stem.len - joint.len },
				      sm_learn_copy(l, t->tail)),
	};
	return true;
}

static void read_shell(struct sm_learn *l, struct sm_line *line,
		       const struct sm_fact *fact)
{
	struct sm_shell *shell = sm_learn_take(l, sizeof(*shell));
	struct sm_standing *standing;
	bool may_run;

	line->is_parsed = sm_shell_parse(line->whole, false, shell);
	if (!line->is_parsed)
		return;
	standing = sm_learn_take(l, (shell->count + 1) * sizeof(*standing));
	sm_standing_in_shell(l, fact, shell, standing);
	line->words =
		sm_learn_take(l, (shell->count + 1) * sizeof(*line->words));
	may_run = may_run_variables(shell);
	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];
		struct sm_word *w = &line->words[i];

		bool is_fixed = t->is_command || (t->depth && may_run) ||
				(l->options.level == SM_LEVEL_TIGHT &&
				 sm_word_gives_names(shell, i));

		if (!is_fixed && read_stem(l, t, w))
			continue;
		if (t->kind != SM_SHELL_WORD || t->is_live)
			*w = (struct sm_word){ .value =
						       sm_learn_copy(l, t->raw),
					       .is_fixed = true,
					       .is_raw = true };
		else if (is_fixed)
			*w = (struct sm_word){ .value = sm_learn_copy(l,
								      t->text),
					       .is_fixed = true,
					       .is_command = t->is_command };
		else
			*w = read_word(l, &standing[i],
				       sm_learn_copy(l, t->text));
	}
	line->count = shell->count;
	for (uint32_t i = 0; i < shell->count; i++)
		if (shell->tokens[i].is_command)
			fix_shell_code(l, line, shell, i);
}

struct sm_line sm_line_read(struct sm_learn *l, const struct sm_fact *fact)
{
	const struct sm_request *request = fact->request;
	struct sm_line line = { .access = request->access,
				.program = SM_STR(""),
				.whole = SM_STR(""),
				.runs = fact->view->call->runs,
				.time = { fact->view->call->first_ns,
					  fact->view->call->last_ns },
				.seen = fact->view->call->count };

	if (request->access == SM_ACCESS_EXEC) {
		line.program = request->value;
		read_argv(l, &line, fact);
	} else {
		line.whole = request->value;
		read_shell(l, &line, fact);
	}
	if (l->options.level != SM_LEVEL_TIGHT)
		sm_line_name_trees(l, &line);
	sm_list_add(l, &line.by, sm_by_of(l, &fact->view->event));
	return line;
}
