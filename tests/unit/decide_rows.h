/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_rows.h: one policy, and what it decides, a row each.
 * For test_policy_decide.c.
 */
#ifndef TESTS_DECIDE_ROWS_H
#define TESTS_DECIDE_ROWS_H

#include "tests/unit/policy_fixture.h"

/* clang-format off */
static const char policy_text[] =
"{ \"secmgr\": 1,\n"
"  \"variables\": { \"APP\": \"/srv/shop\", \"TMP\": \"/tmp\", \"HOME\": \"/home/u\",\n"
"    \"STDLIB\": [\"/usr/lib/python3.11\", \"/opt/py/lib/python3.12\"],\n"
"    \"SITE\": [\"/usr/lib/python3/dist-packages\", \"/opt/py/lib/python3.12/site-packages\"] },\n"
"  \"files\": [\n"
"    { \"id\": \"f1\", \"path\": \"${APP}/data/**\", \"access\": [\"read\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"f2\", \"path\": \"${APP}/media/<int>/<name>.jpg\", \"access\": [\"read\", \"create\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"f3\", \"path\": \"${TMP}/<tmp>\", \"access\": [\"create\", \"delete\"] },\n"
"    { \"id\": \"f4\", \"path\": \"/var/log/shop-*.log\", \"access\": [\"write\"], \"by\": [\"logging_lib\", \"app\"] },\n"
"    { \"id\": \"f5\", \"path\": \"/var/log/shop-*.log\", \"access\": [\"read\"] },\n"
"    { \"id\": \"f6\", \"path\": \"/a/**/b/<int>\", \"access\": [\"read\"] },\n"
"    { \"id\": \"f7\", \"path\": \"/lists\", \"access\": [\"list\"], \"via\": [\"import\"] },\n"
"    { \"id\": \"f8\", \"path\": \"/h/.cache-<hex>\", \"access\": [\"read\"] },\n"
"    { \"id\": \"f9\", \"path\": \"/h/*\", \"access\": [\"read\"] },\n"
"    { \"id\": \"f10\", \"path\": \"/lit/a\\\\*b\\\\<int>\", \"access\": [\"read\"] },\n"
"    { \"id\": \"f11\", \"path\": \"${APP}/db.sqlite\", \"access\": [\"sqlite\"] },\n"
"    { \"id\": \"f12\", \"path\": \"/d/<date>/<uuid>/x<int>y<int>.csv\", \"access\": [\"read\"] },\n"
"    { \"id\": \"f13\", \"path\": \"/any/**\", \"access\": [\"read\", \"write\", \"create\"] },\n"
"    { \"id\": \"f14\", \"path\": \"/gen/**\", \"access\": [\"read\"], \"by\": [\"dynamic:app\", \"foreign\"] },\n"
"    { \"id\": \"f15\", \"path\": \"/gen2\", \"access\": [\"read\"], \"by\": [\"dynamic\"] },\n"
"    { \"id\": \"f16\", \"path\": \"/\", \"access\": [\"list\"] }\n"
"  ],\n"
"  \"network\": [\n"
"    { \"id\": \"n1\", \"connect\": \"api.example.com:443\", \"by\": [\"requests\"] },\n"
"    { \"id\": \"n2\", \"bind\": \"127.0.0.1:8000\" },\n"
"    { \"id\": \"n3\", \"connect\": \"10.0.0.0/8:5432\" },\n"
"    { \"id\": \"n4\", \"connect\": \"udp:[2001:db8::/32]:53\" },\n"
"    { \"id\": \"n5\", \"connect\": \"/run/app/*.sock\" },\n"
"    { \"id\": \"n6\", \"connect\": \"@bus-<int>\" },\n"
"    { \"id\": \"n7\", \"resolve\": \"db.internal\" },\n"
"    { \"id\": \"n8\", \"socket\": \"netlink\" },\n"
"    { \"id\": \"n9\", \"connect\": \"*.cdn.net:*\" },\n"
"    { \"id\": \"n10\", \"bind\": \"127.0.0.1:<port>\", \"by\": [\"worker\"] },\n"
"    { \"id\": \"n11\", \"connect\": \"[::1]:6379\" }\n"
"  ],\n"
"  \"processes\": [\n"
"    { \"id\": \"p1\", \"exec\": \"/usr/bin/git\", \"argv\": [\"git\", \"log\", \"--\", \"<path:${APP}/repos/**>\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"p2\", \"exec\": \"/usr/bin/convert\", \"argv\": [\"convert\", \"<option:-strip|-flip>\", \"--size=<int>\", \"*\"] },\n"
"    { \"id\": \"p3\", \"exec\": \"/usr/bin/true\" },\n"
"    { \"id\": \"p4\", \"shell\": \"ping -c 1 <host> > /dev/null\" },\n"
"    { \"id\": \"p5\", \"shell\": \"ls *.txt | wc -l\" },\n"
"    { \"id\": \"p6\", \"shell\": \"echo 'unbalanced\" },\n"
"    { \"id\": \"p7\", \"shell\": \"tar czf <path:${APP}/out/**> data > ${APP}/log.txt\" },\n"
"    { \"id\": \"p8\", \"signal\": \"other\" },\n"
"    { \"id\": \"p9\", \"exec\": \"/any/tool\" },\n"
"    { \"id\": \"p10\", \"exec\": \"/usr/bin/nice\", \"argv\": [\"nice\", \"<word>\", \"<text>\"] },\n"
"    { \"id\": \"p13\", \"exec\": \"/usr/bin/tar\", \"argv\": [\"tar\", \"-C\", \"<path:/srv/**>\", \"<path:art/**>...\", \"-f\", \"<name>.tar\"] },\n"
"    { \"id\": \"p14\", \"exec\": \"/usr/bin/end\", \"argv\": [\"end\", \"<option:a|b>...\"] },\n"
"    { \"id\": \"p15\", \"exec\": \"/usr/bin/dots\", \"argv\": [\"dots\", \"<int>\\\\...\"] },\n"
"    { \"id\": \"p16\", \"shell\": \"cd <path:/srv/**> && tar c <name>.pdf... | gzip > <name>.gz\" },\n"
"    { \"id\": \"p17\", \"shell\": \"lpr <name>... 2> /dev/null\" },\n"
"    { \"id\": \"p18\", \"shell\": \"say <name>'...'\" },\n"
"    { \"id\": \"p19\", \"exec\": \"/usr/bin/grp\", \"argv\": [\"grp\", \"[-q]\", \"[-n <int>]\", \"[--fit=<int>x<int> -o <option:a b|c>]\", \"<name>...\", \"[-e <name>]\", \"[-\\\\ x]\", \"out\"] },\n"
"    { \"id\": \"p20\", \"exec\": \"/usr/bin/rst\", \"argv\": [\"rst\", \"[-q]\", \"*\"] },\n"
"    { \"id\": \"p21\", \"shell\": \"pic [-q <int>] [--as=<name> 'a]'] <name>.png > x [-z] && ls [-x]*\" },\n"
"    { \"id\": \"p22\", \"shell\": \"sum <name>.* 'a b'.[ch] > <name>.sums\" },\n"
"    { \"id\": \"p12\", \"exec\": \"/usr/bin/show\", \"argv\": [\"show\", \"<name>\"] },\n"
"    { \"id\": \"p11\", \"exec\": \"/usr/bin/rel\", \"argv\": [\"rel\", \"<path:src/**>\"] }\n"
"  ],\n"
"  \"code\": [\n"
"    { \"id\": \"c1\", \"load\": \"stdlib\" },\n"
"    { \"id\": \"c2\", \"load\": \"distribution:requests\" },\n"
"    { \"id\": \"c3\", \"load\": \"${APP}/*.py\" },\n"
"    { \"id\": \"c4\", \"exec\": \"<string>\", \"by\": [\"dataclasses\", \"collections\"] },\n"
"    { \"id\": \"c5\", \"exec\": \"<frozen *>\" },\n"
"    { \"id\": \"c6\", \"load\": \"stdlib:ctypes\", \"by\": [\"app\"] },\n"
"    { \"id\": \"c7\", \"load\": \"/any/mod.py\" },\n"
"    { \"id\": \"c8\", \"load\": \"distribution:typing-extensions\" },\n"
"    { \"id\": \"c9\", \"exec\": \"<attrs generated init app.<name>>\", \"by\": [\"attr\"] },\n"
"    { \"id\": \"c10\", \"exec\": \"\", \"by\": [\"attr\"] }\n"
"  ],\n"
"  \"pickles\": [ { \"id\": \"k1\", \"class\": \"collections.OrderedDict\" }, { \"id\": \"k2\", \"class\": \"shop.models.*\", \"by\": [\"app\"] },\n"
"    { \"id\": \"k3\", \"class\": \"tax.<class>\" } ],\n"
"  \"native\": [ { \"id\": \"d1\", \"dlopen\": \"libc.so.6\", \"by\": [\"uuid\"] }, { \"id\": \"d2\", \"dlsym\": \"uuid_generate\" },\n"
"    { \"id\": \"d3\", \"dlopen\": \"\" }, { \"id\": \"d4\", \"dlopen\": \"/opt/lib/*.so\" }, { \"id\": \"d5\", \"dlopen\": \"/any/lib.so\" } ],\n"
"  \"events\": [ { \"id\": \"e1\", \"name\": \"shop.refund\", \"args\": [\"<int>\", \"*\"] }, { \"id\": \"e2\", \"name\": \"sys.settrace\" },\n"
"    { \"id\": \"e3\", \"name\": \"os.chdir\", \"args\": [\"/srv\"] } ],\n"
"  \"deny\": [\n"
"    { \"id\": \"x1\", \"path\": \"${APP}/data/secret/**\" },\n"
"    { \"id\": \"x2\", \"path\": \"${APP}/private.py\", \"access\": [\"read\"] },\n"
"    { \"id\": \"x3\", \"connect\": \"169.254.0.0/16:*\" },\n"
"    { \"id\": \"x4\", \"exec\": \"/usr/bin/true\", \"argv\": [\"true\", \"--evil\"] },\n"
"    { \"id\": \"x5\", \"name\": \"shop.danger\" },\n"
"    { \"id\": \"x6\", \"name\": \"tempfile.mkdtemp\" },\n"
	"    { \"id\": \"x11\", \"name\": \"sys._getframe\" },\n"
