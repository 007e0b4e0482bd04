/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_resources.c: files and addresses that pysecmgr allows, as rules.
 */
#include "tools/import_pysecmgr.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/path.h"

/* open()'s letters, all of which its rules ask for. */
uint32_t sm_import_access(struct sm_str letters)
{
	uint32_t access = 0;
	bool has_plus = sm_str_has(letters, '+');
	uint32_t i;

	for (i = 0; i < letters.len; i++) {
		if (letters.p[i] == 'r')
			access |= SM_ACCESS_READ |
				  (has_plus ? (uint32_t)SM_ACCESS_WRITE : 0);
		if (letters.p[i] && strchr("wax", letters.p[i]))
			access |= SM_ACCESS_WRITE | SM_ACCESS_CREATE |
				  (has_plus ? (uint32_t)SM_ACCESS_READ : 0);
	}
	return access;
}

enum sm_status sm_import_path_regex(struct sm_import *m, unsigned line,
				    struct sm_str regex, struct sm_str letters)
{
	struct sm_regex *r = malloc(sizeof(*r));
	uint32_t access = sm_import_access(letters);
	enum sm_status status = r ? SM_OK : SM_NOMEM;
	size_t i;

	if (r && sm_import_convert(m, line, regex, SM_REGEX_PATH, r))
		for (i = 0; !status && i < r->count; i++)
			status = sm_import_add_pattern(m, line, SM_FAMILY_FILES,
						       access, r->patterns[i],
						       NULL);
	free(r);
	return status;
}

/* below: slash and two stars, or nothing for the path itself. */
enum sm_status sm_import_path(struct sm_import *m, unsigned line,
			      struct sm_str path, const char *below,
			      uint32_t access)
{
	char literal[SM_IMPORT_LITERAL_MAX], canonical[SM_PATH_MAX], *pattern;
	enum sm_status status;
	struct sm_str out;

	if (!path.len || path.p[0] != '/' ||
	    sm_path_canonical(SM_STR("/"), path, canonical, &out)) {
		sm_import_say(m, line, "left out: \"%.*s\" is no absolute path",
			      (int)path.len, path.p);
		return SM_OK;
	}
	if (!sm_import_escape(m, line, out, literal))
		return SM_OK;
	if (asprintf(&pattern, "%s%s", out.len > 1 || !*below ? literal : "",
		     below) < 0)
		return SM_NOMEM;
	status = sm_import_add_pattern(m, line, SM_FAMILY_FILES, access,
				       pattern, NULL);
	free(pattern);
	return status;
}

/* Where a regular expression's port starts: behind its last colon. */
static uint32_t port_of(struct sm_str regex)
{
	uint32_t n = regex.len;

	while (n && regex.p[n - 1] != ':')
		n--;
	return n;
}

static void strip(struct sm_str *s, char first, char last)
{
	if (s->len && first && s->p[0] == first) {
		s->p++;
		s->len--;
	}
	if (s->len && last && s->p[s->len - 1] == last)
		s->len--;
}

static bool is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return !strcmp(text, "*") || (n && n <= 5 && !text[n]);
}

static enum sm_status add_addresses(struct sm_import *m, unsigned line,
				    const struct sm_regex *hosts,
				    const struct sm_regex *ports)
{
	enum sm_status status = SM_OK;
	char *pattern;
	size_t i, j;

	for (i = 0; !status && i < hosts->count; i++)
		for (j = 0; !status && j < ports->count; j++) {
			if (!is_port(ports->patterns[j])) {
				sm_import_say(m, line,
					      "left out: a port is a number or "
					      "all of "
					      "them");
				continue;
			}
			if (asprintf(&pattern, "%s:%s", hosts->patterns[i],
				     ports->patterns[j]) < 0)
				return SM_NOMEM;
			status = sm_import_add_pattern(
				m, line, SM_FAMILY_NETWORK, SM_ACCESS_CONNECT,
				pattern, NULL);
			free(pattern);
		}
	return status;
}

static enum sm_status add_unix(struct sm_import *m, unsigned line,
			       const struct sm_regex *paths)
{
	enum sm_status status = SM_OK;
	size_t i;

	for (i = 0; !status && i < paths->count; i++)
		status = sm_import_add_pattern(m, line, SM_FAMILY_NETWORK,
					       SM_ACCESS_CONNECT,
					       paths->patterns[i], NULL);
	return status;
}

enum sm_status sm_import_connect_regex(struct sm_import *m, unsigned line,
				       struct sm_str regex)
{
	struct sm_regex *r = malloc(2 * sizeof(*r));
	struct sm_str host = regex, port;
	enum sm_status status = SM_OK;
	uint32_t colon;

	if (!r)
		return SM_NOMEM;
	strip(&host, '^', 0);
	strip(&host, 0, '$');
	colon = port_of(host);
	if (host.len && host.p[0] == '/') {
		if (sm_import_convert(m, line, host, SM_REGEX_PATH, &r[0]))
			status = add_unix(m, line, &r[0]);
	} else if (!colon) {
		sm_import_say(m, line, "left out: \"%.*s\" has no port",
			      (int)regex.len, regex.p);
	} else {
		port = (struct sm_str){ host.p + colon, host.len - colon };
		host.len = colon - 1;
		if (sm_import_convert(m, line, host, SM_REGEX_HOST, &r[0]) &&
		    sm_import_convert(m, line, port, SM_REGEX_HOST, &r[1]))
			status = add_addresses(m, line, &r[0], &r[1]);
	}
	free(r);
	return status;
}
