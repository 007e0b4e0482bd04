/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/power_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 8
#define SECTOR	  512

enum kind { CREATE, WRITE, TRUNCATE, SYNC, REMOVE, PROMISE };

/*
 * Names and files are two things: a file that was removed and made again is
 * another one.
 */
struct step {
	enum kind kind;
	bool syncs_names;   /* and all names with it */
	uint32_t name;	    /* CREATE, REMOVE */
	uint32_t file;	    /* what CREATE made, and others write to */
	uint64_t at, bytes; /* PROMISE: at is the value */
	uint8_t *data;
};

static struct step *steps;
static uint32_t step_count, step_room;
static char names[NAMES_MAX][64]; /* the last component */
static uint32_t name_count;
static uint32_t file_of[NAMES_MAX]; /* the present one */
static uint32_t file_count;
static bool is_new_name[NAMES_MAX]; /* its next sync syncs names */
static sqlite3_vfs *real;
static bool is_stopped;

struct file {
	sqlite3_file base;
	uint32_t file, name;
	sqlite3_file *real; /* behind this struct */
};

/* ------------------------------------------------------------- writing down */

static struct step *note(enum kind kind, uint32_t file)
{
	static struct step nobodys;

	if (is_stopped)
		return &nobodys;
	if (step_count == step_room) {
		step_room = step_room ? step_room * 2 : 1024;
		steps = realloc(steps, step_room * sizeof(*steps));
	}
	steps[step_count] = (struct step){ .kind = kind, .file = file };
	return &steps[step_count++];
}

static uint32_t number_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	uint32_t i;

	for (i = 0; i < name_count; i++)
		if (!strcmp(names[i], name))
			return i;
	if (i == NAMES_MAX)
		abort();
	snprintf(names[i], sizeof(names[i]), "%s", name);
	name_count++;
	/* The trace itself is created before SQLite sees it. */
	file_of[i] = file_count++;
	note(CREATE, file_of[i])->name = i;
	is_new_name[i] = true;
	return i;
}

void power_forget(void)
{
	while (step_count)
		free(steps[--step_count].data);
	name_count = file_count = 0;
	is_stopped = false;
}

void power_stop(void)
{
	is_stopped = true;
}

void power_promise(uint64_t value)
{
	note(PROMISE, 0)->at = value;
}

uint32_t power_steps(void)
{
	return step_count;
}

/* ------------------------------------------------------------ file methods */

static sqlite3_file *below(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

static int file_close(sqlite3_file *f)
{
	return below(f)->pMethods->xClose(below(f));
}

static int file_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
	return below(f)->pMethods->xRead(below(f), out, n, at);
}

static int file_write(sqlite3_file *f, const void *bytes, int n,
		      sqlite3_int64 at)
{
	struct step *s = note(WRITE, ((struct file *)f)->file);

	if (!is_stopped) {
		s->at = (uint64_t)at;
		s->bytes = (uint64_t)n;
		s->data = malloc((size_t)n);
		memcpy(s->data, bytes, (size_t)n);
	}
	return below(f)->pMethods->xWrite(below(f), bytes, n, at);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 bytes)
{
	note(TRUNCATE, ((struct file *)f)->file)->bytes = (uint64_t)bytes;
	return below(f)->pMethods->xTruncate(below(f), bytes);
}

static int file_sync(sqlite3_file *f, int flags)
{
	struct file *file = (struct file *)f;
	struct step *s = note(SYNC, file->file);

	/* SQLite's first sync of a journal or log syncs its directory, too. */
	s->syncs_names = is_new_name[file->name];
	is_new_name[file->name] = false;
	return below(f)->pMethods->xSync(below(f), flags);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *bytes)
{
	return below(f)->pMethods->xFileSize(below(f), bytes);
}

static int file_lock(sqlite3_file *f, int level)
{
	return below(f)->pMethods->xLock(below(f), level);
}

static int file_unlock(sqlite3_file *f, int level)
{
	return below(f)->pMethods->xUnlock(below(f), level);
}

static int file_reserved(sqlite3_file *f, int *is)
{
	return below(f)->pMethods->xCheckReservedLock(below(f), is);
}

static int file_control(sqlite3_file *f, int what, void *arg)
{
	return below(f)->pMethods->xFileControl(below(f), what, arg);
}

static int file_sector(sqlite3_file *f)
{
	return below(f)->pMethods->xSectorSize(below(f));
}

static int file_traits(sqlite3_file *f)
{
	return below(f)->pMethods->xDeviceCharacteristics(below(f));
}

static int file_shm_map(sqlite3_file *f, int page, int bytes, int extend,
			void volatile **at)
{
	return below(f)->pMethods->xShmMap(below(f), page, bytes, extend, at);
}

static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return below(f)->pMethods->xShmLock(below(f), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
	below(f)->pMethods->xShmBarrier(below(f));
}

