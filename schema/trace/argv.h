/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv.h: argument vectors as JSON arrays of strings in `process`.
 *
 * Bytes that are not UTF-8 become lone surrogates \udc80 to \udcff, as Python
 * writes them, so nothing is lost.
 */
#ifndef SCHEMA_TRACE_ARGV_H
#define SCHEMA_TRACE_ARGV_H

#include "schema/trace/bytes.h"

void sm_argv_put(struct sm_bytes *out, const struct sm_str *argv,
		 uint32_t argc);
/*
 * Parses what sm_argv_put() wrote; strings point into *text, which is
 * overwritten. Returns how many there are (at most max), -1 for anything else.
 */
int sm_argv_get(char *text, size_t len, struct sm_str *argv, int max);

#endif
