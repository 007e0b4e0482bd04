/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-policy: check, explain and format policies.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/policy_tool.h"

static int set_flag(bool *flag)
{
	*flag = true;
	return 0;
}

static int set_write(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct sm_policy_options *)context)->is_writing);
}

static int set_check(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct sm_policy_options *)context)->is_checking);
}

static int set_all(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct sm_policy_options *)context)->shows_all);
}

static int set_json(void *context, const char *value, struct sm_diag *diag)
{
	(void)value, (void)diag;
	return set_flag(&((struct sm_policy_options *)context)->is_json);
}

static int set_junit(void *context, const char *value, struct sm_diag *diag)
{
	(void)diag;
	((struct sm_policy_options *)context)->junit = value;
	return 0;
}

static int set_sarif(void *context, const char *value, struct sm_diag *diag)
{
	(void)diag;
	((struct sm_policy_options *)context)->sarif = value;
	return 0;
}

static int set_policy(void *context, const char *value, struct sm_diag *diag)
{
	(void)diag;
	((struct sm_policy_options *)context)->policy = value;
	return 0;
}

/* NAME=VALUE lives in argv; the = becomes the name's end. */
static int set_binding(void *context, const char *value, struct sm_diag *diag)
{
	struct sm_policy_options *o = context;
	char *equals = strchr(value, '=');

	if (!equals || equals == value) {
		sm_fail(diag, SM_INVALID, "%s: write NAME=/PATH", value);
		return -1;
	}
	if (o->binding_count == SM_BINDINGS_MAX) {
		sm_fail(diag, SM_LIMIT, "more than %d variables",
			SM_BINDINGS_MAX);
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
	{ 0, "json", NULL, "explain, diff: JSON", set_json },
	{ 'w', "write", NULL, "fmt: write the file instead of standard output",
	  set_write },
	{ 0, "check", NULL, "fmt: exit with 1 if the file would change",
	  set_check },
	{ 0, "junit", "FILE", "test: write JUnit XML", set_junit },
	{ 0, "sarif", "FILE", "test: write SARIF 2.1.0", set_sarif },
	{ 0, NULL, NULL, NULL, NULL },
};

const struct sm_program sm_policy_program = {
	.name = "secmgr-policy",
	.usage = "validate POLICY...\n"
		 "       secmgr-policy fmt [-w] [--check] POLICY...\n"
		 "       secmgr-policy explain POLICY \"EVENT\"...\n"
		 "       secmgr-policy explain [--all] POLICY TRACE [NUMBER]\n"
		 "       secmgr-policy diff OLD NEW [TRACE...]\n"
		 "       secmgr-policy test POLICY CASES",
	.summary = "Check, format, explain, compare and test policies.",
	.options = option_rows,
	.usage_status = SM_EXIT_USAGE,
};

/* ---------------------------------------------------------------- validate */

struct findings {
	const char *path;
	unsigned count;
};

static void tell_finding(void *context, const struct sm_diag *diag)
{
	struct findings *f = context;

	f->count++;
	sm_cli_diag(&sm_policy_program, sm_policy_place(f->path), diag);
}

static int validate(const struct sm_policy_options *o, const char *path)
{
	struct sm_rules *rules = sm_policy_load_or_tell(path);
	struct findings findings = { path, 0 };
	struct sm_diag diag = { 0 };
	struct sm_settled settled;
	enum sm_status status;
	size_t bytes;
	void *blob = NULL;

	if (!rules)
		return SM_EXIT_USAGE;
	sm_policy_settle(o, rules, NULL, &settled);
	status = sm_policy_compile(rules, settled.items, settled.count, &blob,
				   &bytes, &diag);
	if (!status)
		status = sm_policy_check(rules, settled.items, settled.count,
					 tell_finding, &findings, &diag);
	if (status)
		sm_cli_diag(&sm_policy_program, sm_policy_place(path), &diag);
	else if (!findings.count)
		printf("%s: ok, %zu rules\n", sm_policy_place(path),
		       rules->count);
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
		sm_cli_error(&sm_policy_program, path, "%s", strerror(errno));
		return status;
	}
	fd = mkostemp(other, O_CLOEXEC);
	if (fd >= 0 && !fchmod(fd, st.st_mode & 07777) &&
	    write_all(fd, text, bytes) && !fsync(fd) && !close(fd) &&
	    !rename(other, path)) {
		status = SM_EXIT_OK;
	} else {
		sm_cli_error(&sm_policy_program, path, "cannot write it: %s",
			     strerror(errno));
		if (fd >= 0)
			unlink(other);
	}
	free(other);
	return status;
}

