/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_sql.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "schema/request.h"
#include "tools/cli.h"
#include "tools/events_format.h"

#define SQL_BYTES_MAX	65536
#define VALUE_BYTES_MAX (16 << 20)
#define STEPS		10000 /* of SQLite between looks whether it is over */

/* --------------------------------------------------- the table "event" */

/* Order of struct columns below; `by` is a word of SQL: principal. */
#define COLUMNS                                                                \
	"process, pid, thread, seq, time_ns, time, event, args, family, "      \
	"access, resource, file, line, function, via, principal, verdict, "    \
	"rule, shadow, shadow_rule, after_denial"
enum column {
	PROCESS,
	PID,
	THREAD,
	SEQ,
	TIME_NS,
	TIME,
	EVENT,
	ARGS,
	FAMILY,
	ACCESS,
	RESOURCE,
	FILE_NAME,
	LINE,
	FUNCTION,
	VIA,
	PRINCIPAL,
	VERDICT,
	RULE,
	SHADOW,
	SHADOW_RULE,
	AFTER_DENIAL,
};

struct source {
	struct sm_trace *trace;
	const struct sm_clock *clock;
	bool is_declaring; /* SQLite 3.40 asks the authoriser for that too */
};

struct event_table {
	sqlite3_vtab base; /* first: SQLite's */
	struct source source;
};

struct event_rows {
	sqlite3_vtab_cursor base; /* first: SQLite's */
	struct sm_trace_cursor *cursor;
	const struct sm_event *event; /* NULL at the end */
	sqlite3_int64 row;
	struct sm_request requests[SM_REQUESTS_MAX];
	int request_count; /* -1: not asked for yet */
	struct sm_request_scratch scratch;
};

static int table_connect(sqlite3 *db, void *context, int argc,
			 const char *const *argv, sqlite3_vtab **out,
			 char **error)
{
	struct source *source = context;
	struct event_table *table;
	int status;

	(void)argc;
	(void)argv;
	(void)error;
	source->is_declaring = true;
	status = sqlite3_declare_vtab(db, "CREATE TABLE x(" COLUMNS ")");
	source->is_declaring = false;
	if (status != SQLITE_OK)
		return status;
	table = sqlite3_malloc(sizeof(*table));
	if (!table)
		return SQLITE_NOMEM;
	memset(table, 0, sizeof(*table));
	table->source = *source;
	*out = &table->base;
	return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

/* Always the whole trace: WHERE is SQLite's business. */
static int table_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 1e6;
	info->estimatedRows = 1000000;
	return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
	struct event_rows *rows = sqlite3_malloc(sizeof(*rows));

	(void)table;
	if (!rows)
		return SQLITE_NOMEM;
	memset(rows, 0, sizeof(*rows));
	*out = &rows->base;
	return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *base)
{
	struct event_rows *rows = (struct event_rows *)base;

	sm_trace_cursor_free(rows->cursor);
	sqlite3_free(rows);
	return SQLITE_OK;
}

static int failed(struct event_rows *rows, const struct sm_diag *diag)
{
	sqlite3_free(rows->base.pVtab->zErrMsg);
	rows->base.pVtab->zErrMsg = sqlite3_mprintf("%s", diag->text);
	return SQLITE_ERROR;
}

static int rows_next(sqlite3_vtab_cursor *base)
{
	struct event_rows *rows = (struct event_rows *)base;
	struct sm_diag diag = { .status = SM_OK };
	enum sm_status status;
	uint32_t site;

	status = sm_trace_next(rows->cursor, &rows->event, &site, &diag);
	rows->row++;
	rows->request_count = -1;
	if (status == SM_OK)
		return SQLITE_OK;
	rows->event = NULL;
	return status == SM_END ? SQLITE_OK : failed(rows, &diag);
}

static int rows_filter(sqlite3_vtab_cursor *base, int number, const char *text,
		       int argc, sqlite3_value **argv)
{
	struct event_rows *rows = (struct event_rows *)base;
	struct event_table *table = (struct event_table *)base->pVtab;
	struct sm_diag diag = { .status = SM_OK };

	(void)number;
	(void)text;
	(void)argc;
	(void)argv;
	sm_trace_cursor_free(rows->cursor);
	rows->cursor = NULL;
	rows->row = 0;
	if (sm_trace_events(table->source.trace, NULL, &rows->cursor, &diag) !=
	    SM_OK)
		return failed(rows, &diag);
	return rows_next(base);
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
	return !((struct event_rows *)base)->event;
}

static int rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *row)
{
	*row = ((struct event_rows *)base)->row;
	return SQLITE_OK;
}

static const struct sm_request *first_request(struct event_rows *rows)
{
	if (rows->request_count < 0)
		rows->request_count = (int)sm_event_requests(
			rows->event, &rows->scratch, rows->requests);
	return rows->request_count ? &rows->requests[0] : NULL;
}

