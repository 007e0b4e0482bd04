/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/trace_data.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "schema/trace/block.h"
#include "schema/trace/db.h"
#include "tests/unit/trace_scan.h"

static char dir[] = "/tmp/test_trace_damage.XXXXXX";
static char path[64], copy[64];
static uint8_t *file;
static size_t file_bytes;

/* A closed trace with two full blocks, a tail, denials and losses. */
static void make_trace(uint32_t events)
{
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);
	struct sm_trace_account account = { .end_ns = 1, .attempts = events };
	static struct data_event d;
	struct sm_diag diag;
	uint32_t sites[20];
	uint32_t process = data_process(w);

	for (uint32_t i = 0; i < 20; i++) {
		struct sm_site s = data_site(i);

		assert_int_equal(sm_trace_intern_site(w, &s, &sites[i]), SM_OK);
	}
	for (uint32_t i = 0; i < events; i++) {
		uint32_t site = data_below(20);

		data_event(&d, site);
		d.event.process = process;
		d.event.thread = 1;
		d.event.seq = i + 1;
		d.event.time_ns = i * UINT64_C(1000);
		assert_int_equal(sm_trace_append(w, sites[site], &d.event),
				 SM_OK);
	}
	assert_int_equal(sm_trace_add_loss(w, 1, SM_LOSS_TORN, 1, 5), SM_OK);
	assert_int_equal(sm_trace_end_process(w, 1, &account), SM_OK);
	assert_int_equal(sm_trace_writer_close(w, &diag), SM_OK);
}

static void load_file(void)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	free(file);
	file_bytes = (size_t)data_size(path);
	file = malloc(file_bytes);
	assert_non_null(file);
	assert_int_equal(fread(file, 1, file_bytes, f), file_bytes);
	fclose(f);
}

