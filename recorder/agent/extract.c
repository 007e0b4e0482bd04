/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract.c: Python objects to values, by the role the catalogue gives them.
 *
 * Only the storage of int, str, bytes, list, tuple and dict (and of classes
 * derived from them) is read, through functions that run no Python code, and
 * of pathlib's objects. Everything else is its type's name.
 */
#include "recorder/agent/extract.h"
#include "recorder/agent/real.h"

static unsigned long flags_of(struct py_object *o)
{
	return sm_py.PyType_GetFlags(sm_python_type(o));
}

struct sm_value *sm_box_take(struct sm_box *box, uint32_t n)
{
	struct sm_value *values = box->values + box->used;

	if (n > SM_VALUES_MAX - box->used)
		return NULL;
	box->used += n;
	memset(values, 0, n * sizeof(*values));
	return values;
}

char *sm_box_text(struct sm_box *box, uint32_t n)
{
	char *text = box->text + box->secrets.used;

	if (n > sizeof(box->text) - box->secrets.used)
		return NULL;
	box->secrets.used += n;
	return text;
}

/* ----------------------------------------------------------------- strings */

/* A str with surrogates (undecodable bytes) gives the bytes it stands for. */
static bool encode(struct sm_box *box, struct py_object *o, struct sm_str *out)
{
	struct py_object *bytes;

	sm_py.PyErr_Clear();
	if (box->held_count == SM_HELD_MAX)
		return false;
	bytes = sm_text_encode(o, out);
	if (bytes)
		box->held[box->held_count++] = bytes;
	return bytes;
}

static inline bool get_string(struct sm_box *box, struct py_object *o,
			      struct sm_str *out, bool *is_text)
{
	bool is_str = sm_python_type(o) == sm_py.PyUnicode_Type;
	unsigned long flags = is_str ? PY_IS_STR : flags_of(o);
	PY_SIZE n = 0;
	const char *p;
	char *bytes;

	*is_text = false;
	if (flags & PY_IS_BYTES) {
		if (sm_py.PyBytes_AsStringAndSize(o, &bytes, &n)) {
			sm_py.PyErr_Clear();
			return false;
		}
		p = bytes;
	} else if (flags & PY_IS_STR) {
		p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
		if (!p)
			return encode(box, o, out);
		*is_text = true;
	} else {
		return false;
	}
	*out = (struct sm_str){ p, n > INT32_MAX ? INT32_MAX : (uint32_t)n };
	return true;
}

bool sm_extract_text(struct sm_box *box, struct py_object *o,
		     struct sm_str *out, bool *is_text)
{
	return get_string(box, o, out, is_text);
}

bool sm_extract_string(struct sm_box *box, struct py_object *o,
		       struct sm_str *out)
{
	bool is_text;

	return get_string(box, o, out, &is_text);
}

bool sm_extract_word(struct sm_box *box, struct py_object *o,
		     char room[SM_PATH_MAX], struct sm_str *out)
{
	return sm_extract_string(box, o, out) ||
	       (sm_interpose_sees_exec() &&
		sm_path_object_text(box, o, room, out));
}

/* Cut to the bounds, text between characters. */
static inline void put_string(struct sm_box *box, struct sm_str s, bool is_text,
			      struct sm_value *value)
{
	uint32_t len = s.len < SM_STRING_MAX ? s.len : SM_STRING_MAX;

	if (len > box->budget)
		len = box->budget;
	while (is_text && len < s.len && len &&
	       ((uint8_t)s.p[len] & 0xc0) == 0x80)
		len--;
	box->budget -= len;
	value->type = is_text ? SM_TEXT : SM_BYTES;
	value->s = s.p;
	value->len = len;
	value->full_len = s.len;
}

static void put_opaque(struct sm_box *box, struct py_object *o,
		       struct sm_value *value)
{
	struct sm_str name = sm_str_of(sm_python_type_name(o));

	put_string(box, name, true, value);
	if (value->len > NAME_MAX_BYTES)
		value->len = NAME_MAX_BYTES;
	value->full_len = value->len;
	value->type = SM_OPAQUE;
}

/* Copied: what was put together lies on the stack. */
SM_RARELY static void put_object(struct sm_box *box, struct py_object *o,
				 struct sm_value *value)
{
	char room[SM_PATH_MAX];
	struct sm_str text;
	bool is_path =
		box->reads_paths && sm_path_object_text(box, o, room, &text);
	char *copy = is_path ? sm_box_text(box, text.len) : NULL;

