/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_data.h: made-up events for tests of the trace store.
 */
#ifndef TESTS_UNIT_TRACE_DATA_H
#define TESTS_UNIT_TRACE_DATA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "schema/trace.h"

/* xorshift64*: the same events on every machine. */
static uint64_t data_state = 88172645463325252u;

static inline uint64_t data_random(void)
{
	data_state ^= data_state >> 12;
	data_state ^= data_state << 25;
	data_state ^= data_state >> 27;
	return data_state * 2685821657736338717u;
}

static inline uint32_t data_below(uint32_t n)
{
	return (uint32_t)(data_random() >> 33) % n;
}

/* Owns everything an event points to. */
struct data_event {
	struct sm_event event;
	struct sm_value values[SM_VALUES_MAX];
	uint32_t used;
	char text[64 * 1024];
	size_t text_used;
};

static inline struct sm_str data_text(struct data_event *d, bool is_utf8)
{
	static const char *const parts[] = { "/usr/lib/python3.11/",
					     "os.py",
					     "\xc3\xa4",
					     "shop",
					     "/tmp/",
					     "x" };
	char *at = d->text + d->text_used;
	size_t len = 0;

	for (uint32_t n = 1 + data_below(4); n; n--) {
		const char *part = parts[data_below(6)];

		memcpy(at + len, part, strlen(part));
		len += strlen(part);
	}
	len += (size_t)sprintf(at + len, "%u", data_below(50));
	if (!is_utf8)
		at[len++] = (char)0xff;
	if (!data_below(40))
		len = 0;
	d->text_used += len;
	return (struct sm_str){ at, (uint32_t)len };
}

static inline void data_value(struct data_event *d, struct sm_value *v,
			      unsigned depth)
{
	uint32_t type = data_below(SM_DIGEST + 1);
	struct sm_str s = { 0 };

	*v = (struct sm_value){ .type = (uint8_t)type };
	switch (type) {
	case SM_INT:
		v->i = (int64_t)(data_random() >> data_below(64));
		if (data_below(2))
			v->i = -v->i;
		break;
	case SM_FLOAT:
		v->f = (double)(int64_t)data_random() / 1e6;
		break;
	case SM_TEXT:
	case SM_BYTES:
	case SM_OPAQUE:
		s = data_text(d, type != SM_BYTES);
		v->s = s.p;
		v->len = s.len;
		v->full_len = s.len;
		break;
	case SM_LIST:
		if (depth == SM_DEPTH_MAX) {
			v->type = SM_NONE;
			break;
		}
		v->len = data_below(5);
		v->full_len = v->len;
		v->items = d->values + d->used;
		if (d->used + v->len > SM_VALUES_MAX - 16) {
			v->len = 0;
			v->full_len = 0;
		}
		d->used += v->len;
		for (uint32_t i = 0; i < v->len; i++)
			data_value(d, (struct sm_value *)&v->items[i],
				   depth + 1);
		break;
	case SM_DIGEST:
		v->full_len = data_random() >> data_below(60);
		v->i = (int64_t)data_random();
		break;
	default:
		break;
	}
	if ((v->type >= SM_TEXT && v->type <= SM_OPAQUE) && !data_below(8))
		v->full_len += 1 + data_below(100000);
}

/* The n-th of a family of sites. */
static inline struct sm_site data_site(uint32_t n)
{
	static const char *const events[] = { "open", "import",
					      "socket.connect", "shop.refund",
					      "subprocess.Popen" };
	static const char *const files[] = { "/srv/shop/app.py",
					     "/usr/lib/python3.11/os.py", "" };
	static const char *const names[] = { "app", "requests", "python" };
	struct sm_site s = {
		.event = sm_str_of(events[n % 5]),
		.file = sm_str_of(files[n % 3]),
		.function = sm_str_of(n % 2 ? "view" : "Shop.<lambda>"),
		.line = n % 7,
		.via = (enum sm_via)(n % SM_VIAS),
		.principal = { .kind = (enum sm_principal_kind)(n % 3),
			       .name = sm_str_of(names[n % 3]),
			       .file = sm_str_of(n % 3 ? ""
						       : "/srv/shop/app.py"),
			       .function = sm_str_of(n % 3   ? ""
						     : n % 2 ? "Shop.get"
							     : "a:b") },
	};

	s.kind = sm_catalogue_find(s.event);
	return s;
}