static void save(const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(copy, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.db", dir);
	snprintf(copy, sizeof(copy), "%s/copy.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	free(file);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Reads all there is to read; the number of events and of damages. */
static uint64_t read_all(const char *name, unsigned *damages)
{
	struct sm_trace *t;
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	enum sm_status status = sm_trace_open(name, &t, &diag);
	uint64_t n = 0;
	uint32_t site;

	*damages = 0;
	if (status) {
		assert_int_equal(diag.status, status);
		assert_non_null(strstr(diag.text, name));
		*damages = 1;
		return 0;
	}
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	while ((status = sm_trace_next(c, &event, &site, &diag)) != SM_END) {
		if (!status) {
			n++;
			continue;
		}
		/* Said once per block, so it ends. */
		assert_true(++*damages < 1000);
	}
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	return n;
}

static void expect_refusal(const char *name, enum sm_status want,
			   const char *words)
{
	struct sm_trace *t;
	struct sm_diag diag = { 0 };

	assert_int_equal(sm_trace_open(name, &t, &diag), want);
	assert_null(t);
	if (!strstr(diag.text, words) || !strstr(diag.text, name))
		fail_msg("'%s' lacks '%s'", diag.text, words);
}

static void what_is_no_trace_is_refused_by_name(void **state)
{
	(void)state;
	make_trace(10);
	load_file();
	expect_refusal("/nowhere/trace.db", SM_NOT_FOUND, "No such file");
	expect_refusal(dir, SM_NOT_OURS, "a directory");
	expect_refusal("/dev/null", SM_NOT_OURS, "not a regular file");
	save(file, 0);
	expect_refusal(copy, SM_NOT_OURS, "empty file");
	save((const uint8_t *)"{\"secmgr\": 1}", 13);
	expect_refusal(copy, SM_NOT_OURS, "not an SQLite file");
	unlink(copy);
	data_run_sql(copy, "CREATE TABLE t(x)");
	expect_refusal(copy, SM_NOT_OURS, "without secmgr tables");
	save(file, file_bytes);
	data_run_sql(copy, "PRAGMA user_version=7");
	expect_refusal(copy, SM_VERSION, "trace format 7");
	save(file, file_bytes);
	data_run_sql(copy, "CREATE TABLE more(x)");
	expect_refusal(copy, SM_DAMAGED, "table definitions");
	save(file, file_bytes);
	data_run_sql(copy, "CREATE TRIGGER t AFTER INSERT ON meta BEGIN "
			   "DELETE FROM block; END");
	expect_refusal(copy, SM_DAMAGED, "table definitions");
	save(file, file_bytes);
	data_run_sql(copy, "DROP VIEW files");
	expect_refusal(copy, SM_DAMAGED, "table definitions");
	save(file, file_bytes / 2);
	expect_refusal(copy, SM_DAMAGED, "truncated");
}

static void every_truncation_is_refused(void **state)
{
	size_t cases = 0;
	unsigned damages;

	(void)state;
	make_trace(300);
	load_file();
	for (size_t n = 0; n < file_bytes; n += n < 4096 ? 61 : 509, cases++) {
		save(file, n);
		assert_int_equal(read_all(copy, &damages), 0);
		assert_int_equal(damages, 1);
	}
	assert_true(cases > 100);
	save(file, file_bytes);
	assert_int_equal(read_all(copy, &damages), 300);
	assert_int_equal(damages, 0);
}

static void count_finding(void *context, const struct sm_diag *finding)
{
	unsigned *n = context;

	assert_int_equal(finding->status, SM_DAMAGED);
	assert_non_null(strstr(finding->text, copy));
	++*n;
}

static const char cut_first[] = "DELETE FROM checkpoint WHERE id=(SELECT "
				"min(id) FROM checkpoint)";
static const char cut_last[] = "DELETE FROM checkpoint WHERE id=(SELECT "
			       "max(id) FROM checkpoint)";

/* Changes SQLite itself sees nothing wrong with. */
static void every_logical_change_is_found(void **state)
{
	static const char *const changes[] = {
		"UPDATE block SET events=events-1 WHERE id=1",
		"UPDATE block SET first_ns=first_ns+1 WHERE id=16385",
		"UPDATE block SET last_ns=last_ns+1 WHERE id=1",
		"UPDATE block SET first_process=0 WHERE id=1",
		"UPDATE block SET last_process=7 WHERE id=1",
		"UPDATE block SET denials=0 WHERE id=1",
		"UPDATE block SET raw_bytes=raw_bytes+1 WHERE id=1",
		"UPDATE block SET hash=zeroblob(32) WHERE id=16385",
		"UPDATE block SET hash=NULL WHERE id=1",
		"UPDATE block SET zone=data WHERE id=1",
		"UPDATE block SET postings=zone WHERE id=1",
		"UPDATE block SET data=postings WHERE id=16385",
		"UPDATE block SET id=2 WHERE id=1",
		"DELETE FROM block WHERE id=1",
		"DELETE FROM block WHERE id=16385",
		"DELETE FROM block WHERE id>16385",
		"DELETE FROM block",
		"UPDATE chunk SET count=count-1 WHERE id=1",
		"UPDATE chunk SET data=zeroblob(20)",
		"UPDATE chunk SET hash=zeroblob(32)",
		"DELETE FROM chunk",
		"UPDATE name SET value='x' WHERE id=1",
		"UPDATE site_row SET line=line+1 WHERE id=3",
		"DELETE FROM site_row WHERE id=20",
		"DELETE FROM denial WHERE id=1",
		"UPDATE denial SET rule='f1' WHERE id=1",
		"DELETE FROM resource WHERE id=1",
		"UPDATE resource SET events=events+1 WHERE id=1",
		"DELETE FROM loss",
		"UPDATE process SET exe='/bin/true'",
		"UPDATE process SET attempts=NULL",
		"UPDATE meta SET value='1' WHERE key='closed'",
		"INSERT INTO meta VALUES('x','y')",
		"UPDATE chunk SET kind='other' WHERE id=1",
		"UPDATE block SET first_ns=CAST(first_ns AS TEXT) WHERE id=1",
		"UPDATE block SET raw_bytes=raw_bytes+4294967296 WHERE id=1",
		"INSERT INTO loss VALUES(-9223372036854775807-1,1,'torn',1,1)",
		"INSERT INTO process(number) VALUES(2)",
		"INSERT INTO adoption VALUES(1,1,1,1,1)",
		"INSERT INTO policy(number) VALUES(1)",
		"INSERT INTO name VALUES(999,'x')",
		"DELETE FROM checkpoint",
		cut_last,
		cut_first,
		"UPDATE checkpoint SET id=-id",
		"UPDATE checkpoint SET text=text||'\n'",
		"UPDATE checkpoint SET text=CAST(text AS BLOB)",
		"UPDATE checkpoint SET signature=zeroblob(64)",
		"UPDATE checkpoint SET text=replace(text,'time 1','time 2')",
	};
	struct sm_trace_verified verified;

	(void)state;
	make_trace(33000);
	load_file();
	save(file, file_bytes);
	assert_int_equal(
		sm_trace_verify(copy, NULL, NULL, NULL, &verified, NULL),
		SM_OK);
	assert_int_equal(verified.blocks, 3);
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		unsigned findings = 0, damages;
		struct sm_diag diag = { 0 };

		save(file, file_bytes);
		data_run_sql(copy, changes[i]);
		if (sm_trace_verify(copy, NULL, count_finding, &findings,
				    &verified, &diag) == SM_OK)
			fail_msg("not found: %s", changes[i]);
		assert_true(diag.text[0]);
		(void)read_all(copy, &damages);
	}
}

static void a_damaged_block_is_named_and_passed(void **state)
{
	struct sm_diag diag = { 0 };
	unsigned findings = 0, damages;
	struct sm_trace_verified verified;

	(void)state;
	make_trace(40000);
	load_file();
	save(file, file_bytes);
	data_run_sql(copy,
		     "UPDATE block SET data=zeroblob(100) WHERE id=16385");
	assert_int_equal(read_all(copy, &damages), 40000 - 16384);
	assert_int_equal(damages, 1);
	assert_int_equal(sm_trace_verify(copy, NULL, count_finding, &findings,
					 &verified, &diag),
			 SM_DAMAGED);
	assert_int_equal(findings, 1);
	assert_non_null(strstr(diag.text, "block 16385"));
	data_run_sql(copy, "DELETE FROM block WHERE id=16385");
	assert_int_equal(read_all(copy, &damages), 40000 - 16384);
	assert_int_equal(damages, 1);
}

/* A frame that claims much, and one that holds much. */
static void bombs_are_refused_before_they_unpack(void **state)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	ZSTD_DCtx *back = sm_unpack_new();
	struct sm_bytes raw = { 0 }, packed = { 0 }, out = { 0 };

	(void)state;
	assert_non_null(zstd);
	assert_non_null(back);
	for (int more = -1; more <= 1; more++) {
		raw.len = 0;
		memset(sm_bytes_grow(&raw, SM_BLOCK_RAW_MAX + more), 0,
		       SM_BLOCK_RAW_MAX + (size_t)more);
		assert_int_equal(sm_pack(zstd, &raw, &packed), SM_OK);
		assert_int_equal(sm_unpack(back, packed.p, packed.len,
					   (int64_t)raw.len, SM_BLOCK_RAW_MAX,
					   &out),
				 more > 0 ? SM_DAMAGED : SM_OK);
	}
	assert_int_equal(sm_pack(zstd,
				 &(struct sm_bytes){ .p = file, .len = 9 },
				 &packed),
			 SM_OK);
	assert_int_equal(sm_unpack(back, packed.p, packed.len, 9, 9, &out),
			 SM_OK);
	assert_int_equal(sm_unpack(back, packed.p, packed.len, 8, 9, &out),
			 SM_DAMAGED);
	assert_int_equal(sm_unpack(back, packed.p, packed.len, 9, 8, &out),
			 SM_DAMAGED);
	for (size_t n = 0; n < packed.len; n++)
		assert_int_equal(sm_unpack(back, packed.p, n, 9, 9, &out),
				 SM_DAMAGED);
	/* One frame and nothing behind it. */
	sm_bytes_put(&packed, "x", 1);
	assert_int_equal(sm_unpack(back, packed.p, packed.len, 9, 9, &out),
			 SM_DAMAGED);
	assert_int_equal(sm_unpack(back, NULL, 0, -1, 9, &out), SM_DAMAGED);
	sm_bytes_fini(&raw);
	sm_bytes_fini(&packed);
	sm_bytes_fini(&out);
	ZSTD_freeCCtx(zstd);
	ZSTD_freeDCtx(back);
}

static uint32_t name_of_site(void *context, uint32_t site)
{
	(void)context;
	return site;
}

/* A block of a few events of all types, without a file around it. */
static void build(struct sm_block_builder *b, uint32_t events)
{
	static struct data_event d;

	assert_int_equal(sm_block_builder_init(b), SM_OK);
	for (uint32_t i = 0; i < events; i++) {
		uint8_t text[SM_SHAPE_MAX];
		uint64_t leaves[SM_LEAVES_MAX];
		struct sm_block_row row = { .time_ns = i * 700 + i % 3,
					    .seq = i + i / 9,
					    .process = 1 + i % 2,
					    .thread = 9 };
		uint32_t len, shape;

		data_event(&d, i % 7);
		for (unsigned l = 0; l < SM_LEAVES_MAX; l++)
			leaves[l] = data_below(1000);
		assert_int_equal(sm_shape_of(&d.event, text, &len), SM_OK);
		assert_int_equal(sm_block_builder_shape(b, text, len, &shape),
				 SM_OK);
		assert_int_equal(
			sm_block_builder_add(b, 1 + i % 7, shape, &row, leaves),
			SM_OK);
	}
}

/* Both readers of a block take it or refuse it, and see the same. */
static void expect_scanned_alike(const uint8_t *raw, size_t len)
{
	static struct sm_scan s;
	struct sm_block head, block;
	enum sm_status want = sm_block_decode(raw, len, 60, 1000, &block);

	assert_int_equal(scan_all(&s, raw, len, 60, &head), want);
	for (uint32_t i = 0; !want && i < 60; i++) {
		const struct sm_block_event *e = &block.rows[i];
		const struct sm_block_view *view = &block.groups[e->group];
		const uint64_t *values = NULL;
		uint32_t at = s.groups[e->group].first + e->row;
		struct sm_trace_when when;

		assert_int_equal(sm_scan_values(&s, &head, e->group, &values),
				 SM_OK);
		assert_memory_equal(
			values, block.leaves + view->leaves,
			sizeof(*values) * view->events *
				block.shapes[view->shape].leaf_count);
		assert_int_equal(sm_scan_when(&s, 1000, &head, at, &when),
				 SM_OK);
		assert_int_equal(s.rows[at], i);
		assert_int_equal(when.time_ns, e->time_ns);
		assert_int_equal(when.seq, e->seq);
		assert_int_equal(when.process, block.actors[e->actor].process);
	}
	sm_block_fini(&head);
	sm_block_fini(&block);
	sm_scan_fini(&s);
}

static void blocks_cut_anywhere_do_not_decode(void **state)
{
	struct sm_block_builder b;
	struct sm_block_summary s;
	struct sm_block block;

	(void)state;
	build(&b, 60);
	assert_int_equal(sm_block_encode(&b, 0, 60, name_of_site, NULL, &s),
			 SM_OK);
	for (size_t n = 0; n < s.raw.len; n++) {
		assert_int_equal(
			sm_block_decode(s.raw.p, n, 60, s.first_ns, &block),
			SM_DAMAGED);
		expect_scanned_alike(s.raw.p, n);
	}
	assert_int_equal(
		sm_block_decode(s.raw.p, s.raw.len, 59, s.first_ns, &block),
		SM_DAMAGED);
	assert_int_equal(
		sm_block_decode(s.raw.p, s.raw.len, 61, s.first_ns, &block),
		SM_DAMAGED);
	assert_int_equal(
		sm_block_decode(s.raw.p, s.raw.len, 0, s.first_ns, &block),
		SM_DAMAGED);
	assert_int_equal(sm_block_decode(s.raw.p, s.raw.len,
					 SM_BLOCK_EVENTS + 1, s.first_ns,
					 &block),
			 SM_DAMAGED);
	assert_int_equal(
		sm_block_decode(s.raw.p, s.raw.len, 60, s.first_ns, &block),
		SM_OK);
	sm_block_fini(&block);
	/* Every byte, changed: decoded to something or refused. */
	for (size_t i = 0; i < s.raw.len; i++) {
		s.raw.p[i] ^= 0x55;
		expect_scanned_alike(s.raw.p, s.raw.len);
		s.raw.p[i] ^= 0x55;
	}
	sm_block_summary_fini(&s);
	sm_block_builder_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_trace_is_refused_by_name),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_logical_change_is_found),
		cmocka_unit_test(a_damaged_block_is_named_and_passed),
		cmocka_unit_test(bombs_are_refused_before_they_unpack),
		cmocka_unit_test(blocks_cut_anywhere_do_not_decode),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
