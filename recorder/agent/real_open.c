/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_open.c: the second step of an open: which file the kernel found.
 *
 * The hook decided by the path as it was spelled. The call that follows in the
 * same thread is made with RESOLVE_NO_SYMLINKS first: when that works the
 * spelling was the file's path, and nothing is left to do. Otherwise the
 * descriptor's path, if it is another, is recorded and decided as an event of
 * its own, secmgr.opened, under the same caller. A denial closes the descriptor
 * again; it is EACCES from the C library, so Python raises PermissionError.
 *
 * What would make or empty a file is decided before the call, and looked at
 * again after it. The GIL is not held here: no Python object is touched.
 *
 * A hard link is another name of the same file, and what is mounted elsewhere
 * has another path there: neither can be told from the file itself.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS_MAX   40 /* as the kernel's MAXSYMLINKS */
#define PACKAGE_MAX 64

/* The open this thread has announced and is about to make. */
struct announced {
	bool is_set, is_any; /* any: the event does not tell the name */
	uint32_t length;
	uint64_t hash; /* of the name, as it is passed */
	struct sm_view view;
	char package[PACKAGE_MAX];
};

static SM_THREAD_LOCAL struct announced announced;
static _Atomic bool has_openat2;

void sm_real_open_setup(bool is_libc)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS };
	int saved = errno;
	long fd = -1;

	if (is_libc)
		fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));
	has_openat2 = fd >= 0;
	if (fd >= 0)
		close((int)fd);
	errno = saved;
}

void sm_real_open_reset(void)
{
	announced.is_set = false;
}

/* Whom we know nothing by is forgotten with the next event. */
void sm_real_open_next_event(void)
{
	if (announced.is_any)
		announced.is_set = announced.is_any = false;
}

/* -------------------------------------------------------------- announcing */

/* Not only ASCII: *is_plain becomes false, its bytes depend on the locale. */
static uint64_t hash_of(const char *s, uint32_t n, bool *is_plain)
{
	uint64_t h = n, word, high = 0;

	while (n) {
		uint32_t step = n < sizeof(word) ? n : (uint32_t)sizeof(word);

		word = 0;
		memcpy(&word, s, step);
		high |= word;
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
		s += step;
		n -= step;
	}
	*is_plain = !(high & 0x8080808080808080u);
	return h;
}

static bool is_in_view(const struct sm_view *view, const struct sm_code *code)
{
	return code >= view->spare &&
	       code < view->spare + sizeof(view->spare) / sizeof(*view->spare);
}

/*
 * Entries of the code table stay. Of code that did not fit there the strings
 * go with it: what decides is kept, its package and kind.
 */
static void keep_view(const struct sm_view *view)
{
	struct sm_view *kept = &announced.view;
	uint32_t n;

	kept->caller = is_in_view(view, view->caller) ? NULL : view->caller;
	kept->owner = view->owner;
	kept->line = view->line;
	kept->via = view->via;
	kept->kind = view->kind;
	if (!is_in_view(view, view->owner))
		return;
	n = view->owner->package.len;
	if (n > PACKAGE_MAX) {
		kept->kind = SM_PRINCIPAL_FOREIGN;
		n = 0;
	}
	if (n)
		memcpy(announced.package, view->owner->package.p, n);
	kept->spare[0] = (struct sm_code){ .kind = view->owner->kind,
					   .flags = view->owner->flags };
	kept->spare[0].package = (struct sm_str){ announced.package, n };
	kept->owner = &kept->spare[0];
}

void sm_real_open_announce(const struct sm_view *view,
			   const struct sm_event *event)
{
	const struct sm_value *name = event->argc ? &event->args[0] : NULL;
	bool is_plain = false;

	announced.is_set = false;
	if (!name || name->type == SM_INT || name->type == SM_NONE)
		return; /* a descriptor is none that is opened */
	if (sm_value_is_string(name) && !sm_value_is_cut(name)) {
		announced.length = name->len;
		announced.hash = hash_of(name->s, name->len, &is_plain);
	}
	announced.is_any = !is_plain;
	keep_view(view);
	announced.is_set = true;
}

bool sm_real_open_is_next(const char *path)
{
	bool is_plain;
	size_t n;

	if (!announced.is_set || !path)
		return false;
	if (announced.is_any)
		return true;
	n = strlen(path);
	return n == announced.length &&
	       hash_of(path, (uint32_t)n, &is_plain) == announced.hash;
}

/* --------------------------------------------------------------- real path */

static bool is_making(int flags)
{
	return flags & (O_CREAT | O_TRUNC) || (flags & O_TMPFILE) == O_TMPFILE;
}

