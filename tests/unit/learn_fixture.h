/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_fixture.h: recordings for tests, an event a line, and what is learned
 * from them.
 */
#ifndef TESTS_LEARN_FIXTURE_H
#define TESTS_LEARN_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "learner/learner.h"
#include "learner/observe.h"

#define APP  "/srv/shop"
#define RUNS 8

struct bench {
	struct sm_observations *seen;
	uint32_t owners[RUNS]; /* one process each, in runs of their own */
	struct sm_learned learned;
	struct sm_policy policy;
	void *blob;
};

static const struct sm_principal app = { .kind = SM_PRINCIPAL_APP,
					 .name = SM_STR("app"),
					 .file = SM_STR(APP "/app.py") };

static inline struct sm_value text(const char *s)
{
	return (struct sm_value){ .type = SM_TEXT,
				  .len = (uint32_t)strlen(s),
				  .full_len = strlen(s),
				  .s = s };
}

static inline struct sm_value number(int64_t i)
{
	return (struct sm_value){ .type = SM_INT, .i = i };
}

static inline struct sm_event
event_of(const char *name, const struct sm_value *args, uint32_t argc)
{
	struct sm_event e = { .process = 1, .argc = argc, .args = args };

	e.site.event = sm_str_of(name);
	e.site.kind = sm_catalogue_find(e.site.event);
	e.site.principal = app;
	return e;
}

static inline void add(struct bench *b, int run, const struct sm_event *e)
{
	assert_int_equal(sm_observations_add(b->seen, b->owners[run], e),
			 SM_OK);
}

static inline struct sm_event open_event(struct sm_value args[3],
					 const char *path, int flags)
{
	args[0] = text(path);
	args[1] = (struct sm_value){ .type = SM_NONE };
	args[2] = number(flags);
	return event_of("open", args, 3);
}

#define READ  O_RDONLY
#define WRITE (O_WRONLY | O_CREAT | O_TRUNC)

static inline void see_open(struct bench *b, int run, const char *path,
			    int flags)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, flags);

	add(b, run, &e);
}

static inline struct sm_event mkdir_event(struct sm_value args[3],
					  const char *path)
{
	args[0] = text(path);
	args[1] = number(0777);
	args[2] = number(-1);
	return event_of("os.mkdir", args, 3);
}

static inline void see_mkdir(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = mkdir_event(args, path);

	add(b, run, &e);
}

static inline struct sm_event load_event(struct sm_value args[3],
					 const char *path)
{
	struct sm_event e = open_event(args, path, READ);

	e.site.via = SM_VIA_IMPORT;
	return e;
}

static inline void see_load(struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	add(b, 0, &e);
}

/* Code called name is run by a distribution. */
static inline struct sm_event run_event(struct sm_value args[3],
					const char *name, const char *by)
{
	struct sm_event e;

	args[1] = text(name);
	args[2] = text("<module>");
	args[0] = (struct sm_value){
		.type = SM_LIST, .len = 2, .full_len = 2, .items = args + 1
	};
	e = event_of("exec", args, 1);
	e.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = sm_str_of(by),
				       .file = SM_STR("") };
	return e;
}

static inline void see_run(struct bench *b, const char *name, const char *by)
{
	struct sm_value args[3];
	struct sm_event e = run_event(args, name, by);

	add(b, 0, &e);
}

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* argv in words, NULL-terminated; program is argv[0]. */
static inline struct sm_event popen_event(struct sm_value args[20],
					  const char *const *argv)
{
	uint32_t n = 0;
	struct sm_event e;

	memset(args, 0, 4 * sizeof(*args));
	while (argv[n]) {
		args[4 + n] = text(argv[n]);
		n++;
	}
	args[0] = text(argv[0]);
	args[1] = (struct sm_value){
		.type = SM_LIST, .len = n, .full_len = n, .items = args + 4
	};
	e = event_of("subprocess.Popen", args, 4);
	e.resolved[0] = sm_str_of(argv[0]);
	return e;
}

static inline void see_popen(struct bench *b, int run, const char *const *argv)
{
	struct sm_value args[20];
	struct sm_event e = popen_event(args, argv);

	add(b, run, &e);
}

static inline struct sm_event system_event(struct sm_value args[1],
					   const char *line)
{
	args[0] = text(line);
	return event_of("os.system", args, 1);
}

static inline void see_system(struct bench *b, int run, const char *line)
{
	struct sm_value args[1];
	struct sm_event e = system_event(args, line);

	add(b, run, &e);
}

