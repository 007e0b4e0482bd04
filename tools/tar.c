/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tar.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_BYTES 512
#define COPY_BYTES   65536
/* Larger sizes are binary, as GNU tar has them. */
#define OCTAL_MAX ((UINT64_C(1) << 33) - 1)

/* Fields by offset and width, POSIX.1-1988 10.1.1. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12],
		checksum[8], type, link[100], magic[6], version[2], user[32],
		group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == RECORD_BYTES, "a tar record");

static void put_size(char field[12], uint64_t bytes)
{
	if (bytes <= OCTAL_MAX) {
		snprintf(field, 12, "%011" PRIo64, bytes);
		return;
	}
	field[0] = (char)0x80;
	for (int i = 11; i > 0; i--, bytes >>= 8)
		field[i] = (char)(bytes & 0xff);
}

static bool put_header(FILE *out, const struct tar_member *member,
		       uint64_t time)
{
	struct header h = { .type = '0' };
	const uint8_t *bytes = (const uint8_t *)&h;
	unsigned sum = 0;

	memcpy(h.name, member->name, strnlen(member->name, sizeof(h.name)));
	memcpy(h.mode, "0000600", 8);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	put_size(h.size, member->bytes);
	snprintf(h.mtime, sizeof(h.mtime), "%011" PRIo64, time & OCTAL_MAX);
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += bytes[i];
	snprintf(h.checksum, 7, "%06o", sum & 0777777);
	return fwrite(&h, sizeof(h), 1, out) == 1;
}

static bool put_padding(FILE *out, uint64_t bytes)
{
	static const char zeros[RECORD_BYTES];
	size_t rest = (size_t)(bytes % RECORD_BYTES);

	return !rest || fwrite(zeros, RECORD_BYTES - rest, 1, out) == 1;
}

enum sm_status tar_put_bytes(FILE *out, struct tar_member *member,
			     uint64_t time, const void *p, size_t n)
{
	struct sm_sha256 *hash = sm_sha256_new();

	if (!hash)
		return SM_NOMEM;
	member->bytes = n;
	sm_sha256_add(hash, p, n);
	if (sm_sha256_end(hash, member->sha256))
		return SM_NOMEM;
	if (!put_header(out, member, time) ||
	    (n && fwrite(p, n, 1, out) != 1) || !put_padding(out, n))
		return SM_IO;
	return SM_OK;
}

static enum sm_status copy(FILE *out, struct sm_sha256 *hash, int fd,
			   uint64_t bytes)
{
	static char buffer[COPY_BYTES];
	uint64_t at = 0;

	while (at < bytes) {
		size_t want = bytes - at < sizeof(buffer) ? (size_t)(bytes - at)
							  : sizeof(buffer);
		ssize_t got = pread(fd, buffer, want, (off_t)at);

		if (got < 0)
			return SM_IO;
		if (!got)
			memset(buffer, 0, want);
		else
			want = (size_t)got;
		sm_sha256_add(hash, buffer, want);
		if (fwrite(buffer, want, 1, out) != 1)
			return SM_IO;
		at += want;
	}
	return SM_OK;
}

enum sm_status tar_put_file(FILE *out, struct tar_member *member, uint64_t time,
			    int fd)
{
	struct sm_sha256 *hash;
	enum sm_status status = SM_OK;
	struct stat st;

	if (fstat(fd, &st))
		return SM_IO;
	hash = sm_sha256_new();
	if (!hash)
		return SM_NOMEM;
	member->bytes = (uint64_t)st.st_size;
	if (!put_header(out, member, time))
		status = SM_IO;
	if (!status)
		status = copy(out, hash, fd, member->bytes);
	if (sm_sha256_end(hash, member->sha256) && !status)
		status = SM_NOMEM;
	if (!status && !put_padding(out, member->bytes))
		status = SM_IO;
	return status;
}

enum sm_status tar_finish(FILE *out)
{
	static const char zeros[2 * RECORD_BYTES];

	return fwrite(zeros, sizeof(zeros), 1, out) == 1 && !fflush(out)
		       ? SM_OK
		       : SM_IO;
}
