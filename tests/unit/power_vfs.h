/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_vfs.h: a SQLite file system that writes down what it is asked to do,
 * and can say what a disk may hold when the power fails in between.
 *
 * Of what was written since a file was last synced, any sectors may be there
 * and any may not; the same goes for a file's length, and for the names of new
 * and removed files.
 */
#ifndef TESTS_UNIT_POWER_VFS_H
#define TESTS_UNIT_POWER_VFS_H

#include <stdint.h>

/* Becomes SQLite's default. 0: done. */
int power_start(void);
/* Writes nothing down from here on, until power_forget() begins anew. */
void power_stop(void);
void power_forget(void);
/* Notes that value is safe from here on, as far as the caller knows. */
void power_promise(uint64_t value);
/* How many things were asked for. */
uint32_t power_steps(void);
/*
 * Leaves in directory the files as they may be if the power failed before that
 * step; random chooses. Returns the newest promise made before.
 */
uint64_t power_fail(uint32_t step, const char *directory,
		    uint64_t (*random)(void));

#endif
