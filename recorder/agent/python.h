/* SPDX-License-Identifier: Apache-2.0 */
/*
 * python.h: the part of CPython's C API the agent uses, found with dlsym.
 *
 * Declared by hand: one binary serves 3.8 to 3.14 and free-threaded builds,
 * so no struct of CPython's may be known at compile time. What is read from
 * objects directly is found out at run time (sm_python_probe()).
 */
#ifndef RECORDER_AGENT_PYTHON_H
#define RECORDER_AGENT_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct py_object; /* PyObject and everything that starts with one */

typedef int py_audit_hook(const char *event, struct py_object *args,
			  void *data);

/* PyMemAllocatorEx */
struct py_allocator {
	void *context;
	void *(*malloc)(void *context, size_t bytes);
	void *(*calloc)(void *context, size_t count, size_t bytes);
	void *(*realloc)(void *context, void *p, size_t bytes);
	void (*free)(void *context, void *p);
};

#define PY_DOMAIN_RAW 0 /* PYMEM_DOMAIN_RAW */

/* PyMethodDef */
struct py_method {
	const char *name;
	struct py_object *(*call)(struct py_object *self,
				  struct py_object *args);
	int flags;
	const char *doc;
};

#define PY_METHOD_NOARGS   0x04 /* METH_NOARGS */
#define PY_METHOD_FASTCALL 0x80 /* METH_FASTCALL */

/* Bits of PyType_GetFlags(): HEAPTYPE and *_SUBCLASS, the same since 2.6. */
#define PY_IS_HEAP  (1ul << 9)
#define PY_IS_INT   (1ul << 24)
#define PY_IS_LIST  (1ul << 25)
#define PY_IS_TUPLE (1ul << 26)
#define PY_IS_BYTES (1ul << 27)
#define PY_IS_STR   (1ul << 28)
#define PY_IS_DICT  (1ul << 29)
#define PY_IS_TYPE  (1ul << 31)

/* Py_ssize_t */
#define PY_SIZE ptrdiff_t

/*
 * PY_NEEDED(result, name, arguments): in 3.8 and every later version.
 * PY_OPTIONAL: newer, or renamed; NULL where it is missing.
 */
