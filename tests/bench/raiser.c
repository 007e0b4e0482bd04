/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An `open` event without an open, raised from C as CPython raises it: what
 * sys.audit() raises under that name is not taken for one.
 */
#include <Python.h>

static PyObject *event_open(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
	(void)self;
	if (n != 3) {
		PyErr_SetString(PyExc_TypeError, "path, mode, flags");
		return NULL;
	}
	if (PySys_Audit("open", "OOO", args[0], args[1], args[2]))
		return NULL;
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "event_open", (PyCFunction)(void (*)(void))event_open, METH_FASTCALL,
	  NULL },
	{ 0 },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "raiser",
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit_raiser(void)
{
	return PyModule_Create(&module);
}
