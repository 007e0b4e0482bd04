/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_words.c: whether arguments and shell lines are well spelled.
 */
#include "schema/policy/pattern.h"
#include "schema/shell.h"

/*
 * Two would have to be tried in all ways; further words, too.
 */
static enum sm_status check_run(const struct sm_rule *rule, size_t slot,
				struct sm_diag *diag)
{
	size_t i, last = rule->args.count - 1;

	if (!slot)
		return sm_fail(diag, SM_INVALID,
			       "argv[0] is one word and has no ...");
	for (i = 0; i < slot; i++)
		if (sm_pattern_run(rule->args.items[i]))
			break;
	if (i < slot || sm_str_equal(rule->args.items[last], SM_STR("*")))
		return sm_fail(diag, SM_INVALID,
			       "one argument only may have ..., and none "
			       "beside *");
	return SM_OK;
}

static enum sm_status check_group(struct sm_str text, size_t slot,
				  struct sm_diag *diag)
{
	struct sm_str words[SM_GROUP_WORDS_MAX];
	uint32_t count = sm_pattern_group(text, words);
	enum sm_status status = SM_OK;

	if (!slot)
		return sm_fail(diag, SM_INVALID, "argv[0] is no option");
	for (uint32_t i = 0; !status && i < count; i++) {
		if (sm_pattern_run(words[i]) ||
		    sm_str_equal(words[i], SM_STR("*")))
			return sm_fail(diag, SM_INVALID,
				       "a word of an option is one word");
		status = sm_pattern_check_word(words[i], false, diag);
	}
	return status;
}

enum sm_status sm_pattern_check_slot(const struct sm_rule *rule, size_t slot,
				     struct sm_diag *diag)
{
	struct sm_str text = rule->args.items[slot];
	bool is_star = sm_str_equal(text, SM_STR("*"));
	struct sm_scan scan = { text, 0, true, false };
	struct sm_item item;
	enum sm_status status;

	if (rule->family == SM_FAMILY_EVENTS)
		return sm_pattern_check_word(text, false, diag);
	if (sm_pattern_is_group(text))
		return check_group(text, slot, diag);
	if (is_star && slot + 1 != rule->args.count)
		return sm_fail(diag, SM_INVALID,
			       "* stands for further words and must be last");
	if (sm_pattern_run(text)) {
		status = check_run(rule, slot, diag);
		if (status)
			return status;
		text.len = sm_pattern_run(text);
	}
	status = sm_pattern_check_word(text, false, diag);
	if (status || slot)
		return status;
	while (!sm_pattern_next(&scan, &item, NULL))
		if (item.kind != SM_ITEM_LITERAL &&
		    item.kind != SM_ITEM_VARIABLE &&
		    item.kind != SM_ITEM_PATH && item.kind != SM_ITEM_OPTION)
			return sm_fail(diag, SM_INVALID,
				       "argv[0] cannot be an open slot");
	return SM_OK;
}

/* What a variable holds is run as a command, or read as one. */
static bool runs_variables(const struct sm_shell *shell)
{
	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];

		if (t->is_command && !t->is_assignment &&
		    (t->is_live || sm_str_equal(t->text, SM_STR("eval"))))
			return true;
	}
	return false;
}

/* In front of a * of the shell's: no path, which would end its word. */
static enum sm_status check_stem(struct sm_str stem, struct sm_diag *diag)
{
	struct sm_scan scan = { stem, 0, true, false };
	struct sm_item item;

	while (!sm_pattern_next(&scan, &item, NULL))
		if (item.kind == SM_ITEM_PATH)
			return sm_fail(diag, SM_INVALID,
				       "<path:...> must end its word");
	return sm_pattern_check_word(stem, true, diag);
}

/* A slot where the shell expects a command would let the caller choose it. */
enum sm_status sm_pattern_check_line(struct sm_str line, struct sm_diag *diag)
{
	struct sm_shell shell;
	enum sm_status status = SM_OK;
	uint32_t i, runs = 0;

	if (!line.len)
		return sm_fail(diag, SM_INVALID, "empty shell line");
	if (!sm_shell_parse(line, true, &shell))
		return SM_OK; /* matches only literally */
	for (i = 0; !status && i < shell.count; i++) {
		const struct sm_shell_token *t = &shell.tokens[i];

		if (t->has_slot && t->is_command)
			return sm_fail(diag, SM_INVALID,
				       "a command in a shell line cannot be a "
				       "slot");
		if (t->has_slot && t->depth && runs_variables(&shell))
			return sm_fail(diag, SM_INVALID,
				       "a word of a substitution cannot be a "
				       "slot where a variable is a command");
		if (t->is_run && t->group)
			return sm_fail(diag, SM_INVALID,
				       "a word of an option is one word");
		runs += t->is_run;
		if (runs > 1)
			return sm_fail(diag, SM_INVALID,
				       "one word only of a shell line may have "
				       "...");
		if (t->kind == SM_SHELL_WORD && !t->is_live)
			status = sm_pattern_check_word(sm_shell_slot(t), true,
						       diag);
		else if (t->kind == SM_SHELL_WORD && sm_shell_has_stem(t))
			status = check_stem(t->stem, diag);
	}
	return status;
}
