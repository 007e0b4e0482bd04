/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/request.h"
#include "schema/request_file.h"

#include <sys/socket.h>

/* What builds the requests of one event. */
struct build {
	const struct sm_event *event;
	const struct sm_catalogue_entry *entry;
	struct sm_request_scratch *scratch;
	unsigned scratch_used;
	struct sm_request *out;
	unsigned count;
};

static inline const struct sm_value *arg(const struct build *b,
					 enum sm_role role)
{
	uint32_t count = b->entry ? b->entry->role_count : 0;

	if (count > b->event->argc)
		count = b->event->argc;
	for (uint32_t i = 0; i < count; i++)
		if ((b->entry->roles[i] & ~SM_ROLE_KEY) == role)
			return &b->event->args[i];
	return NULL;
}

static struct sm_request *add(struct build *b, enum sm_family family,
			      uint32_t access)
{
	struct sm_request *r = &b->out[b->count++];

	memset(r, 0, sizeof(*r));
	r->family = family;
	r->access = access;
	r->via = b->event->site.via;
	r->value = (struct sm_str){ "", 0 };
	r->port = -1;
	return r;
}

static char *scratch(struct build *b)
{
	return b->scratch->text[b->scratch_used++];
}

/* ------------------------------------------------------------------ files */

/*
 * The canonical path of an argument, or empty with *is_cut. An argument that
 * needs the process's context (relative, a descriptor) has it in resolved[].
 */
static struct sm_str path_of(const struct build *b, enum sm_role role,
			     bool *is_cut)
{
	const struct sm_value *v = arg(b, role);
	unsigned which = role == SM_ROLE_PATH_TO;
	struct sm_str given = b->event->resolved[which];

	*is_cut = false;
	if (given.len)
		return given;
	if (v && b->event->is_canonical[which])
		return sm_value_str(v);
	if (v && sm_value_is_string(v) && !sm_value_is_cut(v) &&
	    sm_path_is_canonical(sm_value_str(v)))
		return sm_value_str(v);
	*is_cut = true;
	return (struct sm_str){ "", 0 };
}

/* A descriptor whose file was decided when it was opened. */
static bool is_descriptor(const struct build *b, enum sm_role role)
{
	const struct sm_value *v = arg(b, role);
	struct sm_str given = b->event->resolved[role == SM_ROLE_PATH_TO];

	return v &&
	       (v->type == SM_INT || v->type == SM_TRUE ||
		v->type == SM_FALSE) &&
	       (!given.len || given.p[0] != '/');
}

static void file(struct build *b, enum sm_role role, uint32_t access)
{
	struct sm_request *r;
	bool is_cut;
	struct sm_str path;

	if (is_descriptor(b, role))
		return;
	path = path_of(b, role, &is_cut);
	r = add(b, SM_FAMILY_FILES, access);
	r->value = path;
	r->cut = is_cut;
}

/* Code read, or its cache written, by the import system and its like. */
static void load(struct build *b, enum sm_role role)
{
	struct sm_request *r;
	bool is_cut;
	struct sm_str path = path_of(b, role, &is_cut);

	r = add(b, SM_FAMILY_CODE, SM_ACCESS_LOAD);
	r->cut = is_cut;
	r->value = is_cut ? path : sm_path_source_of_cache(path, scratch(b));
}

/* True for DIR/__pycache__/X: what import may write on its own account. */
static bool is_in_cache(const struct build *b, enum sm_role role)
{
	static const char cache[] = "/__pycache__/";
	bool is_cut;
	struct sm_str path = path_of(b, role, &is_cut);
	uint32_t n = sizeof(cache) - 1, dir = path.len - sm_path_name(path).len;

	return dir >= n && !memcmp(path.p + dir - n, cache, n);
}

/* mode None: os.open; flags are always there. */
static inline uint32_t open_accesses(const struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_FLAGS);

	return sm_request_flags(v && v->type == SM_INT ? v->i
						       : O_RDWR | O_CREAT);
}