"    { \"id\": \"x7\", \"exec\": \"<frozen evil>\" },\n"
"    { \"id\": \"x8\", \"path\": \"/any/ro/**\", \"access\": [\"write\"] },\n"
"    { \"id\": \"x9\", \"class\": \"os.system\" },\n"
"    { \"id\": \"x12\", \"dlopen\": \"/opt/bad/*\" }\n"
"  ] }\n";
/* clang-format on */

/*
 * One row: what happens, and what must come of it. rule NULL: do not look.
 * The letter says how the words are put into an event; see stage_row().
 */
struct row {
	char kind;
	const char *what;
	const char *by;
	enum sm_via via;
	enum sm_decision decision;
	enum sm_reason reason;
	const char *rule;
};

#define D SM_VIA_DIRECT
#define I SM_VIA_IMPORT
#define T SM_VIA_TRACEBACK
#define OK(kind, what, by, via, rule)                                          \
	{                                                                      \
		kind, what, by, via, SM_ALLOWED, SM_REASON_NONE, rule          \
	}
#define NO(kind, what, by, via, reason, rule)                                  \
	{                                                                      \
		kind, what, by, via, SM_DENIED, SM_REASON_##reason, rule       \
	}
#define WARN(kind, what, by, via, reason, rule)                                \
	{                                                                      \
		kind, what, by, via, SM_WARNED, SM_REASON_##reason, rule       \
	}
