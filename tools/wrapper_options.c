/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "schema/hash.h"

#include "tools/wrapper.h"

#define WAIT_MS_DEFAULT 50
#define WAIT_MS_MAX	4000	     /* nanoseconds in 32 bits */
#define TRACE_BYTES_MIN (256u << 10) /* an empty trace takes about 40 KiB */
#define ROTATE_MAX	9999
#define AGE_SECONDS_MAX 315360000 /* ten years */
#define KEY_BYTES_MIN	16
#define KEY_BYTES_MAX	4096

int wrapper_set_output(void *context, const char *value, struct sm_diag *diag)
{
	struct wrapper *wrapper = context;

	if (!*value) {
		sm_fail(diag, SM_INVALID, "empty file name");
		return 1;
	}
	wrapper->output = value;
	return 0;
}

static int set_open_mode(struct wrapper *wrapper, enum sm_trace_open_mode mode,
			 struct sm_diag *diag)
{
	if (wrapper->open_mode != SM_TRACE_CREATE &&
	    wrapper->open_mode != mode) {
		sm_fail(diag, SM_INVALID,
			"--append and --force exclude each other");
		return 1;
	}
	wrapper->open_mode = mode;
	return 0;
}

int wrapper_set_append(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	return set_open_mode(context, SM_TRACE_APPEND, diag);
}

int wrapper_set_force(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	return set_open_mode(context, SM_TRACE_FORCE, diag);
}

static int parse_number(const char *text, unsigned long max,
			unsigned long *value, char **end)
{
	errno = 0;
	*value = strtoul(text, end, 10);
	return errno || *end == text || *text == '-' || *value > max;
}

int wrapper_set_on_full(void *context, const char *value, struct sm_diag *diag)
{
	struct sm_collector_options *options =
		&((struct wrapper *)context)->collector;
	unsigned long ms = WAIT_MS_DEFAULT;
	char *end;

	options->on_full = SM_ON_FULL_DROP;
	if (!strcmp(value, "drop"))
		return 0;
	if (strncmp(value, "wait", 4) || (value[4] && value[4] != ':') ||
	    (value[4] &&
	     (parse_number(value + 5, WAIT_MS_MAX, &ms, &end) || *end))) {
		sm_fail(diag, SM_INVALID,
			"'%s' is neither drop, wait nor wait:MS (MS up to %d)",
			value, WAIT_MS_MAX);
		return 1;
	}
	options->on_full = SM_ON_FULL_WAIT;
	options->wait_ns = (uint32_t)ms * 1000000u;
	return 0;
}

static unsigned long unit_of(const char *end)
{
	if (!*end)
		return 1;
	if (end[1])
		return 0;
	switch (*end) {
	case 'k':
	case 'K':
		return 1ul << 10;
	case 'm':
	case 'M':
		return 1ul << 20;
	case 'g':
	case 'G':
		return 1ul << 30;
	}
	return 0;
}

int wrapper_set_ring_size(void *context, const char *value,
			  struct sm_diag *diag)
{
	struct wrapper *wrapper = context;
	unsigned long number, unit = 0;
	char *end;

	if (!parse_number(value, SM_RING_BYTES_MAX, &number, &end))
		unit = unit_of(end);
	if (!unit || number > SM_RING_BYTES_MAX / unit ||
	    number * unit < SM_RING_BYTES_MIN ||
	    ((number * unit) & (number * unit - 1))) {
		sm_fail(diag, SM_INVALID,
			"'%s' is not a power of two from 256K to 1G", value);
		return 1;
	}
	wrapper->collector.ring_bytes = (uint32_t)(number * unit);
	return 0;
}

int wrapper_set_max_size(void *context, const char *value, struct sm_diag *diag)
{
	struct wrapper *wrapper = context;
	unsigned long number, unit = 0;
	char *end;

	if (!parse_number(value, LONG_MAX, &number, &end))
		unit = unit_of(end);
	if (!unit || number > LONG_MAX / unit ||
	    number * unit < TRACE_BYTES_MIN) {
		sm_fail(diag, SM_INVALID,
			"'%s' is not a size of at least 256K, such as 64M or "
			"2G",
			value);
		return 1;
	}
	wrapper->collector.max_bytes = number * unit;
	return 0;
}

