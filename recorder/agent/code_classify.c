/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code_classify.c: whose code it is, by its file and function names.
 */
#include "recorder/agent/code.h"

#include <stdio.h>
#include <stdlib.h>

/* The standard library's directory and zip file, from the interpreter. */
static struct {
	bool is_known;
	char library[512], zip[512], other[512], prefix[512];
	struct sm_str library_s, zip_s, other_s;
} paths;

/* --------------------------------------------------------- standard library */

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

bool sm_code_find_library(void)
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

void sm_code_forget_library(void)
{
	paths.is_known = false;
}

bool sm_code_interpreter(struct sm_trace_interpreter *out)
{
	const char *home = getenv("HOME"), *tmp = getenv("TMPDIR");

	if (!sm_code_find_library())
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

/* ----------------------------------------------------------- classification */

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

/* The first component; for eggs the second; without `.py`. */
static struct sm_str top_package(struct sm_str path)
{
	const char *slash = memchr(path.p, '/', path.len);
	struct sm_str top = path, rest = { "", 0 };

	if (slash) {
		top.len = (uint32_t)(slash - path.p);
		rest = (struct sm_str){ slash + 1, path.len - top.len - 1 };
	}
	if (rest.len && sm_str_ends(top, SM_STR(".egg")))
		return top_package(rest);
	if (!slash && sm_str_ends(top, SM_STR(".py")))
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
	{ "linecache.py", SM_CODE_LINES | SM_CODE_TELLS },
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
	return sm_str_ends(function, name) &&
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

void sm_code_classify(struct sm_code *c)
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
	    function_ends(c->function, SM_STR("get_data")))
		c->flags |= SM_CODE_HANDS_OUT;
	if (c->flags & SM_CODE_IMPORT &&
	    function_ends(c->function, SM_STR("get_source")))
		c->flags |= SM_CODE_HANDS_OUT | SM_CODE_TELLS;
	if (!function_ends(c->function, SM_STR("addpackage")))
		c->flags &= ~SM_CODE_PTH;
}

bool sm_code_is_library_file(const struct sm_code *code, struct sm_str file)
{
	struct sm_str frozen = SM_STR("<frozen "), path = code->file;

	if (code->kind != SM_PRINCIPAL_PYTHON)
		return false;
	if (sm_str_starts(path, frozen)) {
		file.len -= 3; /* .py */
		return path.len == frozen.len + file.len + 1 &&
		       !memcmp(path.p + frozen.len, file.p, file.len);
	}
	return path.len > file.len && path.p[path.len - file.len - 1] == '/' &&
	       sm_str_ends(path, file);
}
