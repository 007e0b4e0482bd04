/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-policy: check, explain and format policies.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/policy.h"
#include "schema/trace.h"
#include "tools/cli.h"

#define BINDINGS_MAX 32

struct options {
	bool is_writing;  /* fmt -w */
	bool is_checking; /* fmt --check */
	bool shows_all;	  /* explain --all: allowed events too */
	bool is_json;
	const char *policy;
	struct sm_binding bindings[BINDINGS_MAX];
	size_t binding_count;
};

static int set_flag(bool *flag)
{
	*flag = true;
	return 0;
}

static int set_write(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct options *)context)->is_writing);
}

static int set_check(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct options *)context)->is_checking);
}

static int set_all(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct options *)context)->shows_all);
}

static int set_json(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct options *)context)->is_json);
}

static int set_policy(void *context, const char *value, struct sm_diag *diag)
{
	(void)diag;
	((struct options *)context)->policy = value;
	return 0;
}

/* NAME=VALUE lives in argv; the = becomes the name's end. */
static int set_binding(void *context, const char *value, struct sm_diag *diag)
{
	struct options *o = context;
	char *equals = strchr(value, '=');

	if (!equals || equals == value) {
		sm_fail(diag, SM_INVALID, "%s: write NAME=/PATH", value);
		return -1;
	}
	if (o->binding_count == BINDINGS_MAX) {
		sm_fail(diag, SM_LIMIT, "more than %d variables", BINDINGS_MAX);
		return -1;
	}
	*equals = 0;
	o->bindings[o->binding_count++] =
		(struct sm_binding){ value, equals + 1 };
	return 0;
}

