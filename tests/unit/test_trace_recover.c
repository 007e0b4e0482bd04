/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of a damaged trace is read: blocks that no damage touched, as
 * long as one finds them without the pages above. SM_MUTATIONS sets how many
 * damages are tried; `make check-long` tries 2,000.
 */
#include "tests/unit/trace_data.h"

#include <sqlite3.h>

#include "schema/trace/pages.h"

enum { MUTATIONS = 40, BLOCKS_MAX = 256, BLOCK_EVENTS = 700, PAGE = 1024 };

#define GOLDEN "tests/golden/trace-0.db"

static char dir[] = "/tmp/test_trace_recover.XXXXXX";
static char path[64], copy[64], out[64];

static struct original {
	uint8_t *bytes;
	size_t size;
	uint32_t events, blocks;
	struct {
		int64_t id;
		uint32_t events;
		uint32_t *pages;
		size_t page_count;
	} block[BLOCKS_MAX];
} original;

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.db", dir);
	snprintf(copy, sizeof(copy), "%s/copy.db", dir);
	snprintf(out, sizeof(out), "%s/out.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	free(original.bytes);
	for (uint32_t i = 0; i < original.blocks; i++)
		free(original.block[i].pages);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Few strings and sites, each used everywhere, as in a service. */
static void append(struct sm_trace_writer *w, uint32_t from, uint32_t count)
{
	static struct data_event d;
	uint32_t sites[20];

	for (uint32_t i = 0; i < 20; i++) {
		struct sm_site s = data_site(i);

		assert_int_equal(sm_trace_intern_site(w, &s, &sites[i]), SM_OK);
	}
	for (uint32_t i = from; i < from + count; i++) {
		uint32_t site = data_below(20);

		data_event(&d, site);
		d.event.process = 1 + i % 2;
		d.event.seq = i + 1;
		d.event.time_ns = i * UINT64_C(1000);
		assert_int_equal(sm_trace_append(w, sites[site], &d.event),
				 SM_OK);
	}
}

static enum sm_status note_block(void *context, const struct sm_cell *cell)
{
	struct sm_pages *pages = context;
	uint32_t i = original.blocks;
	const uint32_t *used;

	if (cell->columns != 12 || !cell->is_reachable)
		return SM_OK;
	assert_true(i < BLOCKS_MAX);
	used = sm_pages_used(pages, &original.block[i].page_count);
	original.block[i].id = cell->rowid;
	original.block[i].events = (uint32_t)cell->values[1].i;
	original.block[i].pages =
		malloc(original.block[i].page_count * sizeof(*used));
	assert_non_null(original.block[i].pages);
	memcpy(original.block[i].pages, used,
	       original.block[i].page_count * sizeof(*used));
	original.blocks++;
	return SM_OK;
}

/* Two full blocks and the tails that a killed recorder leaves, in one file. */
static void make_original(void)
{
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);
	struct sm_pages *pages;
	struct sm_diag diag = { 0 };
	char command[512];
	sqlite3 *db;
	FILE *f;

	data_process(w);
	data_process(w);
	append(w, 0, 2 * 16384);
	original.events = 2 * 16384;
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(sm_trace_commit(w, &diag), SM_OK);
		append(w, original.events, BLOCK_EVENTS);
		original.events += BLOCK_EVENTS;
	}
	assert_int_equal(sm_trace_commit(w, &diag), SM_OK);
	snprintf(command, sizeof(command), "cp %s %s && cp %s-wal %s-wal", path,
		 copy, path, copy);
	assert_int_equal(system(command), 0);
	assert_int_equal(sm_trace_writer_close(w, &diag), SM_OK);
	assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=DELETE", NULL,
				      NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	original.size = (size_t)data_size(copy);
	original.bytes = malloc(original.size);
	assert_non_null(original.bytes);
	f = fopen(copy, "rb");
	assert_non_null(f);
	assert_int_equal(fread(original.bytes, 1, original.size, f),
			 original.size);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(sm_pages_open(copy, &pages, &diag), SM_OK);
	assert_int_equal(sm_pages_each(pages, note_block, pages), SM_OK);
	sm_pages_close(pages);
	assert_int_equal(original.blocks, 22);
}