/* The last one has the largest number. */
const uint8_t sm_request_accesses[SM_OPERATION_DLSYM + 1] = {
	[SM_OPERATION_META] = SM_ACCESS_META,
	[SM_OPERATION_LIST] = SM_ACCESS_LIST,
	[SM_OPERATION_CREATE] = SM_ACCESS_CREATE | SM_ACCESS_WRITE,
	[SM_OPERATION_DELETE] = SM_ACCESS_DELETE,
	[SM_OPERATION_TRUNCATE] = SM_ACCESS_WRITE,
};

static uint32_t file_accesses(const struct build *b)
{
	return b->entry->operation == SM_OPERATION_OPEN
		       ? open_accesses(b)
		       : sm_request_accesses[b->entry->operation];
}

static void open_file(struct build *b)
{
	uint32_t access = file_accesses(b);
	enum sm_via via = b->event->site.via;

	if (is_descriptor(b, SM_ROLE_PATH))
		return;
	if (via != SM_VIA_DIRECT && access == SM_ACCESS_READ)
		load(b, SM_ROLE_PATH);
	else if (via == SM_VIA_IMPORT && is_in_cache(b, SM_ROLE_PATH))
		load(b, SM_ROLE_PATH);
	else
		file(b, SM_ROLE_PATH, access);
}

static void delete_file(struct build *b)
{
	if (b->event->site.via == SM_VIA_IMPORT && is_in_cache(b, SM_ROLE_PATH))
		load(b, SM_ROLE_PATH);
	else
		file(b, SM_ROLE_PATH, file_accesses(b));
}

static void rename_file(struct build *b)
{
	if (b->event->site.via == SM_VIA_IMPORT &&
	    is_in_cache(b, SM_ROLE_PATH) && is_in_cache(b, SM_ROLE_PATH_TO)) {
		load(b, SM_ROLE_PATH);
		load(b, SM_ROLE_PATH_TO);
		return;
	}
	file(b, SM_ROLE_PATH, SM_ACCESS_DELETE);
	file(b, SM_ROLE_PATH_TO, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
}

/*
 * ":memory:" and "" are no files; "file:" URIs have their path in resolved.
 * What a PathLike means is known once it is opened, as secmgr.database; where
 * nobody sees that, the agent calls it cut.
 */
static void sqlite(struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_PATH);
	struct sm_str name = v ? sm_value_str(v) : (struct sm_str){ "", 0 };

	if (v && v->type == SM_OPAQUE && !sm_value_is_cut(v) &&
	    b->event->site.kind == SM_EVENT_SQLITE3_CONNECT)
		return;

	if (v && sm_value_is_string(v) && !sm_value_is_cut(v) &&
	    !b->event->resolved[0].len &&
	    (!name.len || sm_str_equal(name, SM_STR(":memory:")) ||
	     sm_str_starts(name, SM_STR("file::memory:"))))
		return;
	file(b, SM_ROLE_PATH, SM_ACCESS_SQLITE);
}

/* ---------------------------------------------------------------- network */

/* Decimal port, or -1. */
static int32_t port_of(const struct sm_value *v)
{
	if (v && v->type == SM_INT && v->i >= 0 && v->i <= 65535)
		return (int32_t)v->i;
	return -1;
}

static char *put(char *at, struct sm_str s)
{
	if (s.len)
		memcpy(at, s.p, s.len);
	return at + s.len;
}

static char *put_port(char *at, int32_t port)
{
	char digits[8];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + port % 10);
	while ((port /= 10));
	while (n)
		*at++ = digits[--n];
	return at;
}

/* "host:port", "[v6]:port", or "host" without a port. */
static void name_peer(struct build *b, struct sm_request *r)
{
	bool has_colon = r->host.len && memchr(r->host.p, ':', r->host.len);
	char *start = scratch(b), *at = start;

	if (has_colon)
		*at++ = '[';
	at = put(at, r->host);
	if (has_colon)
		*at++ = ']';
	if (r->port >= 0) {
		*at++ = ':';
		at = put_port(at, r->port);
	}
	r->value = (struct sm_str){ start, (uint32_t)(at - start) };
}

