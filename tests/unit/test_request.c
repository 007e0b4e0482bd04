/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per way an event can be raised: what it asks for, written as
 * "access value" joined by "; ". A `!` after the access marks a cut request.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schema/request.h"
#include "schema/request_file.h"

#define T(text)                                                                \
	{                                                                      \
		.type = SM_TEXT, .len = sizeof(text) - 1,                      \
		.full_len = sizeof(text) - 1, .s = (text)                      \
	}
#define I(n)                                                                   \
	{                                                                      \
		.type = SM_INT, .i = (n)                                       \
	}
#define OPAQUE(text)                                                           \
	{                                                                      \
		.type = SM_OPAQUE, .len = sizeof(text) - 1,                    \
		.full_len = sizeof(text) - 1, .s = (text)                      \
	}
#define PATH OPAQUE("PosixPath")
#define UNTOLD                                                                 \
	{                                                                      \
		.type = SM_OPAQUE, .len = 1, .full_len = 2, .s = "o"           \
	}
#define NONE                                                                   \
	{                                                                      \
		.type = SM_NONE                                                \
	}
#define L(array)                                                               \
	{                                                                      \
		.type = SM_LIST, .len = sizeof(array) / sizeof(array[0]),      \
		.full_len = sizeof(array) / sizeof(array[0]), .items = (array) \
	}

/* An event of a socket of a kind and an address, and what it asks for. */
#define PEER(event, kind, address, want)                                       \
	{                                                                      \
		event, DIRECT, { 0 }, { T(kind), address }, 2, want            \
	}

static const struct sm_value v4[] = { T("10.0.0.5"), I(80) };
static const struct sm_value any4[] = { T(""), I(0) };
static const struct sm_value any6[] = { T(""), I(80), I(0), I(0) };
static const struct sm_value everybody[] = { T("<broadcast>"), I(9) };
static const struct sm_value v6[] = { T("::1"), I(443), I(0), I(0) };
static const struct sm_value nl[] = { I(0), I(0) };
static const struct sm_value unread[] = { OPAQUE("bytearray"), I(80) };
static const struct sm_value git[] = { T("git"), T("log") };
static const struct sm_value shell[] = { T("/bin/sh"), T("-c"), T("id; ls") };
static const struct sm_value shell_args[] = { T("sh"), T("-c"), T("$0"),
					      T("x") };
static const struct sm_value mixed[] = { T("git"), I(3) };
static const struct sm_value later[] = { T("git"), OPAQUE("PosixPath") };
static const struct sm_value never[] = { T("git"), UNTOLD };
static const struct sm_value sh[] = { T("/bin/sh"), T("x") };
static const struct sm_value frozen[] = { T("<string>"), T("<module>") };
static const struct sm_value unnamed_code[] = { T(""), T("<module>") };
static const struct sm_value unreadable_code[] = { NONE, T("<module>") };
static const struct sm_value file_code[] = { T("/srv/a.py"), T("<module>") };
static const struct sm_value rel_code[] = { T("a.py"), T("<module>") };

struct row {
	const char *event;
	enum sm_via via;
	const char *resolved[2];
	struct sm_value args[5];
	uint32_t argc;
	const char *want;
};

#define DIRECT SM_VIA_DIRECT
#define IMPORT SM_VIA_IMPORT
#define POPEN  "subprocess.Popen", DIRECT
#define CACHED "/a/__pycache__/m.cpython-311.pyc"

