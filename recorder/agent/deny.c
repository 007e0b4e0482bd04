/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deny.c: verdicts, and the exception a denied event raises.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <stdio.h>

/* ------------------------------------------------------------------ verdict */

static struct sm_request_scratch scratch; /* under the lock */

/* What is asked for first, for the message. */
static bool resource_of(const struct sm_event *event, unsigned which,
			struct sm_request *out)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned n = sm_event_requests(event, &scratch, requests);

	if (!n)
		return false;
	*out = requests[which < n ? which : 0];
	return true;
}

/* Nothing could be obtained to decide by: fail closed. */
static void decide_without(struct sm_event *event, struct sm_verdict *verdict)
{
	struct sm_request request;

	memset(verdict, 0, sizeof(*verdict));
	verdict->rule_index = UINT32_MAX;
	if (sm_agent.flags & SM_CHANNEL_FAIL_OPEN ||
	    !resource_of(event, 0, &request))
		return;
	verdict->decision = SM_DENIED;
	verdict->reason = SM_REASON_NO_POLICY;
	verdict->family = request.family;
	verdict->lacking = request.access;
	verdict->rule = SM_STR("no-policy");
	event->verdict.decision = verdict->decision;
	event->verdict.rule = verdict->rule;
}

static void describe(const struct sm_event *event,
		     const struct sm_verdict *verdict, struct sm_denial *denial)
{
	struct sm_request request;
	char why[400];
	int n;

	denial->file_length = 0;
	if (resource_of(event, verdict->request, &request)) {
		denial->file_length = request.value.len;
		if (denial->file_length > sizeof(denial->file))
			denial->file_length = sizeof(denial->file);
		memcpy(denial->file, request.value.p, denial->file_length);
	}
	sm_verdict_explain(event, verdict, why, sizeof(why));
	n = snprintf(denial->text, sizeof(denial->text),
		     "denied by secmgr (%s): %s (event %llu)",
		     sm_family_name(verdict->family), why,
		     (unsigned long long)event->seq);
	denial->text_length = n < 0 ? 0
			      : (size_t)n < sizeof(denial->text)
				      ? (uint32_t)n
				      : sizeof(denial->text) - 1;
}

bool sm_deny_decide_rest(const struct sm_view *view, struct sm_event *event,
			 struct sm_denial *denial)
{
	struct sm_verdict verdict = { 0 };

	if (sm_agent.has_policy)
		sm_memo_decide(view, event, &verdict);
	else
		decide_without(event, &verdict);
	if (event->verdict.decision == SM_DENIED &&
	    sm_agent.flags & SM_CHANNEL_WARN)
		event->verdict.decision = SM_WARNED;
	if (event->verdict.decision != SM_DENIED)
		return false;
	sm_channel_note_denial(event->seq);
	describe(event, &verdict, denial);
	return true;
}

bool sm_deny_decide_alone(struct sm_event *event)
{
	struct sm_verdict verdict;

	if (!(sm_agent.flags & SM_CHANNEL_ENFORCE))
		return false;
	if (sm_agent.has_policy) {
		sm_memo_ask(event, &verdict);
	} else if (!(sm_agent.flags & SM_CHANNEL_FAIL_OPEN)) {
		event->verdict.decision = SM_DENIED;
		event->verdict.rule = SM_STR("no-policy");
	}
	if (event->verdict.decision == SM_DENIED &&
	    sm_agent.flags & SM_CHANNEL_WARN)
		event->verdict.decision = SM_WARNED;
	return event->verdict.decision == SM_DENIED;
}

/* ---------------------------------------------------------------- exception */

static const char doc[] =
	"An operation the process's secmgr policy does not allow.";

/*
 * The type of the secmgr package, where the program has imported it: there is
 * one type an interpreter, whichever came first (tools/python). New reference.
 */
static struct py_object *imported_type(void)
{
	struct py_object *modules = sm_py.PySys_GetObject("modules");
	struct py_object *module = NULL, *type;

	if (modules &&
	    sm_py.PyType_GetFlags(sm_python_type(modules)) & PY_IS_DICT)
		module = sm_py.PyDict_GetItemString(modules, "secmgr");
	if (!module || module == sm_py._Py_NoneStruct)
		return NULL;
	type = sm_py.PyObject_GetAttrString(module, "PolicyViolation");
	if (!type) {
		sm_py.PyErr_Clear();
		return NULL;
	}
	if (sm_py.PyType_GetFlags(sm_python_type(type)) & PY_IS_TYPE &&
	    sm_py.PyType_IsSubtype(type, *sm_py.PyExc_PermissionError))
		return type;
	sm_py.Py_DecRef(type);
	return NULL;
}

