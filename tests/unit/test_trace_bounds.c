/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trace_bounds.c: what passes a bound, going in or coming out.
 */
#include "tests/unit/trace_making.h"

#include "schema/trace/db.h"

enum { PAGE = 1024, FANOUT = 100, LEVELS = 6 };

/* A page of a table's inside (SQLite file format, 1.6), all children one. */
static void make_inside(uint8_t page[PAGE], uint32_t child)
{
	uint8_t pointer[4] = { (uint8_t)(child >> 24), (uint8_t)(child >> 16),
			       (uint8_t)(child >> 8), (uint8_t)child };

	memset(page, 0, PAGE);
	page[0] = 5;
	page[4] = FANOUT;
	page[5] = (PAGE - 5 * FANOUT) >> 8;
	page[6] = (PAGE - 5 * FANOUT) & 0xff;
	memcpy(page + 8, pointer, 4);
	for (unsigned i = 0; i < FANOUT; i++) {
		unsigned at = PAGE - 5 * (i + 1);

		page[12 + 2 * i] = (uint8_t)(at >> 8);
		page[13 + 2 * i] = (uint8_t)at;
		memcpy(page + at, pointer, 4);
		page[at + 4] = 1;
	}
}

static uint32_t find_root(const char *table)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	uint32_t root;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT rootpage FROM "
					    "sqlite_schema WHERE name=?",
					    -1, &q, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(q, 1, table, -1, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	root = (uint32_t)sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return root;
}

/* A row becomes 100 to the 6th, in six pages. */
static void a_file_of_endless_rows_is_refused_soon(void **state)
{
	uint8_t page[PAGE], leaf[PAGE], size[4] = { 0 };
	struct sm_diag diag = { 0 };
	struct sm_trace *t;
	uint32_t root, pages;
	FILE *f;

	(void)state;
	start(SM_TRACE_CREATE, 1);
	assert_int_equal(
		sm_trace_add_loss(making.w, 1, SM_LOSS_RING_FULL, 1, 1), SM_OK);
	finish();
	root = find_root("loss");
	pages = (uint32_t)(data_size(path) / PAGE);
	f = fopen(path, "r+b");
	assert_non_null(f);
	fseek(f, (long)(root - 1) * PAGE, SEEK_SET);
	assert_int_equal(fread(leaf, PAGE, 1, f), 1);
	fseek(f, (long)(root - 1) * PAGE, SEEK_SET);
	make_inside(page, pages + 1);
	fwrite(page, PAGE, 1, f);
	fseek(f, 0, SEEK_END);
	for (uint32_t i = 1; i < LEVELS; i++) {
		make_inside(page, pages + i + 1);
		fwrite(page, PAGE, 1, f);
	}
	fwrite(leaf, PAGE, 1, f);
	pages += LEVELS;
	size[2] = (uint8_t)(pages >> 8);
	size[3] = (uint8_t)pages;
	fseek(f, 28, SEEK_SET);
	fwrite(size, 4, 1, f);
	fclose(f);
	assert_int_equal(sm_trace_open(path, &t, &diag), SM_DAMAGED);
	assert_non_null(strstr(diag.text, "more rows than its size allows"));
}

static uint32_t count(struct sm_trace *t)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	uint32_t n = 0, site;

	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	while (sm_trace_next(c, &event, &site, &diag) == SM_OK)
		n++;
	assert_int_equal(diag.status, SM_OK);
	sm_trace_cursor_free(c);
	return n;
}