int wrapper_set_max_age(void *context, const char *value, struct sm_diag *diag)
{
	static const struct {
		const char *unit;
		uint64_t seconds;
	} units[] = { { "", 1 },
		      { "s", 1 },
		      { "m", 60 },
		      { "h", 3600 },
		      { "d", 86400 } };
	struct wrapper *wrapper = context;
	unsigned long number;
	uint64_t seconds = 0;
	char *end;

	if (!parse_number(value, AGE_SECONDS_MAX, &number, &end))
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (!strcmp(end, units[i].unit))
				seconds = number * units[i].seconds;
	if (!seconds || seconds > AGE_SECONDS_MAX) {
		sm_fail(diag, SM_INVALID,
			"'%s' is not a time such as 90s, 30m, 12h or 7d",
			value);
		return 1;
	}
	wrapper->collector.max_age_ns = seconds * 1000000000u;
	return 0;
}

int wrapper_set_rotate(void *context, const char *value, struct sm_diag *diag)
{
	struct wrapper *wrapper = context;
	unsigned long number = 0;
	char *end;

	if (value && (parse_number(value, ROTATE_MAX, &number, &end) || *end ||
		      !number)) {
		sm_fail(diag, SM_INVALID,
			"'%s' is not a number of files from 1 to %d", value,
			ROTATE_MAX);
		return 1;
	}
	wrapper->rotates = true;
	wrapper->keep_count = (unsigned)number;
	return 0;
}

int wrapper_set_sign(void *context, const char *value, struct sm_diag *diag)
{
	(void)diag;
	((struct wrapper *)context)->key = value;
	return 0;
}

int wrapper_set_redact_key(void *context, const char *value,
			   struct sm_diag *diag)
{
	(void)diag;
	((struct wrapper *)context)->redact_key = value;
	return 0;
}

int wrapper_set_no_redact(void *context, const char *value,
			  struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct wrapper *)context)->collector.flags |= SM_CHANNEL_NO_REDACT;
	return 0;
}

/* The file may be text: what counts is its hash. */
static enum sm_status read_key(const char *path,
			       uint8_t key[SM_DIGEST_KEY_BYTES],
			       struct sm_diag *diag)
{
	char bytes[KEY_BYTES_MAX], hex[SM_SHA256_HEX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, bytes, sizeof(bytes)) : -1;
	struct sm_sha256 *hash;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return sm_fail(diag, SM_IO, "cannot read %s: %s", path,
			       strerror(errno));
	if (n < KEY_BYTES_MIN || n == sizeof(bytes))
		return sm_fail(diag, SM_INVALID,
			       "%s: a key has %d to %d random bytes", path,
			       KEY_BYTES_MIN, KEY_BYTES_MAX - 1);
	hash = sm_sha256_new();
	if (!hash)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	sm_sha256_add(hash, bytes, (size_t)n);
	explicit_bzero(bytes, sizeof(bytes));
	if (sm_sha256_end(hash, hex))
		return sm_fail(diag, SM_NOMEM, "out of memory");
	for (unsigned i = 0; i < SM_DIGEST_KEY_BYTES; i++) {
		unsigned byte;

		sscanf(hex + 2 * i, "%2x", &byte);
		key[i] = (uint8_t)byte;
	}
	return SM_OK;
}

enum sm_status wrapper_set_key(struct wrapper *wrapper, struct sm_diag *diag)
{
	uint8_t *key = wrapper->collector.key;
	enum sm_status status = SM_OK;

