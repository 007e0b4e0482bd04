/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-enforce: runs COMMAND under a policy. The decisions are made in the
 * guest; this program compiles the policy, hands it out and tells of denials.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/enforce_policy.h"
#include "tools/enforce_reload.h"
#include "tools/enforce_start.h"
#include "tools/variables.h"
#include "tools/wrapper.h"

#define DENIALS_MAX    1024 /* distinct ones remembered; more are only counted */
#define LINE_MAX_BYTES 1500

/* A denial told once: by event, rule and who did it. */
struct denial {
	uint64_t hash;
	uint64_t count;
	char *line;
};

struct enforce {
	struct wrapper wrapper; /* first: options find it at this address */
	struct enforce_policy policy, shadow;
	enum sm_mode modes[SM_FAMILIES]; /* --mode; DEFAULT: the policy's */
	uint64_t reload_pid;		 /* 0: COMMAND is started */
	bool has_mode, has_no_shadow;	 /* for a reload */
	struct enforce_start start;
	bool tells_denials; /* each kind, as it comes */
	struct denial denials[DENIALS_MAX];
	size_t denial_count;
	uint64_t untold;
};

/* ---------------------------------------------------------------- options */

static int set_path(struct enforce_policy *policy, const char *value,
		    struct sm_diag *diag)
{
	if (policy->path) {
		sm_fail(diag, SM_INVALID, "given twice");
		return 1;
	}
	policy->path = value;
	return 0;
}

static int set_policy(void *context, const char *value, struct sm_diag *diag)
{
	return set_path(&((struct enforce *)context)->policy, value, diag);
}

static int set_shadow(void *context, const char *value, struct sm_diag *diag)
{
	return set_path(&((struct enforce *)context)->shadow, value, diag);
}

static enum sm_mode find_mode(const char *name)
{
	if (!strcmp(name, "off"))
		return SM_MODE_OFF;
	if (!strcmp(name, "warn"))
		return SM_MODE_WARN;
	return strcmp(name, "block") ? SM_MODE_DEFAULT : SM_MODE_BLOCK;
}

/* FAMILY=MODE, in place of what the policy says. */
static int set_family_mode(struct enforce *enforce, const char *value,
			   const char *equals, struct sm_diag *diag)
{
	const struct sm_str name = { value, (uint32_t)(equals - value) };
	enum sm_mode mode = find_mode(equals + 1);
	int family = sm_family_find(name);

	if (family < 0 || mode == SM_MODE_DEFAULT) {
		sm_fail(diag, SM_INVALID,
			"'%s' is not FAMILY=MODE with a family of "
			"secmgr-policy(5) and block, warn or off",
			value);
		return 1;
	}
	enforce->modes[family] = mode;
	return 0;
}

static int set_mode(void *context, const char *value, struct sm_diag *diag)
{
	const char *equals = strchr(value, '=');
	uint32_t *flags = &((struct wrapper *)context)->collector.flags;

	if (equals)
		return set_family_mode(context, value, equals, diag);
	((struct enforce *)context)->has_mode = true;
	*flags &= ~(uint32_t)SM_CHANNEL_WARN;
	if (!strcmp(value, "block"))
		return 0;
	if (strcmp(value, "warn")) {
		sm_fail(diag, SM_INVALID, "'%s' is neither block nor warn",
			value);
		return 1;
	}
	*flags |= SM_CHANNEL_WARN;
	return 0;
}

SM_CLI_FLAG(set_no_shadow, struct enforce, has_no_shadow);

static int set_reload(void *context, const char *value, struct sm_diag *diag)
{
	char *end;
	unsigned long pid = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || !pid || pid > INT32_MAX) {
		sm_fail(diag, SM_INVALID, "'%s' is no process id", value);
		return 1;
	}
	((struct enforce *)context)->reload_pid = pid;
	return 0;
}

static int set_fail_open(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct wrapper *)context)->collector.flags |= SM_CHANNEL_FAIL_OPEN;
	return 0;
}

static const struct sm_option options[] = {
	{ 'p', "policy", "FILE", "the policy; see secmgr-policy(5)",
	  set_policy },
	{ 0, "shadow", "FILE",
	  "another policy: record what it would do, do nothing by it",
	  set_shadow },
	{ 0, "reload", "PID",
	  "give other policies to the secmgr-enforce, or COMMAND, with that "
	  "process id",
	  set_reload },
	{ 0, "no-shadow", NULL, "with --reload: go on without a shadow",
	  set_no_shadow },
	{ 'm', "mode", "MODE",
	  "block (default), or warn: record what would be denied; "
	  "FAMILY=MODE for one family; repeatable",
	  set_mode },
	{ 0, "set", "NAME=PATH", "bind a variable of the policy; repeatable",
	  wrapper_set_variable },
	{ 0, "fail-open", NULL,
	  "a process that cannot get the policy runs without it",
	  set_fail_open },
	{ 'o', "output", "FILE", "record a trace too", wrapper_set_output },
#include "tools/wrapper_store.def"

#include "tools/wrapper_run.def"
	{ 'q', "quiet", NULL, "tell losses only, no denials",
	  wrapper_set_quiet },
	{ 0 },
};