static void put_text(sqlite3_context *context, struct sm_str text)
{
	sqlite3_result_text(context, text.len ? text.p : "", (int)text.len,
			    SQLITE_TRANSIENT);
}

static void put_word(sqlite3_context *context, const char *text)
{
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void put_number(sqlite3_context *context, uint64_t number)
{
	sqlite3_result_int64(context, (sqlite3_int64)number);
}

static void put_args(sqlite3_context *context, const struct sm_event *event)
{
	char *text = NULL;
	size_t bytes = 0;
	struct sm_json j = { .out = open_memstream(&text, &bytes) };

	if (!j.out) {
		sqlite3_result_error_nomem(context);
		return;
	}
	sm_event_put_args(&j, NULL, event);
	if (fclose(j.out) || !bytes)
		sqlite3_result_error_nomem(context);
	else /* without the newline that ends a document */
		sqlite3_result_text(context, text, (int)bytes - 1,
				    SQLITE_TRANSIENT);
	free(text);
}

static void put_time(sqlite3_context *context, const struct event_table *table,
		     uint64_t time_ns)
{
	char text[40];

	sm_clock_format(table->source.clock, time_ns, text);
	if (*text)
		put_word(context, text);
}

static void put_accesses(sqlite3_context *context, uint32_t set)
{
	char text[200] = "";
	size_t used = 0;

	for (unsigned i = 0; i < SM_ACCESSES; i++)
		if (set >> i & 1 && used < sizeof(text))
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%s",
				used ? "," : "",
				sm_access_name((enum sm_access)(1u << i)));
	put_word(context, text);
}

static void put_request(sqlite3_context *context, struct event_rows *rows,
			enum column column)
{
	const struct sm_request *request = first_request(rows);

	if (!request)
		return; /* NULL */
	if (column == FAMILY)
		put_word(context, sm_family_name(request->family));
	else if (column == ACCESS)
		put_accesses(context, request->access);
	else
		put_text(context, request->value);
}

static void put_process(sqlite3_context *context,
			const struct event_table *table, uint32_t process)
{
	const struct sm_trace_process_info *info =
		sm_trace_process(table->source.trace, process);

	if (info)
		put_number(context, info->start.pid);
}

static void put_site(sqlite3_context *context, const struct sm_site *site,
		     enum column column)
{
	switch (column) {
	case EVENT:
		put_text(context, site->event);
		break;
	case FILE_NAME:
		put_text(context, site->file);
		break;
	case LINE:
		put_number(context, site->line);
		break;
	case FUNCTION:
		put_text(context, site->function);
		break;
	case VIA:
		put_word(context, sm_via_name(site->via));
		break;
	default:
		put_text(context, site->principal.name);
	}
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
		       int number)
{
	struct event_rows *rows = (struct event_rows *)base;
	struct event_table *table = (struct event_table *)base->pVtab;
	const struct sm_event *event = rows->event;

	switch ((enum column)number) {
	case PROCESS:
		put_number(context, event->process);
		break;
	case PID:
		put_process(context, table, event->process);
		break;
	case THREAD:
		put_number(context, event->thread);
		break;
	case SEQ:
		put_number(context, event->seq);
		break;
	case TIME_NS:
		put_number(context, event->time_ns);
		break;
	case TIME:
		put_time(context, table, event->time_ns);
		break;
	case ARGS:
		put_args(context, event);
		break;
	case FAMILY:
	case ACCESS:
	case RESOURCE:
		put_request(context, rows, (enum column)number);
		break;
	case VERDICT:
		put_word(context, sm_decision_name(event->verdict.decision));
		break;
	case RULE:
		put_text(context, event->verdict.rule);
		break;
	case SHADOW:
		put_word(context, sm_decision_name(event->shadow.decision));
		break;
	case SHADOW_RULE:
		put_text(context, event->shadow.rule);
		break;
	case AFTER_DENIAL:
		put_number(context, sm_trace_is_after_denial(
					    table->source.trace, event));
		break;
	default:
		put_site(context, &event->site, (enum column)number);
	}
	return SQLITE_OK;
}

/* Without xCreate: exists under its own name only (eponymous). */
static const sqlite3_module event_module = {
	.xConnect = table_connect,
	.xBestIndex = table_best_index,
	.xDisconnect = table_disconnect,
	.xOpen = rows_open,
	.xClose = rows_close,
	.xFilter = rows_filter,
	.xNext = rows_next,
	.xEof = rows_eof,
	.xColumn = rows_column,
	.xRowid = rows_rowid,
};

/* ------------------------------------------------------------------ query */