/* So many runs of a script, which the first of them loads. */
static inline void start_script(struct bench *b, const char *script,
				uint32_t runs)
{
	const struct sm_str argv[] = { SM_STR("python3"), sm_str_of(script) };
	struct sm_trace_interpreter python = {
		.version = SM_STR("3.11.2"),
		.stdlib = SM_STR("/usr/lib/python3.11"),
		.prefix = SM_STR("/usr"),
		.home = SM_STR("/home/shop"),
		.tmp = SM_STR("/tmp"),
	};
	struct sm_value args[3];
	struct sm_event e = load_event(args, script);

	memset(b, 0, sizeof(*b));
	b->seen = sm_observations_new();
	assert_non_null(b->seen);
	for (uint32_t i = 0; i < runs; i++) {
		struct sm_trace_process p = { .pid = 4000 + i,
					      .guest_pid = 4000 + i,
					      .start_ns = 1000 + i,
					      .started_by = "exec",
					      .exe = SM_STR("/usr/bin/python3"),
					      .argv = argv,
					      .argc = 2,
					      .cwd = SM_STR("/") };

		assert_int_equal(
			sm_observations_add_process(b->seen, i < 1 ? 1 : 2 + i,
						    &p, &python, &b->owners[i]),
			SM_OK);
	}
	e.site.principal.file = sm_str_of(script);
	add(b, 0, &e);
}

static inline void start(struct bench *b)
{
	start_script(b, APP "/app.py", RUNS);
}

/* As start(), with one run only. */
static inline void start_single(struct bench *b)
{
	struct bench other;

	start(&other);
	memset(b, 0, sizeof(*b));
	b->seen = sm_observations_new();
	assert_non_null(b->seen);
	for (uint32_t i = 0; i < RUNS; i++) {
		const struct sm_owner *o = &other.seen->owners[other.owners[i]];
		struct sm_trace_process p = { .pid = o->pid,
					      .guest_pid = o->pid,
					      .start_ns = i,
					      .started_by = "fork",
					      .exe = o->exe,
					      .cwd = o->cwd };
		struct sm_trace_interpreter python = { .stdlib = o->stdlib,
						       .home = o->home,
						       .tmp = o->tmp };

		assert_int_equal(sm_observations_add_process(b->seen, 1, &p,
							     &python,
							     &b->owners[i]),
				 SM_OK);
	}
	see_load(b, APP "/app.py");
	sm_observations_free(other.seen);
}

/* Run i is a process with these words behind its script; parent: the one that
 * started it, or 0. */
static inline void give(struct bench *b, uint32_t i, uint32_t parent,
			const char *one, const char *two)
{
	struct sm_str argv[4] = { SM_STR("python3"), SM_STR(APP "/app.py"),
				  sm_str_of(one), sm_str_of(two) };
	struct sm_trace_interpreter python = { .stdlib = SM_STR(
						       "/usr/lib/python3.11"),
					       .prefix = SM_STR("/usr"),
					       .home = SM_STR("/home/shop"),
					       .tmp = SM_STR("/tmp") };
	struct sm_trace_process p = { .pid = 4100 + i,
				      .guest_pid = 4100 + i,
				      .parent_pid = parent,
				      .start_ns = 9000 + i,
				      .started_by = "exec",
				      .exe = SM_STR("/usr/bin/python3"),
				      .argv = argv,
				      .argc = 4,
				      .cwd = SM_STR(APP) };

	struct sm_trace_process starter = { .pid = parent,
					    .started_by = "exec",
					    .exe = SM_STR("/usr/bin/python3") };

	if (parent)
		assert_int_equal(sm_observations_add_process(b->seen, 40 + i,
							     &starter, &python,
							     &b->owners[i]),
				 SM_OK);
	assert_int_equal(sm_observations_add_process(b->seen, 40 + i, &p,
						     &python, &b->owners[i]),
			 SM_OK);
}

static inline void learn_with(struct bench *b,
			      const struct sm_learn_options *options)
{
	struct sm_diag diag = { 0 };
	size_t bytes;

	if (sm_learn(b->seen, options, &b->learned, &diag) != SM_OK)
		fail_msg("%s", diag.text);
	assert_int_equal(sm_policy_compile(b->learned.rules, NULL, 0, &b->blob,
					   &bytes, &diag),
			 SM_OK);
	assert_int_equal(sm_policy_open(&b->policy, b->blob, bytes, &diag),
			 SM_OK);
}

static inline void learn(struct bench *b)
{
	const struct sm_learn_options options = { 0 };

	learn_with(b, &options);
	if (b->learned.residue_count)
		fail_msg("residue: %s", b->learned.residue[0].what.p);
}

