/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code.c: which code is which. A code object is looked at once; the result
 * stands in a table of the process, its number in code_known.c. No reference to
 * the object is kept: generated modules come and go. Entries are shared by
 * content, so that they do not fill the table either.
 */
#include "recorder/agent/code.h"

#include <sys/mman.h>

#define CODES_MAX  32768u      /* Django and its friends use 4000 */
#define TEXT_BYTES (12u << 20) /* untouched pages cost nothing */
#define BUCKETS	   16384u
#define SLOTS	   16 /* interpreters */
#define MARK_MAX   4096
#define MARK_DEPTH 32

struct table {
	struct sm_code codes[CODES_MAX]; /* [0] is not used */
	uint32_t buckets[BUCKETS];
	uint32_t count, text_used;
	char text[TEXT_BYTES];
};

static struct table *table;
static struct sm_interpreter slots[SLOTS];

bool sm_code_setup(void)
{
	void *at;

	if (table)
		return true;
	at = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return false;
	table = at;
	/* One entry a kind for code that does not fit the table any more. */
	for (uint32_t kind = 0; kind < SM_PRINCIPALS; kind++) {
		struct sm_code *c = &table->codes[++table->count];

		c->function = SM_STR("(more)");
		c->kind = (uint8_t)kind;
		c->number = (uint16_t)table->count;
	}
	return true;
}

struct sm_code *sm_code_entry(uint32_t number)
{
	if (!table || !number || number > table->count)
		return NULL;
	return &table->codes[number];
}

/* ------------------------------------------------------------ interpreters */

/* With more interpreters than slots, those after the first share the rest. */
static struct sm_interpreter *unused_slot(void)
{
	static unsigned next;

	for (unsigned i = 0; i < SLOTS; i++)
		if (!slots[i].identity)
			return &slots[i];
	return &slots[1 + next++ % (SLOTS - 1)];
}

struct sm_interpreter *sm_code_interpreter_slot(void)
{
	int64_t identity = sm_python_interpreter();
	struct sm_interpreter *slot;

	if (!identity)
		return NULL;
	for (unsigned i = 0; i < SLOTS; i++)
		if (slots[i].identity == identity)
			return &slots[i];
	slot = unused_slot();
	slot->violation = NULL;
	slot->main = NULL;
	slot->identity = identity;
	return slot;
}

void sm_code_forget_interpreter(void)
{
	int64_t identity = sm_python_interpreter();

	for (unsigned i = 0; i < SLOTS; i++) {
		struct sm_interpreter old = slots[i];

		if (!identity || old.identity != identity)
			continue;
		memset(&slots[i], 0, sizeof(slots[i]));
		if (old.violation)
			sm_py.Py_DecRef(old.violation);
		if (old.main)
			sm_py.Py_DecRef(old.main);
	}
}

void sm_code_forget_all(void)
{
	memset(slots, 0, sizeof(slots));
	sm_code_forget_known();
	sm_code_forget_library();
}

/* ------------------------------------------------------------------- table */

static uint32_t hash_of(const struct sm_code *c)
{
	uint32_t h = 2166136261u ^ c->first_line ^ (uint32_t)c->kind << 24;

	for (uint32_t i = 0; i < c->file.len; i++)
		h = (h ^ (uint8_t)c->file.p[i]) * 16777619u;
	for (uint32_t i = 0; i < c->function.len; i++)
		h = (h ^ (uint8_t)c->function.p[i]) * 16777619u;
	return h % BUCKETS;
}

static bool is_same(const struct sm_code *a, const struct sm_code *b)
{
	return a->first_line == b->first_line && a->kind == b->kind &&
	       sm_str_equal(a->function, b->function) &&
	       sm_str_equal(a->file, b->file);
}

static struct sm_str keep(struct sm_str s)
{
	char *at = table->text + table->text_used;

	if (s.len)
		memcpy(at, s.p, s.len);
	table->text_used += s.len;
	return (struct sm_str){ at, s.len };
}

/* Finds or adds; NULL when the table is full. */
static struct sm_code *intern(const struct sm_code *c)
{
	uint32_t bucket = hash_of(c), i;
	struct sm_code *new;

