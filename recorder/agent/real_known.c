/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_known.c: opens through links that were met before.
 *
 * Only /proc tells where a descriptor's file lies, and it takes its time: more
 * than 1 us. So it is remembered where a name led. While a look at the name
 * finds the very file that lies there, that file is opened by its path, on
 * which there is no link, and looked at itself: the path that is decided by is
 * the one that was opened, and what was opened is what the name leads to.
 *
 * What differs in any way is opened by its name and asked for as before; what
 * is remembered wrongly costs time, nothing else. A file of several names is
 * never opened by another than the one the kernel finds.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES	   256u
#define PATH_BYTES 244 /* longer ones are asked for; an entry has 256 */
#define MISSES_MAX 3   /* then it is not tried again while it leads there */
#define WANTED	   (STATX_BASIC_STATS | STATX_MNT_ID)

struct known {
	uint64_t hash; /* of the name; another's of the same is harmless */
	/* A thread copies to or from it; who finds it so does without. */
	_Atomic bool is_busy;
	uint8_t misses, length;
	char path[PATH_BYTES];
};

static struct known table[ENTRIES];

/* The name's entry, which may be another's; NULL: somebody has it. */
static struct known *take(uint64_t hash)
{
	struct known *k = &table[(hash >> 32) % ENTRIES];

	return atomic_exchange_explicit(&k->is_busy, true, memory_order_acquire)
		       ? NULL
		       : k;
}

static void give_back(struct known *k)
{
	atomic_store_explicit(&k->is_busy, false, memory_order_release);
}

/* Where it led, ending in a NUL; false: not known. */
static bool recall(uint64_t hash, char *out, struct sm_str *to)
{
	struct known *k = take(hash);
	bool is_known;

	if (!k)
		return false;
	is_known = k->hash == hash && k->length && k->misses < MISSES_MAX;
	if (is_known) {
		memcpy(out, k->path, k->length);
		out[k->length] = '\0';
		*to = (struct sm_str){ out, k->length };
	}
	give_back(k);
	return is_known;
}

static void miss(uint64_t hash, uint8_t times)
{
	struct known *k = take(hash);

	if (!k)
		return;
	if (k->hash == hash && k->misses < MISSES_MAX)
		k->misses += times;
	give_back(k);
}

void sm_real_known_keep(const char *path, struct sm_str to)
{
	uint64_t hash = sm_announced_hash(path);
	struct known *k = take(hash);

	if (!k)
		return;
	/* below /proc there is a link, "self", in our words for a path */
	if (!to.len || to.len > sizeof(k->path) ||
	    sm_str_starts(to, SM_STR("/proc/")))
		to = SM_STR("");
	if (k->hash != hash || k->length != to.len ||
	    memcmp(k->path, to.p, to.len) != 0) {
		k->hash = hash;
		k->misses = 0;
		k->length = (uint8_t)to.len;
		memcpy(k->path, to.p, to.len);
	}
	give_back(k);
}

static bool look(int dir_fd, const char *path, int flags, struct statx *found)
{
	return !syscall(SYS_statx, dir_fd, path, flags | AT_STATX_DONT_SYNC,
			WANTED, found) &&
	       (found->stx_mask & WANTED) == WANTED;
}

/* It lies at one path of its mount; to open it for a moment changes nothing. */
static bool is_single(const struct statx *file)
{
	return S_ISDIR(file->stx_mode) ||
	       (S_ISREG(file->stx_mode) && file->stx_nlink == 1);
}

/* The time tells files apart to which a file system gives one number. */
static bool is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_mnt_id == b->stx_mnt_id &&
	       a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_mode == b->stx_mode && a->stx_nlink == b->stx_nlink &&
	       a->stx_ctime.tv_sec == b->stx_ctime.tv_sec &&
	       a->stx_ctime.tv_nsec == b->stx_ctime.tv_nsec;
}

/* -1: what lies there is not what the name leads to. */
static int open_same(int dir_fd, const char *path, const char *to, int flags,
		     uint64_t hash)
{
	struct statx before, after;
	bool is_alone;
	int fd;

	/* a link of its own on the way may forbid what the path allows */
	if (!look(dir_fd, path, 0, &before))
		return -1;
	is_alone = is_single(&before);
	fd = is_alone ? sm_real_probe(AT_FDCWD, to, flags, 0) : -1;
	if (fd >= 0 && look(fd, "", AT_EMPTY_PATH, &after) &&
	    is_same(&before, &after))
		return fd;
	if (fd >= 0)
		close(fd);
	miss(hash, is_alone ? 1 : MISSES_MAX);
	return -1;
}

int sm_real_known_open(int dir_fd, const char *path, int flags, char *out,
		       struct sm_str *to)
{
	uint64_t hash = sm_announced_hash(path);
	int saved = errno, fd;

	if (flags & O_NOFOLLOW || !sm_real_probes() || !recall(hash, out, to))
		return -1;
	fd = open_same(dir_fd, path, out, flags, hash);
	if (fd < 0)
		errno = saved;
	return fd;
}
