/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_script.c: the calls of a script that configures pysecmgr.
 */
#include "tools/import_pysecmgr.h"

static const struct sm_node *argument(const struct sm_node *call,
				      unsigned number, const char *name)
{
	const struct sm_node *c;
	unsigned at = 0;

	for (c = call->children; c; c = c->next)
		if (c->name.len ? sm_node_is_named(c, name) : at++ == number)
			return c;
	return NULL;
}

static bool is_followed(const struct sm_node *n)
{
	for (; n; n = n->next)
		if (n->kind == SM_NODE_OTHER || !is_followed(n->children) ||
		    (n->kind == SM_NODE_WORD &&
		     !sm_str_equal(n->text, SM_STR("None"))))
			return false;
	return true;
}

static enum sm_status call_process(struct sm_import *m,
				   const struct sm_node *call)
{
	const struct sm_node *args = argument(call, 0, "args");
	struct sm_import_process p = {
		.line = call->line,
		.cwd = sm_import_text(argument(call, 1, "cwd")),
		.executable = sm_import_text(argument(call, 2, "executable"))
	};

	if (!args || args->kind != SM_NODE_LIST || !sm_import_words(&p, args)) {
		sm_import_say(m, call->line,
			      "left out: arguments that are no list");
		return SM_OK;
	}
	return sm_import_process(m, &p);
}

static enum sm_status call_path(struct sm_import *m, const struct sm_node *call,
				bool is_folder)
{
	struct sm_str path = sm_import_text(
		argument(call, 0, is_folder ? "folder_path" : "file_path"));
	uint32_t access =
		sm_import_access(sm_import_text(argument(call, 1, "perm")));
	enum sm_status status;

	status = sm_import_path(m, call->line, path, "", access);
	if (!status && is_folder)
		status = sm_import_path(m, call->line, path, "/**", access);
	return status;
}

static enum sm_status add_call(struct sm_import *m, const struct sm_node *call)
{
	static const struct {
		const char *name;
		enum sm_family family;
	} all[] = {
		{ "AllowAllPaths", SM_FAMILY_FILES },
		{ "AllowAllAddresses", SM_FAMILY_NETWORK },
		{ "AllowAllProcesses", SM_FAMILY_PROCESSES },
		{ "AllowAllExec", SM_FAMILY_CODE },
		{ "AllowUnpickling", SM_FAMILY_PICKLES },
	};
	struct sm_str name = call->text;
	struct sm_str first = sm_import_text(call->children);
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (sm_str_equal(name, sm_str_of(all[i].name))) {
			sm_import_set_warn(m, call->line, all[i].family,
					   all[i].name);
			return SM_OK;
		}
	if (sm_str_equal(name, SM_STR("InstallCommonPythonRules")))
		return sm_import_exec(m, call->line, SM_STR("collections"));
	if (sm_str_equal(name, SM_STR("AllowSymlink"))) {
		sm_import_say(m, call->line,
			      "narrower: what a symbolic link leads to "
			      "must be allowed too");
		return SM_OK;
	}
	if (!sm_str_starts(name, SM_STR("Add")))
		return SM_OK;
	if (call->kind == SM_NODE_OTHER || !is_followed(call->children)) {
		sm_import_say(m, call->line,
			      "left out: %.*s() of what is computed",
			      (int)name.len, name.p);
		return SM_OK;
	}
	if (sm_str_equal(name, SM_STR("AddFile")))
		return call_path(m, call, false);
	if (sm_str_equal(name, SM_STR("AddFolder")))
		return call_path(m, call, true);
	if (sm_str_equal(name, SM_STR("AddPathRegex")))
		return sm_import_path_regex(
			m, call->line, first,
			sm_import_text(argument(call, 1, "perm")));
	if (sm_str_equal(name, SM_STR("AddConnectionRegex")))
		return sm_import_connect_regex(m, call->line, first);
	if (sm_str_equal(name, SM_STR("AddProcessRegex")))
		return call_process(m, call);
	if (sm_str_equal(name, SM_STR("AddModuleAllowedToExec")))
		return sm_import_exec(m, call->line, first);
	if (sm_str_equal(name, SM_STR("AddImport")))
		return sm_import_module(m, call->line, first);
	if (sm_str_equal(name, SM_STR("AddRelativeFile")) ||
	    sm_str_equal(name, SM_STR("AddRelativeFolder")))
		sm_import_say(
			m, call->line,
			"left out: \"%.*s\" is relative; give the directory",
			(int)first.len, first.p);
	return SM_OK;
}

enum sm_status sm_import_script(struct sm_import *m, struct sm_str text)
{
	struct sm_source source;
	const struct sm_node *call;
	enum sm_status status = SM_OK;

	m->rejects_shell = !sm_import_holds(text, "AllowPopenShell(");
	sm_source_init(&source, text, 1);
	while (!status && (call = sm_source_call(&source)))
		status = add_call(m, call);
	sm_source_fini(&source);
	return status;
}