	for (i = table->buckets[bucket]; i; i = table->codes[i].next)
		if (is_same(&table->codes[i], c))
			return &table->codes[i];
	if (table->count + 1 >= CODES_MAX ||
	    TEXT_BYTES - table->text_used <
		    c->file.len + c->function.len + c->package.len)
		return NULL;
	new = &table->codes[table->count + 1];
	*new = *c;
	new->file = keep(c->file);
	new->function = keep(c->function);
	new->package = keep(c->package);
	new->number = (uint16_t)++table->count;
	new->ring = 0;
	new->next = table->buckets[bucket];
	table->buckets[bucket] = new->number;
	return new;
}

/* Under the lock: what is not UTF-8 of the code that is looked at. */
static struct {
	char file[SM_PATH_MAX], function[SM_PATH_MAX];
} undecoded;

/* Lives as long as o, or in room. */
static struct sm_str text_of(struct py_object *o, char room[SM_PATH_MAX])
{
	struct sm_str text = { "", 0 }, found;
	struct py_object *bytes;
	PY_SIZE n = 0;
	const char *p;

	if (!(sm_py.PyType_GetFlags(sm_python_type(o)) & PY_IS_STR))
		return text;
	p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
	if (p) {
		text.p = p;
		text.len = n > SM_STRING_MAX ? SM_STRING_MAX : (uint32_t)n;
		return text;
	}
	sm_py.PyErr_Clear();
	bytes = sm_text_encode(o, &found);
	if (!bytes)
		return text;
	if (found.len <= SM_PATH_MAX) {
		memcpy(room, found.p, found.len);
		text = (struct sm_str){ room, found.len };
	}
	sm_py.Py_DecRef(bytes);
	return text;
}

/*
 * Code and str objects only: no Python code can run. The attribute outlives
 * our reference, the code object holds it.
 */
static struct sm_str ask_text(struct py_object *code, const char *attribute,
			      char room[SM_PATH_MAX])
{
	struct py_object *o = sm_py.PyObject_GetAttrString(code, attribute);
	struct sm_str text = { "", 0 };

	if (!o) {
		sm_py.PyErr_Clear();
		return text;
	}
	text = text_of(o, room);
	sm_py.Py_DecRef(o);
	return text;
}

int sm_code_line(struct py_object *code)
{
	struct py_object *o =
		sm_py.PyObject_GetAttrString(code, "co_firstlineno");
	long long line = 0;
	int overflow;

	if (o && sm_py.PyType_GetFlags(sm_python_type(o)) & PY_IS_INT)
		line = sm_py.PyLong_AsLongLongAndOverflow(o, &overflow);
	if (o)
		sm_py.Py_DecRef(o);
	else
		sm_py.PyErr_Clear();
	return (int)line;
}

/* False: what it is must be asked for each time. */
static bool describe(struct py_object *code, struct sm_code_identity *id,
		     struct sm_code *c)
{
	bool is_known = sm_code_identify(code, id);

	memset(c, 0, sizeof(*c));
	c->file = is_known ? text_of(id->file, undecoded.file)
			   : ask_text(code, "co_filename", undecoded.file);
	c->function =
		is_known ? text_of(id->name, undecoded.function)
			 : ask_text(code, SM_CODE_NAME, undecoded.function);
	c->first_line = id->line > 0 ? (uint32_t)id->line : 0;
	return is_known;
}

/*
 * A relative co_filename means what it meant when the code was first seen. An
 * absolute one may still be spelled oddly: DIR/./app.pyz/__main__.py.
 */
static void make_absolute(struct sm_code *c, char *out)
{
	struct sm_str path;

	if (!c->file.len || c->file.p[0] == '<' ||
	    sm_path_is_canonical(c->file))
		return;
	if (sm_path_canonical(sm_resolve_cwd(), c->file, out, &path) == SM_OK)
		c->file = path;
}

/* Marked before, and no longer among the code last looked at. */
static struct sm_code *main_entry(struct py_object *code,
				  const struct sm_code_identity *id)
{
	struct sm_code *entry = sm_code_entry(sm_code_known_main(code, id));

	if (entry)
		sm_code_keep(code, id, entry->number, true);
	return entry;
}

SM_RARELY static const struct sm_code *look_at(struct py_object *code,
					       struct sm_code *spare)
{
	static char absolute[SM_PATH_MAX]; /* under the lock */
	bool is_settled = sm_code_find_library(), is_known;
	struct sm_code_identity id;
	struct sm_code *entry;

