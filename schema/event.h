/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h: one audit event, and the catalogue of the events CPython raises.
 *
 * The same struct is built by the agent (from Python objects), by the reader
 * of a trace, and by tests; sm_event_requests() and sm_policy_decide() cannot
 * tell which, and so cannot disagree. Everything in it is borrowed.
 * Source: PEP 578; docs.python.org/3/library/audit_events.html
 */
#ifndef SCHEMA_EVENT_H
#define SCHEMA_EVENT_H

#include "schema/named.h"
#include "schema/value.h"

enum sm_family {
	SM_FAMILY_FILES,
	SM_FAMILY_NETWORK,
	SM_FAMILY_PROCESSES,
	SM_FAMILY_CODE,
	SM_FAMILY_PICKLES,
	SM_FAMILY_NATIVE,
	SM_FAMILY_EVENTS,
	SM_FAMILIES
};

enum sm_access_number {
#define SM_ACCESS(id, family, name) SM_ACCESS_NUMBER_##id,
#include "schema/access.def"
#undef SM_ACCESS
	SM_ACCESSES
};

/* A set of accesses is an OR of these bits in a uint32_t. */
enum sm_access {
#define SM_ACCESS(id, family, name) SM_ACCESS_##id = 1 << SM_ACCESS_NUMBER_##id,
#include "schema/access.def"
#undef SM_ACCESS
};

enum sm_event_kind {
	SM_EVENT_OTHER, /* not in the catalogue; known by its name only */
#define SM_EVENT(id, name, class, operation, ...) SM_EVENT_##id,
#include "schema/events.def"
#undef SM_EVENT
	SM_EVENTS
};

enum sm_event_class { SM_CLASS_PRIMITIVE, SM_CLASS_COMPOSITE, SM_CLASS_NOISE };

/* How arguments become requests; see schema/request.c. */
enum sm_operation {
	SM_OPERATION_NONE,
	SM_OPERATION_NAMED,
	SM_OPERATION_OPEN,
	SM_OPERATION_META,
	SM_OPERATION_LIST,
	SM_OPERATION_CREATE,
	SM_OPERATION_DELETE,
	SM_OPERATION_RENAME,
	SM_OPERATION_LINK,
	SM_OPERATION_SYMLINK,
	SM_OPERATION_TRUNCATE,
	SM_OPERATION_SQLITE,
	SM_OPERATION_SOCKET,
	SM_OPERATION_CONNECT,
	SM_OPERATION_BIND,
	SM_OPERATION_RESOLVE,
	SM_OPERATION_POPEN,
	SM_OPERATION_FORK_EXEC,
	SM_OPERATION_EXEC,
	SM_OPERATION_SYSTEM,
	SM_OPERATION_SIGNAL,
	SM_OPERATION_IMPORT,
	SM_OPERATION_RUN,
	SM_OPERATION_CLASS,
	SM_OPERATION_DLOPEN,
	SM_OPERATION_LOADED,
	SM_OPERATION_DLSYM,
};

/*
 * What an argument is. The agent extracts by role:
 *   SECRET      str/bytes become SM_DIGEST; never stored
 *   SEARCH      dropped (SM_NONE): sys.path and friends, known from process
 *   OTHER       exact int/bool/None kept, everything else its type name
 *   ADDRESS_OF  an address: SM_NONE, so that it is part of no key
 *   SOCKET      SM_TEXT: "tcp", "udp", "unix", "raw", "packet", "netlink" or
 *               "socket" (unknown), read from the C struct and the kernel
 *   CODE        SM_LIST [co_filename, qualified name]
 *   ENVIRON     SM_LIST of sorted variable names, or SM_NONE for inherited
 *   KEYS        SM_LIST of a dict's keys
 *   PID, PGID   SM_TEXT "self", "child", "group", or SM_INT of another process
 * Everything else is kept as the typed value it is.
 */