static void unix_peer(struct build *b, struct sm_request *r, struct sm_str name)
{
	char *at;

	if (!name.len) { /* autobind, or unnamed */
		r->value = SM_STR("@");
	} else if (name.p[0] == '\0') {
		at = scratch(b);
		at[0] = '@';
		memcpy(at + 1, name.p + 1, name.len - 1);
		r->value = (struct sm_str){ at, name.len };
	} else if (b->event->resolved[0].len) {
		r->value = b->event->resolved[0];
	} else {
		r->value = name;
		r->cut = !sm_path_is_canonical(name);
	}
}

/* Of these each address is decided: one that cannot be read is none. */
static bool is_ordinary(struct sm_str kind)
{
	return sm_str_equal(kind, SM_STR("tcp")) ||
	       sm_str_equal(kind, SM_STR("udp")) ||
	       sm_str_equal(kind, SM_STR("unix"));
}

/* socket.connect, bind, sendto, sendmsg: (socket, address). */
static void peer(struct build *b, uint32_t access)
{
	const struct sm_value *v = arg(b, SM_ROLE_ADDRESS);
	const struct sm_value *socket = arg(b, SM_ROLE_SOCKET);
	struct sm_request *r;

	if (!v || v->type == SM_NONE)
		return; /* sendmsg on a connected socket */
	r = add(b, SM_FAMILY_NETWORK, access);
	r->proto = socket ? sm_value_str(socket) : (struct sm_str){ "", 0 };
	if (sm_value_is_string(v) && !sm_value_is_cut(v)) {
		unix_peer(b, r, sm_value_str(v));
		return;
	}
	if (v->type == SM_LIST && v->len >= 2 &&
	    sm_value_is_string(&v->items[0]) &&
	    !sm_value_is_cut(&v->items[0]) && port_of(&v->items[1]) >= 0) {
		r->host = sm_value_str(&v->items[0]);
		r->port = port_of(&v->items[1]);
		if (access == SM_ACCESS_CONNECT) {
			r->address = b->event->resolved[0];
			r->names = b->event->resolved[1];
		}
		name_peer(b, r);
		return;
	}
	/* netlink, packet, vsock: the socket's kind is the resource */
	r->access = SM_ACCESS_SOCKET;
	r->value = r->proto;
	r->cut = !r->value.len || is_ordinary(r->proto);
}

struct sm_str sm_request_next_name(struct sm_str *names)
{
	const char *space = memchr(names->p, ' ', names->len);
	uint32_t n = space ? (uint32_t)(space - names->p) : names->len;
	struct sm_str name = { names->p, n };

	n += space != NULL;
	names->p += n;
	names->len -= n;
	return name;
}

/* Text that inet_pton(3) or inet_aton(3) would take: no resolver is asked. */
static bool is_numeric(struct sm_str host)
{
	bool has_colon = host.len && memchr(host.p, ':', host.len);

	for (uint32_t i = 0; i < host.len; i++) {
		char c = host.p[i];

		if (has_colon && c == '%')
			return true; /* a scope id follows */
		if ((c >= '0' && c <= '9') || c == '.')
			continue;
		if (has_colon && (c == ':' || (c >= 'a' && c <= 'f') ||
				  (c >= 'A' && c <= 'F')))
			continue;
		return false;
	}
	return true;
}

static void resolve(struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_HOST);
	struct sm_request *r;

	if (!v)
		v = arg(b, SM_ROLE_ADDRESS);
	if (v && v->type == SM_LIST && v->len)
		v = &v->items[0];
	if (!v || v->type == SM_NONE ||
	    (sm_value_is_string(v) && !sm_value_is_cut(v) &&
	     is_numeric(sm_value_str(v))))
		return;
	r = add(b, SM_FAMILY_NETWORK, SM_ACCESS_RESOLVE);
	r->host = r->value = sm_value_str(v);
	/* Of getaddrinfo's the C library takes what stands before a NUL. */
	r->cut = !sm_value_is_string(v) || sm_value_is_cut(v) ||
		 (r->host.len && memchr(r->host.p, '\0', r->host.len));
}

