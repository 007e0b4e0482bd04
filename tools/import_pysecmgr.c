/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_pysecmgr.c: what google/python-security-manager allows, as rules.
 *
 * It decides seven events; a family it was told not to enforce only warns
 * here. Its regular expressions become patterns that match no more. It knows
 * no principals: its rules get no `by`.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/path.h"
#include "schema/shell.h"
#include "tools/import_regex.h"
#include "tools/policy_import.h"

#define LITERAL_MAX 4096

static void note(struct sm_import *m, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct sm_import *m, unsigned line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	m->note(m->context, line, text);
}

/* ------------------------------------------------------------------- rules */

/* Twice the rules and more, a power of two. */
#define TABLE_ROOM 65536u

static bool are_equal(const struct sm_strings *a, const struct sm_strings *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (!sm_str_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

/* But for the accesses of a file, which are joined. */
static bool is_same(const struct sm_rule *a, const struct sm_rule *b)
{
	return a->family == b->family && a->has_args == b->has_args &&
	       (a->family == SM_FAMILY_FILES || a->access == b->access) &&
	       sm_str_equal(a->pattern, b->pattern) &&
	       are_equal(&a->args, &b->args) && are_equal(&a->by, &b->by);
}

static uint32_t hash_text(uint32_t hash, struct sm_str text)
{
	uint32_t i;

	for (i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)text.p[i]) * 16777619u;
	return hash * 31 + text.len;
}

static uint32_t hash_rule(const struct sm_rule *rule)
{
	uint32_t hash = hash_text(2166136261u, rule->pattern);
	size_t i;

	for (i = 0; i < rule->args.count; i++)
		hash = hash_text(hash, rule->args.items[i]);
	return hash;
}

/* A policy's text holds no NUL. */
static bool has_nul(const struct sm_rule *rule)
{
	size_t i;

	if (rule->pattern.len && memchr(rule->pattern.p, 0, rule->pattern.len))
		return true;
	for (i = 0; i < rule->args.count; i++)
		if (rule->args.items[i].len &&
		    memchr(rule->args.items[i].p, 0, rule->args.items[i].len))
			return true;
	return false;
}

/* Rules of one path are one; nothing stands twice. */
static enum sm_status add(struct sm_import *m, unsigned line,
			  struct sm_rule *rule)
{
	enum sm_status status;
	struct sm_diag why;
	uint32_t at;

	if (!m->table)
		m->table = calloc(TABLE_ROOM, sizeof(*m->table));
	if (!m->table)
		return SM_NOMEM;
	for (at = hash_rule(rule) & (TABLE_ROOM - 1); m->table[at];
	     at = (at + 1) & (TABLE_ROOM - 1)) {
		struct sm_rule *other = &m->rules->rules[m->table[at] - 1];

		if (!is_same(other, rule))
			continue;
		other->access |= rule->access;
		return SM_OK;
	}
	if (!rule->access) {
		note(m, line, "left out: no r, w, a or x");
		return SM_OK;
	}
	if (has_nul(rule)) {
		note(m, line, "left out: a NUL in it");
		return SM_OK;
	}
	if (sm_policy_check_rule(rule, &why)) {
		note(m, line, "left out: %s", why.text);
		return SM_OK;
	}
	if (m->rules->count == SM_IMPORT_RULES_MAX) {
		if (!m->is_full)
			note(m, line, "left out: this and all further rules");
		m->is_full = true;
		return SM_OK;
	}
	rule->line = line;
	status = sm_rules_add(m->rules, rule);
	m->table[at] = (uint32_t)m->rules->count;
	return status;
}

static enum sm_status add_pattern(struct sm_import *m, unsigned line,
				  enum sm_family family, uint32_t access,
				  const char *pattern, const char *review)
{
	struct sm_rule rule = { .family = family,
				.access = access,
				.pattern = sm_str_of(pattern),
				.review = sm_str_of(review ? review : "") };

	return add(m, line, &rule);
}

/* A literal in the spelling of patterns; false, and noted: too long. */
static bool escape(struct sm_import *m, unsigned line, struct sm_str text,
		   char out[LITERAL_MAX])
{
	if (sm_regex_escape(text, out, LITERAL_MAX))
		return true;
	note(m, line, "left out: too long, or a NUL in it");
	return false;
}

static bool convert(struct sm_import *m, unsigned line, struct sm_str regex,
		    enum sm_regex_for what, struct sm_regex *out)
{
	if (!sm_regex_convert(regex, what, out)) {
		note(m, line, "left out: \"%.*s\": %s", (int)regex.len, regex.p,
		     out->error);
		return false;
	}
	if (out->narrower)
		note(m, line, "narrower: \"%.*s\": %s", (int)regex.len, regex.p,
		     out->narrower);
	return true;
}

static bool is_true(const struct sm_node *n, bool otherwise)
{
	if (!n)
		return otherwise;
	return sm_str_equal(n->text, SM_STR("true")) ||
	       sm_str_equal(n->text, SM_STR("True")) ||
	       sm_str_equal(n->text, SM_STR("1"));
}

static void set_warn(struct sm_import *m, unsigned line, enum sm_family family,
		     const char *what)
{
	m->rules->modes[family] = SM_MODE_WARN;
	note(m, line, "%s: everything was allowed; the mode of %s is warn",
	     what, sm_family_name(family));
}

/* ------------------------------------------------------------------- files */

/* open()'s letters, all of which its rules ask for. */
static uint32_t access_of(struct sm_str letters)
{
	uint32_t access = 0;
	bool has_plus = letters.len && memchr(letters.p, '+', letters.len);
	uint32_t i;

	for (i = 0; i < letters.len; i++) {
		if (letters.p[i] == 'r')
			access |= SM_ACCESS_READ |
				  (has_plus ? (uint32_t)SM_ACCESS_WRITE : 0);
		if (letters.p[i] && strchr("wax", letters.p[i]))
			access |= SM_ACCESS_WRITE | SM_ACCESS_CREATE |
				  (has_plus ? (uint32_t)SM_ACCESS_READ : 0);
	}
	return access;
}

static enum sm_status add_path_regex(struct sm_import *m, unsigned line,
				     struct sm_str regex, struct sm_str letters)
{
	struct sm_regex *r = malloc(sizeof(*r));
	uint32_t access = access_of(letters);
	enum sm_status status = r ? SM_OK : SM_NOMEM;
	size_t i;

	if (r && convert(m, line, regex, SM_REGEX_PATH, r))
		for (i = 0; !status && i < r->count; i++)
			status = add_pattern(m, line, SM_FAMILY_FILES, access,
					     r->patterns[i], NULL);
	free(r);
	return status;
}

/* below: slash and two stars, or nothing for the path itself. */
static enum sm_status add_path(struct sm_import *m, unsigned line,
			       struct sm_str path, const char *below,
			       uint32_t access)
{
	char literal[LITERAL_MAX], canonical[SM_PATH_MAX], *pattern;
	enum sm_status status;
	struct sm_str out;

	if (!path.len || path.p[0] != '/' ||
	    sm_path_canonical(SM_STR("/"), path, canonical, &out)) {
		note(m, line, "left out: \"%.*s\" is no absolute path",
		     (int)path.len, path.p);
		return SM_OK;
	}
	if (!escape(m, line, out, literal))
		return SM_OK;
	if (asprintf(&pattern, "%s%s", out.len > 1 || !*below ? literal : "",
		     below) < 0)
		return SM_NOMEM;
	status = add_pattern(m, line, SM_FAMILY_FILES, access, pattern, NULL);
	free(pattern);
	return status;
}

static enum sm_status add_open(struct sm_import *m, const struct sm_node *open)
{
	const struct sm_node *paths, *c;
	enum sm_status status = SM_OK;

	if (!is_true(sm_node_field(open, "enforce_allowlist"), true))
		set_warn(m, open->line, SM_FAMILY_FILES,
			 "open_config: enforce_allowlist is false");
	for (paths = open->children; !status && paths; paths = paths->next) {
		const struct sm_node *key = sm_node_field(paths, "key");

		if (!sm_node_is_named(paths, "allowed_paths"))
			continue;
		if (key && !key->is_quoted_name) { /* protobuf's text */
			c = sm_node_field(paths, "value");
			status = add_path_regex(m, paths->line, key->text,
						c ? c->text : SM_STR(""));
			continue;
		}
		for (c = paths->children; !status && c; c = c->next)
			status = add_path_regex(m, c->line, c->name, c->text);
	}
	return status;
}

/* ----------------------------------------------------------------- network */

/* Where a regular expression's port starts: behind its last colon. */
static uint32_t port_of(struct sm_str regex)
{
	uint32_t n = regex.len;

	while (n && regex.p[n - 1] != ':')
		n--;
	return n;
}

static void strip(struct sm_str *s, char first, char last)
{
	if (s->len && first && s->p[0] == first) {
		s->p++;
		s->len--;
	}
	if (s->len && last && s->p[s->len - 1] == last)
		s->len--;
}

static bool is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return !strcmp(text, "*") || (n && n <= 5 && !text[n]);
}