static const struct row rows[] = {
	{ "open",
	  DIRECT,
	  { 0 },
	  { T("/e"), T("r"), I(O_RDONLY) },
	  3,
	  "read /e" },
	{ "open",
	  DIRECT,
	  { 0 },
	  { T("/e"), NONE, I(O_RDWR) },
	  3,
	  "read+write /e" },
	{ "open",
	  DIRECT,
	  { 0 },
	  { T("/e"), NONE, I(O_WRONLY | O_CREAT) },
	  3,
	  "write+create /e" },
	{ "open",
	  DIRECT,
	  { 0 },
	  { T("/e"), NONE, I(O_RDONLY | O_TRUNC) },
	  3,
	  "read+write /e" },
	{ "open",
	  DIRECT,
	  { 0 },
	  { T("/tmp"), NONE, I(O_TMPFILE | O_RDWR) },
	  3,
	  "read+write+create /tmp" },
	{ "open",
	  DIRECT,
	  { "/srv/e" },
	  { T("e"), T("r"), I(0) },
	  3,
	  "read /srv/e" },
	{ "open", DIRECT, { 0 }, { T("e"), T("r"), I(0) }, 3, "read! " },
	{ "open", DIRECT, { 0 }, { T("/a/../e"), T("r"), I(0) }, 3, "read! " },
	{ "open", DIRECT, { 0 }, { I(3), T("r"), I(0) }, 3, "" },
	{ "open",
	  DIRECT,
	  { 0 },
	  { T("/e"), T("r") },
	  2,
	  "read+write+create /e" },
	{ "open",
	  IMPORT,
	  { 0 },
	  { T("/a/m.py"), T("r"), I(0) },
	  3,
	  "load /a/m.py" },
	{ "open",
	  IMPORT,
	  { 0 },
	  { T(CACHED), T("rb"), I(0) },
	  3,
	  "load /a/m.py" },
	{ "open",
	  IMPORT,
	  { 0 },
	  { T(CACHED ".7"), T("wb"), I(O_WRONLY | O_CREAT) },
	  3,
	  "load /a/m.py" },
	{ "open",
	  IMPORT,
	  { 0 },
	  { T("/a/m.py"), T("wb"), I(O_WRONLY | O_CREAT) },
	  3,
	  "write+create /a/m.py" },
	{ "open",
	  DIRECT,
	  { 0 },
	  { T(CACHED), T("wb"), I(O_WRONLY | O_CREAT) },
	  3,
	  "write+create " CACHED },
	{ "open",
	  SM_VIA_TRACEBACK,
	  { 0 },
	  { T("/a/m.py"), T("r"), I(0) },
	  3,
	  "load /a/m.py" },
	{ "open",
	  SM_VIA_EXEC,
	  { 0 },
	  { T("/a/m.py"), T("r"), I(0) },
	  3,
	  "load /a/m.py" },
	{ "os.rename",
	  DIRECT,
	  { 0 },
	  { T("/a"), T("/b"), I(-1), I(-1) },
	  4,
	  "delete /a; write+create /b" },
	{ "os.rename",
	  DIRECT,
	  { 0, "/x/b" },
	  { T("/a"), T("b") },
	  2,
	  "delete /a; write+create /x/b" },
	{ "os.rename",
	  IMPORT,
	  { 0 },
	  { T(CACHED ".7"), T(CACHED) },
	  2,
	  "load /a/m.py; load /a/m.py" },
	{ "os.link",
	  DIRECT,
	  { 0 },
	  { T("/a"), T("/b") },
	  2,
	  "read+write+link /a; write+create /b" },
	{ "os.symlink",
	  DIRECT,
	  { 0 },
	  { T("../etc"), T("/b"), I(-1) },
	  3,
	  "write+create /b" },
	{ "os.mkdir",
	  DIRECT,
	  { 0 },
	  { T("/a"), I(0777), I(-1) },
	  3,
	  "write+create /a" },
	{ "os.listdir", DIRECT, { "/srv" }, { NONE }, 1, "list /srv" },
	{ "os.listdir", DIRECT, { "/srv" }, { I(4) }, 1, "list /srv" },
	{ "os.listdir", DIRECT, { "pipe:[3]" }, { I(4) }, 1, "" },
	{ "os.truncate", DIRECT, { 0 }, { T("/a"), I(0) }, 2, "write /a" },
	{ "os.chdir", DIRECT, { 0 }, { T("/a") }, 1, "" },
	{ "sqlite3.connect", DIRECT, { 0 }, { T(":memory:") }, 1, "" },
	{ "sqlite3.connect", DIRECT, { 0 }, { T("") }, 1, "" },
	{ "sqlite3.connect", DIRECT, { 0 }, { T("/a.db") }, 1, "sqlite /a.db" },
	{ "sqlite3.connect",
	  DIRECT,
	  { "/a.db" },
	  { T("file:a.db?mode=ro") },
	  1,
	  "sqlite /a.db" },
	PEER("socket.connect", "tcp", L(v4), "connect 10.0.0.5:80"),
	PEER("socket.sendto", "udp", L(v6), "connect [::1]:443"),
	{ "socket.sendmsg", DIRECT, { 0 }, { T("udp"), NONE }, 2, "" },
	PEER("socket.bind", "tcp", L(any4), "bind 0.0.0.0:0"),
	PEER("socket.bind", "tcp", L(any6), "bind [::]:80"),
	PEER("socket.sendto", "udp", L(everybody), "connect 255.255.255.255:9"),
	PEER("socket.bind", "unix", T("/run/s"), "bind /run/s"),
	PEER("socket.connect", "unix", T("\0abs"), "connect @abs"),
	{ "socket.connect",
	  DIRECT,
	  { "/run/s" },
	  { T("unix"), T("s") },
	  2,
	  "connect /run/s" },
	PEER("socket.connect", "unix", T("s"), "connect! s"),
	PEER("socket.connect", "netlink", L(nl), "socket netlink"),
	PEER("socket.connect", "tcp", L(unread), "socket! tcp"),
	PEER("socket.connect", "unix", OPAQUE("bytearray"), "socket! unix"),
	{ "socket.getaddrinfo",
	  DIRECT,
	  { 0 },
	  { T("a\0.example") },
	  1,
	  "resolve! a" },
	{ "socket.getaddrinfo",
	  DIRECT,
	  { 0 },
	  { T("db.example") },
	  1,
	  "resolve db.example" },
	{ "socket.getaddrinfo", DIRECT, { 0 }, { T("127.0.0.1") }, 1, "" },
	{ "socket.getaddrinfo", DIRECT, { 0 }, { T("::1") }, 1, "" },
	{ "socket.getaddrinfo", DIRECT, { 0 }, { NONE }, 1, "" },
	{ "socket.__new__",
	  DIRECT,
	  { 0 },
	  { NONE, I(2), I(1 | 02000000), I(0) },
	  4,
	  "" },
	{ "socket.__new__",
	  DIRECT,
	  { 0 },
	  { NONE, I(2), I(3), I(1) },
	  4,
	  "socket raw" },
	{ "socket.__new__",
	  DIRECT,
	  { 0 },
	  { NONE, I(16), I(3), I(0) },
	  4,
	  "socket netlink" },
	{ "subprocess.Popen",
	  DIRECT,
	  { "/usr/bin/git" },
	  { T("git"), L(git), NONE, NONE },
	  4,
	  "exec /usr/bin/git" },
	{ "subprocess.Popen", DIRECT, { 0 }, { T("git"), L(git) }, 2, "" },
	{ "subprocess.Popen",
	  DIRECT,
	  { "/usr/bin/git" },
	  { T("git"), L(later), NONE, NONE },
	  4,
	  "" },
	{ POPEN, { 0 }, { T("./a"), L(sh), PATH }, 3, "" },
	{ POPEN, { 0 }, { T("/a"), L(sh), PATH }, 3, "exec /a" },
	{ POPEN, { 0 }, { T("./a"), L(sh), UNTOLD }, 3, "exec! ./a" },
	{ "subprocess.Popen",
	  DIRECT,
	  { 0, "PATH=01" },
	  { OPAQUE("PosixPath"), L(git), NONE, NONE },
	  4,
	  "environment PATH=01" },
	{ "subprocess.Popen",
	  DIRECT,
	  { 0 },
	  { T("/bin/git"), L(never), NONE, NONE },
	  4,
	  "exec! /bin/git" },
	{ "os.exec", DIRECT, { 0 }, { I(3), L(sh) }, 2, "exec! " },
	{ "os.exec",
	  DIRECT,
	  { "/srv/run" },
	  { I(3), L(sh) },
	  2,
	  "exec /srv/run" },
	{ "secmgr.exec",
	  DIRECT,
	  { "/bin/sh" },
	  { T("sh"), L(shell), NONE },
	  3,
	  "shell id; ls" },
	{ "secmgr.exec",
	  DIRECT,
	  { 0 },
	  { T("tool"), L(git), NONE },
	  3,
	  "exec! tool" },
	{ "subprocess.Popen",
	  DIRECT,
	  { "/usr/bin/git" },
	  { T("git"), L(mixed) },
	  2,
	  "exec! /usr/bin/git" },
	{ "subprocess.Popen",
	  DIRECT,
	  { 0 },
	  { T("/bin/sh"), L(shell) },
	  2,
	  "shell id; ls" },
	{ "subprocess.Popen",
	  DIRECT,
	  { "/tmp/bin/sh" },
	  { T("/tmp/bin/sh"), L(shell) },
	  2,
	  "exec /tmp/bin/sh" },
	{ "subprocess.Popen",
	  DIRECT,
	  { "/usr/bin/git", "PYTHONPATH=01" },
	  { T("git"), L(git), NONE, NONE },
	  4,
	  "exec /usr/bin/git; environment PYTHONPATH=01" },
	{ "os.system",
	  DIRECT,
	  { 0, "PATH=01" },
	  { T("id") },
	  1,
	  "shell id; environment PATH=01" },
	{ "os.exec",
	  DIRECT,
	  { "/bin/sh" },
	  { T("/bin/sh"), L(shell_args) },
	  2,
	  "exec /bin/sh" },
	{ "os.system", DIRECT, { 0 }, { T("id") }, 1, "shell id" },
	{ "os.kill", DIRECT, { 0 }, { T("child"), I(15) }, 2, "" },
	{ "os.kill", DIRECT, { 0 }, { I(1), I(9) }, 2, "signal other" },
	{ "os.kill", DIRECT, { 0 }, { I(1), I(0) }, 2, "" },
	{ "os.killpg", DIRECT, { 0 }, { I(1), I(0) }, 2, "" },
	{ "os.killpg", DIRECT, { 0 }, { I(1), T("0") }, 2, "signal other" },
	{ "exec", IMPORT, { 0 }, { L(file_code) }, 1, "load /srv/a.py" },
	{ "exec", DIRECT, { 0 }, { L(frozen) }, 1, "exec <string>" },
	{ "exec", DIRECT, { 0 }, { L(unnamed_code) }, 1, "exec " },
	{ "exec", DIRECT, { 0 }, { L(unreadable_code) }, 1, "exec! " },
	{ "exec",
	  DIRECT,
	  { "/srv/a.py" },
	  { L(rel_code) },
	  1,
	  "load /srv/a.py" },
	{ "import", IMPORT, { 0 }, { T("m"), NONE, NONE }, 3, "" },
	{ "import",
	  IMPORT,
	  { 0 },
	  { T("m"), T("/l/m.so") },
	  2,
	  "load /l/m.so" },
	{ "pickle.find_class",
	  DIRECT,
	  { 0 },
	  { T("os"), T("system") },
	  2,
	  "class os.system" },
	{ "pickle.find_class",
	  DIRECT,
	  { 0 },
	  { T("shop.cart"), T("os.system") },
	  2,
	  "class shop.cart:os.system" },
	{ "ctypes.dlopen", DIRECT, { 0 }, { NONE }, 1, "dlopen " },
	{ "ctypes.dlopen",
	  DIRECT,
	  { 0 },
	  { T("libc.so.6") },
	  1,
	  "dlopen libc.so.6" },
	{ "secmgr.loaded",
	  DIRECT,
	  { 0 },
	  { T("/l/m.so") },
	  1,
	  "dlopen /l/m.so" },
	{ "secmgr.loaded", DIRECT, { 0 }, { I(7) }, 1, "dlopen! " },
	{ "ctypes.dlsym",
	  DIRECT,
	  { 0 },
	  { NONE, T("system") },
	  2,
	  "dlsym system" },
	{ "ctypes.dlsym", DIRECT, { 0 }, { NONE, I(7) }, 2, "dlsym! " },
	{ "sys.settrace", DIRECT, { 0 }, { NONE }, 0, "raise sys.settrace" },
	{ "shop.refund", DIRECT, { 0 }, { I(3) }, 1, "raise shop.refund" },
	{ "shutil.move", DIRECT, { 0 }, { T("/a"), T("/b") }, 2, "" },
	{ "builtins.id", DIRECT, { 0 }, { I(3) }, 1, "" },
};

