/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "schema/policy/compile.h"
#include "schema/shell.h"

static bool are_variables_known(struct sm_build *b, struct sm_str text)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_scan scan = { text, 0, true, false };
	struct sm_diag *diag = b->diag;
	struct sm_item item;
	size_t count;
	bool is_known = true;

	b->diag = NULL;
	while (!sm_pattern_next(&scan, &item, NULL))
		if (item.kind == SM_ITEM_VARIABLE &&
		    sm_build_values(b, item.text, 0, values,
				    SM_VALUES_OF_VARIABLE_MAX, &count))
			is_known = false;
	b->diag = diag;
	return is_known;
}

static enum sm_status build_token(struct sm_build *b,
				  const struct sm_rule *rule,
				  const struct sm_shell_token *t,
				  struct sm_blob_token *out)
{
	struct sm_scan scan = { sm_shell_slot(t), 0, true, false };

	out->kind = (uint32_t)t->kind;
	out->pattern = SM_BLOB_NONE;
	out->group = t->group;
	if (sm_shell_has_stem(t) && are_variables_known(b, t->stem)) {
		enum sm_status status;

		scan = (struct sm_scan){ t->stem, 0, true, false };
		out->kind = SM_BLOB_STEM;
		status = sm_build_pattern(b, scan, rule->line, &out->pattern);
		return status ? status : sm_build_text(b, t->tail, &out->text);
	}
	/* ${X} that is no variable of the policy is the shell's own. */
	if (t->kind == SM_SHELL_WORD && !t->is_live &&
	    (!t->has_slot || are_variables_known(b, t->text))) {
		enum sm_status status =
			sm_build_pattern(b, scan, rule->line, &out->pattern);
		if (status)
			return status;
	}
	return sm_build_text(b, t->raw, &out->text);
}

static enum sm_status build_template(struct sm_build *b,
				     const struct sm_rule *rule,
				     const struct sm_shell *shell,
				     uint32_t number)
{
	const struct sm_scan how = { .has_variables = false };
	const struct sm_shell_token *first = &shell->tokens[0];
	struct sm_blob_token tokens[SM_SHELL_TOKENS_MAX], *to;
	struct sm_vector *v = &b->sections[SM_BLOB_TOKENS];
	enum sm_status status = SM_OK;
	uint32_t i, node;

	for (i = 0; !status && i < shell->count; i++)
		status = build_token(b, rule, &shell->tokens[i], &tokens[i]);
	if (status)
		return status;
	sm_compile_record_at(b, number)->flags |= SM_RULE_SHELL;
	sm_compile_record_at(b, number)->args =
		(struct sm_blob_span){ (uint32_t)v->count, shell->count };
	for (i = 0; i < shell->count; i++) {
		to = sm_build_push(v, sizeof(*to));
		if (!to)
			return SM_NOMEM;
		*to = tokens[i];
		if (shell->tokens[i].is_run)
			sm_compile_record_at(b, number)->run = i + 1;
		if (shell->tokens[i].group)
			sm_compile_record_at(b, number)->flags |=
				SM_RULE_GROUPS;
	}
	if (first->is_live || first->kind != SM_SHELL_WORD)
		status = sm_build_literal(b, b->roots[SM_ROOT_SHELL_WORD],
					  first->raw, &node);
	else
		status = sm_build_child(b, b->roots[SM_ROOT_SHELL_WORD],
					first->text, how, &node);
	return status ? status : sm_build_grant(b, node, number);
}

enum sm_status sm_compile_shell(struct sm_build *b, const struct sm_rule *rule,
				uint32_t number)
{
	struct sm_shell *shell = malloc(sizeof(*shell));
	enum sm_status status;
	uint32_t node;

	if (!shell)
		return SM_NOMEM;
	if (sm_shell_parse(rule->pattern, true, shell)) {
		status = build_template(b, rule, shell, number);
	} else {
		sm_compile_record_at(b, number)->flags |= SM_RULE_SHELL;
		status = sm_build_literal(b, b->roots[SM_ROOT_SHELL_LINE],
					  rule->pattern, &node);
		if (!status)
			status = sm_build_grant(b, node, number);
	}
	free(shell);
	return status;
}
