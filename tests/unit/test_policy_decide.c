/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "tests/unit/decide_rows.h"

static struct compiled fixture;

static int set_up(void **state)
{
	(void)state;
	fixture = compile_text(policy_text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	compiled_free(&fixture);
	return 0;
}

static void stage_open(struct staged *s, const struct row *r, int flags)
{
	stage(s, "open", r->by);
	push_arg(s, text_value(r->what));
	push_arg(s, (struct sm_value){ .type = SM_NONE });
	push_arg(s, int_value(flags));
}

static char *next_word(char **rest)
{
	char *word = strsep(rest, " ");

	return word ? word : (char *)(uintptr_t) "";
}

static void put_peer(struct staged *s, const struct row *r, const char *name,
		     char *words)
{
	struct sm_value list = { .type = SM_LIST, .len = 2, .full_len = 2 };
	char *host = next_word(&words), *port = next_word(&words);

	stage(s, name, r->by);
	push_arg(s, text_value(words));
	s->items[0] = text_value(host);
	s->items[1] = int_value(atoi(port));
	list.items = s->items;
	push_arg(s, list);
}

static void stage_exec(struct staged *s, const struct row *r, char *words)
{
	char *name = next_word(&words), *at;
	struct sm_value code_value = { .type = SM_LIST,
				       .len = 2,
				       .full_len = 2 };

	for (at = name; *at; at++)
		if (*at == '#')
			*at = ' ';
	stage(s, "exec", r->by);
	s->items[0] = text_value(name);
	s->items[1] = text_value("<module>");
	code_value.items = s->items;
	push_arg(s, code_value);
	s->event.site.file = sm_str_of(strcmp(words, "-") ? words : "");
}

static void stage_custom(struct staged *s, const struct row *r, char *words)
{
	char *name = next_word(&words), *word, *end;

	stage(s, name, r->by);
	while (words) {
		word = next_word(&words);
		(void)strtol(word, &end, 10);
		push_arg(s, *word && !*end ? int_value(atoi(word))
					   : text_value(word));
	}
}

static void stage_row(struct staged *s, const struct row *r, char *words)
{
	switch (r->kind) {
	case 'r':
		stage_open(s, r, O_RDONLY);
		break;
	case 'w':
		stage_open(s, r, O_WRONLY | O_TRUNC);
		break;
	case 'b':
		stage_open(s, r, O_RDWR);
		break;
	case 'c':
		stage_open(s, r, O_WRONLY | O_CREAT);
		break;
	case 'l':
		stage(s, "os.listdir", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 's':
		stage(s, "sqlite3.connect", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'n':
		put_peer(s, r, "socket.connect", words);
		break;
	case 'B':
		put_peer(s, r, "socket.bind", words);
		break;
	case 'u':
		stage(s, "socket.connect", r->by);
		push_arg(s, text_value("unix"));
		push_arg(s, text_value(words));
		/* an abstract name starts with NUL where the row has @ */
		if (words[0] == '@')
			words[0] = 0;
		s->args[1].len = s->args[1].full_len = strlen(r->what);
		break;
	case 'g':
		stage(s, "socket.getaddrinfo", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'e':
		stage(s, "os.posix_spawn", r->by);
		push_arg(s, text_value(next_word(&words)));
		push_words(s, words);
		break;
	case 'S':
		stage(s, "os.system", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'k':
		stage(s, "os.kill", r->by);
		push_arg(s, strcmp(words, "self") ? int_value(atoi(words))
						  : text_value(words));
		push_arg(s, int_value(15));
		break;
	case 'x':
		stage_exec(s, r, words);
		break;
	case 'p':
		stage(s, "pickle.find_class", r->by);
		push_arg(s, text_value(next_word(&words)));
		push_arg(s, text_value(words));
		break;
	case 'o':
		stage(s, "ctypes.dlopen", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'L':
		stage(s, "secmgr.loaded", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'y':
		stage(s, "ctypes.dlsym", r->by);
		push_arg(s, (struct sm_value){ .type = SM_NONE });
		push_arg(s, text_value(r->what));
		break;
	default:
		stage_custom(s, r, words);
	}
	s->event.site.via = r->via;
}

static void check_rows(const struct row *rows, size_t count)
{
	size_t i, checked = 0;

	for (i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		char *words = strdup(r->what), text[400];
		struct sm_verdict v;
		struct staged s;

		stage_row(&s, r, words);
		sm_policy_decide(&fixture.policy, &s.event, &v);
		sm_verdict_explain(&s.event, &v, text, sizeof(text));
		if (v.decision != r->decision || v.reason != r->reason ||
		    (r->rule && !sm_str_equal(v.rule, sm_str_of(r->rule))))
			fail_msg("%c %s by %s: got %s, %s, rule %.*s (%s)",
				 r->kind, r->what, r->by,
				 sm_decision_name(v.decision),
				 sm_reason_name(v.reason), (int)v.rule.len,
				 v.rule.p, text);
		free(words);
		checked++;
	}
	assert_int_equal(checked, count);
}

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void files_follow_path_access_principal_and_via(void **state)
{
	(void)state;
	check_rows(files, COUNT(files));
}

static void code_follows_place_module_and_runner(void **state)
{
	(void)state;
	check_rows(code, COUNT(code));
}

static void network_follows_host_port_and_protocol(void **state)
{
	(void)state;
	check_rows(network, COUNT(network));
}

static void processes_follow_program_words_and_shell_line(void **state)
{
	(void)state;
	check_rows(processes, COUNT(processes));
}

static void classes_libraries_and_events_follow_their_names(void **state)
{
	(void)state;
	check_rows(others, COUNT(others));
}

static void code_outside_every_load_rule_is_foreign(void **state)
{
	struct sm_principal p = { .kind = SM_PRINCIPAL_APP,
				  .name = SM_STR("app"),
				  .file = SM_STR("/srv/shop/app.py") };

	(void)state;
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_APP);
	p.file = SM_STR("/srv/shop/data/upload.py");
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_FOREIGN);
	p.kind = SM_PRINCIPAL_DYNAMIC;
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_FOREIGN);
	p.kind = SM_PRINCIPAL_DISTRIBUTION;
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_DISTRIBUTION);
}

static enum sm_decision decide_mode(const char *modes, const char *event,
				    const char *what)
{
	char text[400];
	struct compiled c;
	struct staged s;
	struct sm_verdict v;

	snprintf(text, sizeof(text), "{\"secmgr\": 1, \"modes\": %s}", modes);
	c = compile_text(text);
	stage(&s, event, "python");
	push_arg(&s, text_value(what));
	push_arg(&s, int_value(0));
	push_arg(&s, int_value(0));
	sm_policy_decide(&c.policy, &s.event, &v);
	compiled_free(&c);
	return v.decision;
}

static void what_cannot_be_stopped_is_warned_about(void **state)
{
	static const char *const names[] = { "cpython._PySys_ClearAuditHooks",
					     "cpython.PyInterpreterState_Clear",
					     "cpython.PyInterpreterState_New",
					     "sys.excepthook",
					     "sys.unraisablehook",
					     "os.fork" };
	struct sm_verdict verdict;
	struct staged s;
	char text[128];

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct compiled c;

		snprintf(text, sizeof(text),
			 "{ \"secmgr\": 1, \"deny\": [{ \"name\": \"%s\" }] }",
			 names[i]);
		c = compile_text(text);
		stage(&s, names[i], "python");
		sm_policy_decide(&c.policy, &s.event, &verdict);
		assert_int_equal(verdict.reason, SM_REASON_DENY_RULE);
		assert_int_equal(verdict.decision,
				 i < 5 ? SM_WARNED : SM_DENIED);
		compiled_free(&c);
	}
}

static void modes_are_per_family_and_block_by_default(void **state)
{
	(void)state;
	assert_int_equal(decide_mode("{}", "open", "/x"), SM_DENIED);
	assert_int_equal(decide_mode("{\"files\": \"warn\"}", "open", "/x"),
			 SM_WARNED);
	assert_int_equal(decide_mode("{\"files\": \"off\"}", "open", "/x"),
			 SM_UNDECIDED);
	assert_int_equal(decide_mode("{\"code\": \"off\"}", "open", "/x"),
			 SM_DENIED);
	assert_int_equal(decide_mode("{}", "custom.event", "x"), SM_WARNED);
	assert_int_equal(
		decide_mode("{\"events\": \"block\"}", "custom.event", "x"),
		SM_DENIED);
	assert_int_equal(
		decide_mode("{\"events\": \"off\"}", "custom.event", "x"),
		SM_UNDECIDED);
	assert_int_equal(decide_mode("{}", "sys.settrace", "x"), SM_DENIED);
	assert_int_equal(
		decide_mode("{\"events\": \"warn\"}", "sys.settrace", "x"),
		SM_WARNED);
}

static void what_a_bound_cut_is_never_granted(void **state)
{
	struct staged s;
	struct sm_verdict v;

	(void)state;
	stage(&s, "open", "app");
	push_arg(&s, text_value("/srv/shop/data/x"));
	s.args[0].full_len = 5000;
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(0));
	sm_policy_decide(&fixture.policy, &s.event, &v);
	assert_int_equal(v.decision, SM_DENIED);
	assert_int_equal(v.reason, SM_REASON_CUT);
}

static void a_decision_is_explained_in_one_sentence(void **state)
{
	struct staged s;
	struct sm_verdict v;
	char text[200], shorter[20];

	(void)state;
	stage(&s, "open", "app");
	push_arg(&s, text_value("/srv/shop/data/x"));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(O_WRONLY));
	sm_policy_decide(&fixture.policy, &s.event, &v);
	sm_verdict_explain(&s.event, &v, text, sizeof(text));
	assert_string_equal(text, "write /srv/shop/data/x by app: no rule "
				  "covers it; nearest f1 lacks write");
	sm_verdict_explain(&s.event, &v, shorter, sizeof(shorter));
	assert_string_equal(shorter, "write /srv/shop/dat");
}