enum sm_role {
	SM_ROLE_OTHER,
	SM_ROLE_PATH,
	SM_ROLE_PATH_TO,
	SM_ROLE_LINK_TEXT,
	SM_ROLE_MODE,
	SM_ROLE_FLAGS,
	SM_ROLE_FD,
	SM_ROLE_DIR_FD,
	SM_ROLE_DIR_FD_TO,
	SM_ROLE_NUMBER,
	SM_ROLE_NAME,
	SM_ROLE_TEXT,
	SM_ROLE_URL,
	SM_ROLE_SECRET,
	SM_ROLE_KEYS,
	SM_ROLE_SEARCH,
	SM_ROLE_SOCKET,
	SM_ROLE_ADDRESS,
	SM_ROLE_FAMILY,
	SM_ROLE_SOCK_TYPE,
	SM_ROLE_PROTOCOL,
	SM_ROLE_HOST,
	SM_ROLE_PORT,
	SM_ROLE_PROGRAM,
	SM_ROLE_ARGV,
	SM_ROLE_CWD,
	SM_ROLE_ENVIRON,
	SM_ROLE_SHELL,
	SM_ROLE_PID,
	SM_ROLE_PGID,
	SM_ROLE_SIGNAL,
	SM_ROLE_MODULE,
	SM_ROLE_CODE,
	SM_ROLE_LIBRARY,
	SM_ROLE_SYMBOL,
	SM_ROLE_ADDRESS_OF,
};

#define SM_ARGS_MAX 10
#define SM_ROLE_KEY 0x80 /* ORed to a role: the argument decides */

struct sm_catalogue_entry {
	struct sm_str name;
	uint8_t class;	   /* enum sm_event_class */
	uint8_t operation; /* enum sm_operation */
	uint8_t role_count;
	uint8_t roles[SM_ARGS_MAX]; /* enum sm_role, with SM_ROLE_KEY */
};

/* How code came to be read: policy.md "Via". */
enum sm_via {
	SM_VIA_DIRECT,
	SM_VIA_IMPORT,	  /* import machinery above the caller */
	SM_VIA_TRACEBACK, /* source lines for a traceback or a warning */
	SM_VIA_EXEC,	  /* the interpreter or runpy starting a program */
	SM_VIAS
};

/* Who did it: the nearest Python frame outside the standard library. */
enum sm_principal_kind {
	SM_PRINCIPAL_APP,	   /* name "app" */
	SM_PRINCIPAL_DISTRIBUTION, /* name: top-level package */
	SM_PRINCIPAL_PYTHON,	   /* name "python": standard library only */
	SM_PRINCIPAL_MAIN,	   /* name "main": -c or stdin code */
	SM_PRINCIPAL_DYNAMIC,	   /* name "dynamic": generated code */
	SM_PRINCIPAL_FOREIGN, /* name "foreign": unreadable, or elsewhere */
	SM_PRINCIPALS
};

struct sm_principal {
	enum sm_principal_kind kind;
	struct sm_str name; /* as printed and matched by `by` */
	/*
	 * APP: the principal frame's file (absolute), checked against the
	 * policy's `code` load rules. DYNAMIC: the nearest file-backed frame's
	 * file. Otherwise empty.
	 */
	struct sm_str file;
	struct sm_str function; /* APP: that frame's, as a site's; or empty */
};

/* A call site: everything about an event that repeats. */
struct sm_site {
	enum sm_event_kind kind;
	struct sm_str event; /* its name */
	struct sm_str file;  /* innermost frame's co_filename; may be empty */
	struct sm_str function; /* its qualified name (co_name before 3.11) */
	uint32_t line;		/* 0: unknown */
	enum sm_via via;
	struct sm_principal principal;
};

enum sm_decision {
	SM_UNDECIDED, /* no policy, or the event asks for nothing */
	SM_ALLOWED,
	SM_WARNED, /* the policy denies it; its mode lets it pass */
	SM_DENIED,
};