#define NONE(kind, what, by, via)                                              \
	{                                                                      \
		kind, what, by, via, SM_UNDECIDED, SM_REASON_NONE, NULL        \
	}

static const struct row files[] = {
	OK('r', "/srv/shop/data/a", "app", D, "f1"),
	OK('r', "/srv/shop/data/a/b/.c", "app", D, "f1"),
	NO('r', "/srv/shop/data", "app", D, NO_RULE, "f1"),
	NO('r', "/srv/shop/database", "app", D, NO_RULE, "f1"),
	NO('w', "/srv/shop/data/a", "app", D, ACCESS, "f1"),
	NO('r', "/srv/shop/data/a", "flask", D, PRINCIPAL, "f1"),
	NO('r', "/srv/shop/data/a", "foreign", D, PRINCIPAL, "f1"),
	NO('r', "/srv/shop/data/a", "dynamic", D, PRINCIPAL, "f1"),
	NO('r', "/srv/shop/data/secret/k", "app", D, DENY_RULE, "x1"),
	NO('r', "/srv/shop/data/secret/k", "foreign", D, DENY_RULE, "x1"),
	OK('c', "/srv/shop/media/17/my photo.v2.jpg", "app", D, "f2"),
	OK('r', "/srv/shop/media/17/x.jpg", "app", D, "f2"),
	OK('w', "/srv/shop/media/17/x.jpg", "app", D, "f2"),
	NO('r', "/srv/shop/media/17/x.png", "app", D, NO_RULE, "f2"),
	NO('r', "/srv/shop/media/17/.x.jpg", "app", D, NO_RULE, "f2"),
	NO('r', "/srv/shop/media/17/.jpg", "app", D, NO_RULE, "f2"),
	NO('r', "/srv/shop/media/1a/x.jpg", "app", D, NO_RULE, "f2"),
	NO('r', "/srv/shop/media/17/y/x.jpg", "app", D, NO_RULE, "f2"),
	OK('c', "/tmp/ab_12xyz", "python", D, "f3"),
	NO('r', "/tmp/ab_12xyz", "python", D, ACCESS, "f3"),
	NO('c', "/tmp/ab_12xy", "python", D, NO_RULE, "f3"),
	NO('c', "/tmp/ab_12xyzz", "python", D, NO_RULE, "f3"),
	OK('w', "/var/log/shop-1.log", "app", D, "f4"),
	OK('b', "/var/log/shop-1.log", "app", D, "f4"), /* union of f4, f5 */
	NO('b', "/var/log/shop-1.log", "flask", D, ACCESS, "f5"),
	OK('r', "/var/log/shop-.log", "flask", D, "f5"),
	OK('r', "/a/b/1", "app", D, "f6"),
	OK('r', "/a/x/y/b/1", "app", D, "f6"),
	OK('r', "/a/b/b/1", "app", D, "f6"),
	NO('r', "/a/b/b/1/2", "app", D, NO_RULE, "f6"),
	NO('r', "/a/x/1", "app", D, NO_RULE, "f6"),
	OK('l', "/lists", "python", I, "f7"),
	NO('l', "/lists", "python", D, VIA, "f7"),
	OK('r', "/h/.cache-deadbeef", "app", D, "f8"),
	NO('r', "/h/.cache-dead", "app", D, NO_RULE, "f8"),
	OK('r', "/h/x", "app", D, "f9"),
	NO('r', "/h/.x", "app", D, NO_RULE, "f8"),
	OK('r', "/lit/a*b<int>", "app", D, "f10"),
	NO('r', "/lit/axb1", "app", D, NO_RULE, "f10"),
	OK('s', "/srv/shop/db.sqlite", "app", D, "f11"),
	NO('r', "/srv/shop/db.sqlite", "app", D, ACCESS, "f11"),
	OK('r', "/d/2024-02-29/01234567-89ab-cdef-0123-456789abcdef/x1y22.csv",
	   "app", D, "f12"),
	OK('r', "/d/20240229/01234567-89AB-cdef-0123-456789abcdef/x1y22.csv",
	   "app", D, "f12"),
	NO('r', "/d/2024-13-29/01234567-89ab-cdef-0123-456789abcdef/x1y2.csv",
	   "app", D, NO_RULE, "f12"),
	NO('r', "/d/20240229/01234567-89ab-cdef-0123-456789abcdef/x1y.csv",
	   "app", D, NO_RULE, "f12"),
	OK('c', "/any/x", "app", D, "f13"),
	NO('c', "/any/ro/x", "app", D, DENY_RULE, "x8"),
	OK('r', "/any/ro/x", "app", D, "f13"),
	OK('r', "/gen/x", "dynamic", D, "f14"),
	OK('r', "/gen/x", "foreign", D, "f14"),
	NO('r', "/gen/x", "app", D, PRINCIPAL, "f14"),
	OK('r', "/gen2", "dynamic", D, "f15"),
	OK('l', "/", "app", D, "f16"),
	NO('r', "/etc/passwd", "app", D, NO_RULE, ""),
	/* code read for import is no direct read, and the other way round */
	NO('r', "/srv/shop/app.py", "app", D, NO_RULE, "f1"),
	OK('r', "/srv/shop/app.py", "app", I, "c3"),
	NO('r', "/srv/shop/data/x.py", "app", I, NO_RULE, "c3"),
	/* Who may read it as data may show lines of it, and nobody else. */
	OK('r', "/srv/shop/data/x.py", "app", T, "f1"),
	NO('r', "/srv/shop/data/x.py", "flask", T, NO_RULE, "c3"),
	NO('r', "/srv/shop/data/secret/k", "app", T, DENY_RULE, "x1"),
	OK('r', "/var/log/shop-1.log", "flask", T, "f5"),
	NO('r', "/srv/shop/private.py", "app", I, DENY_RULE, "x2"),
	OK('r', "/srv/shop/private2.py", "app", I, "c3"),
	NO('r', "/srv/shop/.hidden.py", "app", I, NO_RULE, "c3"),
	OK('r', "/srv/shop/__pycache__/app.cpython-311.pyc", "app", I, "c3"),
};