/* Bindings replace variables; without either, the line is told. */
static void variables_come_from_the_policy_or_from_bindings(void **state)
{
	static const char text[] =
		"{ \"secmgr\": 1,\n  \"files\": [\n    { \"id\": \"f1\", "
		"\"path\": \"${HOME}/x\", \"access\": [\"read\"] } ] }";
	struct sm_binding home = { "HOME", "/home/a:/home/b" };
	struct sm_rules *rules;
	struct sm_policy policy;
	struct sm_diag diag;
	struct sm_verdict v;
	struct staged s;
	void *blob;
	size_t bytes;

	(void)state;
	assert_int_equal(sm_policy_parse(text, strlen(text), &rules, &diag), 0);
	assert_int_equal(
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, &diag),
		SM_INVALID);
	assert_int_equal(diag.line, 3);
	assert_string_equal(diag.text, "undefined variable ${HOME}; give it a "
				       "value in \"variables\"");
	assert_int_equal(
		sm_policy_compile(rules, &home, 1, &blob, &bytes, &diag), 0);
	assert_int_equal(sm_policy_open(&policy, blob, bytes, &diag), 0);
	stage(&s, "open", "python");
	push_arg(&s, text_value("/home/b/x"));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(O_RDONLY));
	sm_policy_decide(&policy, &s.event, &v);
	assert_int_equal(v.decision, SM_ALLOWED);
	free(blob);
	sm_rules_free(rules);
}

