/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_progress.h: what long work says and leaves behind.
 */
#ifndef TOOLS_CLI_PROGRESS_H
#define TOOLS_CLI_PROGRESS_H

#include "tools/cli.h"

/*
 * From here on a terminal at stderr shows how far a trace was read, once that
 * takes longer than a moment. Messages and the end wipe the line.
 */
void sm_cli_progress(const struct sm_program *program);
/* Who goes on by talking to somebody: no more of it. */
void sm_cli_progress_end(void);

/*
 * Until sm_cli_keep() a signal that ends the program removes file (and what
 * SQLite has beside it), then the empty directory dir, if not NULL.
 */
void sm_cli_remove_when_stopped(const char *file, const char *dir);
void sm_cli_keep(void);

#endif