static const struct sm_option option_rows[] = {
	{ 'p', "policy", "FILE", "the policy, instead of the first operand",
	  set_policy },
	{ 'D', "define", "NAME=PATH", "give a variable a value", set_binding },
	{ 'a', "all", NULL, "explain: show what is allowed too", set_all },
	{ 0, "json", NULL, "explain: one JSON object a line", set_json },
	{ 'w', "write", NULL, "fmt: write the file instead of standard output",
	  set_write },
	{ 0, "check", NULL, "fmt: exit with 1 if the file would change",
	  set_check },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct sm_program program = {
	.name = "secmgr-policy",
	.usage = "validate POLICY...\n"
		 "       secmgr-policy fmt [-w] [--check] POLICY...\n"
		 "       secmgr-policy explain POLICY \"EVENT\"...\n"
		 "       secmgr-policy explain [--all] POLICY TRACE [NUMBER]",
	.summary = "Check, format and explain policies.",
	.options = option_rows,
	.usage_status = SM_EXIT_USAGE,
};

static const char *name_of(const char *path)
{
	return strcmp(path, "-") ? path : "<stdin>";
}

static struct sm_rules *load(const char *path)
{
	struct sm_rules *rules;
	struct sm_diag diag = { 0 };

	if (!sm_policy_load(path, &rules, &diag))
		return rules;
	sm_cli_diag(&program, name_of(path), &diag);
	return NULL;
}

/* ---------------------------------------------------------------- bindings */

/* What a program's start settles: -D, the recording, or this environment. */
struct settled {
	struct sm_binding items[BINDINGS_MAX + 3];
	size_t count;
	char cwd[4096];
};

static bool is_bound(const struct settled *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (!strcmp(s->items[i].name, name))
			return true;
	return false;
}

static bool is_defined(const struct sm_rules *rules, const char *name)
{
	size_t i;

	for (i = 0; i < rules->variable_count; i++)
		if (sm_str_equal(rules->variables[i].name, sm_str_of(name)))
			return true;
	return false;
}

static void settle_one(struct settled *s, const char *name, const char *value)
{
	if (value && value[0] == '/' && !is_bound(s, name))
		s->items[s->count++] = (struct sm_binding){ name, value };
}

/* trace NULL: what this shell would start, where the policy is silent. */
static void settle(const struct options *o, const struct sm_rules *rules,
		   const struct sm_trace *trace, struct settled *s)
{
	const char *tmp = getenv("TMPDIR");

	memcpy(s->items, o->bindings, o->binding_count * sizeof(*s->items));
	s->count = o->binding_count;
	if (trace) {
		settle_one(s, "HOME", sm_trace_meta(trace, "variable.HOME"));
		settle_one(s, "TMP", sm_trace_meta(trace, "variable.TMP"));
		settle_one(s, "CWD", sm_trace_meta(trace, "variable.CWD"));
		return;
	}
	if (!is_defined(rules, "HOME"))
		settle_one(s, "HOME", getenv("HOME"));
	if (!is_defined(rules, "TMP"))
		settle_one(s, "TMP", tmp && *tmp ? tmp : "/tmp");
	if (!is_defined(rules, "CWD"))
		settle_one(s, "CWD", getcwd(s->cwd, sizeof(s->cwd)));
}

/* ---------------------------------------------------------------- validate */

struct findings {
	const char *path;
	unsigned count;
};

static void tell_finding(void *context, const struct sm_diag *diag)
{
	struct findings *f = context;

	f->count++;
	sm_cli_diag(&program, name_of(f->path), diag);
}

static int validate(const struct options *o, const char *path)
{
	struct sm_rules *rules = load(path);
	struct findings findings = { path, 0 };
	struct sm_diag diag = { 0 };
	struct settled settled;
	enum sm_status status;
	size_t bytes;
	void *blob = NULL;

	if (!rules)
		return SM_EXIT_USAGE;
	settle(o, rules, NULL, &settled);
	status = sm_policy_compile(rules, settled.items, settled.count, &blob,
				   &bytes, &diag);
	if (!status)
		status = sm_policy_check(rules, tell_finding, &findings, &diag);
	if (status)
		sm_cli_diag(&program, name_of(path), &diag);
	else if (!findings.count)
		printf("%s: ok, %zu rules\n", name_of(path), rules->count);
	free(blob);
	sm_rules_free(rules);
	return status ? SM_EXIT_USAGE : findings.count ? SM_EXIT_FINDING : 0;
}

/* --------------------------------------------------------------------- fmt */

static char *read_file(const char *path, size_t *bytes)
{
	FILE *in = fopen(path, "re");
	size_t room = 0;
	char *text = NULL;
	ssize_t n;

	if (!in)
		return NULL;
	n = getdelim(&text, &room, 0, in);
	*bytes = n < 0 ? 0 : (size_t)n;
	if (ferror(in)) {
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

static bool write_all(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(fd, text, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* Through a new file beside it: whatever happens, one of them is whole. */
static int replace_file(const char *path, const char *text, size_t bytes)
{
	struct stat st;
	char *other;
	int fd, status = SM_EXIT_USAGE;

	if (stat(path, &st) || asprintf(&other, "%s.XXXXXX", path) < 0) {
		sm_cli_error(&program, path, "%s", strerror(errno));
		return status;
	}
	fd = mkostemp(other, O_CLOEXEC);
	if (fd >= 0 && !fchmod(fd, st.st_mode & 07777) &&
	    write_all(fd, text, bytes) && !fsync(fd) && !close(fd) &&
	    !rename(other, path)) {
		status = SM_EXIT_OK;
	} else {
		sm_cli_error(&program, path, "cannot write it: %s",
			     strerror(errno));
		if (fd >= 0)
			unlink(other);
	}
	free(other);
	return status;
}

static int format(const struct options *o, const char *path)
{
	struct sm_rules *rules = load(path);
	char *text = NULL, *old = NULL;
	size_t bytes, old_bytes = 0;
	int status = SM_EXIT_USAGE;
	bool is_same;

	if (!rules)
		return status;
	if (sm_policy_print(rules, &text, &bytes)) {
		sm_cli_error(&program, name_of(path), "out of memory");
		sm_rules_free(rules);
		return status;
	}
	sm_rules_free(rules);
	if (o->is_writing || o->is_checking)
		old = read_file(path, &old_bytes);
	is_same = old && old_bytes == bytes && !memcmp(old, text, bytes);
	if (o->is_checking) {
		status = is_same ? SM_EXIT_OK : SM_EXIT_FINDING;
		if (!is_same)
			sm_cli_error(&program, name_of(path),
				     "not in canonical form; run secmgr-policy "
				     "fmt -w");
	} else if (o->is_writing) {
		status = is_same ? SM_EXIT_OK : replace_file(path, text, bytes);
	} else {
		fwrite(text, 1, bytes, stdout);
		status = SM_EXIT_OK;
	}
	free(old);
	free(text);
	return status;
}

/* ----------------------------------------------------------------- explain */

struct compiled {
	struct sm_rules *rules;
	struct settled settled;
	void *blob;
	struct sm_policy policy;
};

static void compiled_fini(struct compiled *c)
{
	sm_rules_free(c->rules);
	free(c->blob);
}

static bool compile(const struct options *o, const char *path,
		    const struct sm_trace *trace, struct compiled *c)
{
	struct sm_diag diag = { 0 };
	size_t bytes;

	memset(c, 0, sizeof(*c));
	c->rules = load(path);
	if (!c->rules)
		return false;
	settle(o, c->rules, trace, &c->settled);
	if (!sm_policy_compile(c->rules, c->settled.items, c->settled.count,
			       &c->blob, &bytes, &diag) &&
	    !sm_policy_open(&c->policy, c->blob, bytes, &diag))
		return true;
	sm_cli_diag(&program, name_of(path), &diag);
	compiled_fini(c);
	return false;
}

static void print_verdict(const struct options *o, const struct sm_event *event,
			  const struct sm_verdict *v)
{
	char text[8192];

	sm_verdict_explain(event, v, text, sizeof(text));
	if (!o->is_json) {
		printf("%-9s ", sm_decision_name(v->decision));
		sm_cli_put(stdout, sm_str_of(text), false);
		putchar('\n');
		return;
	}
	fputs("{\"decision\": ", stdout);
	sm_cli_put_json(stdout, sm_str_of(sm_decision_name(v->decision)));
	fputs(", \"reason\": ", stdout);
	sm_cli_put_json(stdout, sm_str_of(sm_reason_name(v->reason)));
	fputs(", \"family\": ", stdout);
	sm_cli_put_json(stdout, sm_str_of(sm_family_name(v->family)));
	fputs(", \"rule\": ", stdout);
	sm_cli_put_json(stdout, v->rule);
	fputs(", \"event\": ", stdout);
	sm_cli_put_json(stdout, event->site.event);
	fputs(", \"text\": ", stdout);
	sm_cli_put_json(stdout, sm_str_of(text));
	fputs("}\n", stdout);
}

/* An event made from words, with the storage of its arguments. */
struct spoken {
	struct sm_event event;
	struct sm_value args[SM_ARGS_MAX];
	struct sm_value items[SM_ITEMS_MAX];
};

static struct sm_value text_value(const char *text)
{
	struct sm_value v = { .type = SM_TEXT, .len = (uint32_t)strlen(text) };

	v.s = text;
	v.full_len = v.len;
	return v;
}

static struct sm_value int_value(int64_t i)
{
	struct sm_value v = { .type = SM_INT };

	v.i = i;
	return v;
}

/* What people call an access, as the audit event that asks for it. */
struct verb {
	const char *word, *event;
	int flags; /* of open */
};

static const struct verb verbs[] = {
	{ "read", "open", O_RDONLY },
	{ "write", "open", O_WRONLY },
	{ "create", "open", O_WRONLY | O_CREAT },
	{ "delete", "os.remove", 0 },
	{ "list", "os.listdir", 0 },
	{ "meta", "os.chmod", 0 },
	{ "sqlite", "sqlite3.connect", 0 },
	{ "connect", "socket.connect", 0 },
	{ "bind", "socket.bind", 0 },
	{ "resolve", "socket.getaddrinfo", 0 },
	{ "exec", "os.posix_spawn", 0 },
	{ "shell", "os.system", 0 },
	{ "load", "open", O_RDONLY },
	{ "run", "exec", 0 },
	{ "class", "pickle.find_class", 0 },
	{ "dlopen", "ctypes.dlopen", 0 },
	{ "dlsym", "ctypes.dlsym", 0 },
	{ "raise", NULL, 0 },
};

static void push(struct spoken *s, struct sm_value v)
{
	if (s->event.argc < SM_ARGS_MAX)
		s->args[s->event.argc++] = v;
}

static void push_list(struct spoken *s, uint32_t count)
{
	struct sm_value v = { .type = SM_LIST, .len = count };

	v.full_len = count;
	v.items = s->items;
	push(s, v);
}

static void push_words(struct spoken *s, char *rest)
{
	char *word;
	uint32_t count = 0;

	while ((word = strsep(&rest, " ")) && count < SM_ITEMS_MAX)
		if (*word)
			s->items[count++] = text_value(word);
	push_list(s, count);
}

/* "host:port" or "/path" or "@name", cut in place. */
static void push_address(struct spoken *s, char *what)
{
	char *colon = strrchr(what, ':');
	size_t n;

	push(s, text_value(what[0] == '/' || what[0] == '@' ? "unix" : "tcp"));
	if (what[0] == '@') {
		struct sm_value v = text_value(what);

		what[0] = 0;
		push(s, v);
		return;
	}
	if (what[0] == '/' || !colon) {
		push(s, text_value(what));
		return;
	}
	*colon = 0;
	n = strlen(what);
	if (what[0] == '[' && n > 1 && what[n - 1] == ']') {
		what[n - 1] = 0;
		what++;
	}
	s->items[0] = text_value(what);
	s->items[1] = int_value(atoi(colon + 1));
	push_list(s, 2);
}

static void push_class(struct spoken *s, char *what)
{
	char *dot = strrchr(what, '.');

	if (dot)
		*dot = 0;
	push(s, text_value(what));
	push(s, text_value(dot ? dot + 1 : ""));
}

static void push_arguments(struct spoken *s, const struct verb *verb,
			   char *what)
{
	const char *word = verb->word;

	if (!strcmp(verb->event, "open")) {
		push(s, text_value(what));
		push(s, (struct sm_value){ .type = SM_NONE });
		push(s, int_value(verb->flags));
	} else if (!strcmp(word, "connect") || !strcmp(word, "bind")) {
		push_address(s, what);
	} else if (!strcmp(word, "exec")) {
		char *rest = what;

		push(s, text_value(strsep(&rest, " ")));
		if (rest)
			push_words(s, rest);
		else
			push_list(s, 0);
	} else if (!strcmp(word, "run")) {
		s->items[0] = text_value(what);
		s->items[1] = text_value("<module>");
		push_list(s, 2);
	} else if (!strcmp(word, "class")) {
		push_class(s, what);
	} else if (!strcmp(word, "dlsym")) {
		push(s, (struct sm_value){ .type = SM_NONE });
		push(s, text_value(what));
	} else {
		push(s, text_value(what));
	}
}

static void set_principal(struct sm_principal *p, const char *name)
{
	int kind;

	p->kind = SM_PRINCIPAL_DISTRIBUTION;
	p->name = sm_str_of(name);
	for (kind = 0; kind < SM_PRINCIPALS; kind++)
		if (kind != SM_PRINCIPAL_DISTRIBUTION &&
		    !strcmp(name, sm_principal_kind_name(kind)))
			p->kind = kind;
}

/* Cuts " WORD VALUE" off the end of text; NULL when it is not there. */
static char *cut_tail(char *text, const char *word)
{
	char *at, *found = NULL;

	for (at = strstr(text, word); at; at = strstr(at + 1, word))
		found = at;
	if (!found || strchr(found + strlen(word), ' ') || !found[strlen(word)])
		return NULL;
	*found = 0;
	return found + strlen(word);
}

/* The first value of a variable, as compiled. */
static struct sm_str value_of(const struct compiled *c, struct sm_str name)
{
	struct sm_str value = { NULL, 0 };
	size_t i;

	for (i = 0; i < c->rules->variable_count; i++)
		if (sm_str_equal(c->rules->variables[i].name, name))
			value = c->rules->variables[i].values.items[0];
	for (i = 0; i < c->settled.count; i++) {
		const struct sm_binding *b = &c->settled.items[i];

		if (sm_str_equal(sm_str_of(b->name), name))
			value = (struct sm_str){
				b->value, (uint32_t)strcspn(b->value, ":")
			};
	}
	return value;
}

#define FILE_MAX 4096

/* A path that a load rule's pattern covers, up to its first wildcard. */
static struct sm_str covered_file(const struct compiled *c,
				  struct sm_str pattern, char room[FILE_MAX])
{
	const char *end = memchr(pattern.p, '}', pattern.len);
	struct sm_str value = { NULL, 0 };
	uint32_t at = 0, n = 0;

	if (pattern.p[0] == '$' && end) {
		at = (uint32_t)(end - pattern.p) + 1;
		value = value_of(c, (struct sm_str){ pattern.p + 2, at - 3 });
		if (value.len > FILE_MAX / 2)
			return (struct sm_str){ NULL, 0 };
	}
	for (; n < value.len; n++)
		room[n] = value.p[n];
	for (; at < pattern.len && n < FILE_MAX - 8; at++) {
		if (pattern.p[at] == '*' || pattern.p[at] == '<') {
			memcpy(room + n, "x.py", 4);
			return (struct sm_str){ room, n + 4 };
		}
		room[n++] = pattern.p[at];
	}
	return (struct sm_str){ room, n };
}

/* "app" acts from a file that may be loaded; any will do. */
static void find_app_file(const struct compiled *c, struct sm_principal *p,
			  char room[FILE_MAX])
{
	size_t i;

	for (i = 0; i < c->rules->count; i++) {
		const struct sm_rule *r = &c->rules->rules[i];

		if (r->access != SM_ACCESS_LOAD || r->deny || !r->pattern.len)
			continue;
		p->file = covered_file(c, r->pattern, room);
		if (sm_policy_principal(&c->policy, p) == SM_PRINCIPAL_APP)
			return;
	}
}

static bool speak(const struct compiled *c, char *sentence, struct spoken *s,
		  char room[FILE_MAX])
{
	char *by, *via, *verb, *rest = sentence;
	const struct verb *found = NULL;
	size_t i;
	int number;

	memset(s, 0, sizeof(*s));
	s->event.args = s->args;
	via = cut_tail(sentence, " via ");
	by = cut_tail(sentence, " by ");
	if (!via)
		via = cut_tail(sentence, " via ");
	verb = strsep(&rest, " ");
	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].word, verb))
			found = &verbs[i];
	/* "open PATH read": the access behind the path */
	if (!strcmp(verb, "open") && rest) {
		char *last = strrchr(rest, ' ');

		for (i = 0; last && i < sizeof(verbs) / sizeof(*verbs); i++)
			if (!strcmp(verbs[i].word, last + 1))
				found = &verbs[i];
		if (found)
			*last = 0;
		else
			found = &verbs[0];
	}
	if (!found || !rest || !*rest)
		return false;
	if (!found->event) {
		char *name = strsep(&rest, " ");

		s->event.site.event = sm_str_of(name);
		while ((name = strsep(&rest, " ")))
			push(s, text_value(name));
	} else {
		s->event.site.event = sm_str_of(found->event);
		push_arguments(s, found, rest);
	}
	s->event.site.kind = sm_catalogue_find(s->event.site.event);
	if (!strcmp(found->word, "load"))
		s->event.site.via = SM_VIA_IMPORT;
	number = via ? sm_via_find(sm_str_of(via)) : -1;
	if (via && number < 0)
		return false;
	if (via)
		s->event.site.via = number;
	set_principal(&s->event.site.principal, by ? by : "app");
	if (s->event.site.principal.kind == SM_PRINCIPAL_APP)
		find_app_file(c, &s->event.site.principal, room);
	return true;
}

static int explain_sentence(const struct options *o, const struct compiled *c,
			    const char *sentence)
{
	char *copy = strdup(sentence), room[4096];
	struct sm_verdict v;
	struct spoken s;
	int status = SM_EXIT_OK;

	if (!copy)
		return SM_EXIT_USAGE;
	if (!speak(c, copy, &s, room)) {
		sm_cli_error(&program, sentence,
			     "no event; write \"ACCESS WHAT [by WHO] [via "
			     "HOW]\", ACCESS one of read, write, create, "
			     "delete, list, meta, sqlite, connect, bind, "
			     "resolve, exec, shell, load, run, class, dlopen, "
			     "dlsym, raise");
		free(copy);
		return SM_EXIT_USAGE;
	}
	sm_policy_decide(&c->policy, &s.event, &v);
	print_verdict(o, &s.event, &v);
	if (v.decision == SM_DENIED || v.decision == SM_WARNED)
		status = SM_EXIT_FINDING;
	free(copy);
	return status;
}

/* Sentences already shown, so that each verdict is told once. */
struct tally {
	uint64_t *keys;
	size_t room, used;
};

static uint64_t hash_verdict(const struct sm_event *event,
			     const struct sm_verdict *v)
{
	char text[8192];
	uint64_t hash = 1469598103934665603u;
	const char *p;

	sm_verdict_explain(event, v, text, sizeof(text));
	for (p = text; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	return hash ? hash : 1;
}

static bool tally_grow(struct tally *t)
{
	struct tally larger = { .room = t->room ? 2 * t->room : 1024,
				.used = t->used };
	size_t i, at;

	if (t->used * 2 < t->room)
		return true;
	larger.keys = calloc(larger.room, sizeof(*larger.keys));
	if (!larger.keys)
		return false;
	for (i = 0; i < t->room; i++) {
		if (!t->keys[i])
			continue;
		at = t->keys[i] & (larger.room - 1);
		while (larger.keys[at])
			at = (at + 1) & (larger.room - 1);
		larger.keys[at] = t->keys[i];
	}
	free(t->keys);
	*t = larger;
	return true;
}

/* True the first time. */
static bool is_new(struct tally *t, uint64_t key)
{
	size_t at;

	if (!tally_grow(t))
		return true; /* told twice rather than not at all */
	for (at = key & (t->room - 1); t->keys[at];
	     at = (at + 1) & (t->room - 1))
		if (t->keys[at] == key)
			return false;
	t->keys[at] = key;
	t->used++;
	return true;
}

static bool is_shown(const struct options *o, const struct sm_verdict *v)
{
	if (v->decision == SM_DENIED || v->decision == SM_WARNED)
		return true;
	return o->shows_all && v->decision == SM_ALLOWED;
}

static int explain_events(const struct options *o, const struct compiled *c,
			  struct sm_trace *trace, uint64_t number)
{
	struct sm_trace_cursor *cursor;
	const struct sm_event *event;
	struct tally tally = { 0 };
	struct sm_diag diag = { 0 };
	struct sm_verdict v;
	enum sm_status status;
	uint64_t at = 0;
	uint32_t site;
	int result = SM_EXIT_OK;

	if (sm_trace_events(trace, NULL, &cursor, &diag)) {
		sm_cli_diag(&program, sm_trace_path(trace), &diag);
		return SM_EXIT_USAGE;
	}
	while ((status = sm_trace_next(cursor, &event, &site, &diag)) !=
	       SM_END) {
		if (status) {
			sm_cli_diag(&program, sm_trace_path(trace), &diag);
			result = SM_EXIT_USAGE;
			if (status != SM_DAMAGED)
				break;
			continue;
		}
		at++;
		if (number && at != number)
			continue;
		sm_policy_decide(&c->policy, event, &v);
		if (number ? true
			   : is_shown(o, &v) &&
				     is_new(&tally, hash_verdict(event, &v)))
			print_verdict(o, event, &v);
		if (!result &&
		    (v.decision == SM_DENIED || v.decision == SM_WARNED))
			result = SM_EXIT_FINDING;
		if (number)
			break;
	}
	if (number > at) {
		sm_cli_error(&program, sm_trace_path(trace),
			     "has %llu events, no number %llu",
			     (unsigned long long)at,
			     (unsigned long long)number);
		result = SM_EXIT_USAGE;
	}
	sm_trace_cursor_free(cursor);
	free(tally.keys);
	return result;
}

static int explain_trace(const struct options *o, const char *policy,
			 const char *path, const char *number)
{
	struct sm_trace *trace;
	struct compiled c;
	struct sm_diag diag = { 0 };
	char *end = NULL;
	unsigned long long n = number ? strtoull(number, &end, 10) : 0;
	int result = SM_EXIT_USAGE;

	if (number && (!n || *end)) {
		sm_cli_error(&program, number,
			     "no event number; the first event is 1");
		return result;
	}
	if (sm_trace_open(path, &trace, &diag)) {
		sm_cli_diag(&program, path, &diag);
		return result;
	}
	if (compile(o, policy, trace, &c)) {
		result = explain_events(o, &c, trace, n);
		compiled_fini(&c);
	}
	sm_trace_close(trace);
	return result;
}

static int explain(const struct options *o, const char *policy, int argc,
		   char **argv)
{
	struct compiled c;
	int i, status = SM_EXIT_OK, one;

	if (!argc) {
		sm_cli_error(&program, NULL,
			     "explain needs an event or a trace");
		return SM_EXIT_USAGE;
	}
	/* A file of that name, or one word: a trace. */
	if (!strchr(argv[0], ' ') || !access(argv[0], F_OK))
		return explain_trace(o, policy, argv[0],
				     argc > 1 ? argv[1] : NULL);
	if (!compile(o, policy, NULL, &c))
		return SM_EXIT_USAGE;
	for (i = 0; i < argc; i++) {
		one = explain_sentence(o, &c, argv[i]);
		status = one > status ? one : status;
	}
	compiled_fini(&c);
	return status;
}

/* -------------------------------------------------------------------- main */

static int each_file(const struct options *o, int argc, char **argv,
		     int (*work)(const struct options *, const char *))
{
	int i, status = SM_EXIT_OK, one;

	for (i = 0; i < argc; i++) {
		one = work(o, argv[i]);
		status = one > status ? one : status;
	}
	return status;
}

static int run(const struct options *o, const char *command, int argc,
	       char **argv)
{
	if (!strcmp(command, "validate"))
		return each_file(o, argc, argv, validate);
	if (!strcmp(command, "fmt"))
		return each_file(o, argc, argv, format);
	if (!strcmp(command, "explain"))
		return explain(o, argv[0], argc - 1, argv + 1);
	sm_cli_error(&program, command,
		     "no such command; one of validate, fmt, explain");
	return SM_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int first, status = sm_cli_parse(&program, argc, argv, &o, &first);
	const char *command;

	if (status >= 0)
		return status;
	if (first >= argc) {
		sm_cli_error(&program, NULL,
			     "which command? one of validate, fmt, explain");
		return SM_EXIT_USAGE;
	}
	command = argv[first];
	/* -p POLICY stands where the operand would. */
	if (o.policy)
		argv[first] = (char *)(uintptr_t)o.policy;
	else
		first++;
	if (first >= argc) {
		sm_cli_error(&program, NULL, "%s needs a policy", command);
		return SM_EXIT_USAGE;
	}
	status = run(&o, command, argc - first, argv + first);
	return sm_cli_finish(&program, status);
}