static void print_requests(char *out, size_t room,
			   const struct sm_request *requests, unsigned count)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		const char *plus = i ? "; " : "";

		for (unsigned bit = 0; bit < SM_ACCESSES; bit++) {
			if (!(requests[i].access >> bit & 1))
				continue;
			at += (size_t)snprintf(
				out + at, room - at, "%s%s", plus,
				sm_access_name((enum sm_access)(1u << bit)));
			plus = "+";
		}
		at += (size_t)snprintf(out + at, room - at, "%s %.*s",
				       requests[i].cut ? "!" : "",
				       (int)requests[i].value.len,
				       requests[i].value.p);
	}
}

static void every_event_asks_for_what_the_table_says(void **state)
{
	static struct sm_request_scratch scratch;
	struct sm_request out[SM_REQUESTS_MAX];
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sm_event e = { .args = rows[i].args,
				      .argc = rows[i].argc };

		e.site.event = sm_str_of(rows[i].event);
		e.site.kind = sm_catalogue_find(e.site.event);
		e.site.via = rows[i].via;
		e.resolved[0] = sm_str_of(rows[i].resolved[0]);
		e.resolved[1] = sm_str_of(rows[i].resolved[1]);
		print_requests(text, sizeof(text), out,
			       sm_event_requests(&e, &scratch, out));
		if (strcmp(text, rows[i].want) != 0)
			print_error("row %zu (%s)\n", i, rows[i].event);
		assert_string_equal(text, rows[i].want);
	}
}

