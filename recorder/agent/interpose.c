/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose.c: the few C library calls the agent stands in front of.
 *
 * setlocale tells that an interpreter comes up, chdir that the cwd changed.
 * The exec family and posix_spawn keep LD_PRELOAD and SECMGR_CHANNEL in the
 * environment of children that were given another one. exec runs in vfork
 * children too: nothing here allocates or writes memory but the stack, and
 * the real functions are looked up before.
 *
 * open and openat tell the directory an os.open() meant: late_open.c; and they
 * and fopen what it led to: real_open.c. Debian's and most others' Python calls
 * the names with 64; both are the same here.
 *
 * The real execvp calls execve inside libc, past any interposer: hence one
 * function each.
 */
#include "recorder/agent/agent.h"

#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder/agent/oldglibc.h"

#define EXPORT	__attribute__((visibility("default")))
#define ENV_MAX (1u << 16) /* longer environments pass as they are */
#define OUR_MAX 1024

extern char **environ;

/*
 * Named apart: with _FILE_OFFSET_BITS=64 the headers make open and open64 one
 * name, and the attributes of their declarations are not ours.
 */
EXPORT int sm_open(const char *, int, ...) __asm__("open");
EXPORT int sm_open64(const char *, int, ...) __asm__("open64");
EXPORT int sm_openat(int, const char *, int, ...) __asm__("openat");
EXPORT int sm_openat64(int, const char *, int, ...) __asm__("openat64");
EXPORT FILE *sm_fopen(const char *, const char *) __asm__("fopen");
EXPORT FILE *sm_fopen64(const char *, const char *) __asm__("fopen64");
/* What _FORTIFY_SOURCE makes of an open without a mode. */
EXPORT int sm_open_2(const char *, int) __asm__("__open_2");
EXPORT int sm_open64_2(const char *, int) __asm__("__open64_2");
EXPORT int sm_openat_2(int, const char *, int) __asm__("__openat_2");
EXPORT int sm_openat64_2(int, const char *, int) __asm__("__openat64_2");

static const char preload_name[] = "LD_PRELOAD=";
static const char channel_name[] = SM_CHANNEL_ENVIRONMENT "=";

/* "LD_PRELOAD=..." and "SECMGR_CHANNEL=...", as this process was given. */
static char our_preload[OUR_MAX], our_channel[OUR_MAX];
static const char *our_library; /* inside our_preload */

typedef int exec_function(const char *, char *const[], char *const[]);
typedef int spawn_function(pid_t *, const char *,
			   const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, char *const[],
			   char *const[]);

static struct {
	char *(*setlocale)(int, const char *);
	exec_function *execve, *execvpe;
	int (*fexecve)(int, char *const[], char *const[]);
	spawn_function *posix_spawn, *posix_spawnp;
	int (*open)(const char *, int, ...);
	int (*openat)(int, const char *, int, ...);
	FILE *(*fopen)(const char *, const char *);
} real;

static bool sees_open;

static void find(const char *name, void *slot)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(slot, &symbol, sizeof(symbol));
}

/* Not another library's that stands in front of it, as we do. */
static bool is_libc(int (*function)(const char *, int, ...))
{
	void *libc = dlsym(RTLD_NEXT, "gnu_get_libc_version"), *address;
	Dl_info ours, theirs;

	memcpy(&address, &function, sizeof(address));
	return libc && dladdr(libc, &theirs) && dladdr(address, &ours) &&
	       ours.dli_fbase == theirs.dli_fbase;
}

bool sm_interpose_sees_open(void)
{
	return sees_open;
}

void sm_interpose_setup(void)
{
	const char *channel = getenv(SM_CHANNEL_ENVIRONMENT);
	size_t prefix = sizeof(preload_name) - 1, n;
	Dl_info info;

	find("setlocale", &real.setlocale);
	find("execve", &real.execve);
	find("execvpe", &real.execvpe);
	find("fexecve", &real.fexecve);
	find("posix_spawn", &real.posix_spawn);
	find("posix_spawnp", &real.posix_spawnp);
	find("open64", &real.open);
	find("openat64", &real.openat);
	find("fopen64", &real.fopen);
	sees_open = dlsym(RTLD_DEFAULT, "open64") == (void *)sm_open64 &&
		    dlsym(RTLD_DEFAULT, "openat64") == (void *)sm_openat64;
	if (channel)
		sm_real_open_setup(is_libc(real.open));
	if (!channel || !dladdr(&sm_agent, &info) || !info.dli_fname)
		return;
	n = strlen(info.dli_fname);
	if (n + prefix >= sizeof(our_preload) ||
	    strlen(channel) + sizeof(channel_name) > sizeof(our_channel))
		return;
	memcpy(our_preload, preload_name, prefix);
	memcpy(our_preload + prefix, info.dli_fname, n + 1);
	memcpy(our_channel, channel_name, sizeof(channel_name) - 1);
	strcpy(our_channel + sizeof(channel_name) - 1, channel);
	our_library = our_preload + prefix;
}