static const struct row code[] = {
	OK('r', "/usr/lib/python3.11/json/decoder.py", "app", I, "c1"),
	OK('r', "/opt/py/lib/python3.12/json/decoder.py", "app", I, "c1"),
	OK('r', "/usr/lib/python3.11/lib-dynload/_json.cpython-311.so",
	   "requests", I, "c1"),
	NO('r', "/usr/lib/python3.11/json/decoder.py", "foreign", I, PRINCIPAL,
	   "c1"),
	OK('r', "/usr/lib/python3.11/json/decoder.py", "dynamic", I, "c1"),
	OK('r', "/usr/lib/python3.11/ctypes/__init__.py", "app", I, "c6"),
	NO('r', "/usr/lib/python3.11/ctypes/__init__.py", "flask", I, PRINCIPAL,
	   "c6"),
	NO('r', "/usr/lib/python3.11/pty.py", "app", I, NO_RULE, "c6"),
	NO('r', "/usr/lib/python3.11/lib-dynload/readline.cpython-311.so",
	   "app", I, NO_RULE, "c6"),
	NO('r', "/usr/lib/python3.11/lib-dynload/_dbm.cpython-311.so", "app", I,
	   NO_RULE, "c6"),
	NO('r', "/usr/lib/python3.11/lib-dynload/spwd.cpython-311.so", "app", I,
	   NO_RULE, "c6"),
	NO('r', "/usr/lib/python3.11/lib-dynload/_ctypes.cpython-311-x86_64.so",
	   "app", I, NO_RULE, "c6"),
	NO('r', "/opt/py/lib/python3.12/site-packages/evil/__init__.py", "app",
	   I, NO_RULE, "c2"),
	OK('r', "/opt/py/lib/python3.12/site-packages/requests/api.py", "app",
	   I, "c2"),
	OK('r', "/usr/lib/python3/dist-packages/requests/api.py", "app", I,
	   "c2"),
	OK('r', "/usr/lib/python3/dist-packages/requests.py", "app", I, "c2"),
	OK('r', "/usr/lib/python3/dist-packages/requests.abi3.so", "app", I,
	   "c2"),
	NO('r', "/usr/lib/python3/dist-packages/requests2.py", "app", I,
	   NO_RULE, "c2"),
	OK('r', "/usr/lib/python3/dist-packages/typing_extensions.py", "app", I,
	   "c8"),
	NO('r', "/any/mod.py", "app", I, WRITTEN, "f13"),
	/* x: exec of a code object, with the innermost frame's file */
	OK('x', "<string> /usr/lib/python3.11/dataclasses.py", "app", D, "c4"),
	OK('x', "<string> /usr/lib/python3.11/collections/__init__.py",
	   "foreign", D, "c4"),
	OK('x', "<string> <frozen collections>", "app", D, "c4"),
	NO('x', "<string> /srv/shop/app.py", "app", D, PRINCIPAL, "c4"),
	NO('x', "<string> /usr/lib/python3.11/enum.py", "app", D, PRINCIPAL,
	   "c4"),
	NO('x', "<string> /opt/py/lib/python3.12/site-packages/dataclasses.py",
	   "other", D, PRINCIPAL, "c4"),
	OK('x', "<frozen#zipimport> -", "python", D, "c5"),
	NO('x', "<frozen#evil> -", "python", D, DENY_RULE, "x7"),
	OK('x', "<attrs#generated#init#app.User> /x/attr/_make.py", "attr", D,
	   "c9"),
	NO('x', "<attrs#generated#init#.User> /x/attr/_make.py", "attr", D,
	   NO_RULE, ""),
	OK('x', " /x/attr/_make.py", "attr", D, "c10"),
	NO('x', " /srv/shop/app.py", "app", D, PRINCIPAL, "c10"),
	OK('x', "/srv/shop/app.py -", "python", D, "c3"),
};

