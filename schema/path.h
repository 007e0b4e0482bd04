/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h: lexical canonical form of paths. No system calls, no allocation.
 */
#ifndef SCHEMA_PATH_H
#define SCHEMA_PATH_H

#include "schema/status.h"
#include "schema/value.h"

#define SM_PATH_MAX 4096 /* Linux PATH_MAX */

/* True for an absolute path without `//`, `.`, `..` or a trailing `/`. */
bool sm_path_is_canonical(struct sm_str path);

/*
 * Writes the canonical form of path, taken relative to base (absolute) when it
 * is not absolute itself, to out[SM_PATH_MAX]; *result points into out.
 * `..` above the root stays at the root, as in the kernel. "/" is itself.
 * SM_INVALID: path is empty or holds NUL, or both are relative.
 * SM_LIMIT: longer than SM_PATH_MAX.
 */
SM_CHECKED enum sm_status sm_path_canonical(struct sm_str base,
					    struct sm_str path,
					    char out[SM_PATH_MAX],
					    struct sm_str *result);

/* True when path is dir itself or below it; both canonical. */
bool sm_path_is_under(struct sm_str path, struct sm_str dir);

/* The last component; empty for "/". */
struct sm_str sm_path_name(struct sm_str path);

/*
 * DIR/__pycache__/NAME.TAG[.opt-N].pyc[.NUMBER] -> DIR/NAME.py, the source the
 * import system derives it from (PEP 3147). Any other path gives itself.
 * out must hold path.len + 4 bytes.
 */
struct sm_str sm_path_source_of_cache(struct sm_str path, char *out);

#endif