/* ------------------------------------------------------------- environments */

struct plan {
	size_t count;	     /* variables in the given environment */
	size_t bytes;	     /* of a joined LD_PRELOAD; 0: none was given */
	const char *preload; /* the given LD_PRELOAD's value; NULL: none */
	unsigned preloads, channels; /* how often each is given */
	bool needs_preload, needs_channel;
};

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Whether list, as ld.so splits it, holds the agent's library. */
static bool lists_us(const char *list)
{
	size_t n = strlen(our_library);

	for (; *list; list += *list != '\0') {
		size_t length = strcspn(list, ": ");

		if (length == n && !memcmp(list, our_library, n))
			return true;
		list += length;
	}
	return false;
}

/*
 * A recorder inside a recorded program is let be; a policy cannot be exchanged
 * for another.
 */
static bool is_good_channel(const char *variable)
{
	return !(sm_agent.flags & SM_CHANNEL_ENFORCE) ||
	       !strcmp(variable, our_channel);
}

static struct plan plan_for(char *const envp[])
{
	struct plan p = { .needs_preload = true, .needs_channel = true };

	if (!our_library)
		return (struct plan){ 0 };
	for (; envp && envp[p.count]; p.count++) {
		const char *variable = envp[p.count];

		if (starts(variable, channel_name)) {
			p.needs_channel =
				p.channels++ || !is_good_channel(variable);
		} else if (starts(variable, preload_name)) {
			p.preload = variable + sizeof(preload_name) - 1;
			p.needs_preload = p.preloads++ || !lists_us(p.preload);
		}
		if (p.count > ENV_MAX)
			return (struct plan){ 0 };
	}
	if (p.needs_preload && p.preload)
		p.bytes = strlen(our_preload) + strlen(p.preload) + 2;
	return p;
}

static bool is_needed(const struct plan *p)
{
	return p->needs_preload || p->needs_channel;
}

static char *join(const char *theirs, char *text)
{
	strcpy(text, our_preload);
	if (*theirs) {
		strcat(text, ":");
		strcat(text, theirs);
	}
	return text;
}

/* out: count + 3 pointers; text: plan->bytes. Both on the caller's stack. */
static char *const *fill(const struct plan *p, char *const envp[], char **out,
			 char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->needs_preload && starts(envp[i], preload_name))
			continue;
		if (p->needs_channel && starts(envp[i], channel_name))
			continue;
		out[n++] = envp[i];
	}
	if (p->needs_preload)
		out[n++] = p->bytes ? join(p->preload, text) : our_preload;
	if (p->needs_channel)
		out[n++] = our_channel;
	out[n] = NULL;
	return out;
}

/* Evaluates to envp, completed; lives until the caller returns. */
#define COMPLETED(p, envp)                                                     \
	(is_needed(p)                                                          \
		 ? fill(p, envp, alloca(((p)->count + 3) * sizeof(char *)),    \
			alloca((p)->bytes + 1))                                \
		 : (envp))

/* -------------------------------------------------------------- exec family */

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.execve)
		return (int)syscall(SYS_execve, path, argv, completed);
	return real.execve(path, argv, completed);
}

EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.execvpe)
		find("execvpe", &real.execvpe);
	if (!real.execvpe) {
		errno = ENOSYS;
		return -1;
	}
	return real.execvpe(file, argv, completed);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.fexecve)
		find("fexecve", &real.fexecve);
	if (!real.fexecve) {
		errno = ENOSYS;
		return -1;
	}
	return real.fexecve(fd, argv, completed);
}

/* Not inlined: execl's prototype says first is never NULL, callers differ. */
static __attribute__((noinline)) size_t count_arguments(const char *first,
							va_list list)
{
	size_t n = 0;

	for (; first; first = va_arg(list, char *))
		n++;
	return n;
}

/* argv[0] and the rest; *rest is left behind the closing NULL. */
static void collect(char **argv, const char *first, size_t n, va_list rest)
{
	argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i <= n; i++)
		argv[i] = va_arg(rest, char *);
}

