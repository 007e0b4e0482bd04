/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ascii.h: what a byte is, whatever the locale says: that of a guest must not
 * change a decision.
 */
#ifndef SCHEMA_ASCII_H
#define SCHEMA_ASCII_H

#include <stdbool.h>

static inline bool sm_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool sm_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool sm_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool sm_is_letter(char c)
{
	return sm_is_upper(c) || sm_is_lower(c);
}

static inline bool sm_is_alnum(char c)
{
	return sm_is_letter(c) || sm_is_digit(c);
}

/* As digests are spelled. */
static inline bool sm_is_hex(char c)
{
	return sm_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* What <host> holds. */
static inline bool sm_is_of_host(char c)
{
	return sm_is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
}

/* What <class> does, the dotted name of one; not `:`. */
static inline bool sm_is_of_class(char c)
{
	return sm_is_alnum(c) || c == '.' || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static inline char sm_lower(char c)
{
	return sm_is_upper(c) ? (char)(c + 32) : c;
}

#endif