static const struct row network[] = {
	OK('n', "api.example.com 443 tcp", "requests", D, "n1"),
	OK('n', "API.Example.COM 443 tcp", "requests", D, "n1"),
	NO('n', "api.example.com 80 tcp", "requests", D, ARGUMENTS, "n1"),
	NO('n', "api.example.com 443 tcp", "app", D, PRINCIPAL, "n1"),
	NO('n', "api.example.com.evil.org 443 tcp", "requests", D, NO_RULE, ""),
	NO('n', "api.example.com 443 raw", "requests", D, ARGUMENTS, "n1"),
	OK('n', "10.1.2.3 5432 tcp", "app", D, "n3"),
	OK('n', "10.1.515 5432 tcp", "app", D, "n3"), /* inet_aton's 10.1.2.3 */
	OK('n', "::ffff:10.1.2.3 5432 tcp", "app", D, "n3"),
	NO('n', "11.1.2.3 5432 tcp", "app", D, NO_RULE, ""),
	OK('n', "2001:db8:1::5 53 udp", "app", D, "n4"),
	NO('n', "2001:db8:1::5 53 tcp", "app", D, ARGUMENTS, "n4"),
	NO('n', "2001:db9:1::5 53 udp", "app", D, NO_RULE, ""),
	OK('n', "0:0:0:0:0:0:0:1 6379 tcp", "app", D, "n11"),
	OK('n', "img.cdn.net 8080 tcp", "app", D, "n9"),
	NO('n', "cdn.net 8080 tcp", "app", D, NO_RULE, ""),
	NO('n', "169.254.169.254 80 tcp", "app", D, DENY_RULE, "x3"),
	NO('n', "0xa9fea9fe 80 tcp", "app", D, DENY_RULE, "x3"),
	NO('n', "2852039166 80 tcp", "app", D, DENY_RULE, "x3"),
	OK('B', "127.0.0.1 8000 tcp", "app", D, "n2"),
	NO('B', "0.0.0.0 8000 tcp", "app", D, NO_RULE, ""),
	NO('B', "127.0.0.1 0 tcp", "worker", D, ARGUMENTS, "n2"),
	OK('B', "127.0.0.1 1024 tcp", "worker", D, "n10"),
	NO('B', "127.0.0.1 1023 tcp", "worker", D, ARGUMENTS, "n2"),
	OK('B', "127.0.0.1 65535 tcp", "worker", D, "n10"),
	NO('B', "127.0.0.1 65535 tcp", "app", D, PRINCIPAL, "n10"),
	OK('u', "/run/app/x.sock", "app", D, "n5"),
	NO('u', "/run/app/y/x.sock", "app", D, NO_RULE, "n5"),
	OK('u', "@bus-7", "app", D, "n6"),
	NO('u', "@bus-", "app", D, NO_RULE, ""),
	OK('g', "db.internal", "app", D, "n7"),
	OK('g', "api.example.com", "requests", D, "n1"),
	NO('g', "api.example.com", "app", D, PRINCIPAL, "n1"),
	OK('g', "img.cdn.net", "app", D, "n9"),
	NO('g', "evil.org", "app", D, NO_RULE, ""),
	NONE('g', "8.8.8.8", "app", D),
	NO('n', "db.internal 5432 tcp", "app", D, ACCESS, "n7"),
};