	if (!copy) {
		put_opaque(box, o, value);
		return;
	}
	memcpy(copy, text.p, text.len);
	text.p = copy;
	put_string(box, text, sm_utf8_is_valid(text), value);
}

static void put_int(struct sm_box *box, struct py_object *o,
		    struct sm_value *value)
{
	int overflow = 0;
	long long i = sm_py.PyLong_AsLongLongAndOverflow(o, &overflow);

	if (overflow) {
		put_opaque(box, o, value);
		return;
	}
	value->type = SM_INT;
	value->i = i;
}

/* None, True, False, int: true when o is one of them. */
static bool put_simple(struct sm_box *box, struct py_object *o,
		       struct sm_value *value)
{
	if (o == sm_py._Py_NoneStruct)
		value->type = SM_NONE;
	else if (o == sm_py._Py_TrueStruct)
		value->type = SM_TRUE;
	else if (o == sm_py._Py_FalseStruct)
		value->type = SM_FALSE;
	else if (flags_of(o) & PY_IS_INT)
		put_int(box, o, value);
	else
		return false;
	return true;
}

void sm_extract_other(struct sm_box *box, struct py_object *o,
		      struct sm_value *value)
{
	if (!put_simple(box, o, value))
		put_opaque(box, o, value);
}

/* --------------------------------------------------------------- sequences */

/* Length of a list or tuple, or -1. */
PY_SIZE sm_extract_length(struct py_object *o)
{
	unsigned long flags = flags_of(o);

	if (flags & PY_IS_TUPLE)
		return sm_py.PyTuple_Size(o);
	if (flags & PY_IS_LIST)
		return sm_py.PyList_Size(o);
	return -1;
}

struct py_object *sm_extract_item(struct py_object *o, PY_SIZE i)
{
	struct py_object *item = flags_of(o) & PY_IS_TUPLE
					 ? sm_py.PyTuple_GetItem(o, i)
					 : sm_py.PyList_GetItem(o, i);

	if (!item)
		sm_py.PyErr_Clear(); /* shortened meanwhile by a thread */
	return item;
}

static void put_any(struct sm_box *box, struct py_object *o,
		    struct sm_value *value, unsigned depth);

static void put_list(struct sm_box *box, struct py_object *o, PY_SIZE n,
		     struct sm_value *value, unsigned depth)
{
	uint32_t keep = n > SM_ITEMS_MAX ? SM_ITEMS_MAX : (uint32_t)n;
	struct sm_value *items;

	if (depth >= SM_DEPTH_MAX) {
		put_opaque(box, o, value);
		return;
	}
	if (keep > SM_VALUES_MAX - box->used)
		keep = SM_VALUES_MAX - box->used;
	items = sm_box_take(box, keep);
	for (uint32_t i = 0; i < keep; i++) {
		struct py_object *item = sm_extract_item(o, i);

		if (item)
			put_any(box, item, &items[i], depth + 1);
	}
	value->type = SM_LIST;
	value->items = items;
	value->len = keep;
	value->full_len = (uint64_t)n;
}

/* Nearly every argument: text that has its UTF-8 at hand, an int, None. */
static inline bool put_usual(struct sm_box *box, struct py_object *o,
			     struct sm_value *value)
{
	struct py_object *type = sm_python_type(o);
	PY_SIZE n = 0;
	const char *p;

	if (type == sm_py.PyUnicode_Type) {
		p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
		if (!p || n > SM_STRING_MAX || n > box->budget)
			return false; /* an exception is cleared by encode() */
		box->budget -= (uint32_t)n;
		value->type = SM_TEXT;
		value->s = p;
		value->len = (uint32_t)n;
		value->full_len = (uint64_t)n;
		return true;
	}
	if (type == sm_py.PyLong_Type) {
		put_int(box, o, value);
		return true;
	}
	value->type = SM_NONE;
	return o == sm_py._Py_NoneStruct;
}

static void put_any(struct sm_box *box, struct py_object *o,
		    struct sm_value *value, unsigned depth)
{
	struct py_object *type = sm_python_type(o);
	struct sm_str s;
	bool is_text;
	PY_SIZE n;