static enum sm_status add_addresses(struct sm_import *m, unsigned line,
				    const struct sm_regex *hosts,
				    const struct sm_regex *ports)
{
	enum sm_status status = SM_OK;
	char *pattern;
	size_t i, j;

	for (i = 0; !status && i < hosts->count; i++)
		for (j = 0; !status && j < ports->count; j++) {
			if (!is_port(ports->patterns[j])) {
				note(m, line,
				     "left out: a port is a number or all of "
				     "them");
				continue;
			}
			if (asprintf(&pattern, "%s:%s", hosts->patterns[i],
				     ports->patterns[j]) < 0)
				return SM_NOMEM;
			status = add_pattern(m, line, SM_FAMILY_NETWORK,
					     SM_ACCESS_CONNECT, pattern, NULL);
			free(pattern);
		}
	return status;
}

static enum sm_status add_unix(struct sm_import *m, unsigned line,
			       const struct sm_regex *paths)
{
	enum sm_status status = SM_OK;
	size_t i;

	for (i = 0; !status && i < paths->count; i++)
		status = add_pattern(m, line, SM_FAMILY_NETWORK,
				     SM_ACCESS_CONNECT, paths->patterns[i],
				     NULL);
	return status;
}

static enum sm_status add_connect_regex(struct sm_import *m, unsigned line,
					struct sm_str regex)
{
	struct sm_regex *r = malloc(2 * sizeof(*r));
	struct sm_str host = regex, port;
	enum sm_status status = SM_OK;
	uint32_t colon;

