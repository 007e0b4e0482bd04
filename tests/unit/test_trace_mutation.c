/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random damage: whatever it does to the rows of a trace, verification finds,
 * and so does tools/verify-trace.py; what it does not touch is read.
 * SM_MUTATIONS sets how many there are, SM_SEED which, SM_FIRST how many of
 * them are passed over: a part of many, in a process of its own. `make
 * check-long` tries 100,000. SM_KEEP names a file for the one that failed. Runs
 * where tools/ lies, as make does.
 */
#include "tests/unit/trace_data.h"

#include <sqlite3.h>
#include <sys/wait.h>

#include "schema/trace/sign.h"

enum { EVENTS = 1500, MUTATIONS = 600, TRACES = 2 };

static char dir[] = "/tmp/test_trace_mutation.XXXXXX";
static char path[64], copy[64], key_file[64];

/* A trace as it was written, and what a plain SQLite sees in it. */
static struct original {
	uint8_t *bytes;
	size_t size;
	uint64_t rows;
	uint32_t events;
} originals[TRACES];

static int make_dir(void **state)
{
	char command[128];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.db", dir);
	snprintf(copy, sizeof(copy), "%s/copy.db", dir);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", dir);
	snprintf(command, sizeof(command),
		 "openssl genpkey -algorithm ed25519 -out %s", key_file);
	return system(command);
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	for (unsigned i = 0; i < TRACES; i++)
		free(originals[i].bytes);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* ------------------------------------------------------- what SQLite sees */

static uint64_t mix_bytes(uint64_t hash, const void *p, size_t n)
{
	const uint8_t *at = p;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ at[i]) * 1099511628211u;
	return (hash ^ n) * 1099511628211u;
}

static uint64_t mix_column(uint64_t hash, sqlite3_stmt *q, int i)
{
	int type = sqlite3_column_type(q, i);
	int64_t number;
	double real;

	hash = mix_bytes(hash, &type, sizeof(type));
	if (type == SQLITE_INTEGER) {
		number = sqlite3_column_int64(q, i);
		return mix_bytes(hash, &number, sizeof(number));
	}
	if (type == SQLITE_FLOAT) {
		real = sqlite3_column_double(q, i);
		return mix_bytes(hash, &real, sizeof(real));
	}
	if (type != SQLITE_NULL) {
		const void *p = sqlite3_column_blob(q, i);

		hash = mix_bytes(hash, p, (size_t)sqlite3_column_bytes(q, i));
	}
	return hash;
}

/* False when it cannot be read to the end. */
static bool mix_query(sqlite3 *db, const char *sql, uint64_t *hash)
{
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

	while (code == SQLITE_OK && (code = sqlite3_step(q)) == SQLITE_ROW) {
		code = SQLITE_OK;
		for (int i = 0; i < sqlite3_column_count(q); i++)
			*hash = mix_column(*hash, q, i);
		*hash = mix_bytes(*hash, "row", 3);
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE;
}

/* Of all rows and definitions; 0 when something cannot be read. */
static uint64_t rows_of(const char *name)
{
	static const char *const queries[] = {
		"SELECT type,name,tbl_name,sql FROM sqlite_schema",
		"PRAGMA user_version",
		"PRAGMA application_id",
		"SELECT * FROM meta",
		"SELECT * FROM process",
		"SELECT * FROM policy",
		"SELECT * FROM adoption",
		"SELECT * FROM name",
		"SELECT * FROM checkpoint",
		"SELECT * FROM site_row",
		"SELECT * FROM resource",
		"SELECT * FROM denial",
		"SELECT * FROM loss",
		"SELECT * FROM chunk",
		"SELECT * FROM block",
	};
	uint64_t hash = 14695981039346656037u;
	bool is_read = true;
	sqlite3 *db = NULL;

	is_read = !sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY, NULL);
	for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		is_read = is_read && mix_query(db, queries[i], &hash);
	sqlite3_close(db);
	return is_read ? hash : 0;
}

/* ---------------------------------------------------------------- originals */

