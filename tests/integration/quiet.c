/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet: raises `open` events as CPython does and counts what happens meanwhile
 * in the process: calls of malloc and its like, and system calls.
 *
 * The same file is preloaded, so that its malloc is everybody's, and imported.
 * System calls are caught by the kernel's syscall user dispatch (Linux 5.11):
 * while `selector` says so each ends in SIGSYS, is noted, and not made.
 */
#include <Python.h>

#include <errno.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 3.14's headers name them; preloaded into others, nobody has them. */
#pragma weak PyBool_Type
#pragma weak PyLong_Type

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

static volatile bool is_counting;
static volatile long allocations, calls;
static volatile int last_call;
static volatile char selector = SYSCALL_DISPATCH_FILTER_ALLOW;

void *malloc(size_t bytes)
{
	allocations += is_counting;
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	allocations += is_counting;
	return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
	allocations += is_counting;
	return __libc_realloc(old, bytes);
}

/* Returning from here is a system call itself: from now on all are let. */
static void note(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	last_call = info->si_syscall;
	calls++;
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
}

static PyObject *setup(PyObject *self, PyObject *unused)
{
	struct sigaction action = { .sa_sigaction = note,
				    .sa_flags = SA_SIGINFO };

	(void)self;
	(void)unused;
	if (sigaction(SIGSYS, &action, NULL) ||
	    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0,
		  &selector))
		return PyLong_FromLong(errno);
	return PyLong_FromLong(0);
}

/* what(0) an event, (1) an allocation, (2) a system call: for path. */
static int do_one(long what, PyObject *path, PyObject *mode, PyObject *flags)
{
	void *volatile memory = what == 1 ? malloc(100) : NULL;

	free(memory);
	if (what == 2)
		syscall(SYS_getppid);
	return what ? 0 : PySys_Audit("open", "OOO", path, mode, flags);
}

/* (what, paths, mode, flags) -> (allocations, calls, the last call) */
static PyObject *watch(PyObject *self, PyObject *args)
{
	PyObject *paths, *mode, *flags;
	int failed = 0;
	long what;

	(void)self;
	if (!PyArg_ParseTuple(args, "lOOO", &what, &paths, &mode, &flags))
		return NULL;
	allocations = calls = last_call = 0;
	is_counting = true;
	selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	for (Py_ssize_t i = 0; !failed && i < PyList_GET_SIZE(paths); i++)
		failed = do_one(what, PyList_GET_ITEM(paths, i), mode, flags);
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	is_counting = false;
	if (failed)
		return NULL;
	return Py_BuildValue("lli", allocations, calls, last_call);
}

static PyMethodDef methods[] = {
	{ "setup", setup, METH_NOARGS, NULL },
	{ "watch", watch, METH_VARARGS, NULL },
	{ 0 },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "quiet",
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit_quiet(void)
{
	return PyModule_Create(&module);
}