	if (!r)
		return SM_NOMEM;
	strip(&host, '^', 0);
	strip(&host, 0, '$');
	colon = port_of(host);
	if (host.len && host.p[0] == '/') {
		if (convert(m, line, host, SM_REGEX_PATH, &r[0]))
			status = add_unix(m, line, &r[0]);
	} else if (!colon) {
		note(m, line, "left out: \"%.*s\" has no port", (int)regex.len,
		     regex.p);
	} else {
		port = (struct sm_str){ host.p + colon, host.len - colon };
		host.len = colon - 1;
		if (convert(m, line, host, SM_REGEX_HOST, &r[0]) &&
		    convert(m, line, port, SM_REGEX_HOST, &r[1]))
			status = add_addresses(m, line, &r[0], &r[1]);
	}
	free(r);
	return status;
}

static enum sm_status add_connect(struct sm_import *m,
				  const struct sm_node *connect)
{
	const struct sm_node *list, *c;
	enum sm_status status = SM_OK;

	if (!is_true(sm_node_field(connect, "enforce_allowlist"), true))
		set_warn(m, connect->line, SM_FAMILY_NETWORK,
			 "connect_config: enforce_allowlist is false");
	for (list = connect->children; !status && list; list = list->next) {
		if (!sm_node_is_named(list, "allowed_addresses"))
			continue;
		if (list->kind == SM_NODE_TEXT)
			status = add_connect_regex(m, list->line, list->text);
		for (c = list->children; !status && c; c = c->next)
			status = add_connect_regex(m, c->line, c->text);
	}
	return status;
}

/* --------------------------------------------------------------- processes */

/* Texts that a field holds: one, or a list of them. */
static const struct sm_node *first_text(const struct sm_node *n)
{
	return n->kind == SM_NODE_LIST ? n->children : n;
}

#define SLOTS_MAX 64

struct process {
	unsigned line;
	struct sm_str words[SLOTS_MAX];
	size_t count;
	struct sm_str cwd, executable;
	bool is_literal; /* from a log: no regular expressions */
};

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

static bool program_of(struct sm_import *m, const struct process *p,
		       char program[SM_PATH_MAX])
{
	struct sm_str word = p->executable.len ? p->executable : p->words[0];
	char name[SM_PATH_MAX];

	if (!literal_of(word, p->is_literal, name, sizeof(name))) {
		note(m, p->line, "left out: the program \"%.*s\" is no literal",
		     (int)word.len, word.p);
		return false;
	}
	if (name[0] == '/') {
		memcpy(program, name, sizeof(name));
		return true;
	}
	if (!name[0] || strchr(name, '/') || !find_program(name, program)) {
		note(m, p->line, "left out: the program \"%s\" is not found",
		     name);
		return false;
	}
	note(m, p->line, "\"%s\" is %s here", name, program);
	return true;
}