/*
 * "/proc/self" is a link to the own number, which is another every time: what
 * it leads to is called by the link's name.
 */
static struct sm_str name_self(char *text, uint32_t length)
{
	static const char proc[] = "/proc/", self[] = "self";
	const uint32_t at = sizeof(proc) - 1, to = sizeof(self) - 1;
	struct sm_str path = { text, length };
	char link[32];
	ssize_t read;
	uint32_t n;

	if (length <= at || memcmp(text, proc, at) != 0 || text[at] < '0' ||
	    text[at] > '9')
		return path;
	read = readlink("/proc/self", link, sizeof(link));
	n = read > 0 ? (uint32_t)read : 0;
	if (!n || length < at + n || memcmp(text + at, link, n) != 0 ||
	    (length > at + n && text[at + n] != '/') ||
	    length + to - n > SM_PATH_MAX)
		return path;
	memmove(text + at + to, text + at + n, length - at - n);
	memcpy(text + at, self, to);
	path.len = length + to - n;
	return path;
}

static struct sm_str path_of(int fd, char *out)
{
	struct sm_str path = sm_resolve_fd(fd, out);

	return path.len ? name_self(out, path.len) : path;
}

static struct sm_str spelled(int dir_fd, const char *path, char *out)
{
	struct sm_str name = sm_str_of(path);

	return sm_path_is_canonical(name) ? name
					  : sm_resolve_at(dir_fd, name, out);
}

/* What the path leads to; empty when it is not there, or has no name. */
static struct sm_str existing(int dir_fd, const char *path, int flags,
			      char *out)
{
	struct sm_str result = { NULL, 0 };
	int fd = sm_interpose_open(dir_fd, path, O_PATH | O_CLOEXEC | flags, 0);

	if (fd < 0)
		return result;
	result = path_of(fd, out);
	close(fd);
	return result;
}

/* Cuts the last component off name; it is left in last. */
static bool split(char *name, char *last)
{
	char *slash = strrchr(name, '/');
	const char *from = slash ? slash + 1 : name;

	if (!*from || strlen(from) > NAME_MAX)
		return false; /* "dir/": nothing is made by that name */
	strcpy(last, from);
	if (!slash)
		strcpy(name, ".");
	else
		slash[slash == name] = '\0';
	return true;
}

/*
 * Where open() would make a file: its directory's path and the last name,
 * which may be a link to what is not there yet.
 */
static struct sm_str new_file(int dir_fd, const char *path, bool follows,
			      char *out)
{
	char name[SM_PATH_MAX + 1], last[NAME_MAX + 1];
	struct sm_str none = { NULL, 0 }, dir;
	int fd = -1, next;

	if (strlen(path) > SM_PATH_MAX)
		return none;
	strcpy(name, path);
	for (unsigned i = 0; i < LINKS_MAX && split(name, last); i++) {
		ssize_t n = -1;

		next = sm_interpose_open(fd < 0 ? dir_fd : fd, name,
					 O_PATH | O_CLOEXEC | O_DIRECTORY, 0);
		if (fd >= 0)
			close(fd);
		fd = next;
		if (fd < 0)
			return none;
		if (follows)
			n = readlinkat(fd, last, name, SM_PATH_MAX);
		if (n > 0) {
			name[n] = '\0';
			continue;
		}
		dir = path_of(fd, name);
		close(fd);
		if (!dir.len || dir.len + strlen(last) + 1 > SM_PATH_MAX)
			return none;
		memcpy(out, dir.p, dir.len);
		if (dir.len > 1)
			out[dir.len++] = '/';
		memcpy(out + dir.len, last, strlen(last));
		dir.len += (uint32_t)strlen(last);
		return (struct sm_str){ out, dir.len };
	}
	if (fd >= 0)
		close(fd);
	return none;
}

/* ---------------------------------------------------------------- deciding */

static void put_string(struct sm_value *value, struct sm_str s)
{
	value->type = sm_utf8_is_valid(s) ? SM_TEXT : SM_BYTES;
	value->s = s.p;
	value->len = s.len < SM_STRING_MAX ? s.len : SM_STRING_MAX;
	value->full_len = s.len;
}