/* What is asked of most events, in fewer steps: the same answer. */
static void a_single_file_is_the_only_request(void **state)
{
	static struct sm_request_scratch scratch;
	struct sm_request out[SM_REQUESTS_MAX];
	struct sm_str path;
	uint32_t access;
	unsigned single = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sm_event e = { .args = rows[i].args,
				      .argc = rows[i].argc };

		e.site.event = sm_str_of(rows[i].event);
		e.site.kind = sm_catalogue_find(e.site.event);
		e.site.via = rows[i].via;
		e.resolved[0] = sm_str_of(rows[i].resolved[0]);
		e.resolved[1] = sm_str_of(rows[i].resolved[1]);
		if (!sm_event_file(&e, &path, &access))
			continue;
		assert_int_equal(sm_event_requests(&e, &scratch, out), 1);
		assert_int_equal(out[0].family, SM_FAMILY_FILES);
		assert_int_equal(out[0].via, SM_VIA_DIRECT);
		assert_false(out[0].cut);
		assert_int_equal(out[0].access, access);
		assert_true(sm_str_equal(out[0].value, path));
		single++;
	}
	assert_int_equal(single, 9); /* of the rows */
}

static void no_arguments_are_no_crash_for_any_event(void **state)
{
	static struct sm_request_scratch scratch;
	struct sm_request out[SM_REQUESTS_MAX];
	unsigned kinds = 0;

	(void)state;
	for (int kind = 0; kind < SM_EVENTS; kind++) {
		const struct sm_catalogue_entry *entry =
			sm_catalogue_entry((enum sm_event_kind)kind);
		struct sm_event e = { .argc = 0 };

		e.site.kind = (enum sm_event_kind)kind;
		if (entry)
			e.site.event = entry->name;
		assert_true(sm_event_requests(&e, &scratch, out) <=
			    SM_REQUESTS_MAX);
		kinds++;
	}
	assert_int_equal(kinds, SM_EVENTS);
}