/* One rule for each way to choose among the patterns of the words. */
static enum sm_status add_slots(struct sm_import *m, const struct process *p,
				struct sm_rule *rule, struct sm_str *slots,
				size_t at)
{
	struct sm_regex *r;
	char literal[LITERAL_MAX];
	enum sm_status status = SM_OK;
	size_t i;

	if (at == p->count) {
		rule->args = (struct sm_strings){ slots, at };
		return add(m, p->line, rule);
	}
	if (p->is_literal) {
		if (!escape(m, p->line, p->words[at], literal))
			return SM_OK;
		slots[at] = sm_str_of(literal);
		return add_slots(m, p, rule, slots, at + 1);
	}
	r = malloc(sizeof(*r));
	if (!r)
		return SM_NOMEM;
	if (convert(m, p->line, p->words[at], SM_REGEX_WORD, r))
		for (i = 0; !status && i < r->count &&
			    m->rules->count < SM_IMPORT_RULES_MAX;
		     i++) {
			slots[at] = sm_str_of(r->patterns[i]);
			status = add_slots(m, p, rule, slots, at + 1);
		}
	free(r);
	return status;
}

static bool is_shell(const struct process *p)
{
	char name[16], option[4];

	return p->count == 3 &&
	       literal_of(p->words[0], p->is_literal, name, sizeof(name)) &&
	       literal_of(p->words[1], p->is_literal, option, sizeof(option)) &&
	       !strcmp(name, "/bin/sh") && !strcmp(option, "-c");
}

static enum sm_status add_shell(struct sm_import *m, unsigned line,
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
		return add(m, line, &rule);
	note(m, line, "left out: the shell line \"%.*s\" would be a template",
	     (int)text.len, text.p);
	return SM_OK;
}

static enum sm_status add_process(struct sm_import *m, const struct process *p)
{
	char program[SM_PATH_MAX], literal[LITERAL_MAX];
	struct sm_str slots[SLOTS_MAX];
	struct sm_rule rule = { .family = SM_FAMILY_PROCESSES,
				.access = SM_ACCESS_EXEC,
				.has_args = true };

	if (!p->count) {
		note(m, p->line, "left out: a process without arguments");
		return SM_OK;
	}
	if (p->cwd.len)
		note(m, p->line,
		     "wider: its working directory \"%.*s\" is not compared",
		     (int)p->cwd.len, p->cwd.p);
	if (is_shell(p) && m->rejects_shell) {
		note(m, p->line, "left out: shells were rejected");
		return SM_OK;
	}
	if (is_shell(p)) {
		if (!literal_of(p->words[2], p->is_literal, literal,
				sizeof(literal))) {
			note(m, p->line,
			     "left out: a shell line with open parts");
			return SM_OK;
		}
		return add_shell(m, p->line, sm_str_of(literal));
	}
	if (!program_of(m, p, program) ||
	    !escape(m, p->line, sm_str_of(program), literal))
		return SM_OK;
	rule.pattern = sm_str_of(literal);
	rule.review = sm_str_of(
		p->cwd.len ? "its working directory was part of the rule" : "");
	return add_slots(m, p, &rule, slots, 0);
}

/* False: more words than a rule has slots. */
static bool add_words(struct process *p, const struct sm_node *n)
{
	for (n = first_text(n); n; n = n->next) {
		if (n->name.len && p->count)
			break; /* of a field that is no list: only itself */
		if (p->count == SLOTS_MAX)
			return false;
		p->words[p->count++] = n->text;
	}
	return true;
}

static enum sm_status read_process(struct sm_import *m, const struct sm_node *n,
				   bool is_literal)
{
	struct process p = { .line = n->line, .is_literal = is_literal };
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
			note(m, p.line, "left out: arguments that are no text");
			return SM_OK;
		} else if (c->kind == SM_NODE_TEXT) {
			if (p.count == SLOTS_MAX)
				return SM_OK;
			p.words[p.count++] = c->text;
		} else if (!add_words(&p, c)) {
			note(m, p.line, "left out: more than %d arguments",
			     SLOTS_MAX);
			return SM_OK;
		}
	}
	return add_process(m, &p);
}

static enum sm_status add_popen(struct sm_import *m,
				const struct sm_node *popen)
{
	const struct sm_node *list, *c;
	enum sm_status status = SM_OK;

	if (!is_true(sm_node_field(popen, "enforce_allowlist"), true))
		set_warn(m, popen->line, SM_FAMILY_PROCESSES,
			 "popen_config: enforce_allowlist is false");
	m->rejects_shell = is_true(sm_node_field(popen, "reject_shell"), true);
	for (list = popen->children; !status && list; list = list->next) {
		if (!sm_node_is_named(list, "allowed_processes"))
			continue;
		if (list->kind == SM_NODE_FIELDS)
			status = read_process(m, list, false);
		for (c = list->kind == SM_NODE_LIST ? list->children : NULL;
		     !status && c; c = c->next)
			status = read_process(m, c, false);
	}
	return status;
}

