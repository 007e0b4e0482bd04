/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose.h: what the interposers share. Only they include it.
 */
#ifndef RECORDER_AGENT_INTERPOSE_H
#define RECORDER_AGENT_INTERPOSE_H

#include <dlfcn.h>
#include <string.h>

#include "recorder/agent/oldglibc.h"

#define EXPORT __attribute__((visibility("default")))

/* The next library's function of that name into *slot, a function pointer. */
static inline void sm_interpose_find(const char *name, void *slot)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(slot, &symbol, sizeof(symbol));
}

/* Each looks its real functions up; sm_interpose_setup() calls them. */
void sm_interpose_exec_setup(void);
void sm_interpose_open_setup(void);
void sm_interpose_files_setup(void);
void sm_interpose_name_setup(void);

#endif