static void each_request_of_an_event_is_decided_on_its_own(void **state)
{
	struct compiled c =
		compile_text("{\"secmgr\": 1, \"files\": ["
			     "{\"id\": \"old\", \"path\": \"/w/old\", "
			     "\"access\": [\"delete\"]},"
			     "{\"id\": \"new\", \"path\": \"/w/*\", "
			     "\"access\": [\"create\"]}]}");
	struct sm_verdict v;
	struct staged s;

	(void)state;
	stage(&s, "os.rename", "python");
	push_arg(&s, text_value("/w/old"));
	push_arg(&s, text_value("/w/.new"));
	push_arg(&s, int_value(-1));
	push_arg(&s, int_value(-1));
	sm_policy_decide_request(&c.policy, &s.event, 0, &v);
	assert_int_equal(v.decision, SM_ALLOWED);
	assert_true(sm_str_equal(v.rule, SM_STR("old")));
	sm_policy_decide_request(&c.policy, &s.event, 1, &v);
	assert_int_equal(v.decision, SM_DENIED);
	assert_int_equal(v.lacking, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
	assert_int_equal(v.request, 1);
	s.args[1] = text_value("/w/new");
	sm_policy_decide_request(&c.policy, &s.event, 1, &v);
	assert_int_equal(v.decision, SM_ALLOWED);
	assert_true(sm_str_equal(v.rule, SM_STR("new")));
	sm_policy_decide_request(&c.policy, &s.event, 2, &v);
	assert_int_equal(v.decision, SM_UNDECIDED);
	compiled_free(&c);
}

/* Its file is not allowed either; which no rule says. */
static void a_rule_that_denies_is_named_before_one_that_lacks(void **state)
{
	struct compiled c = compile_text("{\"secmgr\": 1, \"deny\": ["
					 "{\"id\": \"d\", \"name\": "
					 "\"os.mkdir\"}]}");
	struct sm_verdict v;
	struct staged s;

	(void)state;
	stage(&s, "os.mkdir", "python");
	push_arg(&s, text_value("/w/new"));
	push_arg(&s, int_value(0755));
	push_arg(&s, int_value(-1));
	sm_policy_decide(&c.policy, &s.event, &v);
	assert_int_equal(v.decision, SM_DENIED);
	assert_int_equal(v.reason, SM_REASON_DENY_RULE);
	assert_int_equal(v.family, SM_FAMILY_EVENTS);
	assert_true(sm_str_equal(v.rule, SM_STR("d")));
	compiled_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_follow_path_access_principal_and_via),
		cmocka_unit_test(code_follows_place_module_and_runner),
		cmocka_unit_test(network_follows_host_port_and_protocol),
		cmocka_unit_test(processes_follow_program_words_and_shell_line),
		cmocka_unit_test(
			classes_libraries_and_events_follow_their_names),
		cmocka_unit_test(code_outside_every_load_rule_is_foreign),
		cmocka_unit_test(what_cannot_be_stopped_is_warned_about),
		cmocka_unit_test(modes_are_per_family_and_block_by_default),
		cmocka_unit_test(what_a_bound_cut_is_never_granted),
		cmocka_unit_test(a_decision_is_explained_in_one_sentence),
		cmocka_unit_test(
			variables_come_from_the_policy_or_from_bindings),
		cmocka_unit_test(
			each_request_of_an_event_is_decided_on_its_own),
		cmocka_unit_test(
			a_rule_that_denies_is_named_before_one_that_lacks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