	if (type != sm_py.PyUnicode_Type && put_simple(box, o, value))
		return;
	if (get_string(box, o, &s, &is_text)) {
		put_string(box, s, is_text, value);
	} else if (type == sm_py.PyFloat_Type) {
		value->type = SM_FLOAT;
		value->f = sm_py.PyFloat_AsDouble(o);
	} else if ((n = sm_extract_length(o)) >= 0) {
		put_list(box, o, n, value, depth);
	} else {
		put_object(box, o, value);
	}
}

/* ----------------------------------------------------------------- secrets */

static void put_secret(struct sm_box *box, struct py_object *o,
		       struct sm_value *value)
{
	struct sm_str s;
	bool is_text;

	if (!get_string(box, o, &s, &is_text)) {
		sm_extract_other(box, o, value);
		return;
	}
	value->type = SM_DIGEST;
	value->full_len = s.len;
	value->i = (int64_t)sm_digest(s.p, s.len);
}

static bool redacts(void)
{
	return !(sm_agent.flags & SM_CHANNEL_NO_REDACT);
}

/* Lists are in our box; only their users may not write them. */
static struct sm_value *items_of(const struct sm_value *list)
{
	return (struct sm_value *)(uintptr_t)list->items;
}

/* A text, or all texts of a list. */
SM_RARELY static void redact(struct sm_box *box, enum sm_redact_kind kind,
			     struct sm_value *value, unsigned depth)
{
	if (value->type != SM_LIST) {
		sm_secrets_take(&box->secrets, kind, value);
		return;
	}
	for (uint32_t i = 0; depth < SM_DEPTH_MAX && i < value->len; i++)
		redact(box, kind, &items_of(value)[i], depth + 1);
}

SM_RARELY static void redact_argv(struct sm_box *box, struct sm_value *list)
{
	struct sm_redact_argv argv = { 0 };

	if (list->type != SM_LIST) {
		redact(box, SM_REDACT_LINE, list, 0);
		return;
	}
	for (uint32_t i = 0; i < list->len; i++)
		sm_secrets_take_argument(&box->secrets, &argv,
					 &items_of(list)[i]);
}

/* sqlite3.connect: a path, or a URI with a query. */
static void redact_database(struct sm_box *box, struct sm_value *value)
{
	struct sm_str name = sm_value_str(value);

	if (sm_str_starts(name, SM_STR("file:")) &&
	    memchr(name.p, '?', name.len))
		redact(box, SM_REDACT_TEXT, value, 0);
}

/* ------------------------------------------------------------------- roles */

/* A name that cannot be read is not the empty one. */
static void put_code_text(struct sm_box *box, struct py_object *code,
			  const char *attribute, struct sm_value *value)
{
	struct py_object *o = sm_py.PyObject_GetAttrString(code, attribute);
	struct sm_str text;
	bool is_text;

	value->type = SM_NONE;
	if (o && get_string(box, o, &text, &is_text))
		put_string(box, text, is_text, value);
	if (o)
		sm_py.Py_DecRef(o); /* the code object holds it */
	else
		sm_py.PyErr_Clear();
}

SM_RARELY static void put_code(struct sm_box *box, struct py_object *o,
			       struct sm_value *value)
{
	struct sm_value *items;

	if (!sm_python_is_code(o)) {
		put_secret(box, o, value);
		return;
	}
	items = sm_box_take(box, 2);
	if (!items)
		return;
	put_code_text(box, o, "co_filename", &items[0]);
	put_code_text(box, o, SM_CODE_NAME, &items[1]);
	value->type = SM_LIST;
	value->items = items;
	value->len = 2;
	value->full_len = 2;
}

static void put_socket(struct py_object *o, struct sm_value *value)
{
	struct sm_str kind = sm_resolve_socket(o);

	value->type = SM_TEXT;
	value->s = kind.p;
	value->len = kind.len;
	value->full_len = kind.len;
}

static void put_pid(struct sm_box *box, struct py_object *o, bool is_group,
		    struct sm_value *value)
{
	sm_extract_other(box, o, value);
	if (value->type == SM_INT)
		sm_resolve_pid(value->i, is_group, value);
}

/*
 * Where the text of a path object changes no decision, or is looked at again
 * by what it starts. A database is told of by its open, a library by nothing.
 */
static bool reads_paths(enum sm_role role)
{
	switch (role) {
	case SM_ROLE_TEXT:
	case SM_ROLE_URL: /* what nobody has described */
		return true;
	case SM_ROLE_PROGRAM:
	case SM_ROLE_ARGV:
	case SM_ROLE_CWD:
		return sm_interpose_sees_exec();
	default:
		return false;
	}
}