static int format(const struct sm_policy_options *o, const char *path)
{
	struct sm_rules *rules = sm_policy_load_or_tell(path);
	char *text = NULL, *old = NULL;
	size_t bytes, old_bytes = 0;
	int status = SM_EXIT_USAGE;
	bool is_same;

	if (!rules)
		return status;
	if (sm_policy_print(rules, &text, &bytes)) {
		sm_cli_error(&sm_policy_program, sm_policy_place(path),
			     "out of memory");
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
			sm_cli_error(&sm_policy_program, sm_policy_place(path),
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

static void print_verdict(const struct sm_policy_options *o,
			  const struct sm_event *event,
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

static int explain_sentence(const struct sm_policy_options *o,
			    const struct sm_compiled *c, const char *sentence)
{
	char *copy = strdup(sentence);
	struct sm_verdict v;
	struct sm_spoken s;
	int status = SM_EXIT_OK;

	if (!copy)
		return SM_EXIT_USAGE;
	if (!sm_sentence_parse(c, copy, &s)) {
		sm_cli_error(&sm_policy_program, sentence,
			     "no event; write \"ACCESS WHAT [by WHO] [via "
			     "HOW]\", ACCESS one of " SM_ACCESS_WORDS);
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

static bool is_shown(const struct sm_policy_options *o,
		     const struct sm_verdict *v)
{
	if (v->decision == SM_DENIED || v->decision == SM_WARNED)
		return true;
	return o->shows_all && v->decision == SM_ALLOWED;
}

static int explain_events(const struct sm_policy_options *o,
			  const struct sm_compiled *c, struct sm_trace *trace,
			  uint64_t number)
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
		sm_cli_diag(&sm_policy_program, sm_trace_path(trace), &diag);
		return SM_EXIT_USAGE;
	}
	while ((status = sm_trace_next(cursor, &event, &site, &diag)) !=
	       SM_END) {
		if (status) {
			sm_cli_diag(&sm_policy_program, sm_trace_path(trace),
				    &diag);
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
		sm_cli_error(&sm_policy_program, sm_trace_path(trace),
			     "has %llu events, no number %llu",
			     (unsigned long long)at,
			     (unsigned long long)number);
		result = SM_EXIT_USAGE;
	}
	sm_trace_cursor_free(cursor);
	free(tally.keys);
	return result;
}

static int explain_trace(const struct sm_policy_options *o, const char *policy,
			 const char *path, const char *number)
{
	struct sm_trace *trace;
	struct sm_compiled c;
	struct sm_diag diag = { 0 };
	char *end = NULL;
	unsigned long long n = number ? strtoull(number, &end, 10) : 0;
	int result = SM_EXIT_USAGE;

	if (number && (!n || *end)) {
		sm_cli_error(&sm_policy_program, number,
			     "no event number; the first event is 1");
		return result;
	}
	if (sm_trace_open(path, &trace, &diag)) {
		sm_cli_diag(&sm_policy_program, path, &diag);
		return result;
	}
	if (sm_compiled_init(o, policy, trace, &c)) {
		result = explain_events(o, &c, trace, n);
		sm_compiled_fini(&c);
	}
	sm_trace_close(trace);
	return result;
}

static int explain(const struct sm_policy_options *o, const char *policy,
		   int argc, char **argv)
{
	struct sm_compiled c;
	int i, status = SM_EXIT_OK, one;

	if (!argc) {
		sm_cli_error(&sm_policy_program, NULL,
			     "explain needs an event or a trace");
		return SM_EXIT_USAGE;
	}
	/* A file of that name, or one word: a trace. */
	if (!strchr(argv[0], ' ') || !access(argv[0], F_OK))
		return explain_trace(o, policy, argv[0],
				     argc > 1 ? argv[1] : NULL);
	if (!sm_compiled_init(o, policy, NULL, &c))
		return SM_EXIT_USAGE;
	for (i = 0; i < argc; i++) {
		one = explain_sentence(o, &c, argv[i]);
		status = one > status ? one : status;
	}
	sm_compiled_fini(&c);
	return status;
}

/* -------------------------------------------------------------------- main */

#define COMMANDS "validate, fmt, explain, diff, test"

static int each_file(const struct sm_policy_options *o, int argc, char **argv,
		     int (*work)(const struct sm_policy_options *,
				 const char *))
{
	int i, status = SM_EXIT_OK, one;

	for (i = 0; i < argc; i++) {
		one = work(o, argv[i]);
		status = one > status ? one : status;
	}
	return status;
}

static int run(const struct sm_policy_options *o, const char *command, int argc,
	       char **argv)
{
	if (!strcmp(command, "validate"))
		return each_file(o, argc, argv, validate);
	if (!strcmp(command, "fmt"))
		return each_file(o, argc, argv, format);
	if (!strcmp(command, "explain"))
		return explain(o, argv[0], argc - 1, argv + 1);
	if (!strcmp(command, "diff"))
		return sm_policy_compare(o, argc, argv);
	if (!strcmp(command, "test"))
		return sm_policy_test(o, argc, argv);
	sm_cli_error(&sm_policy_program, command,
		     "no such command; one of " COMMANDS);
	return SM_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct sm_policy_options o = { 0 };
	int first, status = sm_cli_parse(&sm_policy_program, argc, argv, &o,
					 &first);
	const char *command;

	if (status >= 0)
		return status;
	if (first >= argc) {
		sm_cli_error(&sm_policy_program, NULL,
			     "which command? one of " COMMANDS);
		return SM_EXIT_USAGE;
	}
	command = argv[first];
	/* -p POLICY stands where the operand would. */
	if (o.policy)
		argv[first] = (char *)(uintptr_t)o.policy;
	else
		first++;
	if (first >= argc) {
		sm_cli_error(&sm_policy_program, NULL, "%s needs a policy",
			     command);
		return SM_EXIT_USAGE;
	}
	status = run(&o, command, argc - first, argv + first);
	return sm_cli_finish(&sm_policy_program, status);
}