static void what_passes_a_bound_is_refused(void **state)
{
	static struct sm_value deep[SM_DEPTH_MAX + 2];
	static struct sm_value many[SM_ITEMS_MAX + 1];
	static char longest[SM_STRING_MAX + 1];
	struct sm_event e = { .seq = 1, .process = 1, .thread = 1, .argc = 1 };
	struct sm_value v = { 0 };
	struct sm_trace *t;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	start(SM_TRACE_CREATE, 1);
	e.args = &v;
	for (uint32_t n = SM_STRING_MAX - 1; n <= SM_STRING_MAX + 1; n++) {
		v = (struct sm_value){
			.type = SM_TEXT, .s = longest, .len = n, .full_len = n
		};
		assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
				 n > SM_STRING_MAX ? SM_INVALID : SM_OK);
	}
	for (uint32_t n = SM_ITEMS_MAX - 1; n <= SM_ITEMS_MAX + 1; n++) {
		v = (struct sm_value){
			.type = SM_LIST, .items = many, .len = n, .full_len = n
		};
		assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
				 n > SM_ITEMS_MAX ? SM_INVALID : SM_OK);
	}
	for (unsigned i = 0; i <= SM_DEPTH_MAX; i++)
		deep[i] = (struct sm_value){ .type = SM_LIST,
					     .items = &deep[i + 1],
					     .len = 1,
					     .full_len = 1 };
	e.args = &deep[1];
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e), SM_OK);
	e.args = &deep[0];
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
			 SM_INVALID);
	e.args = &v;
	v = (struct sm_value){ .type = SM_DIGEST + 1 };
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
			 SM_INVALID);
	v.type = SM_NONE;
	assert_int_equal(sm_trace_append(making.w, 0, &e), SM_INVALID);
	assert_int_equal(sm_trace_append(making.w, SITES + 1, &e), SM_INVALID);
	e.process = 2;
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
			 SM_INVALID);
	finish();
	t = open_trace();
	assert_int_equal(count(t), 5);
	sm_trace_close(t);
}

/* Strings of four kilobytes: blocks are cut by bytes, not by events. */
static void large_events_make_small_blocks(void **state)
{
	static char text[SM_STRING_MAX];
	static struct sm_value v[SM_VALUES_MAX];
	struct sm_event e = { .process = 1, .thread = 1, .args = v };
	struct sm_trace *t;

	(void)state;
	memset(text, 'y', sizeof(text));
	start(SM_TRACE_CREATE, 1);
	for (uint32_t i = 0; i < SM_VALUES_MAX; i++)
		v[i] = (struct sm_value){ .type = SM_INT, .i = INT64_MIN };
	for (uint32_t i = 0; i < 6000; i++) {
		e.seq = i + 1;
		e.argc = 1 + i % SM_VALUES_MAX;
		for (uint32_t k = 0; k < SM_VALUES_MAX; k++)
			v[k].i = (int64_t)data_random();
		snprintf(text, 20, "%u", i);
		v[0] = (struct sm_value){ .type = SM_TEXT,
					  .s = text,
					  .len = i % 64 ? 20 : SM_STRING_MAX,
					  .full_len = SM_STRING_MAX };
		assert_int_equal(
			sm_trace_append(making.w, making.sites[i % 9], &e),
			SM_OK);
	}
	finish();
	t = open_trace();
	assert_int_equal(count(t), 6000);
	sm_trace_close(t);
	expect_verified();
}

/* New sites for one that shares the writer; how many until it was refused. */
static uint32_t make_up_sites(const char *file, size_t *taken)
{
	struct sm_site s = data_site(0);
	enum sm_status status = SM_OK;
	uint32_t id, n = 0;

	s.file = sm_str_of(file);
	for (; !status && n < 2000000; n++) {
		s.line = n;
		status = sm_trace_intern_site_of(making.w, &s, taken, &id);
	}
	assert_int_equal(status, SM_LIMIT);
	/* What it had before, it has. */
	s.line = 0;
	assert_int_equal(sm_trace_intern_site_of(making.w, &s, taken, &id),
			 SM_OK);
	return n;
}

static void nobody_fills_the_dictionary_for_others(void **state)
{
	uint32_t first, other = 0;
	char file[32];

	(void)state;
	start(SM_TRACE_CREATE, 1);
	first = make_up_sites("/hostile.py", &(size_t){ 0 });
	assert_true(first > 100000);
	for (unsigned i = 0; i < 9; i++) {
		snprintf(file, sizeof(file), "/other-%u.py", i);
		other = make_up_sites(file, &(size_t){ 0 });
	}
	assert_true(other > first / 10);
	finish();
	sm_trace_close(open_trace());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
		TEST(a_file_of_endless_rows_is_refused_soon),
		TEST(what_passes_a_bound_is_refused),
		TEST(large_events_make_small_blocks),
		TEST(nobody_fills_the_dictionary_for_others),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