#define PY_FUNCTIONS(PY_NEEDED, PY_OPTIONAL)                                   \
	PY_NEEDED(int, PySys_AddAuditHook, (py_audit_hook *, void *))          \
	PY_NEEDED(void, PyMem_GetAllocator, (int, struct py_allocator *))      \
	PY_NEEDED(void, PyMem_SetAllocator, (int, struct py_allocator *))      \
	PY_NEEDED(const char *, Py_GetVersion, (void))                         \
	PY_NEEDED(void, Py_IncRef, (struct py_object *))                       \
	PY_NEEDED(void, Py_DecRef, (struct py_object *))                       \
	PY_NEEDED(PY_SIZE, PyObject_Hash, (struct py_object *))                \
	PY_NEEDED(struct py_object *, PyObject_Type, (struct py_object *))     \
	PY_NEEDED(unsigned long, PyType_GetFlags, (struct py_object *))        \
	PY_NEEDED(void *, PyType_GetSlot, (struct py_object *, int))           \
	PY_NEEDED(struct py_object *, PyObject_GenericGetAttr,                 \
		  (struct py_object *, struct py_object *))                    \
	PY_NEEDED(struct py_object *, PyFunction_GetCode,                      \
		  (struct py_object *))                                        \
	PY_NEEDED(struct py_object *, PyObject_GetAttrString,                  \
		  (struct py_object *, const char *))                          \
	PY_NEEDED(int, PyObject_SetAttrString,                                 \
		  (struct py_object *, const char *, struct py_object *))      \
	PY_NEEDED(struct py_object *, PyObject_CallFunction,                   \
		  (struct py_object *, const char *, ...))                     \
	PY_NEEDED(struct py_object *, PyObject_CallMethod,                     \
		  (struct py_object *, const char *, const char *, ...))       \
	PY_NEEDED(struct py_object *, Py_BuildValue, (const char *, ...))      \
	PY_NEEDED(struct py_object *, PySys_GetObject, (const char *))         \
	PY_NEEDED(struct py_object *, PyDict_GetItemString,                    \
		  (struct py_object *, const char *))                          \
	PY_NEEDED(int, PyType_IsSubtype,                                       \
		  (struct py_object *, struct py_object *))                    \
	PY_NEEDED(PY_SIZE, PyTuple_Size, (struct py_object *))                 \
	PY_NEEDED(struct py_object *, PyTuple_GetItem,                         \
		  (struct py_object *, PY_SIZE))                               \
	PY_NEEDED(PY_SIZE, PyList_Size, (struct py_object *))                  \
	PY_NEEDED(struct py_object *, PyList_GetItem,                          \
		  (struct py_object *, PY_SIZE))                               \
	PY_NEEDED(PY_SIZE, PyDict_Size, (struct py_object *))                  \
	PY_NEEDED(int, PyDict_Next,                                            \
		  (struct py_object *, PY_SIZE *, struct py_object **,         \
		   struct py_object **))                                       \
	PY_NEEDED(const char *, PyUnicode_AsUTF8AndSize,                       \
		  (struct py_object *, PY_SIZE *))                             \
	PY_NEEDED(struct py_object *, PyUnicode_AsEncodedString,               \
		  (struct py_object *, const char *, const char *))            \
	PY_NEEDED(struct py_object *, PyUnicode_DecodeUTF8,                    \
		  (const char *, PY_SIZE, const char *))                       \
	PY_NEEDED(int, PyBytes_AsStringAndSize,                                \
		  (struct py_object *, char **, PY_SIZE *))                    \
	PY_NEEDED(long long, PyLong_AsLongLongAndOverflow,                     \
		  (struct py_object *, int *))                                 \
	PY_NEEDED(double, PyFloat_AsDouble, (struct py_object *))              \
	PY_NEEDED(struct py_object *, PyErr_Occurred, (void))                  \
	PY_NEEDED(void, PyErr_Clear, (void))                                   \
	PY_NEEDED(void, PyErr_SetObject,                                       \
		  (struct py_object *, struct py_object *))                    \
	PY_NEEDED(void, PyErr_SetString, (struct py_object *, const char *))   \
	PY_NEEDED(struct py_object *, PyErr_NewExceptionWithDoc,               \
		  (const char *, const char *, struct py_object *,             \
		   struct py_object *))                                        \
	PY_NEEDED(struct py_object *, PyDescr_NewMethod,                       \
		  (struct py_object *, struct py_method *))                    \
	PY_NEEDED(void *, PyCFunction_GetFunction, (struct py_object *))       \
	PY_NEEDED(struct py_object *, PyEval_GetFrame, (void))                 \
	PY_NEEDED(int, PyFrame_GetLineNumber, (struct py_object *))            \
	PY_NEEDED(void *, PyThreadState_Get, (void))                           \
	PY_NEEDED(void *, PyGILState_GetThisThreadState, (void))               \
	PY_NEEDED(int64_t, PyInterpreterState_GetID, (void *))                 \
	PY_OPTIONAL(void *, _PyThreadState_UncheckedGet, (void))               \
	PY_OPTIONAL(void *, PyThreadState_GetUnchecked, (void))                \
	PY_OPTIONAL(void *, PyInterpreterState_Get, (void))                    \
	PY_OPTIONAL(void *, _PyInterpreterState_Get, (void))                   \
	PY_OPTIONAL(struct py_object *, PyFrame_GetCode, (struct py_object *)) \
	PY_OPTIONAL(struct py_object *, PyFrame_GetBack, (struct py_object *)) \
	PY_OPTIONAL(int, PyFrame_GetLasti, (struct py_object *))

