/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forged.c: which events CPython did not raise.
 *
 * Any code can call sys.audit() with a name of CPython's. Nothing tells such an
 * event from the real one when it arrives, so calls of sys.audit() are marked
 * on their way in: the function pointer in the method table behind the built-in
 * is replaced by one that notes the name's address and calls the original. The
 * object Python code sees stays what it was, and other events cost nothing.
 *
 * The standard library itself raises some events through sys.audit(). Those are
 * not forged when they come from the file that raises them.
 */
#include "recorder/agent/code.h"

#include <link.h>

/* -------------------------------------------------------------------- mark */

/* METH_FASTCALL: arguments as an array. */
typedef struct py_object *fast_call(struct py_object *self,
				    struct py_object *const *args, PY_SIZE n);

static fast_call *original;
SM_THREAD_LOCAL const char *sm_forged_name;

static const char *name_of(struct py_object *const *args, PY_SIZE n)
{
	PY_SIZE bytes;
	const char *name;

	if (n < 1 ||
	    !(sm_py.PyType_GetFlags(sm_python_type(args[0])) & PY_IS_STR))
		return NULL;
	name = sm_py.PyUnicode_AsUTF8AndSize(args[0], &bytes);
	if (!name)
		sm_py.PyErr_Clear(); /* the original finds it again */
	return name;
}

/* Events that something else raises meanwhile have names elsewhere. */
static struct py_object *audit(struct py_object *self,
			       struct py_object *const *args, PY_SIZE n)
{
	const char *outer = sm_forged_name;
	struct py_object *result;

	sm_forged_name = name_of(args, n);
	result = original(self, args, n);
	sm_forged_name = outer;
	return result;
}

/* -------------------------------------------------------------------- patch */

struct place {
	uintptr_t at;
	bool is_writable;
};

static bool is_in(uintptr_t at, const struct dl_phdr_info *object,
		  const ElfW(Phdr) * segment)
{
	uintptr_t start = object->dlpi_addr + segment->p_vaddr;

	return at >= start &&
	       at + sizeof(fast_call *) <= start + segment->p_memsz;
}

/* Data of an object, and not made read-only after relocation. */
static int look_for(struct dl_phdr_info *object, size_t bytes, void *out)
{
	struct place *place = out;
	bool is_data = false;

	(void)bytes;
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (!is_in(place->at, object, segment))
			continue;
		if (segment->p_type == PT_GNU_RELRO)
			return 1;
		if (segment->p_type == PT_LOAD)
			is_data = segment->p_flags & PF_W;
	}
	place->is_writable = is_data;
	return is_data;
}

/* The method table's entry of sys.audit; NULL: it is not laid out as known. */
static struct py_method *find_entry(struct py_object *function)
{
	struct place place = { 0 };
	struct py_method *entry;
	void *call;

	if (sm_python_type(function) != sm_py.PyCFunction_Type)
		return NULL;
	call = sm_py.PyCFunction_GetFunction(function);
	memcpy(&entry, (char *)function + sm_py.type_at + 8, sizeof(entry));
	place.at = (uintptr_t)entry;
	dl_iterate_phdr(look_for, &place);
	if (!place.is_writable || memcmp(&entry->call, &call, sizeof(call)) ||
	    entry->flags != PY_METHOD_FASTCALL || strcmp(entry->name, "audit"))
		return NULL;
	return entry;
}

bool sm_forged_is_watched;

static void patch(struct py_object *function)
{
	struct py_method *entry = find_entry(function);
	fast_call *ours = audit;

	if (!entry || !memcmp(&entry->call, &ours, sizeof(ours)))
		return;
	memcpy(&original, &entry->call, sizeof(original));
	memcpy(&entry->call, &ours, sizeof(ours));
}

/* sys is there before any Python code runs. */
void sm_forged_watch(void)
{
	struct py_object *function;

	if (!sm_py.type_at)
		return;
	function = sm_py.PySys_GetObject("audit");
	if (!function)
		return;
	sm_forged_is_watched = true;
	patch(function);
}

/* Another interpreter may come with another table. */
void sm_forged_forget(void)
{
	sm_forged_is_watched = false;
}

/* -------------------------------------------------------- standard library */

struct raiser {
	const char *event; /* a prefix of its name */
	const char *file;  /* below the standard library */
};

/* Calls of sys.audit() in Lib/ of CPython 3.8 to 3.14. */
static const struct raiser raisers[] = {
	{ "builtins.input", "_pyrepl/readline.py" },
	{ "cpython.run_interactivehook", "asyncio/__main__.py" },
	{ "cpython.run_startup", "_pyrepl/main.py" },
	{ "cpython.run_startup", "asyncio/__main__.py" },
	{ "cpython.run_stdin", "asyncio/__main__.py" },
	{ "ensurepip.bootstrap", "ensurepip/__init__.py" },
	{ "ftplib.", "ftplib.py" },
	{ "glob.glob", "glob.py" },
	{ "http.client.", "http/client.py" },
	{ "imaplib.", "imaplib.py" },
	{ "nntplib.", "nntplib.py" },
	{ "os.fwalk", "os.py" },
	{ "os.walk", "os.py" },
	{ "pathlib.Path.", "pathlib.py" },
	{ "pathlib.Path.", "pathlib/__init__.py" },
	{ "pathlib.Path.", "pathlib/_local.py" },
	{ "pdb.Pdb", "pdb.py" },
	{ "pickle.find_class", "pickle.py" },
	{ "poplib.", "poplib.py" },
	{ "pty.spawn", "pty.py" },
	{ "shutil.", "shutil.py" },
	{ "smtplib.", "smtplib.py" },
	{ "subprocess.Popen", "subprocess.py" },
	{ "telnetlib.", "telnetlib.py" },
	{ "tempfile.", "tempfile.py" },
	{ "urllib.Request", "urllib/request.py" },
	{ "webbrowser.open", "webbrowser.py" },
};

static bool library_raises(struct sm_str event, const struct sm_code *caller)
{
	for (size_t i = 0; i < sizeof(raisers) / sizeof(raisers[0]); i++)
		if (sm_str_starts(event, sm_str_of(raisers[i].event)) &&
		    sm_code_is_library_file(caller, sm_str_of(raisers[i].file)))
			return true;
	return false;
}

bool sm_forged_is(enum sm_event_kind kind, const struct sm_view *view)
{
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(kind);

	return entry &&
	       !(view->caller && library_raises(entry->name, view->caller));
}