/*
 * What self pickles and copies as: its type where that can be imported, or else
 * the PermissionError it is; a process that reads it then needs no module it
 * has not. New reference.
 */
static struct py_object *type_to_pickle(struct py_object *self)
{
	struct py_object *type = imported_type();

	if (type && type == sm_python_type(self))
		return type;
	if (type)
		sm_py.Py_DecRef(type);
	return sm_py.Py_BuildValue("O", *sm_py.PyExc_PermissionError);
}

static struct py_object *pair(struct py_object *type, struct py_object *self)
{
	struct py_object *exception_args, *result;

	exception_args = sm_py.PyObject_GetAttrString(self, "args");
	if (!exception_args)
		return NULL;
	result = sm_py.PyObject_GetAttrString(self, "filename");
	if (!result) {
		sm_py.Py_DecRef(exception_args);
		return NULL;
	}
	if (result != sm_py._Py_NoneStruct &&
	    sm_py.PyTuple_Size(exception_args) == 2) {
		struct py_object *filename = result;

		result = sm_py.Py_BuildValue(
			"(O(OOO))", type,
			sm_py.PyTuple_GetItem(exception_args, 0),
			sm_py.PyTuple_GetItem(exception_args, 1), filename);
		sm_py.Py_DecRef(filename);
	} else {
		sm_py.Py_DecRef(result);
		result = sm_py.Py_BuildValue("(OO)", type, exception_args);
	}
	sm_py.Py_DecRef(exception_args);
	return result;
}

static struct py_object *reduce(struct py_object *self, struct py_object *args)
{
	struct py_object *type = type_to_pickle(self), *result;

	(void)args;
	if (!type)
		return NULL;
	result = pair(type, self);
	sm_py.Py_DecRef(type);
	return result;
}

static struct py_object *make_type(void)
{
	static struct py_method method = {
		.name = "__reduce__",
		.call = reduce,
		.flags = PY_METHOD_NOARGS,
	};
	struct py_object *type, *descriptor, *modules;

	type = sm_py.PyErr_NewExceptionWithDoc("secmgr.PolicyViolation", doc,
					       *sm_py.PyExc_PermissionError,
					       NULL);
	if (!type)
		return NULL;
	/* By which the package knows the type of its own interpreter. */
	modules = sm_py.PySys_GetObject("modules");
	if (modules && sm_py.PyObject_SetAttrString(type, "_modules", modules))
		sm_py.PyErr_Clear();
	descriptor = sm_py.PyDescr_NewMethod(type, &method);
	if (!descriptor ||
	    sm_py.PyObject_SetAttrString(type, method.name, descriptor))
		sm_py.PyErr_Clear(); /* raised all the same */
	if (descriptor)
		sm_py.Py_DecRef(descriptor);
	return type;
}

/* The exception type of the running interpreter, made when first asked for. */
static struct py_object *violation_type(void)
{
	struct sm_interpreter *slot = sm_code_interpreter_slot();
	struct py_object *type;

	if (!slot)
		return NULL;
	if (slot->violation)
		return slot->violation;
	type = imported_type();
	if (!type)
		type = make_type();
	if (!type)
		sm_py.PyErr_Clear();
	if (slot->violation) { /* made meanwhile, by a finalizer's event */
		if (type)
			sm_py.Py_DecRef(type);
	} else {
		slot->violation = type;
	}
	return slot->violation;
}

/* New reference; NULL without an exception set. */
static struct py_object *make_exception(struct py_object *type,
					const struct sm_denial *denial)
{
	struct py_object *text = sm_py.PyUnicode_DecodeUTF8(
		denial->text, denial->text_length, "backslashreplace");
	struct py_object *file = NULL, *exception = NULL;

	if (denial->file_length)
		file = sm_py.PyUnicode_DecodeUTF8(
			denial->file, denial->file_length, "surrogateescape");
	if (text && file)
		exception = sm_py.PyObject_CallFunction(type, "iOO", EACCES,
							text, file);
	else if (text)
		exception =
			sm_py.PyObject_CallFunction(type, "iO", EACCES, text);
	if (text)
		sm_py.Py_DecRef(text);
	if (file)
		sm_py.Py_DecRef(file);
	if (!exception)
		sm_py.PyErr_Clear();
	return exception;
}

void sm_deny_raise(const struct sm_denial *denial)
{
	struct py_object *type = violation_type(), *exception = NULL;

	if (type)
		exception = make_exception(type, denial);
	if (!exception) {
		sm_py.PyErr_SetString(*sm_py.PyExc_PermissionError,
				      "denied by secmgr");
		return;
	}
	sm_py.PyErr_SetObject(type, exception);
	sm_py.Py_DecRef(exception);
}
