/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

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
"    { \"id\": \"x9\", \"class\": \"os.system\" }\n"
"  ] }\n";
/* clang-format on */

static struct compiled fixture;

static int set_up(void **state)
{
	(void)state;
	fixture = compile_text(policy_text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	compiled_free(&fixture);
	return 0;
}

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

static void stage_open(struct staged *s, const struct row *r, int flags)
{
	stage(s, "open", r->by);
	push_arg(s, text_value(r->what));
	push_arg(s, (struct sm_value){ .type = SM_NONE });
	push_arg(s, int_value(flags));
}

static char *next_word(char **rest)
{
	char *word = strsep(rest, " ");

	return word ? word : (char *)(uintptr_t) "";
}

static void put_peer(struct staged *s, const struct row *r, const char *name,
		     char *words)
{
	struct sm_value list = { .type = SM_LIST, .len = 2, .full_len = 2 };
	char *host = next_word(&words), *port = next_word(&words);

	stage(s, name, r->by);
	push_arg(s, text_value(words));
	s->items[0] = text_value(host);
	s->items[1] = int_value(atoi(port));
	list.items = s->items;
	push_arg(s, list);
}

static void stage_exec(struct staged *s, const struct row *r, char *words)
{
	char *name = next_word(&words), *at;
	struct sm_value code_value = { .type = SM_LIST,
				       .len = 2,
				       .full_len = 2 };

	for (at = name; *at; at++)
		if (*at == '#')
			*at = ' ';
	stage(s, "exec", r->by);
	s->items[0] = text_value(name);
	s->items[1] = text_value("<module>");
	code_value.items = s->items;
	push_arg(s, code_value);
	s->event.site.file = sm_str_of(strcmp(words, "-") ? words : "");
}

static void stage_custom(struct staged *s, const struct row *r, char *words)
{
	char *name = next_word(&words), *word, *end;

	stage(s, name, r->by);
	while (words) {
		word = next_word(&words);
		(void)strtol(word, &end, 10);
		push_arg(s, *word && !*end ? int_value(atoi(word))
					   : text_value(word));
	}
}

static void stage_row(struct staged *s, const struct row *r, char *words)
{
	switch (r->kind) {
	case 'r':
		stage_open(s, r, O_RDONLY);
		break;
	case 'w':
		stage_open(s, r, O_WRONLY | O_TRUNC);
		break;
	case 'b':
		stage_open(s, r, O_RDWR);
		break;
	case 'c':
		stage_open(s, r, O_WRONLY | O_CREAT);
		break;
	case 'l':
		stage(s, "os.listdir", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 's':
		stage(s, "sqlite3.connect", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'n':
		put_peer(s, r, "socket.connect", words);
		break;
	case 'B':
		put_peer(s, r, "socket.bind", words);
		break;
	case 'u':
		stage(s, "socket.connect", r->by);
		push_arg(s, text_value("unix"));
		push_arg(s, text_value(words));
		/* an abstract name starts with NUL where the row has @ */
		if (words[0] == '@')
			words[0] = 0;
		s->args[1].len = s->args[1].full_len = strlen(r->what);
		break;
	case 'g':
		stage(s, "socket.getaddrinfo", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'e':
		stage(s, "os.posix_spawn", r->by);
		push_arg(s, text_value(next_word(&words)));
		push_words(s, words);
		break;
	case 'S':
		stage(s, "os.system", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'k':
		stage(s, "os.kill", r->by);
		push_arg(s, strcmp(words, "self") ? int_value(atoi(words))
						  : text_value(words));
		push_arg(s, int_value(15));
		break;
	case 'x':
		stage_exec(s, r, words);
		break;
	case 'p':
		stage(s, "pickle.find_class", r->by);
		push_arg(s, text_value(next_word(&words)));
		push_arg(s, text_value(words));
		break;
	case 'o':
		stage(s, "ctypes.dlopen", r->by);
		push_arg(s, text_value(r->what));
		break;
	case 'y':
		stage(s, "ctypes.dlsym", r->by);
		push_arg(s, (struct sm_value){ .type = SM_NONE });
		push_arg(s, text_value(r->what));
		break;
	default:
		stage_custom(s, r, words);
	}
	s->event.site.via = r->via;
}

static void check_rows(const struct row *rows, size_t count)
{
	size_t i, checked = 0;

	for (i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		char *words = strdup(r->what), text[400];
		struct sm_verdict v;
		struct staged s;

		stage_row(&s, r, words);
		sm_policy_decide(&fixture.policy, &s.event, &v);
		sm_verdict_explain(&s.event, &v, text, sizeof(text));
		if (v.decision != r->decision || v.reason != r->reason ||
		    (r->rule && !sm_str_equal(v.rule, sm_str_of(r->rule))))
			fail_msg("%c %s by %s: got %s, %s, rule %.*s (%s)",
				 r->kind, r->what, r->by,
				 sm_decision_name(v.decision),
				 sm_reason_name(v.reason), (int)v.rule.len,
				 v.rule.p, text);
		free(words);
		checked++;
	}
	assert_int_equal(checked, count);
}

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void files_follow_path_access_principal_and_via(void **state)
{
	(void)state;
	check_rows(files, COUNT(files));
}

static void code_follows_place_module_and_runner(void **state)
{
	(void)state;
	check_rows(code, COUNT(code));
}

static void network_follows_host_port_and_protocol(void **state)
{
	(void)state;
	check_rows(network, COUNT(network));
}

static void processes_follow_program_words_and_shell_line(void **state)
{
	(void)state;
	check_rows(processes, COUNT(processes));
}

static void classes_libraries_and_events_follow_their_names(void **state)
{
	(void)state;
	check_rows(others, COUNT(others));
}

static void code_outside_every_load_rule_is_foreign(void **state)
{
	struct sm_principal p = { SM_PRINCIPAL_APP, SM_STR("app"),
				  SM_STR("/srv/shop/app.py") };

	(void)state;
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_APP);
	p.file = SM_STR("/srv/shop/data/upload.py");
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_FOREIGN);
	p.kind = SM_PRINCIPAL_DYNAMIC;
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_FOREIGN);
	p.kind = SM_PRINCIPAL_DISTRIBUTION;
	assert_int_equal(sm_policy_principal(&fixture.policy, &p),
			 SM_PRINCIPAL_DISTRIBUTION);
}

static enum sm_decision decide_mode(const char *modes, const char *event,
				    const char *what)
{
	char text[400];
	struct compiled c;
	struct staged s;
	struct sm_verdict v;

	snprintf(text, sizeof(text), "{\"secmgr\": 1, \"modes\": %s}", modes);
	c = compile_text(text);
	stage(&s, event, "python");
	push_arg(&s, text_value(what));
	push_arg(&s, int_value(0));
	push_arg(&s, int_value(0));
	sm_policy_decide(&c.policy, &s.event, &v);
	compiled_free(&c);
	return v.decision;
}

static void what_cannot_be_stopped_is_warned_about(void **state)
{
	static const char *const names[] = { "cpython._PySys_ClearAuditHooks",
					     "cpython.PyInterpreterState_Clear",
					     "cpython.PyInterpreterState_New",
					     "sys.excepthook",
					     "sys.unraisablehook",
					     "os.fork" };
	struct sm_verdict verdict;
	struct staged s;
	char text[128];

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct compiled c;

		snprintf(text, sizeof(text),
			 "{ \"secmgr\": 1, \"deny\": [{ \"name\": \"%s\" }] }",
			 names[i]);
		c = compile_text(text);
		stage(&s, names[i], "python");
		sm_policy_decide(&c.policy, &s.event, &verdict);
		assert_int_equal(verdict.reason, SM_REASON_DENY_RULE);
		assert_int_equal(verdict.decision,
				 i < 5 ? SM_WARNED : SM_DENIED);
		compiled_free(&c);
	}
}

static void modes_are_per_family_and_block_by_default(void **state)
{
	(void)state;
	assert_int_equal(decide_mode("{}", "open", "/x"), SM_DENIED);
	assert_int_equal(decide_mode("{\"files\": \"warn\"}", "open", "/x"),
			 SM_WARNED);
	assert_int_equal(decide_mode("{\"files\": \"off\"}", "open", "/x"),
			 SM_UNDECIDED);
	assert_int_equal(decide_mode("{\"code\": \"off\"}", "open", "/x"),
			 SM_DENIED);
	assert_int_equal(decide_mode("{}", "custom.event", "x"), SM_WARNED);
	assert_int_equal(
		decide_mode("{\"events\": \"block\"}", "custom.event", "x"),
		SM_DENIED);
	assert_int_equal(
		decide_mode("{\"events\": \"off\"}", "custom.event", "x"),
		SM_UNDECIDED);
	assert_int_equal(decide_mode("{}", "sys.settrace", "x"), SM_DENIED);
	assert_int_equal(
		decide_mode("{\"events\": \"warn\"}", "sys.settrace", "x"),
		SM_WARNED);
}

static void what_a_bound_cut_is_never_granted(void **state)
{
	struct staged s;
	struct sm_verdict v;

	(void)state;
	stage(&s, "open", "app");
	push_arg(&s, text_value("/srv/shop/data/x"));
	s.args[0].full_len = 5000;
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(0));
	sm_policy_decide(&fixture.policy, &s.event, &v);
	assert_int_equal(v.decision, SM_DENIED);
	assert_int_equal(v.reason, SM_REASON_CUT);
}

