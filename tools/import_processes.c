/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_processes.c: processes that pysecmgr allows, as rules.
 */
#include "tools/import_pysecmgr.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/path.h"
#include "schema/shell.h"

/* Texts that a field holds: one, or a list of them. */
static const struct sm_node *first_text(const struct sm_node *n)
{
	return n->kind == SM_NODE_LIST ? n->children : n;
}

/* A literal regular expression's text; false when it is a pattern. */
static bool literal_of(struct sm_str word, bool is_literal, char *out,
		       size_t room)
{
	struct sm_regex *r;
	bool is_one;

	if (is_literal) {
		if (word.len >= room)
			return false;
		memcpy(out, word.p ? word.p : "", word.len);
		out[word.len] = 0;
		return true;
	}
	r = malloc(sizeof(*r));
	is_one = r && sm_regex_convert(word, SM_REGEX_WORD, r) &&
		 r->count == 1 && !r->narrower &&
		 !strpbrk(r->patterns[0], "*<$\\") &&
		 strlen(r->patterns[0]) < room;
	if (is_one)
		memcpy(out, r->patterns[0], strlen(r->patterns[0]) + 1);
	free(r);
	return is_one;
}

/* A program's name is looked up as a shell would, where this runs. */
static bool find_program(const char *name, char out[SM_PATH_MAX])
{
	const char *path = getenv("PATH");
	size_t n;

	for (; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (n && *path == '/' &&
		    snprintf(out, SM_PATH_MAX, "%.*s/%s", (int)n, path, name) <
			    SM_PATH_MAX &&
		    !access(out, X_OK))
			return true;
	}
	return false;
}

static bool program_of(struct sm_import *m, const struct sm_import_process *p,
		       char program[SM_PATH_MAX])
{
	struct sm_str word = p->executable.len ? p->executable : p->words[0];
	char name[SM_PATH_MAX];

	if (!literal_of(word, p->is_literal, name, sizeof(name))) {
		sm_import_say(m, p->line,
			      "left out: the program \"%.*s\" is no literal",
			      (int)word.len, word.p);
		return false;
	}
	if (name[0] == '/') {
		memcpy(program, name, sizeof(name));
		return true;
	}
	if (!name[0] || strchr(name, '/') || !find_program(name, program)) {
		sm_import_say(m, p->line,
			      "left out: the program \"%s\" is not found",
			      name);
		return false;
	}
	sm_import_say(m, p->line, "\"%s\" is %s here", name, program);
	return true;
}

/* One rule for each way to choose among the patterns of the words. */
static enum sm_status add_slots(struct sm_import *m,
				const struct sm_import_process *p,
				struct sm_rule *rule, struct sm_str *slots,
				size_t at)
{
	struct sm_regex *r;
	char literal[SM_IMPORT_LITERAL_MAX];
	enum sm_status status = SM_OK;
	size_t i;

	if (at == p->count) {
		rule->args = (struct sm_strings){ slots, at };
		return sm_import_add(m, p->line, rule);
	}
	if (p->is_literal) {
		if (!sm_import_escape(m, p->line, p->words[at], literal))
			return SM_OK;
		slots[at] = sm_str_of(literal);
		return add_slots(m, p, rule, slots, at + 1);
	}
	r = malloc(sizeof(*r));
	if (!r)
		return SM_NOMEM;
	if (sm_import_convert(m, p->line, p->words[at], SM_REGEX_WORD, r))
		for (i = 0; !status && i < r->count &&
			    m->rules->count < SM_IMPORT_RULES_MAX;
		     i++) {
			slots[at] = sm_str_of(r->patterns[i]);
			status = add_slots(m, p, rule, slots, at + 1);
		}
	free(r);
	return status;
}

static bool is_shell(const struct sm_import_process *p)
{
	char name[16], option[4];

	return p->count == 3 &&
	       literal_of(p->words[0], p->is_literal, name, sizeof(name)) &&
	       literal_of(p->words[1], p->is_literal, option, sizeof(option)) &&
	       !strcmp(name, "/bin/sh") && !strcmp(option, "-c");
}

