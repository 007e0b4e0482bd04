/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.h: a POSIX.1-1988 (ustar) archive on a stream, each member hashed.
 */
#ifndef TOOLS_TAR_H
#define TOOLS_TAR_H

#include <stdio.h>

#include "schema/hash.h"

#define TAR_NAME_MAX 99

struct tar_member {
	char name[TAR_NAME_MAX + 1];
	uint64_t bytes;
	char sha256[SM_SHA256_HEX];
};

/* Members have mode 0600 and the time given, in seconds since 1970. */
SM_CHECKED enum sm_status tar_put_bytes(FILE *out, struct tar_member *member,
					uint64_t time, const void *p, size_t n);
/* The file as long as it is now; what is cut off meanwhile reads as zeros. */
SM_CHECKED enum sm_status tar_put_file(FILE *out, struct tar_member *member,
				       uint64_t time, int fd);
/* The archive's end. SM_IO. */
SM_CHECKED enum sm_status tar_finish(FILE *out);

#endif