static void a_decision_is_explained_in_one_sentence(void **state)
{
	struct staged s;
	struct sm_verdict v;
	char text[200], shorter[20];

	(void)state;
	stage(&s, "open", "app");
	push_arg(&s, text_value("/srv/shop/data/x"));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(O_WRONLY));
	sm_policy_decide(&fixture.policy, &s.event, &v);
	sm_verdict_explain(&s.event, &v, text, sizeof(text));
	assert_string_equal(text, "write /srv/shop/data/x by app: no rule "
				  "covers it; nearest f1 lacks write");
	sm_verdict_explain(&s.event, &v, shorter, sizeof(shorter));
	assert_string_equal(shorter, "write /srv/shop/dat");
}

/* Bindings replace variables; without either, the line is told. */
static void variables_come_from_the_policy_or_from_bindings(void **state)
{
	static const char text[] =
		"{ \"secmgr\": 1,\n  \"files\": [\n    { \"id\": \"f1\", "
		"\"path\": \"${HOME}/x\", \"access\": [\"read\"] } ] }";
	struct sm_binding home = { "HOME", "/home/a:/home/b" };
	struct sm_rules *rules;
	struct sm_policy policy;
	struct sm_diag diag;
	struct sm_verdict v;
	struct staged s;
	void *blob;
	size_t bytes;

	(void)state;
	assert_int_equal(sm_policy_parse(text, strlen(text), &rules, &diag), 0);
	assert_int_equal(
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, &diag),
		SM_INVALID);
	assert_int_equal(diag.line, 3);
	assert_string_equal(diag.text, "undefined variable ${HOME}; give it a "
				       "value in \"variables\"");
	assert_int_equal(
		sm_policy_compile(rules, &home, 1, &blob, &bytes, &diag), 0);
	assert_int_equal(sm_policy_open(&policy, blob, bytes, &diag), 0);
	stage(&s, "open", "python");
	push_arg(&s, text_value("/home/b/x"));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(O_RDONLY));
	sm_policy_decide(&policy, &s.event, &v);
	assert_int_equal(v.decision, SM_ALLOWED);
	free(blob);
	sm_rules_free(rules);
}

