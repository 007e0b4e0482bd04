/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.h: what an application could import of its own, by the files that
 * lie where its code does.
 */
#ifndef RECORDER_MODULES_H
#define RECORDER_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#define SM_MODULES_DEPTH 16    /* of packages in packages */
#define SM_MODULES_LOOKS 65536 /* at entries of directories, then it is cut */

/*
 * How much of directory, a path without `/` at its end, is the root that its
 * packages are imported from: directory itself unless it is a package.
 */
size_t sm_modules_root(const char *directory);

/*
 * The modules at and below root, a path relative to it each, in lines sorted
 * by bytes: files in root, in packages, and in directories that hold nothing
 * but modules (PEP 420). Left out: what a link stands for, tests, what a dot
 * hides, directories to which anybody may write, and names other than letters,
 * digits, `_` and `-`. Empty when root cannot be read; NULL when memory ran
 * out; the caller's to free(). Reads directories, blocks; ends early when
 * *should_stop becomes true, which may be NULL.
 */
char *sm_modules_read(const char *root, const _Atomic bool *should_stop);

#endif