#define COLLECT(argv, first, list)                                             \
	do {                                                                   \
		size_t n_;                                                     \
		va_list copy_;                                                 \
		va_start(list, first);                                         \
		va_copy(copy_, list);                                          \
		n_ = count_arguments(first, copy_);                            \
		va_end(copy_);                                                 \
		(argv) = alloca((n_ + 1) * sizeof(char *));                    \
		collect(argv, first, n_, list);                                \
	} while (0)

EXPORT int execl(const char *path, const char *first, ...)
{
	va_list list;
	char **argv;

	COLLECT(argv, first, list);
	va_end(list);
	return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	va_list list;
	char **argv;

	COLLECT(argv, first, list);
	va_end(list);
	return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...)
{
	char *const *envp;
	va_list list;
	char **argv;

	COLLECT(argv, first, list);
	envp = va_arg(list, char *const *);
	va_end(list);
	return execve(path, argv, envp);
}

EXPORT int posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.posix_spawn)
		find("posix_spawn", &real.posix_spawn);
	return real.posix_spawn ? real.posix_spawn(pid, path, actions,
						   attributes, argv, completed)
				: ENOSYS;
}

EXPORT int posix_spawnp(pid_t *pid, const char *file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[],
			char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.posix_spawnp)
		find("posix_spawnp", &real.posix_spawnp);
	return real.posix_spawnp
		       ? real.posix_spawnp(pid, file, actions, attributes, argv,
					   completed)
		       : ENOSYS;
}

/* ------------------------------------------------------------------- others */

EXPORT char *setlocale(int category, const char *locale)
{
	if (!real.setlocale)
		find("setlocale", &real.setlocale);
	sm_load_late(__builtin_return_address(0));
	return real.setlocale ? real.setlocale(category, locale) : NULL;
}

EXPORT int chdir(const char *path)
{
	int result = (int)syscall(SYS_chdir, path);

	sm_resolve_cwd_changed();
	return result;
}

EXPORT int fchdir(int fd)
{
	int result = (int)syscall(SYS_fchdir, fd);

	sm_resolve_cwd_changed();
	return result;
}

/* -------------------------------------------------------------------- open */

static bool has_mode(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

int sm_interpose_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (dir_fd == AT_FDCWD && real.open)
		return real.open(path, flags, mode);
	if (real.openat)
		return real.openat(dir_fd, path, flags, mode);
	return (int)syscall(SYS_openat, dir_fd, path, flags, mode);
}

static int open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (sm_late_open_is_waiting() && sm_late_open_is_denied(dir_fd, path))
		return -1;
	if (sm_real_open_is_next(path))
		return sm_real_open(dir_fd, path, flags, mode);
	return sm_interpose_open(dir_fd, path, flags, mode);
}

/* The mode is there only when a file may be made. */
#define MODE(flags, mode)                                                      \
	do {                                                                   \
		va_list list_;                                                 \
		va_start(list_, flags);                                        \
		(mode) = has_mode(flags) ? va_arg(list_, mode_t) : 0;          \
		va_end(list_);                                                 \
	} while (0)

int sm_open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int sm_open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int sm_openat(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(dir_fd, path, flags, mode);
}

int sm_openat64(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(dir_fd, path, flags, mode);
}

/* glibc ends a program that leaves out a mode it needs; so does this. */
static int open_without_mode(int dir_fd, const char *path, int flags)
{
	if (has_mode(flags))
		abort();
	return open_at(dir_fd, path, flags, 0);
}

int sm_open_2(const char *path, int flags)
{
	return open_without_mode(AT_FDCWD, path, flags);
}

int sm_open64_2(const char *path, int flags)
{
	return open_without_mode(AT_FDCWD, path, flags);
}

int sm_openat_2(int dir_fd, const char *path, int flags)
{
	return open_without_mode(dir_fd, path, flags);
}

int sm_openat64_2(int dir_fd, const char *path, int flags)
{
	return open_without_mode(dir_fd, path, flags);
}

FILE *sm_fopen64(const char *path, const char *mode)
{
	if (!real.fopen)
		find("fopen64", &real.fopen);
	if (!real.fopen) {
		errno = ENOSYS;
		return NULL;
	}
	if (sm_real_open_is_next(path))
		return sm_real_open_stream(path, mode, real.fopen);
	return real.fopen(path, mode);
}

FILE *sm_fopen(const char *path, const char *mode)
{
	return sm_fopen64(path, mode);
}