/* Records and decides that path is what was opened by name. */
static bool is_denied(struct sm_str name, struct sm_str path, int flags)
{
	static struct sm_record_event record; /* all three under the lock */
	static struct sm_denial denial;
	static struct sm_value values[4];
	struct sm_event *event = &record.event;
	bool result;

	if (!sm_agent_lock())
		return sm_agent_lost();
	memset(&record, 0, sizeof(record));
	memset(values, 0, sizeof(values));
	put_string(&values[0], path);
	values[1].type = SM_NONE;
	values[2].type = SM_INT;
	values[2].i = flags;
	put_string(&values[3], name);
	event->seq = ++sm_agent.seq;
	event->time_ns = sm_agent_now_ns();
	event->thread = sm_agent_thread();
	event->site.kind = SM_EVENT_OPENED;
	event->site.event = sm_catalogue_entry(SM_EVENT_OPENED)->name;
	sm_frames_site(&announced.view, &event->site);
	event->args = values;
	event->argc = 4;
	result = sm_deny_decide(&announced.view, event, &denial);
	sm_agent_store(&announced.view, &record);
	sm_agent_unlock();
	return result;
}

/*
 * Before the call: what it would make or empty. *before stays empty where
 * nothing is, or where the spelling was the path.
 */
static bool is_denied_before(int dir_fd, const char *path, int flags, char *out,
			     struct sm_str *before)
{
	char text[SM_PATH_MAX];
	bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	struct sm_str name = spelled(dir_fd, path, text);
	int saved = errno;
	bool result;

	*before = (struct sm_str){ NULL, 0 };
	if (!is_making(flags))
		return false;
	if (!is_new)
		*before = existing(dir_fd, path, flags & O_NOFOLLOW, out);
	if (!before->len && flags & O_CREAT)
		*before = new_file(dir_fd, path,
				   !is_new && !(flags & O_NOFOLLOW), out);
	result = before->len && !sm_str_equal(*before, name) &&
		 is_denied(name, *before, flags);
	errno = result ? EACCES : saved;
	return result;
}

/* After it. A file of O_TMPFILE has no name; its directory was decided. */
static bool is_denied_after(int dir_fd, const char *path, int flags, int fd,
			    struct sm_str before)
{
	char text[SM_PATH_MAX], out[SM_PATH_MAX];
	struct sm_str name, after;
	int saved = errno;
	bool result;

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return false;
	after = path_of(fd, out);
	name = spelled(dir_fd, path, text);
	result = after.len && !sm_str_equal(after, before) &&
		 !sm_str_equal(after, name) && is_denied(name, after, flags);
	errno = saved;
	return result;
}

/* ----------------------------------------------------------------- opening */

/* EINTR: Python tries the same again. */
static int done(int fd)
{
	if (fd >= 0 || errno != EINTR)
		announced.is_set = false;
	return fd;
}

static int open_and_look(int dir_fd, const char *path, int flags, mode_t mode)
{
	char out[SM_PATH_MAX];
	struct sm_str before;
	int fd;

	if (is_denied_before(dir_fd, path, flags, out, &before))
		return -1;
	fd = sm_interpose_open(dir_fd, path, flags, mode);
	if (fd < 0 || !is_denied_after(dir_fd, path, flags, fd, before))
		return fd;
	close(fd);
	errno = EACCES;
	return -1;
}

/* What open() itself would have said, without following a link. */
static bool is_final(int error)
{
	return error == ENOENT || error == EACCES || error == EEXIST ||
	       error == ENOTDIR || error == EISDIR || error == EINTR;
}

int sm_real_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = { .resolve = RESOLVE_NO_SYMLINKS };
	int saved = errno;
	long fd;

	if (!has_openat2)
		return done(open_and_look(dir_fd, path, flags, mode));
	how.flags = (unsigned)flags;
	how.mode = mode & 07777;
	fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
	if (fd >= 0 || is_final(errno))
		return done((int)fd);
	if (errno == ENOSYS)
		has_openat2 = false;
	errno = saved;
	return done(open_and_look(dir_fd, path, flags, mode));
}

/* The flags fopen(3) opens by. */
static int flags_of(const char *mode)
{
	bool both = strchr(mode, '+');
	int flags = both ? O_RDWR : O_WRONLY;

	if (*mode == 'w')
		flags |= O_CREAT | O_TRUNC;
	else if (*mode == 'a')
		flags |= O_CREAT | O_APPEND;
	else if (!both)
		flags = O_RDONLY;
	return strchr(mode, 'x') ? flags | O_EXCL : flags;
}

FILE *sm_real_open_stream(const char *path, const char *mode,
			  FILE *(*open)(const char *, const char *))
{
	char out[SM_PATH_MAX];
	int flags = flags_of(mode);
	struct sm_str before;
	FILE *stream = NULL;

	if (!is_denied_before(AT_FDCWD, path, flags, out, &before))
		stream = open(path, mode);
	if (stream &&
	    is_denied_after(AT_FDCWD, path, flags, fileno(stream), before)) {
		fclose(stream);
		errno = EACCES;
		stream = NULL;
	}
	done(stream ? 0 : -1);
	return stream;
}