static const struct row processes[] = {
	OK('e', "/usr/bin/git git log -- /srv/shop/repos/a", "app", D, "p1"),
	OK('e', "/usr/bin/git git log -- /srv/shop/repos/a/../b", "app", D,
	   "p1"),
	NO('e', "/usr/bin/git git log -- /srv/shop/repos/../../etc", "app", D,
	   ARGUMENTS, "p1"),
	NO('e', "/usr/bin/git git log -- repos/a", "app", D, ARGUMENTS, "p1"),
	NO('e', "/usr/bin/git git log --", "app", D, ARGUMENTS, "p1"),
	NO('e', "/usr/bin/git git log -- /srv/shop/repos/a x", "app", D,
	   ARGUMENTS, "p1"),
	NO('e', "/usr/bin/git git log -- /srv/shop/repos/a", "flask", D,
	   PRINCIPAL, "p1"),
	NO('e', "/usr/local/bin/git git log -- /srv/shop/repos/a", "app", D,
	   NO_RULE, ""),
	OK('e', "/usr/bin/convert convert -strip --size=3", "app", D, "p2"),
	OK('e', "/usr/bin/convert convert -flip --size=3 a b", "app", D, "p2"),
	NO('e', "/usr/bin/convert convert -flip --size=3 a -b", "app", D,
	   ARGUMENTS, "p2"),
	NO('e', "/usr/bin/convert convert -flop --size=3", "app", D, ARGUMENTS,
	   "p2"),
	NO('e', "/usr/bin/convert convert -flip --size=", "app", D, ARGUMENTS,
	   "p2"),
	OK('e', "/usr/bin/true true anything", "app", D, "p3"),
	NO('e', "/usr/bin/true true --evil", "app", D, DENY_RULE, "x4"),
	NO('e', "/any/tool tool", "app", D, WRITTEN, "f13"),
	OK('e', "/usr/bin/nice nice a -b", "app", D, "p10"),
	NO('e', "/usr/bin/nice nice -a b", "app", D, ARGUMENTS, "p10"),
	OK('e', "/usr/bin/show show a-b.c", "app", D, "p12"),
	NO('e', "/usr/bin/show show -a", "app", D, ARGUMENTS, "p12"),
	NO('e', "/usr/bin/show show a/b", "app", D, ARGUMENTS, "p12"),
	/* words of one slot, one or more, between others */
	OK('e', "/usr/bin/tar tar -C /srv/x art/a -f x.tar", "app", D, "p13"),
	OK('e', "/usr/bin/tar tar -C /srv/x art/a art/b/c art/d -f x.tar",
	   "app", D, "p13"),
	NO('e', "/usr/bin/tar tar -C /srv/x -f x.tar", "app", D, ARGUMENTS,
	   "p13"),
	NO('e', "/usr/bin/tar tar -C /srv/x art/a --checkpoint -f x.tar", "app",
	   D, ARGUMENTS, "p13"),
	NO('e', "/usr/bin/tar tar -C /srv/x art/a /etc/shadow -f x.tar", "app",
	   D, ARGUMENTS, "p13"),
	NO('e', "/usr/bin/tar tar -C /srv/x art/a art/../../x -f x.tar", "app",
	   D, ARGUMENTS, "p13"),
	NO('e', "/usr/bin/tar tar -C /srv/x art/a -f x.tar y.tar", "app", D,
	   ARGUMENTS, "p13"),
	OK('e', "/usr/bin/end end a b b a", "app", D, "p14"),
	NO('e', "/usr/bin/end end", "app", D, ARGUMENTS, "p14"),
	NO('e', "/usr/bin/end end a c", "app", D, ARGUMENTS, "p14"),
	OK('e', "/usr/bin/dots dots 7...", "app", D, "p15"),
	NO('e', "/usr/bin/dots dots 7", "app", D, ARGUMENTS, "p15"),
	NO('e', "/usr/bin/dots dots 7 8", "app", D, ARGUMENTS, "p15"),
	/* groups of words: any of those beside one another, in any order */
	OK('e', "/usr/bin/grp grp a out", "app", D, "p19"),
	OK('e', "/usr/bin/grp grp -q a out", "app", D, "p19"),
	OK('e', "/usr/bin/grp grp -n 3 -q -n 4 a b c out", "app", D, "p19"),
	OK('e', "/usr/bin/grp grp --fit=1x2 -o c a -e x -e y out", "app", D,
	   "p19"),
	NO('e', "/usr/bin/grp grp out", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp -n a out", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp -n 3 4 -x out", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp --fit=1x2 a out", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp --fit=1x2 -q -o c a out", "app", D, ARGUMENTS,
	   "p19"),
	NO('e', "/usr/bin/grp grp a -q out", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp a -e x b out", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp a -e -e out", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp a -e", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp a -e x", "app", D, ARGUMENTS, "p19"),
	NO('e', "/usr/bin/grp grp a out --exec", "app", D, ARGUMENTS, "p19"),
	OK('e', "/usr/bin/rst rst", "app", D, "p20"),
	OK('e', "/usr/bin/rst rst -q -q a b", "app", D, "p20"),
	NO('e', "/usr/bin/rst rst a -q", "app", D, ARGUMENTS, "p20"),
	NO('e', "/usr/bin/rst rst -q -r", "app", D, ARGUMENTS, "p20"),
	OK('S', "pic a.png > x && ls [-x]*", "app", D, "p21"),
	OK('S', "pic -q 5 --as=b 'a]' -q 6 a.png > x -z && ls [-x]*", "app", D,
	   "p21"),
	NO('S', "pic -q a.png > x && ls [-x]*", "app", D, ARGUMENTS, "p21"),
	NO('S', "pic -q 5 a.png > x -z; id && ls [-x]*", "app", D, ARGUMENTS,
	   "p21"),
	NO('S', "pic -q $(id) a.png > x && ls [-x]*", "app", D, ARGUMENTS,
	   "p21"),
	NO('S', "pic --as=b a.png > x && ls [-x]*", "app", D, ARGUMENTS, "p21"),
	NO('S', "pic a.png > x && ls -x", "app", D, ARGUMENTS, "p21"),
	OK('e', "/usr/bin/rel rel src/a.c", "app", D, "p11"),
	NO('e', "/usr/bin/rel rel src/../../a.c", "app", D, ARGUMENTS, "p11"),
	NO('e', "/usr/bin/rel rel /src/a.c", "app", D, ARGUMENTS, "p11"),
	OK('S', "ping -c 1 example.com > /dev/null", "app", D, "p4"),
	OK('S', "ping  -c '1' \"example.com\" >/dev/null", "app", D, "p4"),
	NO('S', "ping -c 1 example.com; id > /dev/null", "app", D, ARGUMENTS,
	   "p4"),
	NO('S', "ping -c 1 $(id) > /dev/null", "app", D, ARGUMENTS, "p4"),
	NO('S', "ping -c 1 `id` > /dev/null", "app", D, ARGUMENTS, "p4"),
	NO('S', "ping -c 1 a* > /dev/null", "app", D, ARGUMENTS, "p4"),
	NO('S', "ping -c 1 -x > /dev/null", "app", D, ARGUMENTS, "p4"),
	NO('S', "ping -c 1 example.com > /etc/cron.d/x", "app", D, ARGUMENTS,
	   "p4"),
	NO('S', "ping -c 1 example.com >> /dev/null", "app", D, ARGUMENTS,
	   "p4"),
	NO('S', "ping -c 1 a\nid > /dev/null", "app", D, ARGUMENTS, "p4"),
	OK('S', "lpr a 'b c' d 2> /dev/null", "app", D, "p17"),
	NO('S', "lpr a -b 2> /dev/null", "app", D, ARGUMENTS, "p17"),
	NO('S', "lpr a; b 2> /dev/null", "app", D, ARGUMENTS, "p17"),
	NO('S', "lpr a $(b) 2> /dev/null", "app", D, ARGUMENTS, "p17"),
	NO('S', "lpr 2> /dev/null", "app", D, ARGUMENTS, "p17"),
	OK('S', "cd /srv/x && tar c a.pdf b.pdf | gzip > o.gz", "app", D,
	   "p16"),
	NO('S', "cd /srv/x && tar c a.pdf ../b.pdf | gzip > o.gz", "app", D,
	   ARGUMENTS, "p16"),
	NO('S', "cd /srv/x && tar c a.pdf | id | gzip > o.gz", "app", D,
	   ARGUMENTS, "p16"),
	OK('S', "say x...", "app", D, "p18"),
	NO('S', "say x y", "app", D, ARGUMENTS, "p18"),
	OK('S', "ls *.txt | wc -l", "app", D, "p5"),
	NO('S', "ls '*.txt' | wc -l", "app", D, ARGUMENTS, "p5"),
	NO('S', "ls *.txt || wc -l", "app", D, ARGUMENTS, "p5"),
	OK('S', "sum x.y.* a\\ b.[ch] > o.sums", "app", D, "p22"),
	OK('S', "sum 'x y'.* \"a b\".[ch] > o.sums", "app", D, "p22"),
	NO('S', "sum x.? 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum x* 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum *.* 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum x.'*' 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum $x.* 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum x.*$y 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum ../x.* 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum a/x.* 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum -x.* 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum .x.* 'a b'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum x.* 'a c'.[ch] > o.sums", "app", D, ARGUMENTS, "p22"),
	NO('S', "sum x.* 'a b.[ch]' > o.sums", "app", D, ARGUMENTS, "p22"),
	OK('S', "echo 'unbalanced", "app", D, "p6"),
	NO('S', "echo 'unbalanced ", "app", D, NO_RULE, ""),
	OK('S', "tar czf /srv/shop/out/a.tgz data > /srv/shop/log.txt", "app",
	   D, "p7"),
	NO('S', "tar czf /srv/shop/out data > /srv/shop/log.txt", "app", D,
	   ARGUMENTS, "p7"),
	NO('S', "tar czf /srv/shop/out/../x data > /srv/shop/log.txt", "app", D,
	   ARGUMENTS, "p7"),
	OK('k', "4711", "app", D, "p8"),
	NONE('k', "self", "app", D),
};