static inline void data_event(struct data_event *d, uint32_t site)
{
	d->used = d->text_used = 0;
	d->event = (struct sm_event){ .site = data_site(site) };
	d->event.argc = data_below(6);
	d->event.args = d->values;
	d->used = d->event.argc;
	for (uint32_t i = 0; i < d->event.argc; i++)
		data_value(d, &d->values[i], 0);
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		if (!data_below(3))
			d->event.resolved[i] = data_text(d, data_below(9));
	d->event.verdict.decision = (enum sm_decision)data_below(4);
	if (d->event.verdict.decision)
		d->event.verdict.rule = data_text(d, true);
	d->event.shadow.decision = (enum sm_decision)data_below(4);
	if (d->event.shadow.decision)
		d->event.shadow.rule = data_text(d, data_below(2));
}

static inline bool data_values_equal(const struct sm_value *a,
				     const struct sm_value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case SM_INT:
		return a->i == b->i;
	case SM_FLOAT:
		return !memcmp(&a->f, &b->f, sizeof(a->f));
	case SM_TEXT:
	case SM_BYTES:
	case SM_OPAQUE:
		return a->full_len == b->full_len &&
		       sm_str_equal(sm_value_str(a), sm_value_str(b));
	case SM_LIST:
		if (a->len != b->len || a->full_len != b->full_len)
			return false;
		for (uint32_t i = 0; i < a->len; i++)
			if (!data_values_equal(&a->items[i], &b->items[i]))
				return false;
		return true;
	case SM_DIGEST:
		return a->full_len == b->full_len && a->i == b->i;
	default:
		return true;
	}
}

static inline bool data_sites_equal(const struct sm_site *a,
				    const struct sm_site *b)
{
	return a->kind == b->kind && sm_str_equal(a->event, b->event) &&
	       sm_str_equal(a->file, b->file) &&
	       sm_str_equal(a->function, b->function) && a->line == b->line &&
	       a->via == b->via && a->principal.kind == b->principal.kind &&
	       sm_str_equal(a->principal.name, b->principal.name) &&
	       sm_str_equal(a->principal.file, b->principal.file) &&
	       sm_str_equal(a->principal.function, b->principal.function);
}

static inline bool data_events_equal(const struct sm_event *a,
				     const struct sm_event *b)
{
	if (a->seq != b->seq || a->time_ns != b->time_ns ||
	    a->process != b->process || a->thread != b->thread ||
	    a->argc != b->argc || !data_sites_equal(&a->site, &b->site) ||
	    a->verdict.decision != b->verdict.decision ||
	    !sm_str_equal(a->verdict.rule, b->verdict.rule) ||
	    a->shadow.decision != b->shadow.decision ||
	    !sm_str_equal(a->shadow.rule, b->shadow.rule))
		return false;
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		if (!sm_str_equal(a->resolved[i], b->resolved[i]))
			return false;
	for (uint32_t i = 0; i < a->argc; i++)
		if (!data_values_equal(&a->args[i], &b->args[i]))
			return false;
	return true;
}

static inline struct sm_trace_writer *data_writer(const char *path,
						  enum sm_trace_open_mode mode)
{
	struct sm_trace_writer *w;
	struct sm_diag diag = { 0 };

	if (sm_trace_writer_open(path, mode, &w, &diag))
		fail_msg("%s", diag.text);
	return w;
}

static inline uint32_t data_process(struct sm_trace_writer *w)
{
	static const struct sm_str argv[] = { { "python3", 7 },
					      { "a\"\n\xff", 4 } };
	struct sm_trace_process p = { .pid = 100,
				      .guest_pid = 1,
				      .uid = 1000,
				      .start_ns = 5,
				      .started_by = "exec",
				      .exe = SM_STR("/usr/bin/python3.11"),
				      .argv = argv,
				      .argc = 2,
				      .cwd = SM_STR("/srv") };
	uint32_t number;

	assert_int_equal(sm_trace_add_process(w, &p, &number), SM_OK);
	return number;
}

static inline void data_run_sql(const char *name, const char *sql)
{
	sqlite3 *db;
	char *error = NULL;

	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &error))
		fail_msg("%s: %s", sql, error);
	sqlite3_close(db);
}

static inline uint64_t data_size(const char *path)
{
	FILE *f = fopen(path, "rb");
	long n;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	fclose(f);
	return (uint64_t)n;
}

#endif