static void put_by_role(struct sm_box *box, struct py_object *o,
			enum sm_role role, struct sm_value *value)
{
	box->reads_paths = reads_paths(role);
	switch (role) {
	case SM_ROLE_SEARCH:
	case SM_ROLE_ADDRESS_OF:
		value->type = SM_NONE;
		break;
	case SM_ROLE_OTHER:
		sm_extract_other(box, o, value);
		break;
	case SM_ROLE_SECRET:
		put_secret(box, o, value);
		break;
	case SM_ROLE_SOCKET:
		put_socket(o, value);
		break;
	case SM_ROLE_CODE:
		put_code(box, o, value);
		break;
	case SM_ROLE_ENVIRON:
		sm_extract_environ(box, o, value);
		break;
	case SM_ROLE_KEYS:
		sm_extract_keys(box, o, value);
		break;
	case SM_ROLE_PID:
	case SM_ROLE_PGID:
		put_pid(box, o, role == SM_ROLE_PGID, value);
		break;
	case SM_ROLE_ARGV:
		put_any(box, o, value, 0);
		if (redacts())
			redact_argv(box, value);
		break;
	case SM_ROLE_URL:
		put_any(box, o, value, 0);
		if (redacts())
			redact(box, SM_REDACT_TEXT, value, 0);
		break;
	case SM_ROLE_SHELL:
		put_any(box, o, value, 0);
		if (redacts())
			redact(box, SM_REDACT_LINE, value, 0);
		break;
	default:
		put_any(box, o, value, 0);
	}
}

/*
 * What C code opens by fopen() has a mode and no flags, as files that ssl logs
 * keys to; open() has both, os.open() has flags.
 */
static void put_stream_flags(const struct sm_value *mode,
			     struct sm_value *flags)
{
	if (flags->type == SM_INT && !flags->i && mode->type == SM_TEXT)
		flags->i = sm_real_flags(mode->s);
}

/* Roles put_by_role() has nothing to do for. */
#define BIT(role) (UINT64_C(1) << SM_ROLE_##role)
#define AS_IT_IS                                                               \
	(BIT(PATH) | BIT(PATH_TO) | BIT(LINK_TEXT) | BIT(MODE) | BIT(FLAGS) |  \
	 BIT(FD) | BIT(DIR_FD) | BIT(DIR_FD_TO) | BIT(NUMBER) | BIT(NAME) |    \
	 BIT(TEXT) | BIT(FAMILY) | BIT(SOCK_TYPE) | BIT(PROTOCOL) |            \
	 BIT(HOST) | BIT(PORT) | BIT(PROGRAM) | BIT(CWD) | BIT(MODULE) |       \
	 BIT(LIBRARY) | BIT(SYMBOL))

_Static_assert(SM_ROLE_ADDRESS_OF < 64, "roles are bits of one word");

/* Leaves room for everything else in SM_RECORD_MAX. */
#define BUDGET (SM_RECORD_MAX - (20u << 10))

SM_OFTEN void sm_extract(struct sm_box *box,
			 const struct sm_catalogue_entry *entry,
			 struct py_object *args, struct sm_event *event)
{
	PY_SIZE n = args ? sm_python_length(args) : 0;
	uint32_t count = n > SM_ITEMS_MAX ? SM_ITEMS_MAX
			 : n > 0	  ? (uint32_t)n
					  : 0;
	struct sm_value *values;

	box->used = 0;
	box->secrets.text = box->text;
	box->secrets.room = sizeof(box->text);
	box->secrets.used = box->secrets.count = 0;
	box->held_count = 0;
	box->budget = BUDGET;
	values = sm_box_take(box, count);
	for (uint32_t i = 0; i < count; i++) {
		bool has_role = entry && i < entry->role_count;
		/* What nobody has described may be anything. */
		enum sm_role role =
			has_role ? entry->roles[i] & ~SM_ROLE_KEY : SM_ROLE_URL;
		struct py_object *o = sm_python_item(args, i);

		if (!(AS_IT_IS >> role & 1) || !put_usual(box, o, &values[i]))
			put_by_role(box, o, role, &values[i]);
	}
	if (event->site.kind == SM_EVENT_OPEN && count > 2)
		put_stream_flags(&values[1], &values[2]);
	if (event->site.kind == SM_EVENT_SQLITE3_CONNECT && count && redacts())
		redact_database(box, &values[0]);
	event->args = values;
	event->argc = count;
}