/* -------------------------------------------------------------------- code */

static struct sm_str top_of(struct sm_str module)
{
	uint32_t n = 0;

	while (n < module.len && module.p[n] != '.')
		n++;
	return (struct sm_str){ module.p, n };
}

static enum sm_status add_exec(struct sm_import *m, unsigned line,
			       struct sm_str module)
{
	struct sm_str top = top_of(module);
	struct sm_rule rule = {
		.family = SM_FAMILY_CODE,
		.access = SM_ACCESS_RUN,
		.pattern = SM_STR("<*>"),
		.by = { &top, 1 },
		.review = SM_STR("it runs code that has no file"),
	};

	/* The import system runs what `load` grants. */
	if (sm_str_equal(top, SM_STR("importlib")))
		return SM_OK;
	if (sm_str_equal(top, SM_STR("__main__")))
		top = SM_STR("app");
	else if (top.len < module.len)
		note(m, line,
		     "wider: \"%.*s\" becomes \"%.*s\": modules of a package "
		     "are not told apart",
		     (int)module.len, module.p, (int)top.len, top.p);
	return add(m, line, &rule);
}

static bool is_below(const char *directories, struct sm_str name)
{
	char path[SM_PATH_MAX];
	size_t n;

	for (; *directories; directories += n + (directories[n] == ':')) {
		static const char *const forms[] = { "", ".py" };

		n = strcspn(directories, ":");
		for (size_t i = 0; i < 2; i++)
			if (snprintf(path, sizeof(path), "%.*s/%.*s%s", (int)n,
				     directories, (int)name.len, name.p,
				     forms[i]) < (int)sizeof(path) &&
			    !access(path, F_OK))
				return true;
	}
	return false;
}

static const char *binding_of(const struct sm_import *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->binding_count; i++)
		if (!strcmp(m->bindings[i].name, name))
			return m->bindings[i].value;
	return NULL;
}

static enum sm_status add_import(struct sm_import *m, unsigned line,
				 struct sm_str module)
{
	struct sm_str top = top_of(module);
	const char *site = binding_of(m, "SITE");
	char pattern[256];

	if (top.len > 200)
		return SM_OK;
	if (sm_policy_is_capability(top)) {
		snprintf(pattern, sizeof(pattern), "stdlib:%.*s", (int)top.len,
			 top.p);
		return add_pattern(m, line, SM_FAMILY_CODE, SM_ACCESS_LOAD,
				   pattern,
				   "it can do what no other rule sees");
	}
	if (!site || !is_below(site, top))
		return SM_OK; /* the library's, or the application's own */
	snprintf(pattern, sizeof(pattern), "distribution:%.*s", (int)top.len,
		 top.p);
	return add_pattern(m, line, SM_FAMILY_CODE, SM_ACCESS_LOAD, pattern,
			   NULL);
}

typedef enum sm_status add_text(struct sm_import *m, unsigned line,
				struct sm_str text);

static enum sm_status add_texts(struct sm_import *m,
				const struct sm_node *config, const char *name,
				add_text *work)
{
	const struct sm_node *list, *c;
	enum sm_status status = SM_OK;

	for (list = config->children; !status && list; list = list->next) {
		if (!sm_node_is_named(list, name))
			continue;
		if (list->kind == SM_NODE_TEXT)
			status = work(m, list->line, list->text);
		for (c = list->children; !status && c; c = c->next)
			status = work(m, c->line, c->text);
	}
	return status;
}

/* ------------------------------------------------------- whole configurations
 */

static enum sm_status add_section(struct sm_import *m, const struct sm_node *n)
{
	if (sm_node_is_named(n, "open_config"))
		return add_open(m, n);
	if (sm_node_is_named(n, "connect_config"))
		return add_connect(m, n);
	if (sm_node_is_named(n, "popen_config"))
		return add_popen(m, n);
	if (sm_node_is_named(n, "exec_config")) {
		if (!is_true(sm_node_field(n, "enforce_allowlist"), true))
			set_warn(m, n->line, SM_FAMILY_CODE,
				 "exec_config: enforce_allowlist is false");
		return add_texts(m, n, "allowed_modules", add_exec);
	}
	if (sm_node_is_named(n, "import_config"))
		return add_texts(m, n, "allowed_imports", add_import);
	if (sm_node_is_named(n, "pickle_config")) {
		if (!is_true(sm_node_field(n, "reject_pickle_find_class"),
			     true))
			set_warn(m, n->line, SM_FAMILY_PICKLES,
				 "pickle_config: reject_pickle_find_class is "
				 "false");
		return SM_OK;
	}
	if (!sm_node_is_named(n, "system_config"))
		note(m, n->line, "left out: unknown key \"%.*s\"",
		     (int)n->name.len, n->name.p);
	return SM_OK;
}

