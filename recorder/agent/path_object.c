/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_object.c: the text of pathlib's objects, as os.fspath() gives it.
 *
 * It is not asked: that is Python code, and the program's own in a class of
 * its own. Classes are read, and the places of __slots__: nothing is called,
 * allocated or remembered. What is not plainly pathlib's has no text here.
 *
 * A program may have changed what lies inside of pathlib. So such a text is
 * taken only where nothing is decided by it, or the call that follows is looked
 * at once more.
 */
#include "recorder/agent/code.h"

/* PyMemberDef, a place of __slots__ */
struct member {
	const char *name;
	int type;
	PY_SIZE offset;
	int flags;
	const char *doc;
};

#define MEMBER_OBJECT 16 /* Py_T_OBJECT_EX */

/* Numbers of PyType_GetSlot(), and places in PyTypeObject behind tp_name. */
#define SLOT_BASE     48
#define SLOT_BASES    49
#define SLOT_GETATTRO 58
#define SLOT_MEMBERS  72
#define BASE_AT	      232
#define DICT_AT	      240
#define BASES_AT      312
#define MRO_AT	      320

/* What os.fspath() of these objects depends on. */
enum attribute { FSPATH, STR, TEXT, PARTS, NEW_PARTS, READ_MAX };

static const struct sm_str names[] = {
	[FSPATH] = { "__fspath__", 10 },
	[STR] = { "__str__", 7 },
	[TEXT] = { "_str", 4 },
	[PARTS] = { "_parts", 6 },	    /* up to 3.11 */
	[NEW_PARTS] = { "_raw_paths", 10 }, /* from 3.12 on */
	/* not read, but may not be the program's */
	{ "_drv", 4 },
	{ "_root", 5 },
	{ "_tail", 5 },
	{ "_tail_cached", 12 },
	{ "_raw_path", 9 },
	{ "_flavour", 8 },
	{ "parser", 6 },
	{ "drive", 5 },
	{ "root", 4 },
	{ "_parse_path", 11 },
	{ "_load_parts", 11 },
	{ "_format_parsed_parts", 20 },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* What the class of an object gives. */
struct reading {
	struct py_object *value[READ_MAX], *owner[READ_MAX];
	bool is_library; /* a class of pathlib's was reached, */
	bool is_posix;	 /* and PurePosixPath */
};

/* ----------------------------------------------------------------- classes */

static struct py_object *at(struct py_object *type, uint32_t place)
{
	struct py_object *o;

	memcpy(&o, (char *)type + sm_py.name_at + place, sizeof(o));
	return o;
}

static bool is(struct py_object *o, struct py_object *type)
{
	return o && sm_python_type(o) == type;
}

/* A class of Python code, of no metaclass, that lies as we think it does. */
static bool is_readable(struct py_object *type)
{
	return is(type, sm_py.PyType_Type) &&
	       sm_py.PyType_GetFlags(type) & PY_IS_HEAP &&
	       at(type, BASE_AT) == sm_py.PyType_GetSlot(type, SLOT_BASE) &&
	       at(type, BASES_AT) == sm_py.PyType_GetSlot(type, SLOT_BASES) &&
	       is(at(type, DICT_AT), sm_py.PyDict_Type) &&
	       is(at(type, MRO_AT), sm_py.PyTuple_Type);
}

static struct sm_str text_of(struct py_object *o)
{
	struct sm_str none = { "", 0 };
	PY_SIZE n = 0;
	const char *p;

	if (!is(o, sm_py.PyUnicode_Type))
		return none;
	p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
	if (!p)
		sm_py.PyErr_Clear();
	if (!p || n > SM_PATH_MAX)
		return none;
	return (struct sm_str){ p, (uint32_t)n };
}

static size_t number_of(struct sm_str name)
{
	size_t i = 0;

	while (i < NAMES && !sm_str_equal(name, names[i]))
		i++;
	return i;
}

/* One of the classes an object's is made of, in order. False: not pathlib's. */
static bool read_class(struct py_object *type, struct reading *r)
{
	struct py_object *key, *value, *found[NAMES] = { NULL };
	struct sm_str module = { "", 0 };
	bool is_other = false;
	PY_SIZE next = 0;

	while (sm_py.PyDict_Next(at(type, DICT_AT), &next, &key, &value)) {
		struct sm_str name = text_of(key);
		size_t i = number_of(name);

		if (i < NAMES)
			found[i] = value;
		else if (sm_str_equal(name, SM_STR("__module__")))
			module = text_of(value);
		is_other |= i < NAMES;
	}
	if (sm_str_equal(module, SM_STR("pathlib")) ||
	    sm_str_starts(module, SM_STR("pathlib.")))
		r->is_library = true;
	else if (!r->is_library)
		return !is_other;
	for (size_t i = 0; i < READ_MAX; i++)
		if (!r->value[i] && found[i]) {
			r->value[i] = found[i];
			r->owner[i] = type;
		}
	return true;
}

static bool read_classes(struct py_object *type, struct reading *r)
{
	struct py_object *order = at(type, MRO_AT);
	PY_SIZE n = sm_py.PyTuple_Size(order);

	for (PY_SIZE i = 0; i < n; i++) {
		struct py_object *one = sm_py.PyTuple_GetItem(order, i);
		const char *name;

		if (one == sm_py.PyBaseObject_Type)
			break;
		if (!is_readable(one) || !read_class(one, r))
			return false;
		memcpy(&name, (char *)one + sm_py.name_at, sizeof(name));
		r->is_posix |= r->is_library && !strcmp(name, "PurePosixPath");
	}
	return r->is_posix;
}

/* A function that stands in the library's own pathlib. */
static bool is_library_function(struct py_object *o)
{
	struct sm_code code = { .function = { "", 0 } };
	struct py_object *file;
	bool result;

	if (!is(o, sm_py.PyFunction_Type))
		return false;
	file = sm_py.PyObject_GetAttrString(sm_py.PyFunction_GetCode(o),
					    "co_filename");
	if (!file) {
		sm_py.PyErr_Clear();
		return false;
	}
	code.file = text_of(file);
	sm_code_classify(&code);
	result =
		sm_code_is_library_file(&code, SM_STR("pathlib.py")) ||
		sm_code_is_library_file(&code, SM_STR("pathlib/__init__.py")) ||
		sm_code_is_library_file(&code, SM_STR("pathlib/_local.py"));
	sm_py.Py_DecRef(file); /* the code object holds it */
	return result;
}

/* What o has in the place of a name: borrowed. False: there is no such place.
 */
static bool get(struct py_object *o, const struct reading *r, enum attribute i,
		struct py_object **value)
{
	const struct member *m;

	if (!is(r->value[i], sm_py.PyMemberDescr_Type))
		return false;
	m = sm_py.PyType_GetSlot(r->owner[i], SLOT_MEMBERS);
	while (m && m->name && strcmp(m->name, names[i].p))
		m++;
	if (!m || !m->name || m->type != MEMBER_OBJECT || m->flags ||
	    m->offset <= 0 ||
	    (size_t)m->offset + sizeof(*value) > sm_python_basic_size(o))
		return false;
	memcpy(value, (char *)o + m->offset, sizeof(*value));
	return true;
}

/* ------------------------------------------------------------------- texts */

/* Puts one more behind what is there, as os.path.join() does. */
static bool join(char *path, uint32_t *n, struct sm_str part)
{
	bool needs_slash;

	if (part.len && part.p[0] == '/')
		*n = 0;
	needs_slash = *n && path[*n - 1] != '/';
	if (*n + needs_slash + part.len > SM_PATH_MAX)
		return false;
	if (needs_slash)
		path[(*n)++] = '/';
	if (part.len)
		memcpy(path + *n, part.p, part.len);
	*n += part.len;
	return true;
}

/* Without `.` and empty names; `//` in front stays, three slashes are one. */
static struct sm_str shorten(struct sm_str path, char *out)
{
	uint32_t i = 0, n = 0, begin;

	while (i < path.len && path.p[i] == '/')
		i++;
	if (i)
		out[n++] = '/';
	if (i == 2)
		out[n++] = '/';
	for (; i < path.len; i++) {
		struct sm_str name = { path.p + i, 0 };

		while (i < path.len && path.p[i] != '/')
			i++;
		name.len = (uint32_t)(path.p + i - name.p);
		if (!name.len || sm_str_equal(name, SM_STR(".")))
			continue;
		begin = n;
		if (begin && out[begin - 1] != '/')
			out[n++] = '/';
		memcpy(out + n, name.p, name.len);
		n += name.len;
	}
	if (!n)
		out[n++] = '.';
	return (struct sm_str){ out, n };
}

static bool join_parts(struct sm_box *box, struct py_object *parts, char *out,
		       struct sm_str *text)
{
	char path[SM_PATH_MAX];
	PY_SIZE count = sm_py.PyList_Size(parts);
	struct sm_str part;
	uint32_t n = 0;

	for (PY_SIZE i = 0; i < count; i++) {
		struct py_object *o = sm_extract_item(parts, i);

		if (!is(o, sm_py.PyUnicode_Type) ||
		    !sm_extract_string(box, o, &part) || !join(path, &n, part))
			return false;
	}
	*text = shorten((struct sm_str){ path, n }, out);
	return true;
}

bool sm_path_object_text(struct sm_box *box, struct py_object *o,
			 char out[SM_PATH_MAX], struct sm_str *text)
{
	enum attribute parts = sm_py.minor < 12 ? PARTS : NEW_PARTS;
	struct py_object *type = sm_python_type(o), *value = NULL;
	struct reading r = { .is_library = false };
	void *get_attribute;

	if (!sm_py.name_at || !is_readable(type))
		return false;
	get_attribute = sm_py.PyType_GetSlot(type, SLOT_GETATTRO);
	if (memcmp(&get_attribute, &sm_py.PyObject_GenericGetAttr,
		   sizeof(get_attribute)) ||
	    !read_classes(type, &r) || !is_library_function(r.value[FSPATH]) ||
	    !is_library_function(r.value[STR]) || !get(o, &r, TEXT, &value))
		return false;
	if (value)
		return is(value, sm_py.PyUnicode_Type) &&
		       sm_extract_string(box, value, text);
	return get(o, &r, parts, &value) && is(value, sm_py.PyList_Type) &&
	       join_parts(box, value, out, text);
}
