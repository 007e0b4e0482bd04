/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_create.c: making and sealing the memory of a ring. Only the collector
 * does this: a guest under `ulimit -f` would be killed by SIGXFSZ.
 */
#include "recorder/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux 5.1; the collector's own mapping stays writable. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define CONTROL_BYTES 4096

static enum sm_status fail(struct sm_diag *diag, const char *what)
{
	return sm_fail(diag, SM_IO, "cannot create a ring: %s: %s", what,
		       strerror(errno));
}

static enum sm_status create_memory(const char *name, size_t bytes, int *fd,
				    void **at, struct sm_diag *diag)
{
	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return fail(diag, "memfd_create");
	if (ftruncate(*fd, (off_t)bytes))
		return fail(diag, "ftruncate");
	*at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (*at == MAP_FAILED) {
		*at = NULL;
		return fail(diag, "mmap");
	}
	return SM_OK;
}

static enum sm_status seal(int fd, int seals, struct sm_diag *diag)
{
	if (fcntl(fd, F_ADD_SEALS, seals))
		return fail(diag, "F_ADD_SEALS");
	return SM_OK;
}

/* The guest may run under our uid: only the seal keeps it from writing. */
static enum sm_status seal_control(int fd, struct sm_diag *diag)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

	if (!fcntl(fd, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE))
		return SM_OK;
	return seal(fd, seals, diag);
}

static enum sm_status reopen_read_only(int fd, int *out, struct sm_diag *diag)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*out = open(path, O_RDONLY | O_CLOEXEC);
	return *out < 0 ? fail(diag, path) : SM_OK;
}

static bool is_acceptable(uint32_t bytes)
{
	return bytes >= SM_RING_BYTES_MIN && bytes <= SM_RING_BYTES_MAX &&
	       !(bytes & (bytes - 1));
}

static void start(struct sm_ring_reader *reader, uint32_t data_bytes)
{
	reader->data = (uint8_t *)reader->header + SM_RING_HEADER_BYTES;
	reader->data_bytes = data_bytes;
	reader->header->magic = SM_RING_MAGIC;
	reader->header->version = SM_RING_VERSION;
	reader->control->magic = SM_RING_MAGIC;
	reader->control->version = SM_RING_VERSION;
	atomic_store(&reader->control->is_alive, 1);
}

enum sm_status sm_ring_create(uint32_t data_bytes,
			      struct sm_ring_memory *memory,
			      struct sm_diag *diag)
{
	struct sm_ring_reader *reader = &memory->reader;
	enum sm_status status;
	void *at;

	memset(memory, 0, sizeof(*memory));
	memory->ring_fd = memory->control_fd = memory->control_read_fd = -1;
	if (!is_acceptable(data_bytes))
		return sm_fail(diag, SM_LIMIT,
			       "ring size %u is not a power of two between "
			       "%u and %u bytes",
			       data_bytes, SM_RING_BYTES_MIN,
			       SM_RING_BYTES_MAX);
	status = create_memory("secmgr-ring",
			       SM_RING_HEADER_BYTES + (size_t)data_bytes,
			       &memory->ring_fd, &at, diag);
	if (status)
		goto fail;
	reader->header = at;
	reader->data_bytes = data_bytes;
	status = create_memory("secmgr-control", CONTROL_BYTES,
			       &memory->control_fd, &at, diag);
	if (status)
		goto fail;
	reader->control = at;
	start(reader, data_bytes);
	status = seal(memory->ring_fd,
		      F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, diag);
	if (!status)
		status = seal_control(memory->control_fd, diag);
	if (!status)
		status = reopen_read_only(memory->control_fd,
					  &memory->control_read_fd, diag);
	if (!status)
		return SM_OK;
fail:
	sm_ring_destroy(memory);
	return status;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sm_ring_close_fds(struct sm_ring_memory *memory)
{
	close_fd(&memory->ring_fd);
	close_fd(&memory->control_fd);
	close_fd(&memory->control_read_fd);
}

void sm_ring_destroy(struct sm_ring_memory *memory)
{
	struct sm_ring_reader *reader = &memory->reader;

	if (!memory->reader.header && memory->ring_fd == 0)
		return; /* never created: zeroed storage */
	if (reader->header)
		munmap(reader->header,
		       SM_RING_HEADER_BYTES + (size_t)reader->data_bytes);
	if (reader->control)
		munmap(reader->control, CONTROL_BYTES);
	memset(reader, 0, sizeof(*reader));
	sm_ring_close_fds(memory);
}