static inline void finish(struct bench *b)
{
	free(b->blob);
	sm_learned_fini(&b->learned);
	sm_observations_free(b->seen);
}

/* The same set as a summary has it: its processes in another order. */
static inline void carry_about(struct bench *b)
{
	struct sm_observations *read = sm_observations_new();
	struct sm_diag diag;
	uint8_t *bytes;
	size_t size;

	assert_non_null(read);
	assert_int_equal(sm_summary_write(b->seen, &bytes, &size), SM_OK);
	assert_int_equal(sm_summary_read(bytes, size, read, &diag), SM_OK);
	free(bytes);
	sm_observations_free(b->seen);
	b->seen = read;
}

static inline bool allows(const struct bench *b, const struct sm_event *e)
{
	struct sm_verdict v;

	sm_policy_decide(&b->policy, e, &v);
	return v.decision == SM_ALLOWED;
}

static inline bool allows_open(const struct bench *b, const char *path,
			       int flags)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, flags);

	return allows(b, &e);
}

static inline bool allows_mkdir(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = mkdir_event(args, path);

	return allows(b, &e);
}

static inline bool allows_run(const struct bench *b, const char *name,
			      const char *by)
{
	struct sm_value args[3];
	struct sm_event e = run_event(args, name, by);

	return allows(b, &e);
}

static inline bool allows_popen(const struct bench *b, const char *const *argv)
{
	struct sm_value args[20];
	struct sm_event e = popen_event(args, argv);

	return allows(b, &e);
}

static inline bool allows_system(const struct bench *b, const char *line)
{
	struct sm_value args[1];
	struct sm_event e = system_event(args, line);

	return allows(b, &e);
}

/* Inputs of two formats, other ones in every run. */
static inline void see_inputs(struct bench *b)
{
	see_open(b, 0, APP "/in/jan.csv", READ);
	see_open(b, 1, APP "/in/feb.csv", READ);
	see_open(b, 2, APP "/in/mar.csv", READ);
	see_open(b, 0, APP "/in/set-one.yaml", READ);
	see_open(b, 1, APP "/in/set-two.yaml", READ);
}

static inline void see_list(struct bench *b, int run, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("os.listdir", args, 1);

	add(b, run, &e);
}

static inline bool allows_list(const struct bench *b, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("os.listdir", args, 1);

	return allows(b, &e);
}

static inline bool allows_remove(const struct bench *b, const char *path)
{
	struct sm_value args[2] = { text(path), number(-1) };
	struct sm_event e = event_of("os.remove", args, 2);

	return allows(b, &e);
}

static inline void see_remove(struct bench *b, int run, const char *path)
{
	struct sm_value args[2] = { text(path), number(-1) };
	struct sm_event e = event_of("os.remove", args, 2);

	add(b, run, &e);
}

static inline void see_rmdir(struct bench *b, int run, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("os.rmdir", args, 1);

	add(b, run, &e);
}

static inline struct sm_event rename_event(struct sm_value args[4],
					   const char *from, const char *to)
{
	args[0] = text(from);
	args[1] = text(to);
	args[2] = args[3] = number(-1);
	return event_of("os.rename", args, 4);
}

static inline void see_rename(struct bench *b, int run, const char *from,
			      const char *to)
{
	struct sm_value args[4];
	struct sm_event e = rename_event(args, from, to);

	add(b, run, &e);
}

static inline bool allows_rename(const struct bench *b, const char *from,
				 const char *to)
{
	struct sm_value args[4];
	struct sm_event e = rename_event(args, from, to);

	return allows(b, &e);
}

/* tempfile drew this name. */
static inline void see_mkstemp(struct bench *b, int run, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("tempfile.mkstemp", args, 1);

	add(b, run, &e);
}

static inline void see_mkdtemp(struct bench *b, int run, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("tempfile.mkdtemp", args, 1);

	add(b, run, &e);
}

static inline char *print(struct bench *b)
{
	char *out = NULL;
	size_t bytes;

	assert_int_equal(sm_policy_print(b->learned.rules, &out, &bytes),
			 SM_OK);
	return out;
}

/* a package installed, as a principal */
static const struct sm_principal tool = { .kind = SM_PRINCIPAL_DISTRIBUTION,
					  .name = SM_STR("tool"),
					  .file = SM_STR("") };

static inline bool tool_opens(const struct bench *b, const char *path,
			      int flags)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, flags);

	e.site.principal = tool;
	return allows(b, &e);
}

static inline void tool_opened(struct bench *b, const char *path, int flags)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, flags);

	e.site.principal = tool;
	add(b, 0, &e);
}

#endif