	is_known = describe(code, &id, spare);
	entry = is_known ? main_entry(code, &id) : NULL;
	if (entry)
		return entry;
	make_absolute(spare, absolute);
	sm_code_classify(spare);
	entry = table ? intern(spare) : NULL;
	if (!entry) {
		if (spare->file.p == absolute ||
		    spare->file.p == undecoded.file)
			spare->file.len = 0;
		if (spare->function.p == undecoded.function)
			spare->function.len = 0;
		spare->number = (uint16_t)(table ? spare->kind + 1 : 0);
		return spare;
	}
	/* Files seen before sys is filled may turn out to be the library's. */
	if (is_known && (is_settled || !(entry->flags & SM_CODE_IS_FILE)))
		sm_code_keep(code, &id, entry->number, false);
	return entry;
}

SM_OFTEN const struct sm_code *sm_code_of(struct py_object *code,
					  struct sm_code *spare)
{
	const struct sm_code *entry = sm_code_entry(sm_code_known(code));

	if (entry)
		return entry;
	if (!sm_agent_lock()) {
		memset(spare, 0, sizeof(*spare));
		spare->kind = SM_PRINCIPAL_FOREIGN;
		return spare;
	}
	entry = look_at(code, spare);
	sm_agent_unlock();
	return entry;
}

/* A reference; NULL: none. */
static struct py_object *constants_of(struct py_object *code)
{
	struct py_object *o = sm_py.PyObject_GetAttrString(code, "co_consts");

	if (!o)
		sm_py.PyErr_Clear();
	return o;
}

/* Of a tuple; 0: it is none. */
static PY_SIZE items(struct py_object *o)
{
	return o && sm_python_type(o) == sm_py.PyTuple_Type
		       ? sm_py.PyTuple_Size(o)
		       : 0;
}

static void mark(struct py_object *code, unsigned depth, unsigned *left)
{
	struct sm_code_identity id;
	struct py_object *constants;
	struct sm_code spare, *entry;

	if (!*left || depth > MARK_DEPTH)
		return;
	--*left;
	if (!describe(code, &id, &spare) || !spare.file.len ||
	    spare.file.p[0] != '<')
		return;
	spare.kind = SM_PRINCIPAL_MAIN;
	spare.package = (struct sm_str){ "", 0 };
	entry = intern(&spare);
	if (entry)
		sm_code_keep(code, &id, entry->number, true);
	constants = constants_of(code);
	for (PY_SIZE i = 0; i < items(constants); i++) {
		struct py_object *o = sm_py.PyTuple_GetItem(constants, i);

		if (sm_python_is_code(o))
			mark(o, depth + 1, left);
	}
	if (constants)
		sm_py.Py_DecRef(constants);
}

static bool is_text(struct py_object *o, struct sm_str text)
{
	PY_SIZE n = 0;
	const char *p = NULL;

	if (sm_python_type(o) == sm_py.PyUnicode_Type)
		p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
	if (!p)
		sm_py.PyErr_Clear();
	return p && sm_str_equal((struct sm_str){ p, (uint32_t)n }, text);
}

static bool has_text(struct py_object *tuple, struct sm_str text)
{
	for (PY_SIZE i = 0; i < items(tuple); i++)
		if (is_text(sm_py.PyTuple_GetItem(tuple, i), text))
			return true;
	return false;
}

bool sm_code_passes(struct py_object *code, struct sm_str keyword)
{
	struct py_object *constants = constants_of(code);
	bool result = false;

	for (PY_SIZE i = 0; i < items(constants) && !result; i++)
		result = has_text(sm_py.PyTuple_GetItem(constants, i), keyword);
	if (constants)
		sm_py.Py_DecRef(constants);
	return result;
}

/*
 * The first code of -c is kept to the interpreter's end, and so is all inside
 * it: an exec'ed `<string>` after it could otherwise get its address.
 */
void sm_code_mark_main(struct py_object *code)
{
	struct sm_interpreter *slot = sm_code_interpreter_slot();
	unsigned left = MARK_MAX;

	if (!table || !sm_python_is_code(code) || !sm_agent_lock())
		return;
	if (slot && !slot->main) {
		sm_py.Py_IncRef(code);
		slot->main = code;
	}
	mark(code, 0, &left);
	sm_agent_unlock();
}