static int file_shm_unmap(sqlite3_file *f, int removes)
{
	return below(f)->pMethods->xShmUnmap(below(f), removes);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

/* -------------------------------------------------------------- the system */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f,
		    int flags, int *out_flags)
{
	struct file *file = (struct file *)f;
	bool is_new = path && access(path, F_OK);
	uint32_t known;
	int code;

	(void)vfs;
	file->real = (sqlite3_file *)(file + 1);
	code = real->xOpen(real, path, file->real, flags, out_flags);
	file->base.pMethods = file->real->pMethods ? &methods : NULL;
	if (code || !path) {
		/* SQLite's own temporary files are nobody's loss. */
		if (!path && file->real->pMethods)
			abort();
		return code;
	}
	known = name_count;
	file->name = number_of(path);
	if (is_new && file->name < known) {
		file_of[file->name] = file_count++;
		note(CREATE, file_of[file->name])->name = file->name;
		is_new_name[file->name] = true;
	}
	file->file = file_of[file->name];
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs)
{
	int code = real->xDelete(real, path, syncs);
	uint32_t name;
	struct step *s;

	(void)vfs;
	if (code)
		return code;
	name = number_of(path); /* may write down something, too */
	s = note(REMOVE, 0);
	s->name = name;
	s->syncs_names = syncs;
	return code;
}

int power_start(void)
{
	static sqlite3_vfs vfs;

	real = sqlite3_vfs_find(NULL);
	if (!real)
		return -1;
	vfs = *real;
	vfs.pNext = NULL;
	vfs.zName = "power";
	vfs.szOsFile = (int)sizeof(struct file) + real->szOsFile;
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	return sqlite3_vfs_register(&vfs, 1);
}

/* ----------------------------------------------------------------- failing */

/* What is on the disk of one file. */
struct image {
	uint8_t *p;
	uint64_t len, room;
};

static void set_length(struct image *i, uint64_t len)
{
	if (len > i->room) {
		i->room = len * 2;
		i->p = realloc(i->p, i->room);
	}
	if (len > i->len)
		memset(i->p + i->len, 0, len - i->len);
	i->len = len;
}

static void put(struct image *i, const struct step *s, uint64_t from,
		uint64_t to)
{
	if (s->at + to > i->len)
		set_length(i, s->at + to);
	memcpy(i->p + s->at + from, s->data + from, to - from);
}

static void apply(struct image *i, const struct step *s)
{
	if (s->kind == WRITE)
		put(i, s, 0, s->bytes);
	else if (s->kind == TRUNCATE)
		set_length(i, s->bytes);
}

/* All of it, nothing, or some of the sectors. */
static void apply_some(struct image *i, const struct step *s,
		       uint64_t (*random)(void))
{
	uint64_t how = random() % 3;

	if (how == 1 || (how && s->kind != WRITE))
		apply(i, s);
	if (how < 2 || s->kind != WRITE)
		return;
	for (uint64_t from = 0, to; from < s->bytes; from = to) {
		to = (s->at + from + SECTOR) / SECTOR * SECTOR - s->at;
		if (to > s->bytes)
			to = s->bytes;
		if (random() % 2)
			put(i, s, from, to);
	}
}

static uint32_t last_sync_of(uint32_t file, uint32_t step)
{
	while (step--)
		if (steps[step].kind == SYNC && steps[step].file == file)
			return step;
	return 0;
}

static void make_image(uint32_t file, uint32_t step, uint64_t (*random)(void),
		       struct image *i)
{
	uint32_t synced = last_sync_of(file, step);

	for (uint32_t s = 0; s < step; s++)
		if (steps[s].file != file || steps[s].kind == REMOVE ||
		    steps[s].kind == PROMISE)
			continue;
		else if (s < synced)
			apply(i, &steps[s]);
		else
			apply_some(i, &steps[s], random);
}

/* Names change in order; those since the last sync of them up to anywhere. */
static uint32_t names_until(uint32_t step, uint64_t (*random)(void))
{
	uint32_t synced = step;

	while (synced && !steps[synced - 1].syncs_names)
		synced--;
	return synced + (uint32_t)(random() % (step - synced + 1));
}

static void leave(const char *directory, const char *name,
		  const struct image *i)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, i->p, i->len) != (ssize_t)i->len)
		abort();
	close(fd);
}

static const struct step *last_of_name(uint32_t name, uint32_t until)
{
	while (until--)
		if ((steps[until].kind == CREATE ||
		     steps[until].kind == REMOVE) &&
		    steps[until].name == name)
			return &steps[until];
	return NULL;
}

uint64_t power_fail(uint32_t step, const char *directory,
		    uint64_t (*random)(void))
{
	uint32_t until = names_until(step, random);
	uint64_t promise = 0;

	for (uint32_t s = 0; s < step; s++)
		if (steps[s].kind == PROMISE)
			promise = steps[s].at;
	for (uint32_t n = 0; n < name_count; n++) {
		const struct step *last = last_of_name(n, until);
		struct image i = { 0 };

		if (!last || last->kind == REMOVE)
			continue;
		make_image(last->file, step, random, &i);
		leave(directory, names[n], &i);
		free(i.p);
	}
	return promise;
}