static void the_catalogue_finds_each_of_its_names(void **state)
{
	(void)state;
	for (int kind = 1; kind < SM_EVENTS; kind++) {
		const struct sm_catalogue_entry *entry =
			sm_catalogue_entry((enum sm_event_kind)kind);

		assert_non_null(entry);
		assert_int_equal(sm_catalogue_find(entry->name), kind);
	}
	assert_int_equal(sm_catalogue_find(SM_STR("shop.refund")),
			 SM_EVENT_OTHER);
	assert_int_equal(sm_catalogue_find(SM_STR("")), SM_EVENT_OTHER);
	assert_null(sm_catalogue_entry(SM_EVENT_OTHER));
	assert_null(sm_catalogue_entry((enum sm_event_kind)SM_EVENTS));
}

static void a_fork_exec_below_popen_asks_only_once(void **state)
{
	static struct sm_request_scratch scratch;
	static const struct sm_value args[] = { T("/usr/bin/git"), L(git) };
	struct sm_request out[SM_REQUESTS_MAX];
	struct sm_event e = { .args = args, .argc = 2 };

	(void)state;
	e.site.kind = SM_EVENT_FORK_EXEC;
	e.site.event = SM_STR("_posixsubprocess.fork_exec");
	e.site.file = SM_STR("/usr/lib/python3.14/subprocess.py");
	e.site.function = SM_STR("Popen._execute_child");
	assert_int_equal(sm_event_requests(&e, &scratch, out), 0);
	e.site.file = SM_STR("/usr/lib/python3.14/multiprocessing/util.py");
	e.site.function = SM_STR("spawnv_passfds");
	assert_int_equal(sm_event_requests(&e, &scratch, out), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_asks_for_what_the_table_says),
		cmocka_unit_test(a_single_file_is_the_only_request),
		cmocka_unit_test(no_arguments_are_no_crash_for_any_event),
		cmocka_unit_test(the_catalogue_finds_each_of_its_names),
		cmocka_unit_test(a_fork_exec_below_popen_asks_only_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