static void note_unknown(struct sm_import *m, const struct sm_node *section)
{
	static const char *const known[] = { "enforce_allowlist",
					     "allowed_addresses",
					     "allowed_modules",
					     "allowed_imports",
					     "allowed_paths",
					     "allowed_processes",
					     "reject_path_backtracking",
					     "reject_symlink",
					     "reject_shell",
					     "reject_pickle_find_class" };
	const struct sm_node *c;
	size_t i;

	for (c = section->children; c; c = c->next) {
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (sm_node_is_named(c, known[i]))
				break;
		if (i == sizeof(known) / sizeof(*known))
			note(m, c->line, "left out: unknown key \"%.*s\"",
			     (int)c->name.len, c->name.p);
		else if (sm_node_is_named(c, "reject_symlink") &&
			 !is_true(c, true))
			note(m, c->line,
			     "narrower: what a symbolic link leads to must be "
			     "allowed too");
	}
}

static enum sm_status import_config(struct sm_import *m, struct sm_str text)
{
	struct sm_source source;
	const struct sm_node *top, *c;
	enum sm_status status = SM_OK;

	sm_source_init(&source, text, 1);
	top = sm_source_fields(&source);
	if (!top) {
		note(m, source.line, "%s", source.error);
		status = SM_SYNTAX;
	}
	for (c = top ? top->children : NULL; !status && c; c = c->next) {
		status = add_section(m, c);
		note_unknown(m, c);
	}
	sm_source_fini(&source);
	return status;
}

/* ----------------------------------------------------------------- scripts */

static bool holds(struct sm_str text, const char *word)
{
	return text.len && memmem(text.p, text.len, word, strlen(word));
}

static const struct sm_node *argument(const struct sm_node *call,
				      unsigned number, const char *name)
{
	const struct sm_node *c;
	unsigned at = 0;

	for (c = call->children; c; c = c->next)
		if (c->name.len ? sm_node_is_named(c, name) : at++ == number)
			return c;
	return NULL;
}

static struct sm_str text_of(const struct sm_node *n)
{
	return n && n->kind == SM_NODE_TEXT ? n->text
					    : (struct sm_str){ NULL, 0 };
}

static bool is_followed(const struct sm_node *n)
{
	for (; n; n = n->next)
		if (n->kind == SM_NODE_OTHER || !is_followed(n->children) ||
		    (n->kind == SM_NODE_WORD &&
		     !sm_str_equal(n->text, SM_STR("None"))))
			return false;
	return true;
}

static enum sm_status call_process(struct sm_import *m,
				   const struct sm_node *call)
{
	const struct sm_node *args = argument(call, 0, "args");
	struct process p = { .line = call->line,
			     .cwd = text_of(argument(call, 1, "cwd")),
			     .executable =
				     text_of(argument(call, 2, "executable")) };

	if (!args || args->kind != SM_NODE_LIST || !add_words(&p, args)) {
		note(m, call->line, "left out: arguments that are no list");
		return SM_OK;
	}
	return add_process(m, &p);
}

static enum sm_status call_path(struct sm_import *m, const struct sm_node *call,
				bool is_folder)
{
	struct sm_str path = text_of(
		argument(call, 0, is_folder ? "folder_path" : "file_path"));
	uint32_t access = access_of(text_of(argument(call, 1, "perm")));
	enum sm_status status;

	status = add_path(m, call->line, path, "", access);
	if (!status && is_folder)
		status = add_path(m, call->line, path, "/**", access);
	return status;
}

