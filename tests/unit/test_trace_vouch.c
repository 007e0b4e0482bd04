/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: what a trace vouches for while it is written, after its writer
 * was killed, when it is continued, and by whose signature.
 */
#include "tests/unit/trace_data.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schema/trace/checkpoint.h"

static char dir[] = "/tmp/test_trace_vouch.XXXXXX";
static char path[64], copy[64], key_file[64], public_file[64];
static uint64_t seq;
static uint64_t later_ns;

/* In place of libc's: time that passes without being waited for. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	long failed = syscall(SYS_clock_gettime, clock, now);

	now->tv_sec += (time_t)(later_ns / 1000000000u);
	return (int)failed;
}

static int make_dir(void **state)
{
	char command[512];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.db", dir);
	snprintf(copy, sizeof(copy), "%s/copy.db", dir);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", dir);
	snprintf(public_file, sizeof(public_file), "%s/public.pem", dir);
	snprintf(command, sizeof(command),
		 "openssl genpkey -algorithm ed25519 -out %s 2>/dev/null && "
		 "openssl pkey -in %s -pubout -out %s",
		 key_file, key_file, public_file);
	return system(command);
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void append(struct sm_trace_writer *w, uint32_t events)
{
	static struct data_event d;
	struct sm_site s = data_site(0);
	uint32_t site;

	assert_int_equal(sm_trace_intern_site(w, &s, &site), SM_OK);
	while (events--) {
		data_event(&d, 0);
		d.event.process = 1;
		d.event.seq = ++seq;
		d.event.time_ns = seq * 1000;
		assert_int_equal(sm_trace_append(w, site, &d.event), SM_OK);
	}
}

static void commit(struct sm_trace_writer *w)
{
	struct sm_diag diag = { 0 };

	if (sm_trace_commit(w, &diag))
		fail_msg("%s", diag.text);
}

static void finish(struct sm_trace_writer *w)
{
	struct sm_diag diag = { 0 };

	if (sm_trace_writer_close(w, &diag))
		fail_msg("%s", diag.text);
}

static struct sm_trace_writer *start(const struct sm_signer *signer)
{
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);

	seq = 0;
	data_process(w);
	sm_trace_sign(w, signer);
	return w;
}

static int64_t scalar(const char *name, const char *sql)
{
	sqlite3_stmt *q;
	sqlite3 *db;
	int64_t value;

	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	value = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return value;
}

/* As it is now, write-ahead log included: what a killed writer leaves. */
static void copy_now(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "rm -f %s*; cp %s %s && cp %s-wal %s-wal", copy, path, copy,
		 path, copy);
	assert_int_equal(system(command), 0);
}

static enum sm_status verify(const char *name,
			     const struct sm_trace_trust *trust,
			     struct sm_trace_verified *result,
			     struct sm_diag *diag)
{
	*diag = (struct sm_diag){ 0 };
	return sm_trace_verify(name, trust, NULL, NULL, result, diag);
}

static void expect_found(const struct sm_trace_trust *trust, const char *words)
{
	struct sm_trace_verified result;
	struct sm_diag diag;

	assert_int_equal(verify(copy, trust, &result, &diag), SM_DAMAGED);
	if (!strstr(diag.text, words))
		fail_msg("'%s' lacks '%s'", diag.text, words);
}

static void a_killed_writer_leaves_what_can_be_verified(void **state)
{
	static const struct {
		const char *sql, *words;
	} changes[] = {
		{ "DELETE FROM block WHERE id=(SELECT max(id) FROM block)",
		  "the end is missing: events" },
		{ "DELETE FROM block WHERE id=1", "block" },
		{ "UPDATE process SET pid=7", "table process" },
		{ "UPDATE denial SET events=events+1 WHERE id=1",
		  "table denial" },
		{ "DELETE FROM denial WHERE id=(SELECT max(id) FROM denial)",
		  "table denial: rows are missing" },
		{ "UPDATE name SET value='elsewhere' WHERE id=2",
		  "table name" },
		{ "INSERT INTO meta VALUES('host','other')", "table meta" },
		{ "INSERT INTO loss VALUES(NULL,1,'torn',1,1)", "table loss" },
		{ "DELETE FROM checkpoint WHERE id=(SELECT max(id) FROM "
		  "checkpoint)",
		  "rows were added" },
	};
	struct sm_trace_writer *w = start(NULL);
	struct sm_trace_verified result;
	struct sm_diag diag;

	(void)state;
	append(w, 20000);
	commit(w);
	append(w, 500);
	commit(w);
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		copy_now();
		if (verify(copy, NULL, &result, &diag))
			fail_msg("%s", diag.text);
		assert_false(result.is_closed);
		assert_int_equal(result.events, 20500);
		assert_int_equal(result.checkpoints, 2);
		data_run_sql(copy, changes[i].sql);
		expect_found(NULL, changes[i].words);
	}
	finish(w);
}

