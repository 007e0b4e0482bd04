/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_format.c: the canonical text of a policy, and files that become it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/policy_tool.h"

/* All of in, malloc'ed; NULL with errno set. */
static char *read_all(FILE *in, size_t *bytes)
{
	size_t room = 65536, n;
	char *text = malloc(room), *larger;

	*bytes = 0;
	while (text && (n = fread(text + *bytes, 1, room - *bytes, in))) {
		*bytes += n;
		if (*bytes < room)
			continue;
		larger = room < SM_POLICY_FILE_MAX ? realloc(text, room *= 2)
						   : NULL;
		if (!larger) {
			free(text);
			errno = room < SM_POLICY_FILE_MAX ? ENOMEM : EFBIG;
		}
		text = larger;
	}
	if (text && ferror(in)) {
		free(text);
		return NULL;
	}
	if (text)
		text[*bytes] = '\0';
	return text;
}

char *sm_policy_read(const char *path, size_t *bytes)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	int reason;
	char *text;

	*bytes = 0;
	if (!in)
		return NULL;
	text = read_all(in, bytes);
	reason = errno;
	if (!is_stdin)
		fclose(in);
	errno = reason;
	return text;
}

int sm_policy_replace(const char *path, const char *text, size_t bytes)
{
	return sm_cli_replace(&sm_policy_program, path, text, bytes)
		       ? SM_EXIT_OK
		       : SM_EXIT_USAGE;
}

int sm_policy_format(const struct sm_policy_options *o, const char *path)
{
	struct sm_rules *rules = sm_policy_load_or_tell(path);
	char *text = NULL, *old = NULL;
	size_t bytes, old_bytes = 0;
	int status = SM_EXIT_USAGE;
	bool is_same;

	if (!rules)
		return status;
	if (sm_policy_print(rules, &text, &bytes)) {
		sm_cli_error(&sm_policy_program, sm_policy_place(path),
			     "out of memory");
		sm_rules_free(rules);
		return status;
	}
	sm_rules_free(rules);
	if (o->is_writing || o->is_checking)
		old = sm_policy_read(path, &old_bytes);
	is_same = old && old_bytes == bytes && !memcmp(old, text, bytes);
	if (o->is_checking) {
		status = is_same ? SM_EXIT_OK : SM_EXIT_FINDING;
		if (!is_same)
			sm_cli_error(&sm_policy_program, sm_policy_place(path),
				     "not in canonical form; run secmgr-policy "
				     "fmt -w");
	} else if (o->is_writing) {
		status = is_same ? SM_EXIT_OK
				 : sm_policy_replace(path, text, bytes);
	} else {
		fwrite(text, 1, bytes, stdout);
		status = SM_EXIT_OK;
	}
	free(old);
	free(text);
	return status;
}