static enum sm_status add_call(struct sm_import *m, const struct sm_node *call)
{
	static const struct {
		const char *name;
		enum sm_family family;
	} all[] = {
		{ "AllowAllPaths", SM_FAMILY_FILES },
		{ "AllowAllAddresses", SM_FAMILY_NETWORK },
		{ "AllowAllProcesses", SM_FAMILY_PROCESSES },
		{ "AllowAllExec", SM_FAMILY_CODE },
		{ "AllowUnpickling", SM_FAMILY_PICKLES },
	};
	struct sm_str name = call->text;
	struct sm_str first = text_of(call->children);
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (sm_str_equal(name, sm_str_of(all[i].name))) {
			set_warn(m, call->line, all[i].family, all[i].name);
			return SM_OK;
		}
	if (sm_str_equal(name, SM_STR("InstallCommonPythonRules")))
		return add_exec(m, call->line, SM_STR("collections"));
	if (sm_str_equal(name, SM_STR("AllowSymlink"))) {
		note(m, call->line,
		     "narrower: what a symbolic link leads to "
		     "must be allowed too");
		return SM_OK;
	}
	if (!sm_str_starts(name, SM_STR("Add")))
		return SM_OK;
	if (call->kind == SM_NODE_OTHER || !is_followed(call->children)) {
		note(m, call->line, "left out: %.*s() of what is computed",
		     (int)name.len, name.p);
		return SM_OK;
	}
	if (sm_str_equal(name, SM_STR("AddFile")))
		return call_path(m, call, false);
	if (sm_str_equal(name, SM_STR("AddFolder")))
		return call_path(m, call, true);
	if (sm_str_equal(name, SM_STR("AddPathRegex")))
		return add_path_regex(m, call->line, first,
				      text_of(argument(call, 1, "perm")));
	if (sm_str_equal(name, SM_STR("AddConnectionRegex")))
		return add_connect_regex(m, call->line, first);
	if (sm_str_equal(name, SM_STR("AddProcessRegex")))
		return call_process(m, call);
	if (sm_str_equal(name, SM_STR("AddModuleAllowedToExec")))
		return add_exec(m, call->line, first);
	if (sm_str_equal(name, SM_STR("AddImport")))
		return add_import(m, call->line, first);
	if (sm_str_equal(name, SM_STR("AddRelativeFile")) ||
	    sm_str_equal(name, SM_STR("AddRelativeFolder")))
		note(m, call->line,
		     "left out: \"%.*s\" is relative; give the directory",
		     (int)first.len, first.p);
	return SM_OK;
}

static enum sm_status import_script(struct sm_import *m, struct sm_str text)
{
	struct sm_source source;
	const struct sm_node *call;
	enum sm_status status = SM_OK;

	m->rejects_shell = !holds(text, "AllowPopenShell(");
	sm_source_init(&source, text, 1);
	while (!status && (call = sm_source_call(&source)))
		status = add_call(m, call);
	sm_source_fini(&source);
	return status;
}

/* -------------------------------------------------------------------- logs */

static enum sm_status log_open(struct sm_import *m, const struct sm_node *e)
{
	const struct sm_node *flags = sm_node_field(e, "flags");
	struct sm_str letters = text_of(flags);

	/* No letters: os.open(), whose flags it did not log. */
	if (!letters.len) {
		note(m, e->line,
		     "narrower: how \"%.*s\" was opened is not told; read",
		     (int)text_of(sm_node_field(e, "abs_path")).len,
		     text_of(sm_node_field(e, "abs_path")).p);
		letters = SM_STR("r");
	}
	return add_path(m, e->line, text_of(sm_node_field(e, "abs_path")), "",
			access_of(letters));
}

static enum sm_status log_connect(struct sm_import *m, const struct sm_node *e)
{
	const struct sm_node *a = sm_node_field(e, "address");
	struct sm_str family = text_of(sm_node_field(e, "family"));
	const struct sm_node *port =
		a && a->children ? a->children->next : NULL;
	bool is_6 = sm_str_equal(family, SM_STR("AF_INET6"));
	char literal[LITERAL_MAX], *pattern;
	enum sm_status status;

	if (a && a->kind == SM_NODE_TEXT && a->text.len &&
	    a->text.p[0] == '/') {
		if (!escape(m, e->line, a->text, literal))
			return SM_OK;
		return add_pattern(m, e->line, SM_FAMILY_NETWORK,
				   SM_ACCESS_CONNECT, literal, NULL);
	}
	if (!port || !(is_6 || sm_str_equal(family, SM_STR("AF_INET")))) {
		note(m, e->line, "left out: an address of family %.*s",
		     (int)family.len, family.p ? family.p : "");
		return SM_OK;
	}
	if (!escape(m, e->line, a->children->text, literal))
		return SM_OK;
	if (asprintf(&pattern, "%s%s%s:%.*s", is_6 ? "[" : "", literal,
		     is_6 ? "]" : "", (int)port->text.len, port->text.p) < 0)
		return SM_NOMEM;
	status = add_pattern(m, e->line, SM_FAMILY_NETWORK, SM_ACCESS_CONNECT,
			     pattern, NULL);
	free(pattern);
	return status;
}

