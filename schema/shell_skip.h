/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell_skip.h: where expansions of a shell line end; for shell*.c only.
 */
#ifndef SCHEMA_SHELL_SKIP_H
#define SCHEMA_SHELL_SKIP_H

#include "schema/value.h"

/*
 * *at: of a $ or `; then behind the expansion. False: it has no end, or holds
 * what may hide it, as a comment.
 */
bool sm_shell_skip(struct sm_str line, uint32_t *at);

#endif
