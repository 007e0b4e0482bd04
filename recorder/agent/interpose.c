/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose.c: the few C library calls the agent stands in front of.
 *
 * setlocale tells that an interpreter comes up, chdir that the cwd changed. A
 * file for each of the others: interpose_*.c.
 */
#include "recorder/agent/agent.h"

#include <locale.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"

static char *(*real_setlocale)(int, const char *);

void sm_interpose_setup(void)
{
	sm_interpose_find("setlocale", &real_setlocale);
	sm_interpose_environment_setup();
	sm_interpose_exec_setup();
	sm_interpose_system_setup();
	sm_interpose_popen_setup();
	sm_interpose_open_setup();
	sm_interpose_files_setup();
	sm_interpose_name_setup();
	sm_interpose_leave_setup();
	sm_interpose_peer_setup();
	sm_interpose_library_setup();
}

EXPORT char *setlocale(int category, const char *locale)
{
	if (!real_setlocale)
		sm_interpose_find("setlocale", &real_setlocale);
	sm_load_late(__builtin_return_address(0));
	return real_setlocale ? real_setlocale(category, locale) : NULL;
}

EXPORT int chdir(const char *path)
{
	int result = (int)syscall(SYS_chdir, path);

	sm_resolve_cwd_changed();
	return result;
}

EXPORT int fchdir(int fd)
{
	int result = (int)syscall(SYS_fchdir, fd);

	sm_resolve_cwd_changed();
	return result;
}