static void only_what_vouches_for_more_is_kept(void **state)
{
	struct sm_trace_writer *w = start(NULL);
	struct sm_trace_verified result;
	struct sm_diag diag;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		append(w, 500);
		commit(w);
	}
	/* Three full blocks, and what is now. */
	assert_int_equal(scalar(path, "SELECT count(*) FROM checkpoint"), 4);
	assert_int_equal(verify(path, NULL, &result, &diag), SM_OK);
	finish(w);
	if (verify(path, NULL, &result, &diag))
		fail_msg("%s", diag.text);
	assert_true(result.is_closed);
	assert_int_equal(result.checkpoints, 4);
}

static void groups_of_processes_are_hashed_as_they_change(void **state)
{
	struct sm_trace_account account = { .end_ns = 9, .attempts = 3 };
	struct sm_trace_writer *w = start(NULL);
	struct sm_trace_verified result;
	struct sm_diag diag;

	(void)state;
	for (uint32_t i = 2; i <= 3 * 256 + 1; i++) {
		assert_int_equal(data_process(w), i);
		if (i % 100 == 0 || i % 256 == 1) {
			commit(w);
			assert_int_equal(verify(path, NULL, &result, &diag),
					 SM_OK);
		}
	}
	assert_int_equal(sm_trace_end_process(w, 256, &account), SM_OK);
	assert_int_equal(sm_trace_end_process(w, 512, &account), SM_OK);
	assert_int_equal(sm_trace_end_process(w, 769, &account), SM_OK);
	commit(w);
	if (verify(path, NULL, &result, &diag))
		fail_msg("%s", diag.text);
	copy_now();
	data_run_sql(copy, "UPDATE process SET attempts=4 WHERE number=512");
	expect_found(NULL, "table process");
	finish(w);
	if (verify(path, NULL, &result, &diag))
		fail_msg("%s", diag.text);
}