static const struct row others[] = {
	OK('p', "collections OrderedDict", "app", D, "k1"),
	OK('p', "shop.models Cart", "app", D, "k2"),
	NO('p', "shop.models Cart", "flask", D, PRINCIPAL, "k2"),
	NO('p', "os system", "app", D, DENY_RULE, "x9"),
	NO('p', "posix system", "app", D, NO_RULE, ""),
	OK('p', "tax Rate", "app", D, "k3"),
	OK('p', "tax.eu.rates Rate", "app", D, "k3"),
	NO('p', "tax.eu os.system", "app", D, NO_RULE, ""),
	NO('p', "taxes Rate", "app", D, NO_RULE, ""),
	OK('o', "libc.so.6", "uuid", D, "d1"),
	NO('o', "libc.so.6", "app", D, PRINCIPAL, "d1"),
	NO('o', "uuid_generate", "app", D, ACCESS, "d2"),
	OK('y', "uuid_generate", "app", D, "d2"),
	OK('o', "", "app", D, "d3"),
	OK('o', "/opt/lib/x.so", "app", D, "d4"),
	NO('o', "/opt/lib/y/x.so", "app", D, NO_RULE, ""),
	NO('o', "/any/lib.so", "app", D, WRITTEN, "f13"),
	NONE('L', "/opt/lib/x.so", "app", D),
	NONE('L', "/opt/lib/y/x.so", "foreign", D),
	NO('L', "/opt/bad/x.so", "foreign", D, DENY_RULE, "x12"),
	NO('L', "/any/lib.so", "foreign", D, WRITTEN, "f13"),
	OK('v', "shop.refund 12 x", "app", D, "e1"),
	WARN('v', "shop.refund a x", "app", D, ARGUMENTS, "e1"),
	WARN('v', "shop.refund 12", "app", D, ARGUMENTS, "e1"),
	WARN('v', "shop.other", "app", D, NO_RULE, ""),
	NO('v', "shop.danger", "app", D, DENY_RULE, "x5"),
	OK('v', "sys.settrace", "app", D, "e2"),
	NO('v', "sys.setprofile", "app", D, NO_RULE, ""),
	OK('v', "os.chdir /srv", "app", D, "e3"),
	NO('v', "os.chdir /etc", "app", D, ARGUMENTS, "e3"),
	NO('v', "tempfile.mkdtemp /tmp/x", "app", D, DENY_RULE, "x6"),
	NONE('v', "tempfile.mkstemp /tmp/x", "app", D),
	NONE('v', "time.sleep 1", "app", D),
	NONE('v', "sys._getframe 1", "app", D),
};

#endif