	if (wrapper->redact_key)
		status = read_key(wrapper->redact_key, key, diag);
	else if (getrandom(key, SM_DIGEST_KEY_BYTES, 0) != SM_DIGEST_KEY_BYTES)
		status = sm_fail(diag, SM_IO, "getrandom: %s", strerror(errno));
	if (!status)
		sm_digest_key(key);
	return status;
}

int wrapper_set_noise(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct wrapper *)context)->collector.flags |= SM_CHANNEL_NOISE;
	return 0;
}

int wrapper_set_quiet(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct wrapper *)context)->is_quiet = true;
	return 0;
}

int wrapper_set_summary(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct wrapper *)context)->has_summary = true;
	return 0;
}

int wrapper_set_until(void *context, const char *value, struct sm_diag *diag)
{
	struct wrapper *wrapper = context;

	if (strcmp(value, "command") && strcmp(value, "all")) {
		sm_fail(diag, SM_INVALID, "'%s' is neither all nor command",
			value);
		return 1;
	}
	wrapper->until_command = !strcmp(value, "command");
	return 0;
}

int wrapper_set_detached(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct wrapper *)context)->is_detached = true;
	return 0;
}

/* -------------------------------------------------------------- variables */

static struct sm_binding *find_variable(struct wrapper *wrapper,
					const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < wrapper->variable_count; i++)
		if (strlen(wrapper->variables[i].name) == len &&
		    !strncmp(wrapper->variables[i].name, name, len))
			return &wrapper->variables[i];
	if (i == WRAPPER_VARIABLES_MAX)
		return NULL;
	wrapper->variables[i] = (struct sm_binding){ NULL, NULL };
	return &wrapper->variables[i];
}

static enum sm_status set_variable(struct wrapper *wrapper, const char *name,
				   size_t len, const char *value,
				   struct sm_diag *diag)
{
	struct sm_binding *variable = find_variable(wrapper, name, len);

	if (!variable)
		return sm_fail(diag, SM_LIMIT, "more than %d variables",
			       WRAPPER_VARIABLES_MAX);
	if (!variable->name) {
		variable->name = strndup(name, len);
		wrapper->variable_count++;
	}
	free((void *)(uintptr_t)variable->value);
	variable->value = strdup(value);
	if (!variable->name || !variable->value)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	return SM_OK;
}

void wrapper_free_variables(struct wrapper *wrapper)
{
	while (wrapper->variable_count) {
		struct sm_binding *variable =
			&wrapper->variables[--wrapper->variable_count];

		free((void *)(uintptr_t)variable->name);
		free((void *)(uintptr_t)variable->value);
	}
}

int wrapper_set_variable(void *context, const char *value, struct sm_diag *diag)
{
	const char *equals = strchr(value, '=');
	size_t len = equals ? (size_t)(equals - value) : 0;

	if (!len ||
	    strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") < len ||
	    equals[1] != '/') {
		sm_fail(diag, SM_INVALID,
			"'%s' is not NAME=/PATH with NAME in capitals", value);
		return 1;
	}
	return set_variable(context, value, len, equals + 1, diag) != SM_OK;
}

static enum sm_status set_default(struct wrapper *wrapper, const char *name,
				  const char *value, struct sm_diag *diag)
{
	size_t i;

	for (i = 0; i < wrapper->variable_count; i++)
		if (!strcmp(wrapper->variables[i].name, name))
			return SM_OK;
	if (!value || value[0] != '/')
		return SM_OK;
	return set_variable(wrapper, name, strlen(name), value, diag);
}

enum sm_status wrapper_set_variables(struct wrapper *wrapper,
				     struct sm_diag *diag)
{
	const char *tmp = getenv("TMPDIR");
	char *cwd = getcwd(NULL, 0);
	enum sm_status status;

	status = set_default(wrapper, "HOME", getenv("HOME"), diag);
	if (!status)
		status = set_default(wrapper, "TMP", tmp && *tmp ? tmp : "/tmp",
				     diag);
	if (!status)
		status = set_default(wrapper, "CWD", cwd, diag);
	free(cwd);
	return status;
}
