/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose.h: what the interposers share. Only they include it.
 */
#ifndef RECORDER_AGENT_INTERPOSE_H
#define RECORDER_AGENT_INTERPOSE_H

#include <alloca.h>
#include <dlfcn.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "recorder/agent/oldglibc.h"

#define EXPORT __attribute__((visibility("default")))

/* The next library's function of that name into *slot, a function pointer. */
static inline void sm_interpose_find(const char *name, void *slot)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(slot, &symbol, sizeof(symbol));
}

/*
 * Of the including file's struct real: found before main() where we are wanted,
 * since some are called in forked children; else, as by a library that is set
 * up before us, when it is first called. NULL: there is none.
 */
#define REAL(name)                                                             \
	((real.name ? (void)0 : sm_interpose_find(#name, &real.name)),         \
	 real.name)

/* ------------------------------------------------ interpose_environment.c */

/* What an environment lacks for the agent to be in the child. */
struct sm_completion {
	size_t count;	     /* variables in the given environment */
	size_t bytes;	     /* of a joined LD_PRELOAD; 0: none was given */
	const char *preload; /* the given LD_PRELOAD's value; NULL: none */
	unsigned preloads, channels, starts; /* how often each is given */
	bool needs_preload, needs_channel, needs_start;
	bool is_refused; /* longer than is looked at, under a policy */
};

/* No allocation, no lock: also in vfork children. */
struct sm_completion sm_completion(char *const envp[]);
static inline bool sm_completion_is_needed(const struct sm_completion *p)
{
	return p->needs_preload || p->needs_channel || p->needs_start;
}
/* Whether the child is not to be started; then errno says why. */
bool sm_completion_is_refused(const struct sm_completion *p);
/* out: count + 4 pointers; text: bytes. Both on the caller's stack. */
char *const *sm_complete(const struct sm_completion *p, char *const envp[],
			 char **out, char *text);

/* Evaluates to envp, completed; lives until the caller returns. */
#define COMPLETED(p, envp)                                                     \
	(sm_completion_is_needed(p)                                            \
		 ? sm_complete(p, envp,                                        \
			       alloca(((p)->count + 4) * sizeof(char *)),      \
			       alloca((p)->bytes + 1))                         \
		 : (envp))

typedef int sm_spawn_function(pid_t *, const char *,
			      const posix_spawn_file_actions_t *,
			      const posix_spawnattr_t *, char *const[],
			      char *const[]);

/* ------------------------------------------------------ interpose_system.c */

/* As the C library calls the shell. */
#define SM_SHELL "/bin/sh"
#define SM_SHELL_ARGV(line)                                                    \
	{                                                                      \
		(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",            \
			(char *)(uintptr_t)(line), NULL                        \
	}

/* system() and popen() of line are not to be called; errno says why. */
bool sm_interpose_line_is_denied(const char *line);

/* Each looks its real functions up; sm_interpose_setup() calls them. */
void sm_interpose_environment_setup(void);
void sm_interpose_exec_setup(void);
void sm_interpose_system_setup(void);
void sm_interpose_popen_setup(void);
void sm_interpose_open_setup(void);
void sm_interpose_files_setup(void);
void sm_interpose_name_setup(void);
void sm_interpose_leave_setup(void);
void sm_interpose_peer_setup(void);
void sm_interpose_library_setup(void);

#endif