/* Ordinary stream and datagram sockets are decided when they are used. */
static void new_socket(struct build *b)
{
	const struct sm_value *family = arg(b, SM_ROLE_FAMILY);
	const struct sm_value *type = arg(b, SM_ROLE_SOCK_TYPE);
	bool is_unknown = !family || !type || family->type != SM_INT ||
			  type->type != SM_INT;
	struct sm_request *r;

	if (!is_unknown && family->i == -1)
		return; /* socket(fileno=fd) */
	if (!is_unknown &&
	    (family->i == AF_INET || family->i == AF_INET6 ||
	     family->i == AF_UNIX) &&
	    (type->i & 0xf) != SOCK_RAW)
		return;
	r = add(b, SM_FAMILY_NETWORK, SM_ACCESS_SOCKET);
	if (!is_unknown && family->i == AF_NETLINK)
		r->value = SM_STR("netlink");
	else if (!is_unknown && family->i == AF_PACKET)
		r->value = SM_STR("packet");
	else if (!is_unknown && (family->i == AF_INET || family->i == AF_INET6))
		r->value = SM_STR("raw");
	else
		r->value = SM_STR("socket");
}

/* -------------------------------------------------------------- processes */

struct sm_str sm_request_shell_line(struct sm_str program,
				    const struct sm_value *argv, uint32_t argc)
{
	static const char *const shells[] = { "sh",  "bash", "dash",
					      "ksh", "zsh",  "ash" };
	struct sm_str name = sm_path_name(program), none = { "", 0 };
	struct sm_str dir = { program.p, program.len - name.len };

	/* Only the system's own shells are known to read lines as we do. */
	if (!sm_str_equal(dir, SM_STR("/bin/")) &&
	    !sm_str_equal(dir, SM_STR("/usr/bin/")))
		return none;
	if (argc < 3 || !sm_value_is_string(&argv[1]) ||
	    !sm_str_equal(sm_value_str(&argv[1]), SM_STR("-c")) ||
	    !sm_value_is_string(&argv[2]) || sm_value_is_cut(&argv[2]))
		return none;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (sm_str_equal(name, sm_str_of(shells[i])))
			return sm_value_str(&argv[2]);
	return none;
}

static bool is_argv_cut(const struct sm_value *argv, uint32_t argc)
{
	for (uint32_t i = 0; i < argc; i++)
		if (!sm_value_is_string(&argv[i]) || sm_value_is_cut(&argv[i]))
			return true;
	return false;
}

static void shell(struct build *b, struct sm_str line)
{
	struct sm_request *r = add(b, SM_FAMILY_PROCESSES, SM_ACCESS_SHELL);

	r->value = line;
}

/* What decides which code the child runs, where it is not what we were given.
 */
static void environment(struct build *b)
{
	struct sm_str changes = b->event->resolved[1];
	struct sm_request *r;

	if (!changes.len)
		return;
	r = add(b, SM_FAMILY_PROCESSES, SM_ACCESS_ENVIRONMENT);
	r->value = changes;
	/* What the agent says when it cannot tell: nothing grants that. */
	r->cut = sm_str_equal(changes, SM_STR("unreadable"));
}

/*
 * What the event cannot tell, the exec interposer can: a PathLike's path, the
 * path of a name that PATH did not lead to. It asks for what is really run, as
 * secmgr.exec. Where there is no interposer, the agent calls them cut.
 */
static bool is_told_later(const struct sm_value *program,
			  const struct sm_value *argv, struct sm_str path)
{
	const struct sm_value *items = argv;
	uint32_t n = argv != NULL;

	if (argv && argv->type == SM_LIST) {
		items = argv->items;
		n = argv->len;
	}
	if (program && sm_value_is_cut(program))
		return false;
	if (program && program->type == SM_OPAQUE)
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (items[i].type == SM_OPAQUE && !sm_value_is_cut(&items[i]))
			return true;
	return path.len && !memchr(path.p, '/', path.len);
}

