/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the option in front of a word, or the command it belongs to, says about
 * it: by names that many programs have in common, whatever these are called.
 */
#include "learner/argv.h"
#include "schema/ascii.h"

/* What an option of a line is called that the word at `at` is the value of. */
static struct sm_str option_of(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *word = &line->words[at], *last = word - 1;

	if (word->head.len)
		return word->head;
	if (!at || !last->is_fixed || last->is_raw ||
	    !sm_is_option(last->value))
		return SM_STR("");
	return last->value;
}

static bool has_part(struct sm_str option, const char *const parts[])
{
	for (size_t i = 0; parts[i]; i++)
		if (memmem(option.p, option.len, parts[i], strlen(parts[i])))
			return true;
	return false;
}

/* Options that are followed by what is to be run; part of their names. */
static bool is_followed_by_code(struct sm_str option)
{
	static const char *const parts[] = {
		"-action", "-command",	  "-eval",	  "-exec",
		"-hook",   "-pager",	  "-rsh",	  "-shell",
		"Command", "upload-pack", "receive-pack", "-compress-prog",
		NULL
	};

	return has_part(option, parts) || sm_str_equal(option, SM_STR("-ok")) ||
	       sm_str_equal(option, SM_STR("-okdir"));
}

/* Options whose number says who may, what, or which one; by their start. */
static bool says_which(struct sm_str option)
{
	static const char *const names[] = {
		"-p",	   "-P",      "-u",	"-U",	  "-g",	     "-G",
		"-m",	   "-M",      "--port", "--uid",  "--gid",   "--user",
		"--group", "--owner", "--mode", "--pid",  "--perm",  "--umask",
		"--setu",  "--setg",  "--fd",	"--sign", "--chmod", NULL
	};
	const struct sm_str fd = SM_STR("-fd");

	for (size_t i = 0; names[i]; i++) {
		struct sm_str name = sm_str_of(names[i]);

		if (name.len == 2 ? sm_str_equal(option, name)
				  : sm_str_starts(option, name))
			return true;
	}
	return memmem(option.p, option.len, fd.p, fd.len);
}

/* Options whose value says whom to ask, who may, or what works: a host, a
 * recipient of what is encrypted, a role, a compressor. */
static bool says_whom(struct sm_str option)
{
	static const char *const letters[] = { "-H", "-I", "-c", "-e",
					       "-h", "-i", "-k", "-r",
					       "-x", "-X", NULL };
	static const char *const parts[] = {
		"account",   "address", "auth",	  "context", "cred",
		"database",  "domain",	"driver", "filter",  "host",
		"interp",    "key",	"load",	  "login",   "module",
		"namespace", "owner",	"plugin", "profile", "program",
		"recip",     "remote",	"role",	  "server",  "tenant",
		"user",	     NULL
	};

	return has_part(option, parts) || sm_is_among(option, letters);
}

/* POSIX utilities of which all numbers do. */
static bool takes_rights(struct sm_str command)
{
	static const char *const names[] = { "chgrp",  "chmod",	 "chown",
					     "kill",   "mkfifo", "mknod",
					     "newgrp", "renice", "su",
					     "umask",  NULL };

	return sm_is_among(sm_path_name(command), names);
}

static bool is_of_numbers(struct sm_str s)
{
	bool is_digit = false, was_digit = false;

	for (uint32_t i = 0; i < s.len; i++) {
		is_digit = sm_is_digit(s.p[i]);
		if (!is_digit && (!was_digit || !strchr("x.:%", s.p[i])))
			return false;
		was_digit = is_digit;
	}
	return is_digit || (s.len > 1 && s.p[s.len - 1] == '%');
}

bool sm_says_what_runs(const struct sm_line *line, uint32_t at)
{
	return is_followed_by_code(option_of(line, at));
}

bool sm_is_plain_option(const struct sm_line *line, uint32_t at)
{
	struct sm_str option = option_of(line, at);

	return option.len && !is_followed_by_code(option) &&
	       !says_whom(option) && !says_which(option) &&
	       !takes_rights(sm_line_command(line, at));
}

bool sm_is_quantity(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *word = &line->words[at];
	struct sm_str option = option_of(line, at);

	return !word->is_fixed && option.len && is_of_numbers(word->value) &&
	       !says_which(option) && !takes_rights(sm_line_command(line, at));
}