static void what_was_changed_is_not_continued(void **state)
{
	static const char *const changes[] = {
		"UPDATE process SET pid=7",
		"UPDATE name SET value='elsewhere' WHERE id=2",
		"DELETE FROM block WHERE id=(SELECT max(id) FROM block)",
		"DELETE FROM meta WHERE key='closed'",
		"DELETE FROM checkpoint",
		"UPDATE checkpoint SET text=replace(text,'time 1','time 2')",
		"UPDATE checkpoint SET signature=NULL",
	};
	struct sm_trace_writer *w = start(NULL);
	struct sm_trace_verified result;
	struct sm_diag diag;
	char command[512];

	(void)state;
	append(w, 17000);
	finish(w);
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		snprintf(command, sizeof(command), "rm -f %s*; cp %s %s", copy,
			 path, copy);
		assert_int_equal(system(command), 0);
		data_run_sql(copy, changes[i]);
		assert_int_equal(
			sm_trace_writer_open(copy, SM_TRACE_APPEND, &w, &diag),
			SM_DAMAGED);
		assert_non_null(strstr(diag.text, "cannot be continued"));
	}
	w = data_writer(path, SM_TRACE_APPEND);
	append(w, 17000);
	finish(w);
	if (verify(path, NULL, &result, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(result.events, 34000);
	/* Two sessions, one chain. */
	assert_int_equal(result.checkpoints, 4);
}

static void make_empty(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -f %s*; : > %s", path, path);
	assert_int_equal(system(command), 0);
}

static void expect_begun(void)
{
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_APPEND);
	struct sm_trace_verified result;
	struct sm_diag diag;

	seq = 0;
	assert_int_equal(data_process(w), 1);
	append(w, 100);
	finish(w);
	if (verify(path, NULL, &result, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(result.events, 100);
	assert_int_equal(scalar(path, "SELECT count(*) FROM meta WHERE "
				      "key='format'"),
			 1);
}

/* Who began it was killed before there was anything to vouch for. */
static void what_holds_nothing_yet_is_begun(void **state)
{
	struct sm_trace_writer *w;
	struct sm_diag diag;
	pid_t child;

	(void)state;
	make_empty();
	expect_begun();
	make_empty();
	child = fork();
	if (!child)
		_exit(sm_trace_writer_open(path, SM_TRACE_FORCE, &w, &diag));
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(scalar(path, "SELECT count(*) FROM meta"), 0);
	expect_begun();
	/* One that was robbed of its checkpoints is none of these. */
	data_run_sql(path, "DELETE FROM checkpoint");
	assert_int_equal(sm_trace_writer_open(path, SM_TRACE_APPEND, &w, &diag),
			 SM_DAMAGED);
}

static void signatures_tell_whose_trace_it_is(void **state)
{
	struct sm_trace_writer *w;
	struct sm_signer *signer;
	struct sm_trace_verified result;
	struct sm_trace_trust trust = { 0 };
	uint8_t key[SM_KEY_BYTES], other[SM_KEY_BYTES];
	struct sm_diag diag;

	(void)state;
	assert_int_equal(sm_public_key_read(public_file, key, &diag), SM_OK);
	memcpy(other, key, sizeof(other));
	other[0] ^= 1;
	assert_int_equal(sm_signer_open(key_file, &signer, &diag), SM_OK);
	w = start(signer);
	trust.key = key;
	for (unsigned i = 0; i < 5; i++) {
		append(w, 100);
		commit(w);
	}
	/* At most one in ten seconds: the first, and the unsigned last. */
	copy_now();
	assert_int_equal(verify(copy, &trust, &result, &diag), SM_OK);
	assert_int_equal(result.signatures, 1);
	assert_int_equal(result.checkpoints, 2);
	assert_int_equal(result.signed_events, 100);
	assert_int_equal(result.events, 500);
	finish(w);
	if (verify(path, &trust, &result, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(result.signed_events, 500);
	assert_true(result.is_last_signed);
	sm_signer_free(signer);
	trust.key = other;
	assert_int_equal(verify(path, &trust, &result, &diag), SM_DAMAGED);
	assert_non_null(strstr(diag.text, "another key"));
	/* Continued by somebody who does not have the key. */
	w = data_writer(path, SM_TRACE_APPEND);
	append(w, 10);
	finish(w);
	assert_int_equal(verify(path, NULL, &result, &diag), SM_OK);
	assert_int_equal(result.signed_events, 500);
	trust.key = key;
	assert_int_equal(verify(path, &trust, &result, &diag), SM_DAMAGED);
	assert_non_null(strstr(diag.text, "is not signed"));
}

/* Half a minute, and a commit every second, as a recorder makes them. */
static void a_signature_is_made_every_ten_seconds(void **state)
{
	struct sm_trace_trust trust = { 0 };
	struct sm_trace_verified result;
	struct sm_trace_writer *w;
	struct sm_signer *signer;
	struct sm_diag diag;
	uint64_t signatures = 0;

	(void)state;
	assert_int_equal(sm_signer_open(key_file, &signer, &diag), SM_OK);
	w = start(signer);
	for (unsigned second = 0; second <= 35; second++) {
		/* From the 25th on the program is quiet. */
		if (second < 25)
			append(w, 10);
		commit(w);
		copy_now();
		assert_int_equal(verify(copy, &trust, &result, &diag), SM_OK);
		/* What was done is signed ten seconds later, not before. */
		if (second < 25)
			assert_int_equal(result.signed_events,
					 10 * (second / 10 * 10 + 1));
		else if (second >= 30)
			assert_int_equal(result.signed_events, 250);
		signatures += scalar(copy, "SELECT length(signature)=64 FROM "
					   "checkpoint ORDER BY id DESC "
					   "LIMIT 1") &&
			      (second < 25 || second == 30);
		later_ns += UINT64_C(1000000000);
	}
	assert_int_equal(signatures, 4);
	finish(w);
	sm_signer_free(signer);
}

static void an_unsigned_trace_is_not_taken_for_a_signed_one(void **state)
{
	struct sm_trace_writer *w = start(NULL);
	uint8_t key[SM_KEY_BYTES];
	struct sm_trace_trust trust = { .key = key };
	struct sm_trace_verified result;
	struct sm_diag diag;

	(void)state;
	assert_int_equal(sm_public_key_read(public_file, key, &diag), SM_OK);
	append(w, 10);
	finish(w);
	assert_int_equal(verify(path, &trust, &result, &diag), SM_DAMAGED);
	assert_non_null(strstr(diag.text, "no checkpoint is signed"));
}

static void keys_that_are_none_are_refused(void **state)
{
	uint8_t key[SM_KEY_BYTES];
	struct sm_signer *signer;
	struct sm_diag diag;

	(void)state;
	assert_int_equal(sm_signer_open("/nowhere/key", &signer, &diag), SM_IO);
	assert_null(signer);
	assert_int_equal(sm_signer_open(public_file, &signer, &diag),
			 SM_INVALID);
	assert_null(signer);
	assert_non_null(strstr(diag.text, "openssl genpkey"));
	assert_int_equal(sm_public_key_read(key_file, key, &diag), SM_INVALID);
}

static void a_checkpoint_kept_elsewhere_shows_an_old_copy(void **state)
{
	struct sm_trace_writer *w = start(NULL);
	struct sm_trace_trust trust = { 0 };
	struct sm_trace_verified result;
	struct sm_trace_seal seal;
	struct sm_diag diag;

	(void)state;
	append(w, 20000);
	commit(w);
	copy_now();
	append(w, 20000);
	commit(w);
	assert_int_equal(sm_trace_last_seal(path, &seal, &diag), SM_OK);
	trust.anchor = sm_str_of(seal.text);
	/* The copy is what was written once; the anchor knows of more. */
	assert_int_equal(verify(copy, NULL, &result, &diag), SM_OK);
	expect_found(&trust, "older than the given one: the end is missing");
	append(w, 20000);
	finish(w);
	if (verify(path, &trust, &result, &diag))
		fail_msg("%s", diag.text);
	w = start(NULL);
	append(w, 20000);
	commit(w);
	copy_now();
	expect_found(&trust, "of another trace");
	trust.anchor.len--;
	assert_int_equal(verify(path, &trust, &result, &diag), SM_INVALID);
	finish(w);
}

static void a_trace_that_follows_another_says_so(void **state)
{
	struct sm_trace_writer *w = start(NULL);
	struct sm_trace_verified result;
	struct sm_trace_seal seal;
	struct sm_diag diag;
	char command[512];

	(void)state;
	append(w, 10);
	finish(w);
	assert_int_equal(sm_trace_last_seal(path, &seal, &diag), SM_OK);
	w = start(NULL);
	assert_int_equal(sm_trace_follow(w, "00"), SM_INVALID);
	assert_int_equal(sm_trace_follow(w, seal.hash), SM_OK);
	append(w, 10);
	commit(w);
	assert_int_equal(sm_trace_follow(w, seal.hash), SM_INVALID);
	finish(w);
	if (verify(path, NULL, &result, &diag))
		fail_msg("%s", diag.text);
	assert_string_equal(result.follows, seal.hash);
	snprintf(command, sizeof(command), "rm -f %s*; cp %s %s", copy, path,
		 copy);
	assert_int_equal(system(command), 0);
	data_run_sql(copy,
		     "UPDATE meta SET value=substr(value,2)||substr(value,1,1)"
		     " WHERE key='follows'");
	expect_found(NULL, "does not follow from the file before");
}

static void checkpoints_have_one_spelling(void **state)
{
	struct sm_checkpoint c = { .number = 12, .time_ns = 34 }, again;
	struct sm_bytes text = { 0 };

	(void)state;
	memset(c.trace, 'a', SM_TRACE_ID_CHARS);
	for (int i = 0; i < SM_PARTS; i++)
		c.marks[i].count = UINT64_MAX - (uint64_t)i;
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		c.is_signed = is_signed;
		sm_checkpoint_print(&c, &text);
		assert_int_equal(sm_checkpoint_parse(
					 (struct sm_str){ (char *)text.p,
							  (uint32_t)text.len },
					 &again),
				 SM_OK);
		assert_int_equal(again.marks[3].count, UINT64_MAX - 3);
		for (uint32_t n = 0; n < text.len; n++)
			if (!sm_checkpoint_parse(
				    (struct sm_str){ (char *)text.p, n },
				    &again) &&
			    again.is_signed == c.is_signed)
				fail_msg("prefix %u", n);
		for (uint32_t n = 0; n < text.len; n++) {
			uint8_t was = text.p[n];

			/* Another case, a sign, a space: another spelling. */
			text.p[n] = was == ' ' ? '+' : (uint8_t)(was ^ 0x20);
			assert_int_equal(
				sm_checkpoint_parse(
					(struct sm_str){ (char *)text.p,
							 (uint32_t)text.len },
					&again),
				SM_INVALID);
			text.p[n] = was;
		}
	}
	sm_bytes_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_writer_leaves_what_can_be_verified),
		cmocka_unit_test(only_what_vouches_for_more_is_kept),
		cmocka_unit_test(groups_of_processes_are_hashed_as_they_change),
		cmocka_unit_test(what_was_changed_is_not_continued),
		cmocka_unit_test(what_holds_nothing_yet_is_begun),
		cmocka_unit_test(signatures_tell_whose_trace_it_is),
		cmocka_unit_test(a_signature_is_made_every_ten_seconds),
		cmocka_unit_test(
			an_unsigned_trace_is_not_taken_for_a_signed_one),
		cmocka_unit_test(keys_that_are_none_are_refused),
		cmocka_unit_test(a_checkpoint_kept_elsewhere_shows_an_old_copy),
		cmocka_unit_test(a_trace_that_follows_another_says_so),
		cmocka_unit_test(checkpoints_have_one_spelling),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