static void each_request_of_an_event_is_decided_on_its_own(void **state)
{
	struct compiled c =
		compile_text("{\"secmgr\": 1, \"files\": ["
			     "{\"id\": \"old\", \"path\": \"/w/old\", "
			     "\"access\": [\"delete\"]},"
			     "{\"id\": \"new\", \"path\": \"/w/*\", "
			     "\"access\": [\"create\"]}]}");
	struct sm_verdict v;
	struct staged s;

	(void)state;
	stage(&s, "os.rename", "python");
	push_arg(&s, text_value("/w/old"));
	push_arg(&s, text_value("/w/.new"));
	push_arg(&s, int_value(-1));
	push_arg(&s, int_value(-1));
	sm_policy_decide_request(&c.policy, &s.event, 0, &v);
	assert_int_equal(v.decision, SM_ALLOWED);
	assert_true(sm_str_equal(v.rule, SM_STR("old")));
	sm_policy_decide_request(&c.policy, &s.event, 1, &v);
	assert_int_equal(v.decision, SM_DENIED);
	assert_int_equal(v.lacking, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
	assert_int_equal(v.request, 1);
	s.args[1] = text_value("/w/new");
	sm_policy_decide_request(&c.policy, &s.event, 1, &v);
	assert_int_equal(v.decision, SM_ALLOWED);
	assert_true(sm_str_equal(v.rule, SM_STR("new")));
	sm_policy_decide_request(&c.policy, &s.event, 2, &v);
	assert_int_equal(v.decision, SM_UNDECIDED);
	compiled_free(&c);
}

/* Its file is not allowed either; which no rule says. */
static void a_rule_that_denies_is_named_before_one_that_lacks(void **state)
{
	struct compiled c = compile_text("{\"secmgr\": 1, \"deny\": ["
					 "{\"id\": \"d\", \"name\": "
					 "\"os.mkdir\"}]}");
	struct sm_verdict v;
	struct staged s;

	(void)state;
	stage(&s, "os.mkdir", "python");
	push_arg(&s, text_value("/w/new"));
	push_arg(&s, int_value(0755));
	push_arg(&s, int_value(-1));
	sm_policy_decide(&c.policy, &s.event, &v);
	assert_int_equal(v.decision, SM_DENIED);
	assert_int_equal(v.reason, SM_REASON_DENY_RULE);
	assert_int_equal(v.family, SM_FAMILY_EVENTS);
	assert_true(sm_str_equal(v.rule, SM_STR("d")));
	compiled_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_follow_path_access_principal_and_via),
		cmocka_unit_test(code_follows_place_module_and_runner),
		cmocka_unit_test(network_follows_host_port_and_protocol),
		cmocka_unit_test(processes_follow_program_words_and_shell_line),
		cmocka_unit_test(
			classes_libraries_and_events_follow_their_names),
		cmocka_unit_test(code_outside_every_load_rule_is_foreign),
		cmocka_unit_test(what_cannot_be_stopped_is_warned_about),
		cmocka_unit_test(modes_are_per_family_and_block_by_default),
		cmocka_unit_test(what_a_bound_cut_is_never_granted),
		cmocka_unit_test(a_decision_is_explained_in_one_sentence),
		cmocka_unit_test(
			variables_come_from_the_policy_or_from_bindings),
		cmocka_unit_test(
			each_request_of_an_event_is_decided_on_its_own),
		cmocka_unit_test(
			a_rule_that_denies_is_named_before_one_that_lacks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
