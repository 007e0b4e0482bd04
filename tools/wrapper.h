/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper.h: what secmgr-record and secmgr-enforce share: running COMMAND as
 * if nobody stood beside it, and collecting what it reports.
 */
#ifndef TOOLS_WRAPPER_H
#define TOOLS_WRAPPER_H

#include <signal.h>
#include <sys/types.h>

#include "recorder/collector.h"
#include "schema/policy.h"
#include "tools/cli.h"

#define WRAPPER_GLOBS_MAX     64
#define WRAPPER_VARIABLES_MAX 64

struct wrapper {
	const struct sm_program *program;
	char **argv; /* COMMAND */
	/* options */
	const char *output; /* NULL: nothing stored */
	enum sm_trace_open_mode open_mode;
	bool rotates;		/* at collector.max_bytes and max_age_ns */
	unsigned keep_count;	/* old files; 0: all */
	const char *key;	/* file to sign with, or NULL */
	const char *redact_key; /* file; NULL: a key of the recording's own */
	struct sm_collector_options collector;
	const char *globs[WRAPPER_GLOBS_MAX]; /* -e, "!" in front: not */
	size_t glob_count;
	bool is_quiet, has_summary, until_command, is_detached;
	bool tells_losses_only; /* -q, whatever is_quiet became */
	/* HOME, TMP, CWD of COMMAND and --set; a trace keeps them */
	struct sm_binding variables[WRAPPER_VARIABLES_MAX];
	size_t variable_count;
	/* set by the program before wrapper_run() */
	/* Called once everything has ended; prints what only it knows. */
	void (*at_end)(void *context);
	void *at_end_context;
};

/*
 * Runs COMMAND and returns the status to exit with; does not return when
 * COMMAND was killed by a signal. Prints every message itself.
 */
int wrapper_run(struct wrapper *wrapper);

/* ---------------------------------------------------- wrapper_options.c */

/* Rows both programs put in their tables; context is a struct wrapper. */
int wrapper_set_output(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_append(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_force(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_glob(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_on_full(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_ring_size(void *context, const char *value,
			  struct sm_diag *diag);
int wrapper_set_max_size(void *context, const char *value,
			 struct sm_diag *diag);
int wrapper_set_max_age(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_rotate(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_sign(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_redact_key(void *context, const char *value,
			   struct sm_diag *diag);
int wrapper_set_no_redact(void *context, const char *value,
			  struct sm_diag *diag);
/* Draws or reads the key that credentials are hashed under. */
enum sm_status wrapper_set_key(struct wrapper *wrapper, struct sm_diag *diag);
int wrapper_set_noise(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_quiet(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_summary(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_until(void *context, const char *value, struct sm_diag *diag);
int wrapper_set_detached(void *context, const char *value,
			 struct sm_diag *diag);
/* --set NAME=VALUE; the last one of a name counts. */
int wrapper_set_variable(void *context, const char *value,
			 struct sm_diag *diag);
/* HOME, TMP and CWD as COMMAND will have them, where not --set. */
enum sm_status wrapper_set_variables(struct wrapper *wrapper,
				     struct sm_diag *diag);
void wrapper_free_variables(struct wrapper *wrapper);
/* wrapper_globs.c: tells which of -e are likely mistyped. */
void wrapper_doubt_globs(const struct wrapper *wrapper);
/* Whether -e options let an event through. */
bool wrapper_wants(const struct wrapper *wrapper, struct sm_str event);

/* ---------------------------------------------------- wrapper_command.c */

/* 0, or SM_EXIT_MISSING or SM_EXIT_CANNOT with the reason, as env(1). */
int command_find(const char *name, struct sm_diag *diag);
/* The agent beside this program, as LD_PRELOAD can name it. */
enum sm_status command_find_agent(char *out, size_t bytes,
				  struct sm_diag *diag);
/* Puts LD_PRELOAD and SECMGR_CHANNEL in this process's environment. */
enum sm_status command_set_environment(const char *agent, const char *channel,
				       struct sm_diag *diag);
/* execvp; returns only an exit status, the reason in errno. */
int command_exec(char **argv);
/* Ends this process by the signal that ended COMMAND. */
void command_die_alike(int number);
/* COMMAND as one line, bounded, credentials redacted. malloc'ed. */
char *command_text(char *const *argv, bool redacts);
/*
 * Once COMMAND has its arguments and variables: overwrites what is left of them
 * in this process, which lives as long and may dump core.
 */
void command_forget(char **argv);

/* ----------------------------------------------------- wrapper_rotate.c */

/* Old files stand beside output as output.1 (the newest), output.2, ... */
bool rotate_has_old(const char *output);
void rotate_remove_old(const char *output);
/* output becomes output.1 and so on; keep oldest ones go (0: none). */
enum sm_status rotate_shift(const char *output, unsigned keep,
			    struct sm_diag *diag);

/* ----------------------------------------------------- wrapper_report.c */

/*
 * The lines at the end. True when something went wrong that must not end in
 * status 0.
 */
bool wrapper_report(const struct wrapper *wrapper,
		    const struct sm_collector_summary *summary,
		    const struct sm_diag *store);

#endif