/* program and argv; the agent puts what PATH finds in resolved[0]. */
static void exec_program(struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_ARGV);
	const struct sm_value *program = arg(b, SM_ROLE_PROGRAM);
	struct sm_str path = b->event->resolved[0], line;
	bool is_named = !program || program->type == SM_NONE ||
			program->type == SM_LIST;
	struct sm_request *r;

	if (!path.len && program && sm_value_is_string(program))
		path = sm_value_str(program);
	if (!path.len && is_named && v && sm_value_is_string(v))
		path = sm_value_str(v);
	if (!path.len && is_named && v && v->type == SM_LIST && v->len)
		path = sm_value_str(&v->items[0]);
	if (b->event->site.kind != SM_EVENT_EXECUTED &&
	    is_told_later(program, v, path))
		return;
	if (v && v->type == SM_LIST && !sm_value_is_cut(v)) {
		line = sm_request_shell_line(path, v->items, v->len);
		if (line.len && v->len == 3) {
			shell(b, line);
			return;
		}
	}
	r = add(b, SM_FAMILY_PROCESSES, SM_ACCESS_EXEC);
	r->value = path;
	if (v && v->type == SM_LIST) {
		r->args = v->items;
		r->argc = v->len;
	} else if (v && sm_value_is_string(v)) {
		r->args = v;
		r->argc = 1;
	}
	r->cut = !v || sm_value_is_cut(v) || is_argv_cut(r->args, r->argc) ||
		 !sm_path_is_canonical(path);
}

static void exec(struct build *b)
{
	exec_program(b);
	environment(b);
}

/* 3.14 raises fork_exec below subprocess.Popen, which was decided already. */
static void fork_exec(struct build *b)
{
	struct sm_str function = b->event->site.function;
	struct sm_str suffix = SM_STR("_execute_child");

	if (function.len >= suffix.len &&
	    !memcmp(function.p + function.len - suffix.len, suffix.p,
		    suffix.len) &&
	    sm_str_equal(sm_path_name(b->event->site.file),
			 SM_STR("subprocess.py")))
		return;
	exec(b);
}

static void system_line(struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_SHELL);

	shell(b, v ? sm_value_str(v) : (struct sm_str){ "", 0 });
	b->out[b->count - 1].cut =
		!v || !sm_value_is_string(v) || sm_value_is_cut(v);
	environment(b);
}

static void signal_process(struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_PID);
	struct sm_request *r;

	if (!v)
		v = arg(b, SM_ROLE_PGID);
	if (v && sm_value_is_string(v))
		return; /* "self", "child", "group" */
	r = add(b, SM_FAMILY_PROCESSES, SM_ACCESS_SIGNAL);
	r->value = SM_STR("other");
}

/* --------------------------------------------- code, pickles, native, rest */

static void import(struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_PATH);

	if (v && v->type != SM_NONE)
		load(b, SM_ROLE_PATH); /* an extension module is linked in */
}

static void run(struct build *b)
{
	const struct sm_value *v = arg(b, SM_ROLE_CODE);
	bool is_named = v && v->type == SM_LIST && v->len &&
			sm_value_is_string(&v->items[0]) &&
			!sm_value_is_cut(&v->items[0]);
	struct sm_str name = { "", 0 };
	struct sm_request *r;

	if (is_named)
		name = sm_value_str(&v->items[0]);
	if (name.len && name.p[0] == '/' && sm_path_is_canonical(name)) {
		r = add(b, SM_FAMILY_CODE, SM_ACCESS_LOAD);
		r->value = name;
	} else if (b->event->resolved[0].len) {
		r = add(b, SM_FAMILY_CODE, SM_ACCESS_LOAD);
		r->value = b->event->resolved[0];
	} else {
		r = add(b, SM_FAMILY_CODE, SM_ACCESS_RUN);
		r->value = name;
		r->cut = !is_named;
	}
}

static void find_class(struct build *b)
{
	const struct sm_value *module = arg(b, SM_ROLE_MODULE);
	const struct sm_value *name = arg(b, SM_ROLE_NAME);
	struct sm_request *r = add(b, SM_FAMILY_PICKLES, SM_ACCESS_CLASS);
	char *start = scratch(b), *at = start;
	struct sm_str m, n;

	r->cut = !module || !name || !sm_value_is_string(module) ||
		 !sm_value_is_string(name) || sm_value_is_cut(module) ||
		 sm_value_is_cut(name);
	if (r->cut)
		return;
	m = sm_value_str(module);
	n = sm_value_str(name);
	if (m.len + n.len + 1 > sizeof(b->scratch->text[0])) {
		r->cut = true;
		return;
	}
	at = put(at, m);
	/* An attribute of what the module holds: `<class>` is never one. */
	*at++ = n.len && memchr(n.p, '.', n.len) ? ':' : '.';
	at = put(at, n);
	r->value = (struct sm_str){ start, (uint32_t)(at - start) };
}