static enum sm_status log_popen(struct sm_import *m, const struct sm_node *e)
{
	const struct sm_node *args = sm_node_field(e, "args");

	if (args && args->kind == SM_NODE_TEXT)
		return add_shell(m, e->line, args->text);
	return read_process(m, e, true);
}

static enum sm_status log_pickle(struct sm_import *m, const struct sm_node *e)
{
	struct sm_str module = text_of(sm_node_field(e, "module_name"));
	struct sm_str name = text_of(sm_node_field(e, "global_name"));
	char literal[LITERAL_MAX], *class;
	enum sm_status status = SM_OK;

	if (!module.len || !name.len)
		return SM_OK;
	if (asprintf(&class, "%.*s.%.*s", (int)module.len, module.p,
		     (int)name.len, name.p) < 0)
		return SM_NOMEM;
	if (escape(m, e->line, sm_str_of(class), literal))
		status = add_pattern(m, e->line, SM_FAMILY_PICKLES,
				     SM_ACCESS_CLASS, literal,
				     "a pickle looked it up");
	free(class);
	return status;
}

static enum sm_status add_event(struct sm_import *m, struct sm_str inspector,
				const struct sm_node *e)
{
	if (sm_node_field(e, "serialization_error")) {
		note(m, e->line, "left out: an event that could not be logged");
		return SM_OK;
	}
	if (sm_str_equal(inspector, SM_STR("OpenInspector")))
		return log_open(m, e);
	if (sm_str_equal(inspector, SM_STR("ConnectInspector")))
		return log_connect(m, e);
	if (sm_str_equal(inspector, SM_STR("PopenInspector")))
		return log_popen(m, e);
	if (sm_str_equal(inspector, SM_STR("ExecInspector")))
		return add_exec(m, e->line,
				text_of(sm_node_field(e, "module")));
	if (sm_str_equal(inspector, SM_STR("ImportInspector")))
		return add_import(m, e->line,
				  text_of(sm_node_field(e, "module")));
	if (sm_str_equal(inspector, SM_STR("PickleInspector")))
		return log_pickle(m, e);
	if (sm_str_equal(inspector, SM_STR("SystemInspector")))
		return add_shell(m, e->line, text_of(sm_node_field(e, "cmd")));
	note(m, e->line, "left out: unknown inspector \"%.*s\"",
	     (int)inspector.len, inspector.p);
	return SM_OK;
}

static const char mark[] = "AUDIT_EVENT:";

/* "...AUDIT_EVENT:INSPECTOR:{...}:Stack..."; other lines are the program's. */
static enum sm_status add_line(struct sm_import *m, struct sm_str line,
			       unsigned number)
{
	const char *at = memmem(line.p, line.len, mark, sizeof(mark) - 1);
	const char *end = line.p + line.len, *colon;
	struct sm_source source;
	const struct sm_node *event;
	enum sm_status status = SM_OK;

	if (!at)
		return SM_OK;
	at += sizeof(mark) - 1;
	colon = memchr(at, ':', (size_t)(end - at));
	if (!colon) {
		note(m, number, "left out: the line is cut");
		return SM_OK;
	}
	sm_source_init(
		&source,
		(struct sm_str){ colon + 1, (uint32_t)(end - colon - 1) },
		number);
	event = sm_source_value(&source);
	if (event && event->kind == SM_NODE_FIELDS)
		status = add_event(
			m, (struct sm_str){ at, (uint32_t)(colon - at) },
			event);
	else
		note(m, number, "left out: %s",
		     source.error ? source.error : "no JSON");
	sm_source_fini(&source);
	return status;
}

static enum sm_status import_log(struct sm_import *m, struct sm_str text)
{
	enum sm_status status = SM_OK;
	unsigned number = 0;

	m->rejects_shell = false;
	while (!status && text.len) {
		const char *end = memchr(text.p, '\n', text.len);
		uint32_t n = end ? (uint32_t)(end - text.p) : text.len;

		status = add_line(m, (struct sm_str){ text.p, n }, ++number);
		n += end != NULL;
		text.p += n;
		text.len -= n;
	}
	return status;
}

/* -------------------------------------------------------------------- main */

enum sm_status sm_import_pysecmgr(struct sm_import *m, struct sm_str text)
{
	if (holds(text, mark))
		return import_log(m, text);
	if (holds(text, ".Add") || holds(text, "InstallCommonPythonRules(") ||
	    holds(text, "SecurityManager("))
		return import_script(m, text);
	return import_config(m, text);
}
