/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_tool.h: what the commands of secmgr-policy share: a compiled policy,
 * events made of sentences. Only tools/ uses it.
 */
#ifndef TOOLS_POLICY_TOOL_H
#define TOOLS_POLICY_TOOL_H

#include "schema/policy.h"
#include "schema/trace.h"
#include "tools/cli.h"

#define SM_BINDINGS_MAX 32
#define SM_FILE_MAX	4096

struct sm_policy_options {
	bool is_writing;  /* fmt -w */
	bool is_checking; /* fmt --check */
	bool shows_all;	  /* explain --all: allowed events too */
	bool is_json;
	bool is_listing, is_explaining; /* review --list, --explain */
	const char *policy, *junit, *sarif, *from;
	const char *base, *apply; /* review: an older policy, answers */
	struct sm_binding bindings[SM_BINDINGS_MAX];
	size_t binding_count;
};

extern const struct sm_program sm_policy_program;

/* What a program's start settles: -D, the recording, or this environment. */
struct sm_settled {
	struct sm_binding items[SM_BINDINGS_MAX + 3];
	size_t count;
	char cwd[4096];
};

/* trace NULL: what this shell would start, where the policy is silent. */
void sm_policy_settle(const struct sm_policy_options *o,
		      const struct sm_rules *rules,
		      const struct sm_trace *trace, struct sm_settled *s);

struct sm_compiled {
	struct sm_rules *rules;
	struct sm_settled settled;
	void *blob;
	struct sm_policy policy;
};

/* "<stdin>" for "-". */
const char *sm_policy_place(const char *path);
/* NULL after a message. */
struct sm_rules *sm_policy_load_or_tell(const char *path);
/* False after a message. trace may be NULL. */
bool sm_compiled_init(const struct sm_policy_options *o, const char *path,
		      const struct sm_trace *trace, struct sm_compiled *c);
void sm_compiled_fini(struct sm_compiled *c);
/* False after a message: -D names what none of them has. At most two. */
bool sm_policy_knows_defined(const struct sm_policy_options *o,
			     const struct sm_compiled *compiled, size_t count);

/* An event made from words, with the storage of its arguments. */
struct sm_spoken {
	struct sm_event event;
	struct sm_value args[SM_ARGS_MAX];
	struct sm_value items[SM_ITEMS_MAX];
	struct sm_named named;	/* ${ARG}, if event.named says so */
	char file[SM_FILE_MAX]; /* of principal app */
	bool is_relative;	/* its file is, in the sentence */
};

#define SM_ACCESS_WORDS                                                        \
	"read, write, create, delete, list, meta, sqlite, connect, bind, "     \
	"resolve, exec, shell, load, run, class, dlopen, dlsym, raise"

/*
 * "ACCESS WHAT [by WHO] [via HOW]", cut in place and borrowed. SM_INVALID: no
 * event.
 */
SM_CHECKED enum sm_status sm_sentence_parse(const struct sm_compiled *c,
					    char *sentence, struct sm_spoken *s,
					    struct sm_diag *diag);
/* One of SM_ACCESS_WORDS. */
bool sm_sentence_is_access(const char *word);
/* Who acts: a kind's or a distribution's name; app from a file it may load. */
void sm_sentence_set_principal(const struct sm_compiled *c, const char *name,
			       struct sm_spoken *s);

/* The whole file with a NUL behind it, "-" standard input; malloc'ed, or NULL:
 * errno. Larger ones are not read: EFBIG. */
#define SM_POLICY_FILE_MAX (256u << 20)
char *sm_policy_read(const char *path, size_t *bytes);
/* Through a new file beside it: whatever happens, one of them is whole. */
int sm_policy_replace(const char *path, const char *text, size_t bytes);

/* The commands; argv are the operands behind the command. */
int sm_policy_format(const struct sm_policy_options *o, const char *path);
int sm_policy_explain(const struct sm_policy_options *o, int argc, char **argv);
int sm_policy_import(const struct sm_policy_options *o, int argc, char **argv);
int sm_policy_compare(const struct sm_policy_options *o, int argc, char **argv);
int sm_policy_review(const struct sm_policy_options *o, int argc, char **argv);
int sm_policy_test(const struct sm_policy_options *o, int argc, char **argv);

#endif
