/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code.c: which code is which. A code object is looked at once; the result
 * stands in a table of the process, its number in code_known.c. No reference to
 * the object is kept: generated modules come and go. Entries are shared by
 * content, so that they do not fill the table either.
 */
#include "recorder/agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
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

/* The standard library's directory and zip file, from the interpreter. */
static struct {
	bool is_known;
	char library[512], zip[512], other[512], prefix[512];
	struct sm_str library_s, zip_s, other_s;
} paths;

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
	paths.is_known = false;
}

/* -------------------------------------------------------- standard library */

/* A str in sys; empty when it is not there. */
static struct sm_str sys_text(const char *name)
{
	struct py_object *o = sm_py.PySys_GetObject(name);
	PY_SIZE n = 0;
	const char *p;

	if (!o || !(sm_py.PyType_GetFlags(sm_python_type(o)) & PY_IS_STR))
		return (struct sm_str){ NULL, 0 };
	p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
	if (!p) {
		sm_py.PyErr_Clear();
		return (struct sm_str){ NULL, 0 };
	}
	return (struct sm_str){ p, (uint32_t)n };
}

/* PREFIX/LIB/python3<dot>MINOR<end> */
static struct sm_str keep_path(char *out, size_t room, struct sm_str prefix,
			       struct sm_str lib, const char *dot,
			       const char *end)
{
	int n = snprintf(out, room, "%.*s/%.*s/python3%s%d%s", (int)prefix.len,
			 prefix.p, (int)lib.len, lib.p, dot, sm_py.minor, end);

	if (n < 0 || (size_t)n >= room)
		n = 0;
	return (struct sm_str){ out, (uint32_t)n };
}

/* Builds without a GIL live beside those with one: lib/python3.13t. */
static bool is_free_threaded(void)
{
	struct sm_str flags = sys_text("abiflags");

	return flags.len && memchr(flags.p, 't', flags.len);
}

static bool find_library(void)
{
	struct sm_str base = sys_text("base_prefix");
	struct sm_str prefix = sys_text("prefix");
	struct sm_str lib = sys_text("platlibdir");
	const char *end;

	if (paths.is_known)
		return true;
	if (!base.len || !prefix.len || base.len > 400 || prefix.len > 400 ||
	    lib.len > 32)
		return false;
	if (base.p[base.len - 1] == '/')
		base.len--;
	if (!lib.len)
		lib = SM_STR("lib");
	end = is_free_threaded() ? "t" : "";
	paths.library_s = keep_path(paths.library, sizeof(paths.library), base,
				    lib, ".", end);
	paths.other_s = keep_path(paths.other, sizeof(paths.other), base,
				  SM_STR("lib"), ".", end);
	end = *end ? "t.zip" : ".zip";
	paths.zip_s =
		keep_path(paths.zip, sizeof(paths.zip), base, lib, "", end);
	memcpy(paths.prefix, prefix.p, prefix.len);
	paths.prefix[prefix.len] = '\0';
	paths.is_known = true;
	return true;
}

bool sm_code_interpreter(struct sm_trace_interpreter *out)
{
	const char *home = getenv("HOME"), *tmp = getenv("TMPDIR");

	if (!find_library())
		return false;
	out->version = sm_str_of(sm_py.Py_GetVersion());
	out->stdlib = paths.library_s;
	out->prefix = sm_str_of(paths.prefix);
	out->home = sm_str_of(home ? home : "");
	out->tmp = sm_str_of(tmp && *tmp ? tmp : "/tmp");
	if (out->home.len > SM_STRING_MAX)
		out->home.len = 0;
	if (out->tmp.len > SM_STRING_MAX)
		out->tmp = SM_STR("/tmp");
	return true;
}

/* ---------------------------------------------------------- classification */

static bool starts_path(struct sm_str path, struct sm_str dir)
{
	return dir.len && sm_str_starts(path, dir) && path.len > dir.len &&
	       path.p[dir.len] == '/';
}

/* What follows the last `/site-packages/` or `/dist-packages/`; or empty. */
static struct sm_str after_site(struct sm_str path)
{
	static const char site[] = "/site-packages/",
			  dist[] = "/dist-packages/";
	const uint32_t n = sizeof(site) - 1;

