/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c: getting the hook into an interpreter, however it came to be.
 *
 * At load, when the interpreter is there already. Otherwise from setlocale,
 * which every libpython calls on its way up, after its runtime struct is set
 * and before its first audit event; other candidates (pthread_condattr_init)
 * lose the hook on 3.11 and 3.12.
 */
#include "recorder/agent/agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "recorder/agent/oldglibc.h"

static _Atomic bool is_registered;
static bool is_watching;

/* --------------------------------------------------------------- allocator */

/*
 * CPython takes the memory of a hook set before it is initialised from its
 * first raw allocator and gives it back through whichever is current at the
 * end: `-X dev` and PYTHONMALLOC=debug crash at exit (3.8 to 3.14). So the
 * pointer is caught on its way out and given back where it came from.
 */
static struct {
	struct py_allocator first, current;
	void *entry; /* CPython's record of our hook */
} memory;

static void *catching_malloc(void *context, size_t bytes)
{
	void *p = memory.first.malloc(context, bytes);

	if (!memory.entry)
		memory.entry = p;
	return p;
}

static void sorting_free(void *context, void *p)
{
	if (p && p == memory.entry) {
		memory.entry = NULL;
		memory.first.free(memory.first.context, p);
		sm_py.PyMem_SetAllocator(PY_DOMAIN_RAW, &memory.current);
		return;
	}
	memory.current.free(context, p);
}

void sm_load_on_clear(void)
{
	struct py_allocator sorting;

	atomic_store(&is_registered, false);
	if (!memory.entry)
		return;
	sm_py.PyMem_GetAllocator(PY_DOMAIN_RAW, &memory.current);
	if (memory.current.free == memory.first.free) {
		memory.entry = NULL;
		return;
	}
	sorting = memory.current;
	sorting.free = sorting_free;
	sm_py.PyMem_SetAllocator(PY_DOMAIN_RAW, &sorting);
}

static void add_hook(void)
{
	struct py_allocator catching;

	memory.entry = NULL;
	sm_py.PyMem_GetAllocator(PY_DOMAIN_RAW, &memory.first);
	catching = memory.first;
	catching.malloc = catching_malloc;
	sm_py.PyMem_SetAllocator(PY_DOMAIN_RAW, &catching);
	sm_py.PySys_AddAuditHook(sm_agent_hook, NULL);
	sm_py.PyMem_SetAllocator(PY_DOMAIN_RAW, &memory.first);
}

/* ------------------------------------------------------------- registration */

static void start(void)
{
	atomic_store(&is_registered, true);
	if (!is_watching) {
		is_watching = true;
		sm_interpose_start(sm_named_start(sm_named()));
		sm_code_setup();
		sm_channel_watch();
		sm_exec_watch();
		sm_channel_hello(SM_HELLO_LOAD);
	}
	add_hook();
}

void sm_load_late(const void *caller)
{
	Dl_info info;
	void *handle;
	int saved = errno;

	if (!sm_agent.is_covered || atomic_load(&is_registered))
		return;
	if (!dladdr(caller, &info) || !info.dli_fname)
		return;
	handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	/* The handle is kept: sm_py points into the library. */
	if (handle && dlsym(handle, "PySys_AddAuditHook") &&
	    sm_python_resolve(handle))
		start();
	else if (handle)
		dlclose(handle);
	errno = saved;
}

__attribute__((constructor)) static void load(void)
{
	int saved = errno;

	if (sm_channel_setup()) {
		sm_interpose_setup();
		sm_environment_setup();
		sm_named_setup();
		if (getenv(SM_START_ENVIRONMENT))
			sm_interpose_start(sm_named_start(sm_named()));
		if (dlsym(RTLD_DEFAULT, "PySys_AddAuditHook") &&
		    sm_python_resolve(RTLD_DEFAULT))
			start();
	}
	errno = saved;
}