static void native(struct build *b, enum sm_role role, uint32_t access)
{
	const struct sm_value *v = arg(b, role);
	struct sm_request *r = add(b, SM_FAMILY_NATIVE, access);

	if (!v || v->type == SM_NONE) /* dlopen(NULL) */
		return;
	r->value = b->event->resolved[0].len ? b->event->resolved[0]
					     : sm_value_str(v);
	/* dlsym by ordinal, or an object: an address is never a key */
	r->cut = !sm_value_is_string(v) || sm_value_is_cut(v);
}

static void named(struct build *b)
{
	struct sm_request *r = add(b, SM_FAMILY_EVENTS, SM_ACCESS_RAISE);

	r->value = b->event->site.event;
	r->args = b->event->args;
	r->argc = b->event->argc;
}

static void build_requests(struct build *b)
{
	switch ((enum sm_operation)b->entry->operation) {
	case SM_OPERATION_NONE:
		return;
	case SM_OPERATION_NAMED:
		named(b);
		return;
	case SM_OPERATION_OPEN:
		open_file(b);
		return;
	case SM_OPERATION_META:
	case SM_OPERATION_LIST:
	case SM_OPERATION_CREATE:
	case SM_OPERATION_TRUNCATE:
		file(b, SM_ROLE_PATH, file_accesses(b));
		return;
	case SM_OPERATION_DELETE:
		delete_file(b);
		return;
	case SM_OPERATION_RENAME:
		rename_file(b);
		return;
	case SM_OPERATION_LINK:
		file(b, SM_ROLE_PATH,
		     SM_ACCESS_READ | SM_ACCESS_WRITE | SM_ACCESS_LINK);
		file(b, SM_ROLE_PATH_TO, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
		return;
	case SM_OPERATION_SYMLINK:
		file(b, SM_ROLE_PATH_TO, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
		return;
	case SM_OPERATION_SQLITE:
		sqlite(b);
		return;
	case SM_OPERATION_SOCKET:
		new_socket(b);
		return;
	case SM_OPERATION_CONNECT:
		peer(b, SM_ACCESS_CONNECT);
		return;
	case SM_OPERATION_BIND:
		peer(b, SM_ACCESS_BIND);
		return;
	case SM_OPERATION_RESOLVE:
		resolve(b);
		return;
	case SM_OPERATION_POPEN:
	case SM_OPERATION_EXEC:
		exec(b);
		return;
	case SM_OPERATION_FORK_EXEC:
		fork_exec(b);
		return;
	case SM_OPERATION_SYSTEM:
		system_line(b);
		return;
	case SM_OPERATION_SIGNAL:
		signal_process(b);
		return;
	case SM_OPERATION_IMPORT:
		import(b);
		return;
	case SM_OPERATION_RUN:
		run(b);
		return;
	case SM_OPERATION_CLASS:
		find_class(b);
		return;
	case SM_OPERATION_DLOPEN:
		native(b, SM_ROLE_LIBRARY, SM_ACCESS_DLOPEN);
		return;
	case SM_OPERATION_DLSYM:
		native(b, SM_ROLE_SYMBOL, SM_ACCESS_DLSYM);
		return;
	}
}

unsigned sm_event_requests(const struct sm_event *event,
			   struct sm_request_scratch *scratch_space,
			   struct sm_request out[SM_REQUESTS_MAX])
{
	struct build b = { .event = event,
			   .entry = sm_catalogue_entry(event->site.kind),
			   .scratch = scratch_space,
			   .out = out };

	if (b.entry)
		build_requests(&b);
	else
		named(&b);
	return b.count;
}

void sm_event_named(const struct sm_event *event,
		    const struct sm_request *requests, unsigned count,
		    struct sm_named *out)
{
	const struct sm_named *named = event->named;

	out->count = 0;
	for (uint32_t i = 0; named && i < named->count; i++)
		for (unsigned r = 0; r < count; r++)
			if (requests[r].family == SM_FAMILY_FILES &&
			    sm_path_is_under(requests[r].value,
					     named->paths[i])) {
				out->paths[out->count++] = named->paths[i];
				break;
			}
}