static const struct sm_program program = {
	.name = "secmgr-enforce",
	.usage = "--policy FILE [options] [--] COMMAND [ARG...]\n"
		 "       secmgr-enforce --reload PID [--policy FILE] "
		 "[--shadow FILE]",
	.summary = "Hold the Python programs COMMAND runs to a policy.",
	.options = options,
	.usage_status = SM_EXIT_WRAPPER,
	.stops_at_operand = true,
};

/* ----------------------------------------------------------------- policy */

/* False: told why not. No path: nothing to do. */
static bool compile(struct enforce *enforce, struct enforce_policy *policy,
		    const enum sm_mode *modes)
{
	const struct wrapper *wrapper = &enforce->wrapper;
	struct sm_diag diag = { 0 };

	if (!policy->path ||
	    !enforce_policy_compile(policy, modes, wrapper->variables,
				    wrapper->variable_count, &diag))
		return true;
	sm_cli_diag(&program, policy->path, &diag);
	return false;
}

/* Of either; the last that is asked of their text. */
static bool are_variables_known(struct enforce *enforce)
{
	struct sm_rules *policies[] = { enforce->policy.rules,
					enforce->shadow.rules };
	bool are = sm_variables_are_known(
		&program, "--set", enforce->wrapper.variables,
		enforce->wrapper.variable_count,
		(const struct sm_rules *const *)policies, policies[1] ? 2 : 1);

	sm_rules_free(policies[0]);
	sm_rules_free(policies[1]);
	enforce->policy.rules = enforce->shadow.rules = NULL;
	return are;
}

static void hand_out(const struct enforce_policy *policy,
		     struct sm_collector_policy *out)
{
	*out = (struct sm_collector_policy){ .blob = policy->blob,
					     .bytes = policy->blob_bytes,
					     .path = policy->place,
					     .sha256 = policy->digest,
					     .text = policy->canonical };
}

/* ---------------------------------------------------------------- denials */

static const char *kind_of(const struct sm_event *event)
{
	switch (event->verdict.decision) {
	case SM_DENIED:
		return "denied";
	case SM_WARNED:
		return "would be denied";
	default:
		return "shadow would deny";
	}
}

/* Whose denial it is: the policy's, or else the shadow's. */
static struct sm_str rule_of(const struct sm_event *event)
{
	return event->verdict.decision >= SM_WARNED ? event->verdict.rule
						    : event->shadow.rule;
}

static uint64_t hash_bytes(uint64_t hash, struct sm_str s)
{
	uint32_t i;

	for (i = 0; i < s.len; i++)
		hash = (hash ^ (uint8_t)s.p[i]) * 0x100000001b3u;
	return (hash ^ 0xff) * 0x100000001b3u;
}

static uint64_t hash_denial(const struct sm_event *event)
{
	uint64_t hash = 0xcbf29ce484222325u;

	hash = hash_bytes(hash, sm_str_of(kind_of(event)));
	hash = hash_bytes(hash, event->site.event);
	hash = hash_bytes(hash, rule_of(event));
	return hash_bytes(hash, event->site.principal.name);
}