enum sm_status sm_import_shell(struct sm_import *m, unsigned line,
			       struct sm_str text)
{
	struct sm_shell *shell = malloc(sizeof(*shell));
	struct sm_rule rule = { .family = SM_FAMILY_PROCESSES,
				.access = SM_ACCESS_SHELL,
				.pattern = text,
				.review = SM_STR("a shell runs this line") };
	bool has_slot = false;
	uint32_t i;

	if (!shell)
		return SM_NOMEM;
	/* A redirection from a file called int> would be read as <int>. */
	if (text.len && sm_shell_parse(text, true, shell))
		for (i = 0; i < shell->count; i++)
			has_slot |= shell->tokens[i].has_slot;
	free(shell);
	if (!has_slot)
		return sm_import_add(m, line, &rule);
	sm_import_say(m, line,
		      "left out: the shell line \"%.*s\" would be a template",
		      (int)text.len, text.p);
	return SM_OK;
}

enum sm_status sm_import_process(struct sm_import *m,
				 const struct sm_import_process *p)
{
	char program[SM_PATH_MAX], literal[SM_IMPORT_LITERAL_MAX];
	struct sm_str slots[SM_IMPORT_WORDS_MAX];
	struct sm_rule rule = { .family = SM_FAMILY_PROCESSES,
				.access = SM_ACCESS_EXEC,
				.has_args = true };

	if (!p->count) {
		sm_import_say(m, p->line,
			      "left out: a process without arguments");
		return SM_OK;
	}
	if (p->cwd.len)
		sm_import_say(
			m, p->line,
			"wider: its working directory \"%.*s\" is not compared",
			(int)p->cwd.len, p->cwd.p);
	if (is_shell(p) && m->rejects_shell) {
		sm_import_say(m, p->line, "left out: shells were rejected");
		return SM_OK;
	}
	if (is_shell(p)) {
		if (!literal_of(p->words[2], p->is_literal, literal,
				sizeof(literal))) {
			sm_import_say(m, p->line,
				      "left out: a shell line with open parts");
			return SM_OK;
		}
		return sm_import_shell(m, p->line, sm_str_of(literal));
	}
	if (!program_of(m, p, program) ||
	    !sm_import_escape(m, p->line, sm_str_of(program), literal))
		return SM_OK;
	rule.pattern = sm_str_of(literal);
	rule.review = sm_str_of(
		p->cwd.len ? "its working directory was part of the rule" : "");
	return add_slots(m, p, &rule, slots, 0);
}

/* False: more words than a rule has slots. */
bool sm_import_words(struct sm_import_process *p, const struct sm_node *n)
{
	for (n = first_text(n); n; n = n->next) {
		if (n->name.len && p->count)
			break; /* of a field that is no list: only itself */
		if (p->count == SM_IMPORT_WORDS_MAX)
			return false;
		p->words[p->count++] = n->text;
	}
	return true;
}

enum sm_status sm_import_read_process(struct sm_import *m,
				      const struct sm_node *n, bool is_literal)
{
	struct sm_import_process p = { .line = n->line,
				       .is_literal = is_literal };
	const struct sm_node *c;

	for (c = n->children; c; c = c->next) {
		if (sm_node_is_named(c, "cwd"))
			p.cwd = c->kind == SM_NODE_TEXT ? c->text : p.cwd;
		else if (sm_node_is_named(c, "executable"))
			p.executable = c->kind == SM_NODE_TEXT ? c->text
							       : p.executable;
		else if (!sm_node_is_named(c, "args"))
			continue;
		else if (c->kind == SM_NODE_OTHER) {
			sm_import_say(m, p.line,
				      "left out: arguments that are no text");
			return SM_OK;
		} else if (c->kind == SM_NODE_TEXT) {
			if (p.count == SM_IMPORT_WORDS_MAX)
				return SM_OK;
			p.words[p.count++] = c->text;
		} else if (!sm_import_words(&p, c)) {
			sm_import_say(m, p.line,
				      "left out: more than %d arguments",
				      SM_IMPORT_WORDS_MAX);
			return SM_OK;
		}
	}
	return sm_import_process(m, &p);
}