	for (uint32_t i = path.len; i-- > 0;)
		if (path.p[i] == '/' && path.len - i > n &&
		    (!memcmp(path.p + i, site, n) ||
		     !memcmp(path.p + i, dist, n)))
			return (struct sm_str){ path.p + i + n,
						path.len - i - n };
	return (struct sm_str){ "", 0 };
}

static bool ends(struct sm_str s, struct sm_str end)
{
	return s.len >= end.len &&
	       !memcmp(s.p + s.len - end.len, end.p, end.len);
}

/* The first component; for eggs the second; without `.py`. */
static struct sm_str top_package(struct sm_str path)
{
	const char *slash = memchr(path.p, '/', path.len);
	struct sm_str top = path, rest = { "", 0 };

	if (slash) {
		top.len = (uint32_t)(slash - path.p);
		rest = (struct sm_str){ slash + 1, path.len - top.len - 1 };
	}
	if (rest.len && ends(top, SM_STR(".egg")))
		return top_package(rest);
	if (!slash && ends(top, SM_STR(".py")))
		top.len -= 3;
	return top;
}

struct known_file {
	const char *path; /* below the standard library; a prefix with / */
	uint8_t flags;
};

/*
 * importlib.resources and pkgutil.get_data hand data to any caller: reading
 * through them is no import. get_data and get_source of loaders likewise.
 * Before 3.13 C code prints the traceback that ends a thread, right below
 * threading's invoke_excepthook().
 */
static const struct known_file known_files[] = {
	{ "importlib/__init__.py", SM_CODE_IMPORT },
	{ "importlib/_bootstrap.py", SM_CODE_IMPORT },
	{ "importlib/_bootstrap_external.py", SM_CODE_IMPORT },
	{ "importlib/_abc.py", SM_CODE_IMPORT },
	{ "importlib/abc.py", SM_CODE_IMPORT },
	{ "importlib/util.py", SM_CODE_IMPORT },
	{ "importlib/machinery.py", SM_CODE_IMPORT },
	{ "importlib/metadata.py", SM_CODE_IMPORT },
	{ "importlib/metadata/", SM_CODE_IMPORT },
	{ "zipimport.py", SM_CODE_IMPORT },
	{ "pkgutil.py", SM_CODE_IMPORT },
	{ "imp.py", SM_CODE_IMPORT },
	{ "linecache.py", SM_CODE_LINES },
	{ "tokenize.py", SM_CODE_LINES },
	{ "threading.py", SM_CODE_LINES },
	{ "runpy.py", SM_CODE_RUNPY },
	{ "site.py", SM_CODE_PTH },
};

static uint8_t flags_of_library(struct sm_str below)
{
	for (size_t i = 0; i < sizeof(known_files) / sizeof(known_files[0]);
	     i++) {
		struct sm_str known = sm_str_of(known_files[i].path);
		bool is_dir = known.p[known.len - 1] == '/';

		if (is_dir ? sm_str_starts(below, known)
			   : sm_str_equal(below, known))
			return known_files[i].flags;
	}
	return 0;
}

/* `<frozen NAME>`: modules in the interpreter's executable. */
static void classify_frozen(struct sm_code *c)
{
	struct sm_str name = { c->file.p + 8, c->file.len - 9 };

	c->kind = SM_PRINCIPAL_PYTHON;
	if (sm_str_starts(name, SM_STR("importlib.")) ||
	    sm_str_equal(name, SM_STR("zipimport")))
		c->flags |= SM_CODE_IMPORT;
	else if (sm_str_equal(name, SM_STR("runpy")))
		c->flags |= SM_CODE_RUNPY;
	else if (sm_str_equal(name, SM_STR("site")))
		c->flags |= SM_CODE_PTH;
}

static bool function_ends(struct sm_str function, struct sm_str name)
{
	return ends(function, name) &&
	       (function.len == name.len ||
		function.p[function.len - name.len - 1] == '.');
}

static void classify_library(struct sm_code *c, struct sm_str dir)
{
	struct sm_str below = { c->file.p + dir.len + 1,
				c->file.len - dir.len - 1 };

	c->kind = SM_PRINCIPAL_PYTHON;
	c->flags |= flags_of_library(below);
	if (sm_str_equal(below, SM_STR("threading.py")) &&
	    !function_ends(c->function, SM_STR("invoke_excepthook")))
		c->flags &= (uint8_t)~SM_CODE_LINES;
}