static char *describe(const struct sm_event *event)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	uint32_t i;

	if (!out)
		return NULL;
	sm_cli_put(out, event->site.event, false);
	fputc('(', out);
	for (i = 0; i < event->argc; i++) {
		fputs(i ? ", " : "", out);
		sm_cli_put_value(out, &event->args[i]);
	}
	fputs(") by ", out);
	sm_cli_put(out, event->site.principal.name, false);
	if (event->site.file.len) {
		fputs(" at ", out);
		sm_cli_put(out, event->site.file, false);
		fprintf(out, ":%u", event->site.line);
	}
	if (rule_of(event).len) {
		fputs(", rule ", out);
		sm_cli_put(out, rule_of(event), false);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void tell_denial(struct enforce *enforce, uint32_t pid,
			const struct sm_event *event, struct denial *denial)
{
	denial->line = describe(event);
	denial->count = 1;
	sm_cli_error(&program, NULL, "%s, process %" PRIu32 ": %.*s",
		     kind_of(event), pid, LINE_MAX_BYTES,
		     denial->line ? denial->line : "(out of memory)");
	enforce->denial_count++;
}

/* In the storing thread: the first of each kind is told, the rest counted. */
static void note_denial(struct enforce *enforce, uint32_t pid,
			const struct sm_event *event)
{
	uint64_t hash = hash_denial(event);
	size_t i;

	for (i = 0; i < enforce->denial_count; i++) {
		if (enforce->denials[i].hash != hash)
			continue;
		enforce->denials[i].count++;
		return;
	}
	if (i == DENIALS_MAX) {
		enforce->untold++;
		return;
	}
	enforce->denials[i].hash = hash;
	tell_denial(enforce, pid, event, &enforce->denials[i]);
}

static void on_denial(void *context, uint32_t pid, const struct sm_event *event,
		      bool has_begun)
{
	struct enforce *enforce = context;

	if (enforce->tells_denials)
		note_denial(enforce, pid, event);
	if (!has_begun && event->verdict.decision == SM_DENIED)
		enforce_start_denied(&enforce->start, pid, event);
}

static void on_end(void *context, uint32_t pid, bool has_begun)
{
	enforce_start_ended(&((struct enforce *)context)->start, pid,
			    has_begun);
}

static void tell_repeats(void *context)
{
	struct enforce *enforce = context;
	size_t i;

	for (i = 0; i < enforce->denial_count; i++) {
		const struct denial *denial = &enforce->denials[i];

		if (denial->count > 1)
			sm_cli_error(&program, NULL,
				     "%" PRIu64 " more like: %.*s",
				     denial->count - 1, LINE_MAX_BYTES,
				     denial->line ? denial->line : "");
		free(denial->line);
	}
	if (enforce->untold)
		sm_cli_error(&program, NULL,
			     "%" PRIu64 " denials of further kinds",
			     enforce->untold);
}

/* ------------------------------------------------------------------- main */

static int check_usage(const struct enforce *enforce, int rest)
{
	if (enforce->reload_pid && rest <= 0 && !enforce->wrapper.output)
		return 0;
	if (enforce->reload_pid) {
		sm_cli_error(&program, NULL,
			     "--reload starts no COMMAND and records nothing; "
			     "it takes --policy, --shadow, --no-shadow, --mode "
			     "and --set");
		return SM_EXIT_WRAPPER;
	}
	if (enforce->has_no_shadow) {
		sm_cli_error(&program, NULL, "--no-shadow needs --reload PID");
		return SM_EXIT_WRAPPER;
	}
	if (!enforce->policy.path) {
		sm_cli_error(&program, NULL,
			     "no policy given; use --policy FILE");
		return SM_EXIT_WRAPPER;
	}
	if (rest <= 0) {
		sm_cli_error(&program, NULL,
			     "no COMMAND given; see secmgr-enforce --help");
		return SM_EXIT_WRAPPER;
	}
	return 0;
}

static int run(struct enforce *enforce)
{
	struct wrapper *wrapper = &enforce->wrapper;
	struct sm_diag diag = { 0 };

	if (wrapper_set_variables(wrapper, &diag)) {
		sm_cli_diag(&program, NULL, &diag);
		return SM_EXIT_WRAPPER;
	}
	if (!compile(enforce, &enforce->policy, enforce->modes) ||
	    !compile(enforce, &enforce->shadow, NULL) ||
	    !are_variables_known(enforce))
		return SM_EXIT_WRAPPER;
	hand_out(&enforce->policy, &wrapper->collector.policy);
	hand_out(&enforce->shadow, &wrapper->collector.shadow);
	wrapper->tells_losses_only = wrapper->is_quiet;
	enforce->start = (struct enforce_start){
		.program = &program,
		.policy = &enforce->policy,
		.variables = wrapper->variables,
		.variable_count = wrapper->variable_count,
	};
	if (!wrapper->is_quiet) {
		wrapper->collector.denied = on_denial;
		wrapper->collector.ended = on_end;
		wrapper->collector.denied_context = enforce;
	}
	enforce->tells_denials = !wrapper->output && !wrapper->is_quiet;
	if (enforce->tells_denials) {
		wrapper->at_end = tell_repeats;
		wrapper->at_end_context = enforce;
	}
	/* Without a trace there is nothing to sum up but losses. */
	wrapper->is_quiet |= !wrapper->output;
	return wrapper_run(wrapper);
}

static int reload(struct enforce *enforce)
{
	const struct wrapper *wrapper = &enforce->wrapper;
	const struct enforce_reload wanted = {
		.program = &program,
		.pid = enforce->reload_pid,
		.policy = enforce->policy.path,
		.shadow = enforce->shadow.path,
		.has_no_shadow = enforce->has_no_shadow,
		.has_mode = enforce->has_mode,
		.is_warning = wrapper->collector.flags & SM_CHANNEL_WARN,
		.modes = enforce->modes,
		.variables = wrapper->variables,
		.variable_count = wrapper->variable_count,
	};

	return enforce_reload_run(&wanted);
}

int main(int argc, char **argv)
{
	static struct enforce enforce = {
		.wrapper = { .program = &program,
			     .collector.flags = SM_CHANNEL_ENFORCE },
	};
	int first, status;

	status = sm_cli_parse(&program, argc, argv, &enforce, &first);
	if (status >= 0)
		return status;
	status = check_usage(&enforce, argc - first);
	if (status)
		return status;
	enforce.wrapper.argv = argv + first;
	status = enforce.reload_pid ? reload(&enforce) : run(&enforce);
	enforce_policy_free(&enforce.policy);
	enforce_policy_free(&enforce.shadow);
	wrapper_free_variables(&enforce.wrapper);
	return status;
}
