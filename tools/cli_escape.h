/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_escape.h: what may reach a terminal. Shared by the parts of cli only.
 */
#ifndef TOOLS_CLI_ESCAPE_H
#define TOOLS_CLI_ESCAPE_H

#include "schema/unicode.h"

/* Appends text to line[room], escaped, cut at room; returns the new length. */
size_t sm_escape_line(char *line, size_t room, size_t used, const char *text);

#endif
