/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/status.h"

#include <stdarg.h>
#include <stdio.h>

const char *sm_status_text(enum sm_status status)
{
	switch (status) {
	case SM_OK:
		return "ok";
	case SM_END:
		return "end";
	case SM_NOMEM:
		return "out of memory";
	case SM_IO:
		return "input/output failed";
	case SM_NOT_FOUND:
		return "not found";
	case SM_EXISTS:
		return "exists already";
	case SM_NOT_OURS:
		return "not a secmgr file";
	case SM_VERSION:
		return "unknown format version";
	case SM_DAMAGED:
		return "damaged";
	case SM_LIMIT:
		return "limit reached";
	case SM_SYNTAX:
		return "syntax error";
	case SM_INVALID:
		return "invalid";
	case SM_UNSUPPORTED:
		return "not supported here";
	}
	return "unknown status";
}

SM_PRINTF(5, 0)
static void fill(struct sm_diag *diag, enum sm_status status, unsigned line,
		 unsigned column, const char *format, va_list args)
{
	diag->status = status;
	diag->line = line;
	diag->column = column;
	vsnprintf(diag->text, sizeof(diag->text), format, args);
}

/* Macros for the analyser only; see status.h. */
#undef sm_fail
#undef sm_fail_at

enum sm_status sm_fail(struct sm_diag *diag, enum sm_status status,
		       const char *format, ...)
{
	va_list args;

	if (!diag)
		return status;
	va_start(args, format);
	fill(diag, status, 0, 0, format, args);
	va_end(args);
	return status;
}

enum sm_status sm_fail_at(struct sm_diag *diag, enum sm_status status,
			  unsigned line, unsigned column, const char *format,
			  ...)
{
	va_list args;

	if (!diag)
		return status;
	va_start(args, format);
	fill(diag, status, line, column, format, args);
	va_end(args);
	return status;
}