static int authorise(void *context, int action, const char *a, const char *b,
		     const char *c, const char *d)
{
	(void)a;
	(void)c;
	(void)d;
	if (((struct source *)context)->is_declaring)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return b && !sqlite3_stricmp(b, "load_extension") ? SQLITE_DENY
								  : SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

/* The file is somebody else's: no code of its schema runs beyond views. */
static int harden(sqlite3 *db, struct source *source)
{
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	return sqlite3_set_authorizer(db, authorise, source);
}

static struct sm_str cell(sqlite3_stmt *statement, int column)
{
	const void *p = sqlite3_column_blob(statement, column);

	return (struct sm_str){ p, (uint32_t)sqlite3_column_bytes(statement,
								  column) };
}

static void put_names(FILE *out, sqlite3_stmt *statement)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		if (i)
			putc('\t', out);
		sm_cli_put(out, sm_str_of(sqlite3_column_name(statement, i)),
			   false);
	}
	putc('\n', out);
}

static void put_row(FILE *out, sqlite3_stmt *statement)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		if (i)
			putc('\t', out);
		sm_cli_put(out, cell(statement, i), false);
	}
	putc('\n', out);
}

static void json_cell(struct sm_json *j, sqlite3_stmt *statement, int i)
{
	const char *name = sqlite3_column_name(statement, i);
	struct sm_str text;

	switch (sqlite3_column_type(statement, i)) {
	case SQLITE_INTEGER:
		sm_json_put_int(j, name, sqlite3_column_int64(statement, i));
		break;
	case SQLITE_FLOAT:
		sm_json_put_float(j, name, sqlite3_column_double(statement, i));
		break;
	case SQLITE_NULL:
		sm_json_put_null(j, name);
		break;
	case SQLITE_BLOB:
		text = cell(statement, i);
		sm_json_open(j, name, '{');
		sm_json_put_str(j, "bytes", text);
		sm_json_close(j, '}');
		break;
	default:
		sm_json_put_str(j, name, cell(statement, i));
	}
}

static void json_row(FILE *out, sqlite3_stmt *statement)
{
	struct sm_json j = { .out = out };

	sm_json_open(&j, NULL, '{');
	for (int i = 0; i < sqlite3_column_count(statement); i++)
		json_cell(&j, statement, i);
	sm_json_close(&j, '}');
}

static enum sm_status sql_failed(sqlite3 *db, struct sm_diag *diag)
{
	if (sqlite3_errcode(db) == SQLITE_AUTH)
		return sm_fail(diag, SM_INVALID,
			       "only reading is allowed: write one SELECT");
	return sm_fail(diag, SM_INVALID, "%s", sqlite3_errmsg(db));
}

static enum sm_status print_rows(FILE *out, sqlite3 *db,
				 sqlite3_stmt *statement, bool wants_json,
				 struct sm_diag *diag)
{
	int status;

	if (!wants_json)
		put_names(out, statement);
	while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
		if (wants_json)
			json_row(out, statement);
		else
			put_row(out, statement);
		if (ferror(out))
			return SM_OK; /* the caller reports it */
	}
	if (status == SQLITE_INTERRUPT)
		return SM_OK; /* the caller knows why */
	return status == SQLITE_DONE ? SM_OK : sql_failed(db, diag);
}

static int ask_is_over(void *context)
{
	bool (*const *is_over)(void) = context;

	return (*is_over)();
}

static enum sm_status run_query(FILE *out, sqlite3 *db, const char *query,
				bool wants_json, struct sm_diag *diag)
{
	sqlite3_stmt *statement = NULL;
	enum sm_status status;
	const char *rest;

	if (sqlite3_prepare_v2(db, query, -1, &statement, &rest) != SQLITE_OK)
		return sql_failed(db, diag);
	rest += strspn(rest, " \t\n;");
	if (!statement || *rest)
		status = sm_fail(diag, SM_INVALID, "write one SELECT");
	else
		status = print_rows(out, db, statement, wants_json, diag);
	sqlite3_finalize(statement);
	return status;
}

enum sm_status sm_events_sql(FILE *out, struct sm_trace *trace,
			     const struct sm_clock *clock, const char *query,
			     bool wants_json, bool (*is_over)(void),
			     struct sm_diag *diag)
{
	struct source source = { trace, clock, false };
	enum sm_status status;
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(sm_trace_path(trace), &db, SQLITE_OPEN_READONLY,
			    NULL) != SQLITE_OK ||
	    sqlite3_create_module(db, "event", &event_module, &source) !=
		    SQLITE_OK ||
	    harden(db, &source) != SQLITE_OK) {
		status = sm_fail(diag, SM_IO, "%s",
				 db ? sqlite3_errmsg(db) : "out of memory");
	} else {
		sqlite3_progress_handler(db, STEPS, ask_is_over, &is_over);
		status = run_query(out, db, query, wants_json, diag);
	}
	sqlite3_close(db);
	return status;
}