/* Objects, and variables that hold one (PyExc_*). All in every version. */
#define PY_OBJECTS(PY_OBJECT)                                                  \
	PY_OBJECT(PyType_Type)                                                 \
	PY_OBJECT(PyBaseObject_Type)                                           \
	PY_OBJECT(PyUnicode_Type)                                              \
	PY_OBJECT(PyLong_Type)                                                 \
	PY_OBJECT(PyTuple_Type)                                                \
	PY_OBJECT(PyList_Type)                                                 \
	PY_OBJECT(PyDict_Type)                                                 \
	PY_OBJECT(PyFloat_Type)                                                \
	PY_OBJECT(PyCFunction_Type)                                            \
	PY_OBJECT(PyCode_Type)                                                 \
	PY_OBJECT(PyFunction_Type)                                             \
	PY_OBJECT(PyMemberDescr_Type)                                          \
	PY_OBJECT(_Py_NoneStruct)                                              \
	PY_OBJECT(_Py_TrueStruct)                                              \
	PY_OBJECT(_Py_FalseStruct)

#define PY_VARIABLES(PY_VARIABLE)                                              \
	PY_VARIABLE(PyExc_PermissionError)                                     \
	PY_VARIABLE(PyExc_OSError)

struct py_symbols {
#define PY_MEMBER(result, name, arguments) result(*name) arguments;
	PY_FUNCTIONS(PY_MEMBER, PY_MEMBER)
#undef PY_MEMBER
#define PY_MEMBER(name) struct py_object *name;
	PY_OBJECTS(PY_MEMBER)
#undef PY_MEMBER
#define PY_MEMBER(name) struct py_object **name;
	PY_VARIABLES(PY_MEMBER)
#undef PY_MEMBER

	/* Found out by sm_python_probe(); 0: unknown. */
	bool is_probed, is_tuple_probed;
	int minor;	  /* of Python 3 */
	uint32_t type_at; /* ob_type in PyObject, which ends behind it */
	uint32_t name_at; /* tp_name in PyTypeObject */
	/* Items of a tuple; its size is the word behind ob_type. */
	uint32_t items_at;
	bool has_old_frames; /* 3.8: f_back and f_code at fixed places */
};

extern struct py_symbols sm_py;

/* All needed symbols from handle (RTLD_DEFAULT or a dlopen'ed object). */
bool sm_python_resolve(void *handle);

/* Once, from the first event: needs a thread state. */
void sm_python_probe(void);
/* Where tuples keep their items; from tuple, if it has enough of them. */
void sm_python_probe_tuple(struct py_object *tuple);

static inline struct py_object *sm_python_type(struct py_object *o)
{
	return *(struct py_object **)(void *)((char *)o + sm_py.type_at);
}

static inline bool sm_python_is_code(struct py_object *o)
{
	return sm_python_type(o) == sm_py.PyCode_Type;
}

/*
 * Length and items of the tuple that carries an event's arguments: read where
 * sm_python_probe() found them to be, otherwise asked for.
 */
static inline PY_SIZE sm_python_length(struct py_object *tuple)
{
	if (!sm_py.items_at)
		return sm_py.PyTuple_Size(tuple);
	return *(PY_SIZE *)(void *)((char *)tuple + sm_py.type_at + 8);
}

/* Borrowed; i is less than the length. */
static inline struct py_object *sm_python_item(struct py_object *tuple,
					       PY_SIZE i)
{
	if (!sm_py.items_at)
		return sm_py.PyTuple_GetItem(tuple, i);
	return ((struct py_object **)(void *)((char *)tuple +
					      sm_py.items_at))[i];
}

/* Name of the type of o, "object" when it cannot be told. */
const char *sm_python_type_name(struct py_object *o);

/* tp_basicsize of the type of o; 0 when it cannot be told. */
size_t sm_python_basic_size(struct py_object *o);

/*
 * This thread runs Python code: it holds the GIL, or is attached. Not asked of
 * PyGILState_Check(), which says yes to everybody once there was a
 * sub-interpreter. False for the threads of those.
 */
bool sm_python_is_running(void);

/* The running interpreter's number from 1, never used twice; 0: none. */
int64_t sm_python_interpreter(void);

#endif