static void write_trace(uint32_t events, bool is_signed)
{
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);
	static const struct sm_trace_policy policy = {
		.mode = { "block", 5 },
		.enforced = { { "/p", 2 }, { "01", 2 }, { "{}", 2 } },
	};
	const struct sm_trace_adoption adoption = { 1, 1, 1, 1 };
	struct sm_trace_account account = { .end_ns = 1, .attempts = events };
	static struct data_event d;
	struct sm_signer *signer;
	struct sm_diag diag;
	uint32_t sites[20], number;

	data_process(w);
	data_process(w);
	assert_int_equal(sm_signer_open(key_file, &signer, &diag), SM_OK);
	if (is_signed)
		sm_trace_sign(w, signer);
	assert_int_equal(sm_trace_add_policy(w, &policy, &number), SM_OK);
	assert_int_equal(sm_trace_add_adoption(w, &adoption), SM_OK);
	for (uint32_t i = 0; i < 20; i++) {
		struct sm_site s = data_site(i);

		assert_int_equal(sm_trace_intern_site(w, &s, &sites[i]), SM_OK);
	}
	for (uint32_t i = 0; i < events; i++) {
		uint32_t site = data_below(20);

		data_event(&d, site);
		d.event.process = 1 + i % 2;
		d.event.seq = i + 1;
		d.event.time_ns = i * UINT64_C(1000);
		assert_int_equal(sm_trace_append(w, sites[site], &d.event),
				 SM_OK);
		if (i % 400 == 0)
			assert_int_equal(sm_trace_commit(w, &diag), SM_OK);
	}
	assert_int_equal(sm_trace_add_loss(w, 1, SM_LOSS_TORN, 1, 5), SM_OK);
	assert_int_equal(sm_trace_end_process(w, 1, &account), SM_OK);
	assert_int_equal(sm_trace_writer_close(w, &diag), SM_OK);
	sm_signer_free(signer);
}

static void make_original(struct original *o, uint32_t events, bool is_signed)
{
	FILE *f;

	write_trace(events, is_signed);
	o->events = events;
	o->rows = rows_of(path);
	assert_true(o->rows);
	o->size = (size_t)data_size(path);
	o->bytes = malloc(o->size);
	assert_non_null(o->bytes);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(o->bytes, 1, o->size, f), o->size);
	assert_int_equal(fclose(f), 0);
}

/* ---------------------------------------------------------------- mutations */