static void save(const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(copy, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Of blocks on no page that differs: how many, and of how many events. */
static uint32_t intact_events(const uint8_t *bytes, size_t size,
			      uint32_t *blocks)
{
	uint32_t events = 0;

	*blocks = 0;
	for (uint32_t i = 0; i < original.blocks; i++) {
		bool is_intact = true;

		for (size_t k = 0; k < original.block[i].page_count; k++) {
			size_t at =
				(size_t)(original.block[i].pages[k] - 1) * PAGE;

			if (at + PAGE > size ||
			    memcmp(bytes + at, original.bytes + at, PAGE) != 0)
				is_intact = false;
		}
		if (is_intact)
			events += original.block[i].events;
		*blocks += is_intact;
	}
	return events;
}

/* Events that a reader gets of what was recovered, each as it was. */
static uint32_t read_all(const char *name)
{
	struct sm_trace *t;
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	enum sm_status status = sm_trace_open(name, &t, &diag);
	uint32_t n = 0, site;

	if (status)
		fail_msg("%s", diag.text);
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	while ((status = sm_trace_next(c, &event, &site, &diag)) != SM_END) {
		assert_true(!status || status == SM_DAMAGED);
		if (!status)
			assert_int_equal(event->time_ns,
					 (event->seq - 1) * 1000);
		n += !status;
	}
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	return n;
}

/* Damage at one page, as a disk does it; or a lost end. */
static size_t mutate(uint8_t *bytes)
{
	uint32_t pages = (uint32_t)(original.size / PAGE);
	size_t at = (size_t)data_below(pages) * PAGE;

	memcpy(bytes, original.bytes, original.size);
	switch (data_below(5)) {
	case 0:
		bytes[at + data_below(PAGE)] ^= (uint8_t)(1u << data_below(8));
		break;
	case 1:
		memset(bytes + at, 0, PAGE);
		break;
	case 2:
		memmove(bytes + at, bytes + (size_t)data_below(pages) * PAGE,
			PAGE);
		break;
	case 3:
		/* The pages above all others. */
		at = (size_t)data_below(20) * PAGE;
		memset(bytes + at, 0, PAGE);
		break;
	default:
		return data_below((uint32_t)original.size);
	}
	return original.size;
}

static void blocks_without_damage_are_read(void **state)
{
	const char *text = getenv("SM_MUTATIONS");
	unsigned long wanted = text ? strtoul(text, NULL, 10) : MUTATIONS;
	uint64_t intact = 0, got = 0, worst = UINT64_MAX;
	struct sm_trace_recovered result;
	struct sm_diag diag = { 0 };
	uint8_t *bytes;

	(void)state;
	make_original();
	save(original.bytes, original.size);
	assert_int_equal(sm_trace_recover(copy, out, &result, &diag), SM_OK);
	assert_int_equal(result.blocks, 22);
	assert_int_equal(result.missing, 0);
	assert_int_equal(result.changed, 0);
	assert_int_equal(result.substitutes, 0);
	assert_int_equal(read_all(out), original.events);
	bytes = malloc(original.size);
	assert_non_null(bytes);
	data_state = 815;
	for (unsigned long i = 0; i < wanted; i++) {
		size_t size = mutate(bytes);
		uint32_t blocks, want, events = 0;

		save(bytes, size);
		want = intact_events(bytes, size, &blocks);
		unlink(out);
		if (!sm_trace_recover(copy, out, &result, &diag))
			events = read_all(out);
		else if (want)
			fail_msg("damage %lu: %s", i, diag.text);
		intact += want;
		got += events < want ? events : want;
		if (want && events * 100ull / want < worst)
			worst = events * 100ull / want;
	}
	free(bytes);
	print_message("%lu damages: %.3f %% of %lu events in intact blocks "
		      "read, %lu %% at worst\n",
		      wanted, 100.0 * (double)got / (double)intact,
		      (unsigned long)intact, (unsigned long)worst);
	assert_true(got * 1000 >= intact * 990);
}

static long count_rows(sqlite3 *db, const char *what)
{
	char sql[256];
	sqlite3_stmt *s;
	long n;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", what);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = (long)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* A table of today's definitions that recovery knows by yesterday's is lost. */
static void rows_of_every_table_come_back(void **state)
{
	static const char *const tables[] = {
		"meta",	  "process",	"policy",   "adoption",
		"name",	  "checkpoint", "site_row", "resource",
		"denial", "loss",	"chunk",    "block",
	};
	struct sm_trace_recovered result;
	struct sm_diag diag = { 0 };
	char text[256];
	sqlite3 *db;

	(void)state;
	unlink(out);
	assert_int_equal(sm_trace_recover(GOLDEN, out, &result, &diag), SM_OK);
	assert_int_equal(result.substitutes, 0);
	assert_int_equal(sqlite3_open(GOLDEN, &db), SQLITE_OK);
	snprintf(text, sizeof(text), "ATTACH '%s' AS recovered", out);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(count_rows(db, "sqlite_schema WHERE type = 'table'"),
			 sizeof(tables) / sizeof(*tables));
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		assert_true(count_rows(db, tables[i]) > 0);
		snprintf(text, sizeof(text),
			 "(SELECT * FROM main.%s EXCEPT "
			 "SELECT * FROM recovered.%s)",
			 tables[i], tables[i]);
		if (count_rows(db, text))
			fail_msg("%s", tables[i]);
	}
	sqlite3_close(db);
}

/* Their pages are tried from what is read, not from what is refused. */
static void seeds_of_the_fuzzer_are_traces_of_today(void **state)
{
	static const char *const seeds[] = { "whole", "changed-row",
					     "headless" };
	struct sm_trace_recovered result;
	struct sm_diag diag = { 0 };
	char seed[64];

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(seed, sizeof(seed), "tests/fuzz/corpus/recover/%s",
			 seeds[i]);
		unlink(out);
		if (sm_trace_recover(seed, out, &result, &diag))
			fail_msg("%s", diag.text);
		assert_int_equal(result.events, i == 1 ? 0 : 4);
		assert_int_equal(result.changed, i == 1);
	}
}

/* Of a killed recorder the newest rows are in the log only. */
static void rows_in_the_log_are_read(void **state)
{
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);
	struct sm_trace_recovered result;
	struct sm_diag diag = { 0 };
	char command[512];
	uint8_t zeros[PAGE] = { 0 };
	FILE *f;

	(void)state;
	data_process(w);
	data_process(w);
	append(w, 0, 3000);
	assert_int_equal(sm_trace_commit(w, &diag), SM_OK);
	append(w, 3000, 500);
	assert_int_equal(sm_trace_commit(w, &diag), SM_OK);
	snprintf(command, sizeof(command),
		 "rm -f %s*; cp %s %s && cp %s-wal %s-wal", copy, path, copy,
		 path, copy);
	assert_int_equal(system(command), 0);
	assert_int_equal(sm_trace_writer_close(w, &diag), SM_OK);
	/* Its own header is gone. */
	f = fopen(copy, "r+b");
	assert_non_null(f);
	assert_int_equal(fwrite(zeros, 1, PAGE, f), PAGE);
	assert_int_equal(fclose(f), 0);
	unlink(out);
	if (sm_trace_recover(copy, out, &result, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(result.events, 3500);
	assert_int_equal(read_all(out), 3500);
	/* A log of which the last commit is cut ends before it. */
	snprintf(command, sizeof(command), "truncate -s -100 %s-wal", copy);
	assert_int_equal(system(command), 0);
	unlink(out);
	assert_int_equal(sm_trace_recover(copy, out, &result, &diag), SM_OK);
	assert_int_equal(read_all(out), 3000);
	snprintf(command, sizeof(command), "rm -f %s-wal", copy);
	assert_int_equal(system(command), 0);
}

static void what_nothing_is_left_of_is_refused(void **state)
{
	static uint8_t zeros[64 * PAGE];
	struct sm_trace_recovered result;
	struct sm_diag diag = { 0 };

	(void)state;
	unlink(out);
	save(zeros, sizeof(zeros));
	assert_int_equal(sm_trace_recover(copy, out, &result, &diag),
			 SM_NOT_OURS);
	assert_non_null(strstr(diag.text, "no row of a trace"));
	assert_int_equal(access(out, F_OK), -1);
	save(zeros, 0);
	assert_int_equal(sm_trace_recover(copy, out, &result, &diag),
			 SM_NOT_OURS);
	assert_int_equal(sm_trace_recover(dir, out, &result, &diag),
			 SM_NOT_OURS);
	assert_int_equal(sm_trace_recover("/nowhere", out, &result, &diag),
			 SM_NOT_FOUND);
	/* What is there is not written over. */
	save(original.bytes, original.size);
	assert_int_equal(sm_trace_recover(copy, path, &result, &diag),
			 SM_EXISTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_without_damage_are_read),
		cmocka_unit_test(rows_of_every_table_come_back),
		cmocka_unit_test(seeds_of_the_fuzzer_are_traces_of_today),
		cmocka_unit_test(rows_in_the_log_are_read),
		cmocka_unit_test(what_nothing_is_left_of_is_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
