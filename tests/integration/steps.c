/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps: raises `open` events as CPython does, one instruction at a time, and
 * counts these.
 *
 * The processor's trap flag ends each instruction in SIGTRAP; the kernel keeps
 * the flag down while the handler runs. The kernel's code is not counted, nor
 * that which tells the time: it begins again when the clock is set meanwhile,
 * which it is every few milliseconds, and takes as long this way.
 */
#include <Python.h>

#include <errno.h>
#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>

static volatile long steps;

#ifdef __x86_64__
#define VDSO_BYTES 8192

static unsigned long vdso;

static void note(int number, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	unsigned long counter = (unsigned long)at->uc_mcontext.gregs[REG_RIP];

	(void)number;
	(void)info;
	steps += counter - vdso >= VDSO_BYTES;
}

#define TRAP_FLAG 0x100L

/* Below the red zone, where the compiler may keep something. */
static inline __attribute__((always_inline)) void set_flag(long set, long keep)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "andq %1, (%%rsp)\n\t"
			 "orq %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp"
			 :
			 : "r"(set), "r"(keep)
			 : "memory", "cc");
}

static PyObject *setup(PyObject *self, PyObject *unused)
{
	struct sigaction action = { .sa_sigaction = note,
				    .sa_flags = SA_SIGINFO };

	(void)self;
	(void)unused;
	vdso = getauxval(AT_SYSINFO_EHDR);
	return PyLong_FromLong(sigaction(SIGTRAP, &action, NULL) ? errno : 0);
}
#else
#define TRAP_FLAG 0L
static void set_flag(long set, long keep)
{
	(void)set;
	(void)keep;
}

static PyObject *setup(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	return PyLong_FromLong(ENOSYS);
}
#endif

/* (path, mode, flags, whether it is counted) -> instructions */
static PyObject *count(PyObject *self, PyObject *args)
{
	PyObject *path, *mode, *flags;
	int failed, counts;

	(void)self;
	if (!PyArg_ParseTuple(args, "OOOp", &path, &mode, &flags, &counts))
		return NULL;
	steps = 0;
	set_flag(counts ? TRAP_FLAG : 0, -1);
	failed = PySys_Audit("open", "OOO", path, mode, flags);
	set_flag(0, ~TRAP_FLAG);
	if (failed)
		return NULL;
	return PyLong_FromLong(steps);
}

static PyMethodDef methods[] = {
	{ "setup", setup, METH_NOARGS, NULL },
	{ "count", count, METH_VARARGS, NULL },
	{ 0 },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "steps",
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit_steps(void)
{
	return PyModule_Create(&module);
}