/* As recorded by an enforcing agent. */
struct sm_recorded_verdict {
	enum sm_decision decision;
	struct sm_str rule; /* deciding or nearest rule's id; may be empty */
};

#define SM_RESOLVED_MAX 2

struct sm_event {
	uint64_t seq;	  /* per process, counted from 1, gaps are losses */
	uint64_t time_ns; /* CLOCK_MONOTONIC of the recorded host */
	uint32_t process; /* number of the process row in the trace; from 1 */
	uint32_t thread;  /* kernel thread id */
	struct sm_site site;
	uint32_t argc;
	const struct sm_value *args;
	/*
	 * What arguments meant where and when the event happened, where that
	 * is not what they say. Empty: the argument itself is canonical.
	 * resolved[0] belongs to the PATH (or PROGRAM, or CWD-relative) role,
	 * resolved[1] to PATH_TO (in events that start programs: to ENVIRON,
	 * as "NAME=HASH ..." of the LD_*, PYTHON* and PATH variables that the
	 * child gets and this process was not given): absolute, `.`, `..` and
	 * `//` removed, based on cwd or dir_fd; a descriptor's path; a program
	 * found on PATH. In events that connect to a host: [0] the address a
	 * name led to, [1] "NAME NAME ...", sorted: what the process had asked
	 * for when that address was the answer.
	 */
	struct sm_str resolved[SM_RESOLVED_MAX];
	const struct sm_named *named; /* by its process; NULL: nothing */
	/* Its maker has looked: the argument is. False: nobody has. */
	bool is_canonical[SM_RESOLVED_MAX];
	struct sm_recorded_verdict verdict;
	/* What a policy says that was only asked: nothing is held to it. */
	struct sm_recorded_verdict shadow;
};

extern const struct sm_catalogue_entry sm_catalogue[SM_EVENTS];

/* The entry of kind; SM_EVENT_OTHER and unknown numbers give NULL. */
static inline const struct sm_catalogue_entry *
sm_catalogue_entry(enum sm_event_kind kind)
{
	/* without 0, which is SM_EVENT_OTHER */
	if ((unsigned)kind - 1 >= SM_EVENTS - 1u)
		return NULL;
	return &sm_catalogue[kind];
}

/*
 * What the agent puts before the name of a catalogued event that CPython did
 * not raise, but Python code through sys.audit(): it is in no catalogue then,
 * means no file, address or program, and nothing is learned from it.
 */
#define SM_EVENT_FORGED "forged:"

/* The kind of a name; SM_EVENT_OTHER when it is not catalogued. O(1). */
enum sm_event_kind sm_catalogue_find(struct sm_str name);

/* The class; uncatalogued events are SM_CLASS_PRIMITIVE (decided by name). */
enum sm_event_class sm_event_class(enum sm_event_kind kind);

/* Index of the first argument with role, or -1. */
int sm_catalogue_role(const struct sm_catalogue_entry *entry,
		      enum sm_role role);

/* Names as they stand in policies, traces and output. Never NULL. */
const char *sm_family_name(enum sm_family family);
const char *sm_access_name(enum sm_access access);
const char *sm_via_name(enum sm_via via);
const char *sm_principal_kind_name(enum sm_principal_kind kind);
const char *sm_decision_name(enum sm_decision decision);
/*
 * One text for a principal's name and function, as `by` spells them, and back:
 * "app:main". What needs more room, or has no function, is the name alone.
 */
#define SM_PRINCIPAL_MAX 512
struct sm_str sm_principal_spell(const struct sm_principal *principal,
				 char *room, size_t bytes);
void sm_principal_read(struct sm_principal *principal, struct sm_str text);
/* The reverse; -1 when there is no such name. access: 0 when unknown. */
int sm_family_find(struct sm_str name);
int sm_via_find(struct sm_str name);
uint32_t sm_access_find(enum sm_family family, struct sm_str name);

#endif
