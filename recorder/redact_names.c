/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_names.c: names whose values are credentials. The end of a name says
 * what it is a name of: a password-file is a file.
 */
#include "recorder/redact_internal.h"

#define NAME_MAX_BYTES 32 /* of a name's end that are looked at */
#define CRYPT_NAME_MAX 12

/* Ends of names, separators left out. */
static const char *const ends[] = {
	"password",   "passwd",	     "passphrase",	"passcode",
	"passwort",   "secret",	     "token",		"apikey",
	"accesskey",  "secretkey",   "privatekey",	"authkey",
	"accountkey", "signingkey",  "encryptionkey",	"masterkey",
	"sharedkey",  "sessionkey",  "clientkey",	"deploykey",
	"credential", "credentials", "secretid",	"signature",
	"dbpass",     "userpass",    "requirepass",	"masterauth",
	"storepass",  "keypass",     "ldappass",	"adminpass",
	"rootpass",   "ftppass",     "smtppass",	"mailpass",
	"httppass",   "dbpwd",	     "bindpw",		"rootpw",
	"userpw",     "sessionid",   "jsessionid",	"phpsessid",
	"webhookurl", "licensekey",  "subscriptionkey", "unsealkey",
	"sshpass",
};

/* Names by themselves, or behind a separator. */
static const char *const words[] = {
	"pass", "pwd", "pw",  "psk", "auth",
	"jwt",	"otp", "sas", "pin", "bearer",
};

static const char *const headers[] = {
	"authorization",
	"cookie",
	"setcookie",
	"proxyauthorization",
};

static const char *const queries[] = {
	"sig", "key", "sid", "code", "hmac", "ticket",
};

/* Those whose value says it, too: session=1 is none. */
static const char *const drawn[] = { "session", "sess", "appid" };

struct tail {
	char text[NAME_MAX_BYTES + 1];
	uint32_t len;
	bool is_word_start[NAME_MAX_BYTES + 1];
};

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

/* The name's last letters in lower case; digits behind them left out. */
static void read_tail(struct sm_str name, struct tail *tail)
{
	uint32_t end = name.len, at, start = 0, kept = 0;

	while (end &&
	       (is_separator(name.p[end - 1]) || sm_is_digit(name.p[end - 1])))
		end--;
	for (at = end; at && kept < NAME_MAX_BYTES; at--)
		kept += !is_separator(name.p[at - 1]);
	start = at;
	tail->len = 0;
	for (at = start; at < end; at++) {
		char c = name.p[at], before = at ? name.p[at - 1] : '-';

		if (is_separator(c))
			continue;
		tail->is_word_start[tail->len] =
			is_separator(before) ||
			(sm_is_upper(c) && !sm_is_upper(before));
		tail->text[tail->len++] = sm_lower(c);
	}
}

static bool ends_with(const struct tail *tail, const char *end)
{
	uint32_t n = (uint32_t)strlen(end);

	return n <= tail->len && !memcmp(tail->text + tail->len - n, end, n);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_word_of(const struct tail *tail, const char *const list[],
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ends_with(tail, list[i]) &&
		    tail->is_word_start[tail->len - strlen(list[i])])
			return true;
	return false;
}

enum sm_name_kind sm_name_kind_of(struct sm_str name)
{
	struct tail tail;

	if (name.len < 2)
		return SM_NAME_PLAIN;
	read_tail(name, &tail);
	for (size_t i = 0; i < COUNT(headers); i++)
		if (ends_with(&tail, headers[i]))
			return SM_NAME_HEADER;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (ends_with(&tail, ends[i]))
			return SM_NAME_SECRET;
	return is_word_of(&tail, words, COUNT(words)) ? SM_NAME_SECRET
						      : SM_NAME_PLAIN;
}

bool sm_is_query_secret(struct sm_str name)
{
	struct tail tail;

	read_tail(name, &tail);
	return tail.len && is_word_of(&tail, queries, COUNT(queries));
}

bool sm_is_drawn_query(struct sm_str name)
{
	struct tail tail;

	read_tail(name, &tail);
	return tail.len && is_word_of(&tail, drawn, COUNT(drawn));
}

/* It was redacted before; once more would make another hash of it. */
static bool has_secret(struct sm_str value)
{
	for (uint32_t at = 0; at < value.len; at++)
		if (value.p[at] == '%' &&
		    sm_secret_match(sm_str_part(value, at, value.len)))
			return true;
	return false;
}

/* `-pass 1`; empty, too. */
static bool is_small_number(struct sm_str value)
{
	return !value.len || (value.len < 3 && sm_is_digit(value.p[0]) &&
			      sm_is_digit(value.p[value.len - 1]));
}

/* crypt(5): `$6$`, `$2b$`, `$argon2id$`, and no variable. */
static bool is_crypt(struct sm_str value)
{
	uint32_t n = value.len < CRYPT_NAME_MAX ? value.len : CRYPT_NAME_MAX;

	return n > 1 && value.p[1] != '$' && memchr(value.p + 1, '$', n - 1);
}

bool sm_is_no_secret(struct sm_str value)
{
	static const char *const plain[] = {
		"true", "false", "none",     "null",	 "nil", "yes",
		"no",	"on",	 "off",	     "prompt",	 "ask", "auto",
		"***",	"stdin", "required", "optional",
	};

	if (is_small_number(value) || has_secret(value) ||
	    (value.p[0] == '$' && !is_crypt(value)))
		return true;
	for (size_t i = 0; i < COUNT(plain); i++) {
		uint32_t n = 0;

		while (n < value.len && plain[i][n] &&
		       sm_lower(value.p[n]) == plain[i][n])
			n++;
		if (n == value.len && !plain[i][n])
			return true;
	}
	return false;
}