static void classify_file(struct sm_code *c)
{
	struct sm_str below = after_site(c->file);

	c->flags |= SM_CODE_IS_FILE;
	if (below.len) {
		c->kind = SM_PRINCIPAL_DISTRIBUTION;
		c->package = top_package(below);
	} else if (starts_path(c->file, paths.library_s)) {
		classify_library(c, paths.library_s);
	} else if (starts_path(c->file, paths.zip_s)) {
		classify_library(c, paths.zip_s);
	} else if (starts_path(c->file, paths.other_s)) {
		classify_library(c, paths.other_s);
	} else {
		c->kind = SM_PRINCIPAL_APP;
	}
}

/* By its names only: see policy.md, "Principals". */
static void classify(struct sm_code *c)
{
	c->flags = 0;
	c->package = (struct sm_str){ "", 0 };
	if (!c->file.len) {
		c->kind = SM_PRINCIPAL_FOREIGN;
	} else if (c->file.p[0] == '<' && c->file.p[c->file.len - 1] == '>') {
		c->kind = SM_PRINCIPAL_DYNAMIC;
		if (c->file.len > 9 &&
		    sm_str_starts(c->file, SM_STR("<frozen ")))
			classify_frozen(c);
	} else {
		classify_file(c);
	}
	if (c->flags & SM_CODE_IMPORT &&
	    (function_ends(c->function, SM_STR("get_data")) ||
	     function_ends(c->function, SM_STR("get_source"))))
		c->flags |= SM_CODE_HANDS_OUT;
	if (!function_ends(c->function, SM_STR("addpackage")))
		c->flags &= ~SM_CODE_PTH;
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

const char sm_code_unreadable[] = "";

static struct sm_str text_of(struct py_object *o)
{
	struct sm_str text = { sm_code_unreadable, 0 };
	PY_SIZE n = 0;
	const char *p;

	if (!(sm_py.PyType_GetFlags(sm_python_type(o)) & PY_IS_STR))
		return text;
	p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
	if (!p) {
		sm_py.PyErr_Clear();
		return text;
	}
	text.p = p;
	text.len = n > SM_STRING_MAX ? SM_STRING_MAX : (uint32_t)n;
	return text;
}

/*
 * Code and str objects only: no Python code can run. The attribute outlives
 * our reference, the code object holds it.
 */
struct sm_str sm_code_text(struct py_object *code, const char *attribute)
{
	struct py_object *o = sm_py.PyObject_GetAttrString(code, attribute);
	struct sm_str text = { sm_code_unreadable, 0 };

	if (!o) {
		sm_py.PyErr_Clear();
		return text;
	}
	text = text_of(o);
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
	c->file = is_known ? text_of(id->file)
			   : sm_code_text(code, "co_filename");
	c->function =
		is_known ? text_of(id->name) : sm_code_text(code, SM_CODE_NAME);
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

static const struct sm_code *look_at(struct py_object *code,
				     struct sm_code *spare)
{
	static char absolute[SM_PATH_MAX]; /* under the lock */
	bool is_settled = find_library(), is_known;
	struct sm_code_identity id;
	struct sm_code *entry;

	is_known = describe(code, &id, spare);
	entry = is_known ? main_entry(code, &id) : NULL;
	if (entry)
		return entry;
	make_absolute(spare, absolute);
	classify(spare);
	entry = table ? intern(spare) : NULL;
	if (!entry) {
		if (spare->file.p == absolute)
			spare->file.len = 0;
		spare->number = (uint16_t)(table ? spare->kind + 1 : 0);
		return spare;
	}
	/* Files seen before sys is filled may turn out to be the library's. */
	if (is_known && (is_settled || !(entry->flags & SM_CODE_IS_FILE)))
		sm_code_keep(code, &id, entry->number, false);
	return entry;
}

const struct sm_code *sm_code_of(struct py_object *code, struct sm_code *spare)
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
	constants = sm_py.PyObject_GetAttrString(code, "co_consts");
	if (!constants) {
		sm_py.PyErr_Clear();
		return;
	}
	if (sm_python_type(constants) == sm_py.PyTuple_Type) {
		PY_SIZE n = sm_py.PyTuple_Size(constants);

		for (PY_SIZE i = 0; i < n; i++) {
			struct py_object *o =
				sm_py.PyTuple_GetItem(constants, i);

			if (sm_python_is_code(o))
				mark(o, depth + 1, left);
		}
	}
	sm_py.Py_DecRef(constants);
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