static void save(const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(copy, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void flip(uint8_t *bytes, size_t *size)
{
	bytes[data_below((uint32_t)*size)] ^= (uint8_t)(1u << data_below(8));
}

static void zero(uint8_t *bytes, size_t *size)
{
	static const uint32_t units[] = { 1, 16, 512, 1024, 4096 };
	uint32_t unit = units[data_below(5)];
	size_t at = data_below((uint32_t)*size) / unit * unit;

	memset(bytes + at, 0, *size - at < unit ? *size - at : unit);
}

static void cut_end(uint8_t *bytes, size_t *size)
{
	(void)bytes;
	*size = data_below((uint32_t)*size);
}

/* A page in another's place, or another's bytes in the middle of one. */
static void splice(uint8_t *bytes, size_t *size)
{
	uint32_t unit = data_below(2) ? 1024 : 1 + data_below(64);
	uint32_t places = (uint32_t)(*size / unit);

	memmove(bytes + (size_t)data_below(places) * unit,
		bytes + (size_t)data_below(places) * unit, unit);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
	/* Some break a constraint, and then do nothing. */
	(void)sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
}

/* What the mutations of rows name: any row of any table, any of its columns. */
static struct table {
	const char *name, *key;
	char columns[48][32];
	unsigned count;
} tables[] = {
	{ "meta", "key", { "" }, 0 },	   { "process", "number", { "" }, 0 },
	{ "policy", "number", { "" }, 0 }, { "adoption", "id", { "" }, 0 },
	{ "name", "id", { "" }, 0 },	   { "site_row", "id", { "" }, 0 },
	{ "resource", "id", { "" }, 0 },   { "denial", "id", { "" }, 0 },
	{ "loss", "id", { "" }, 0 },	   { "checkpoint", "id", { "" }, 0 },
	{ "chunk", "id", { "" }, 0 },	   { "block", "id", { "" }, 0 },
};

static void read_columns(struct table *t, sqlite3 *db)
{
	char sql[64];
	sqlite3_stmt *q;

	snprintf(sql, sizeof(sql), "PRAGMA table_info(%s)", t->name);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	for (; sqlite3_step(q) == SQLITE_ROW; t->count++) {
		assert_true(t->count < 48);
		snprintf(t->columns[t->count], sizeof(t->columns[0]), "%s",
			 (const char *)sqlite3_column_text(q, 1));
	}
	assert_true(t->count > 1);
	sqlite3_finalize(q);
}

static void read_tables(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		read_columns(&tables[i], db);
	sqlite3_close(db);
}

static void name_row(char *out, size_t size, const struct table *t)
{
	snprintf(out, size,
		 "(SELECT %s FROM %s LIMIT 1 OFFSET %u %% "
		 "(SELECT max(1, count(*)) FROM %s))",
		 t->key, t->name, data_below(1u << 20), t->name);
}

/* Deletes a row, swaps two, or changes a column of one. */
static void change_row(bool is_wanted)
{
	const struct table *t =
		&tables[data_below(sizeof(tables) / sizeof(tables[0]))];
	const char *key = t->key, *table = t->name;
	const char *column = t->columns[data_below(t->count)];
	char a[128], b[128], sql[1024];

	name_row(a, sizeof(a), t);
	name_row(b, sizeof(b), t);
	switch (data_below(4)) {
	case 0:
		snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s=%s", table,
			 key, a);
		break;
	case 1:
		/* Through a key that no row has. */
		snprintf(sql, sizeof(sql),
			 "CREATE TEMP TABLE s AS SELECT %s AS x, %s AS y;"
			 "UPDATE %s SET %s=-77 WHERE %s=(SELECT x FROM s);"
			 "UPDATE %s SET %s=(SELECT x FROM s) WHERE %s=(SELECT "
			 "y FROM s);"
			 "UPDATE %s SET %s=(SELECT y FROM s) WHERE %s=-77",
			 a, b, table, key, key, table, key, key, table, key,
			 key);
		break;
	case 2:
		snprintf(sql, sizeof(sql), "UPDATE %s SET %s=%s+1 WHERE %s=%s",
			 table, column, column, key, a);
		break;
	default:
		snprintf(sql, sizeof(sql),
			 "UPDATE %s SET %s=substr(%s,2) WHERE %s=%s", table,
			 column, column, key, a);
	}
	if (is_wanted)
		run_sql(sql);
}

/* What is not wanted only draws its numbers. */
static void mutate(const struct original *o, uint8_t *bytes, bool is_wanted)
{
	static void (*const ways[])(uint8_t * bytes,
				    size_t * size) = { flip, zero, cut_end,
						       splice };
	uint32_t way = data_below(6);
	size_t size = o->size;

	memcpy(bytes, o->bytes, size);
	if (way < 4)
		ways[way](bytes, &size);
	if (is_wanted)
		save(bytes, size);
	if (way >= 4)
		change_row(is_wanted);
}

/* ----------------------------------------------------- the other verifier */

/* The program as it is, a thousand times a second and not ten. */
static const char script[] =
	"import os, sys\n"
	"text = open('tools/verify-trace.py').read()\n"
	"program = compile(text, 'verify-trace.py', 'exec')\n"
	"sys.stdout = open(os.devnull, 'w')\n"
	"for line in sys.stdin:\n"
	"    sys.argv = ['verify-trace.py', line.rstrip()]\n"
	"    said = b'+'\n"
	"    try:\n"
	"        exec(program, {'__name__': '__main__'})\n"
	"    except SystemExit as end:\n"
	"        said = b'-' if end.code else b'+'\n"
	"    except BaseException as error:\n"
	"        print(repr(error), file=sys.stderr)\n"
	"        said = b'?'\n"
	"    os.write(1, said)\n";

static struct {
	pid_t pid;
	int to, from;
} other;

static void start_other(void)
{
	int to[2], from[2];

	assert_int_equal(pipe(to) | pipe(from), 0);
	other.pid = fork();
	assert_true(other.pid >= 0);
	if (!other.pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execl("/usr/bin/python3", "python3", "-c", script,
		      (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	other.to = to[1];
	other.from = from[0];
}

static void end_other(void)
{
	int status;

	close(other.to);
	close(other.from);
	assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
	assert_int_equal(status, 0);
}

/* '+': as written, '-': it is not; anything else is a fault of the program. */
static char ask_other(void)
{
	char said = 0;

	assert_true(dprintf(other.to, "%s\n", copy) > 0);
	assert_int_equal(read(other.from, &said, 1), 1);
	return said;
}

/* ------------------------------------------------------------------- tests */

/* Reads all there is to read; whether something was said to be damaged. */
static uint32_t read_all(bool *is_damaged)
{
	struct sm_trace *t;
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	enum sm_status status = sm_trace_open(copy, &t, &diag);
	uint32_t n = 0, site, damages = 0;

	*is_damaged = status;
	if (status)
		return 0;
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	while ((status = sm_trace_next(c, &event, &site, &diag)) != SM_END) {
		n += !status;
		/* Said once per block, so it ends. */
		assert_true(!status || ++damages < 1000);
	}
	*is_damaged = damages;
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	return n;
}

struct tally {
	unsigned long changed, silent;
};

static unsigned long number_in(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

/* For who wants to see what failed: it is gone with the directory. */
static void keep_copy(void)
{
	const char *to = getenv("SM_KEEP");
	char command[512];

	if (!to)
		return;
	snprintf(command, sizeof(command), "cp %s '%s'", copy, to);
	print_message("%s: %d\n", to, system(command));
}

/* Whether both see what there is; counts what a plain SQLite sees. */
static const char *judge(const struct original *o, struct tally *tally)
{
	bool is_changed = rows_of(copy) != o->rows, is_damaged;
	struct sm_trace_verified result;
	struct sm_diag diag = { 0 };
	enum sm_status status =
		sm_trace_verify(copy, NULL, NULL, NULL, &result, &diag);
	char said = ask_other();
	uint32_t events;

	if (is_changed && !status)
		return "not found";
	if (said != '-' && said != '+')
		return "verify-trace.py fails";
	if (said == '+' && is_changed)
		return "verify-trace.py does not find it";
	if (said == '-' && !status)
		return "only verify-trace.py finds it";
	events = read_all(&is_damaged);
	if (!status && (is_damaged || events != o->events))
		return "verified, but not all of it can be read";
	tally->changed += is_changed;
	tally->silent += !status;
	return NULL;
}

static void every_logical_change_is_found(void **state)
{
	unsigned long wanted = number_in("SM_MUTATIONS", MUTATIONS);
	unsigned long seed = number_in("SM_SEED", 4711);
	unsigned long first = number_in("SM_FIRST", 0);
	struct tally tally = { 0 };
	uint8_t *bytes;

	(void)state;
	make_original(&originals[0], EVENTS, true);
	make_original(&originals[1], 17000, false);
	read_tables();
	bytes = malloc(originals[1].size);
	assert_non_null(bytes);
	data_state = seed ? seed : 1;
	start_other();
	for (unsigned long i = 0; i < wanted; i++) {
		const struct original *o = &originals[i % 20 == 0];
		const char *fault = NULL;

		mutate(o, bytes, i >= first);
		if (i >= first)
			fault = judge(o, &tally);
		if (fault) {
			keep_copy();
			fail_msg("mutation %lu: %s", i, fault);
		}
	}
	free(bytes);
	end_other();
	print_message("mutations %lu to %lu from %lu, %lu logical changes, all "
		      "found by both; %lu without meaning\n",
		      first, wanted, seed, tally.changed, tally.silent);
	assert_true(tally.changed > (wanted - first) / 2);
	assert_true(tally.silent > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_logical_change_is_found),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
