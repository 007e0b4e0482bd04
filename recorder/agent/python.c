/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/agent/python.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/agent/oldglibc.h"

struct py_symbols sm_py;

/* dlsym gives a data pointer; ISO C knows no cast to a function's. */
static bool find(void *handle, const char *name, void *slot)
{
	void *symbol = dlsym(handle, name);

	memcpy(slot, &symbol, sizeof(symbol));
	return symbol != NULL;
}

bool sm_python_resolve(void *handle)
{
	struct py_symbols py;
	bool is_complete = true;

	memset(&py, 0, sizeof(py));
#define NEEDED(result, name, arguments)                                        \
	is_complete = find(handle, #name, &py.name) && is_complete;
#define OPTIONAL(result, name, arguments) find(handle, #name, &py.name);
	PY_FUNCTIONS(NEEDED, OPTIONAL)
#undef NEEDED
#undef OPTIONAL
#define NEEDED(name) is_complete = find(handle, #name, &py.name) && is_complete;
	PY_OBJECTS(NEEDED)
	PY_VARIABLES(NEEDED)
#undef NEEDED
	if (is_complete)
		sm_py = py;
	return is_complete;
}

/*
 * ob_type is the second word of an object, or the fourth in free-threaded
 * builds (3.13). tp_name follows the head of a variable-sized object.
 */
static void find_offsets(void)
{
	static const uint32_t places[] = { 8, 24 };
	struct py_object *none = sm_py._Py_NoneStruct;
	struct py_object *type = sm_py.PyObject_Type(none);
	const char *name;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		sm_py.type_at = places[i];
		if (sm_python_type(none) == type)
			break;
		sm_py.type_at = 0;
	}
	sm_py.Py_DecRef(type);
	if (!sm_py.type_at)
		return;
	sm_py.name_at = sm_py.type_at + 16;
	memcpy(&name, (char *)sm_py.PyUnicode_Type + sm_py.name_at,
	       sizeof(name));
	if (!name || strcmp(name, "str"))
		sm_py.name_at = 0;
}

static bool are_items_at(struct py_object *tuple, PY_SIZE n, uint32_t at)
{
	struct py_object *item;

	for (PY_SIZE i = 0; i < n; i++) {
		memcpy(&item, (char *)tuple + at + (size_t)i * sizeof(item),
		       sizeof(item));
		if (item != sm_py.PyTuple_GetItem(tuple, i))
			return false;
	}
	return true;
}

/*
 * Behind the size, or behind the hash that follows it (3.14). Two items or
 * more: a match by accident would have to be one twice.
 */
void sm_python_probe_tuple(struct py_object *tuple)
{
	PY_SIZE n = sm_py.PyTuple_Size(tuple), size = -1;

	if (n < 2 || !sm_py.type_at ||
	    sm_python_type(tuple) != sm_py.PyTuple_Type)
		return;
	sm_py.is_tuple_probed = true;
	memcpy(&size, (char *)tuple + sm_py.type_at + 8, sizeof(size));
	if (size != n)
		return;
	for (uint32_t at = sm_py.type_at + 16; at <= sm_py.type_at + 24;
	     at += 8)
		if (are_items_at(tuple, n, at)) {
			sm_py.items_at = at;
			return;
		}
}

void sm_python_probe(void)
{
	const char *version = sm_py.Py_GetVersion();

	if (version && version[0] == '3' && version[1] == '.')
		sm_py.minor = atoi(version + 2);
	find_offsets();
	sm_py.has_old_frames = sm_py.minor == 8 && sm_py.type_at == 8;
	sm_py.is_probed = true;
}

const char *sm_python_type_name(struct py_object *o)
{
	const char *name;

	if (!sm_py.name_at)
		return "object";
	memcpy(&name, (char *)sm_python_type(o) + sm_py.name_at, sizeof(name));
	return name ? name : "object";
}

size_t sm_python_basic_size(struct py_object *o)
{
	ptrdiff_t size;

	if (!sm_py.name_at)
		return 0;
	memcpy(&size, (char *)sm_python_type(o) + sm_py.name_at + 8,
	       sizeof(size));
	return size > 0 ? (size_t)size : 0;
}

bool sm_python_is_running(void)
{
	void *current = NULL;

	if (sm_py.PyThreadState_GetUnchecked)
		current = sm_py.PyThreadState_GetUnchecked();
	else if (sm_py._PyThreadState_UncheckedGet)
		current = sm_py._PyThreadState_UncheckedGet();
	return current && current == sm_py.PyGILState_GetThisThreadState();
}

int64_t sm_python_interpreter(void)
{
	void *state = NULL;

	if (sm_py.PyInterpreterState_Get)
		state = sm_py.PyInterpreterState_Get();
	else if (sm_py._PyInterpreterState_Get)
		state = sm_py._PyInterpreterState_Get();
	return state ? sm_py.PyInterpreterState_GetID(state) + 1 : 0;
}
