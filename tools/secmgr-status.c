/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-status: the processes running collectors cover, as each of them says
 * when asked. Nothing is kept in files, so nothing here can be stale.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "recorder/collector.h"
#include "schema/cbor.h"
#include "tools/cli.h"

#define ANSWER_MAX (64u << 20)

struct status {
	bool is_json;
	struct sm_json json;
	uint64_t collectors, processes;
};

static int set_json(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct status *)context)->is_json = true;
	return 0;
}

static const struct sm_option options[] = {
	{ 0, "json", NULL, "print one JSON object", set_json },
	{ 0 },
};

static const struct sm_program program = {
	.name = "secmgr-status",
	.usage = "[--json]",
	.summary = "List the processes being recorded or held to a policy.",
	.options = options,
	.usage_status = SM_EXIT_USAGE,
};

/* ----------------------------------------------------------------- asking */

static int receive_descriptor(int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	uint8_t version = 0;
	struct iovec part = { &version, 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int got;

	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len < CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&got, CMSG_DATA(header), sizeof(got));
	if (version == SM_COLLECTOR_STATUS_VERSION)
		return got;
	close(got);
	return -1;
}

/* A collector that was killed leaves its socket: nobody answers there. */
static int ask(const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = 1 };
	int fd, got = -1;
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
			 directory, SM_COLLECTOR_STATUS_SOCKET);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		got = receive_descriptor(fd);
	close(fd);
	return got;
}

/* Read, not mapped: whoever answers may still change or shorten it. */
static uint8_t *read_answer(int fd, size_t *bytes)
{
	struct stat st;
	uint8_t *out;
	ssize_t n;

	*bytes = 0;
	if (fstat(fd, &st) || st.st_size <= 0 || st.st_size > ANSWER_MAX)
		return NULL;
	out = malloc((size_t)st.st_size);
	if (!out)
		return NULL;
	n = pread(fd, out, (size_t)st.st_size, 0);
	if (n <= 0) {
		free(out);
		return NULL;
	}
	*bytes = (size_t)n;
	return out;
}

/* --------------------------------------------------------------- printing */

struct collector {
	uint64_t pid, flags;
	struct sm_str title, output;
};

struct covered {
	uint64_t pid, guest_pid, events, noise, lost;
	struct sm_str exe;
};

static bool get_collector(struct sm_cbor_reader *r, struct collector *c)
{
	uint64_t items, version;

	return !sm_cbor_get_array(r, 5, &items) && items == 5 &&
	       !sm_cbor_get_uint(r, SM_COLLECTOR_STATUS_VERSION, &version) &&
	       !sm_cbor_get_uint(r, INT32_MAX, &c->pid) &&
	       !sm_cbor_get_uint(r, UINT32_MAX, &c->flags) &&
	       !sm_cbor_get_str(r, &c->title, NULL) &&
	       !sm_cbor_get_str(r, &c->output, NULL);
}

static bool get_covered(struct sm_cbor_reader *r, struct covered *p)
{
	uint64_t items;

	return !sm_cbor_get_array(r, 6, &items) && items == 6 &&
	       !sm_cbor_get_uint(r, INT32_MAX, &p->pid) &&
	       !sm_cbor_get_uint(r, INT32_MAX, &p->guest_pid) &&
	       !sm_cbor_get_str(r, &p->exe, NULL) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->events) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->noise) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->lost);
}

static const char *mode_name(uint64_t flags)
{
	if (!(flags & SM_CHANNEL_ENFORCE))
		return "record";
	return flags & SM_CHANNEL_WARN ? "warn" : "block";
}

static void put_collector(struct status *status, const struct collector *c)
{
	struct sm_json *json = &status->json;

	status->collectors++;
	if (!status->is_json) {
		printf("%s  collector %" PRIu64 "  ", mode_name(c->flags),
		       c->pid);
		sm_cli_put(stdout, c->title, false);
		if (c->output.len) {
			fputs("  -> ", stdout);
			sm_cli_put(stdout, c->output, false);
		}
		printf("\n%10s %12s %10s %8s  %s\n", "PID", "EVENTS", "NOISE",
		       "LOST", "PROGRAM");
		return;
	}
	sm_json_open(json, NULL, '{');
	sm_json_put_uint(json, "pid", c->pid);
	sm_json_put_text(json, "mode", mode_name(c->flags));
	sm_json_put_str(json, "command", c->title);
	if (c->output.len)
		sm_json_put_str(json, "output", c->output);
	else
		sm_json_put_null(json, "output");
	sm_json_open(json, "processes", '[');
}

static void put_covered(struct status *status, const struct covered *p)
{
	struct sm_json *json = &status->json;

	status->processes++;
	if (!status->is_json) {
		printf("%10" PRIu64 " %12" PRIu64 " %10" PRIu64 " %8" PRIu64
		       "  ",
		       p->pid, p->events, p->noise, p->lost);
		sm_cli_put(stdout, p->exe, false);
		putchar('\n');
		return;
	}
	sm_json_open(json, NULL, '{');
	sm_json_put_uint(json, "pid", p->pid);
	sm_json_put_uint(json, "guest_pid", p->guest_pid);
	sm_json_put_str(json, "program", p->exe);
	sm_json_put_uint(json, "events", p->events);
	sm_json_put_uint(json, "noise", p->noise);
	sm_json_put_uint(json, "lost", p->lost);
	sm_json_close(json, '}');
}

static void put_answer(struct status *status, const uint8_t *bytes, size_t n)
{
	struct sm_cbor_reader r = { bytes, bytes + n };
	struct collector collector;
	struct covered covered;

	if (!get_collector(&r, &collector))
		return;
	put_collector(status, &collector);
	while (r.at < r.end && get_covered(&r, &covered))
		put_covered(status, &covered);
	if (!status->is_json)
		return;
	sm_json_close(&status->json, ']');
	sm_json_close(&status->json, '}');
}

/* ---------------------------------------------------------------- looking */

/* What somebody else put there could tell us anything; root asks everybody. */
static bool is_trusted(const char *directory)
{
	struct stat st;

	return !lstat(directory, &st) && S_ISDIR(st.st_mode) &&
	       (!geteuid() || st.st_uid == geteuid());
}

static void ask_and_put(struct status *status, const char *directory)
{
	uint8_t *answer;
	size_t bytes;
	int fd;

	if (!is_trusted(directory))
		return;
	fd = ask(directory);
	if (fd < 0)
		return;
	answer = read_answer(fd, &bytes);
	close(fd);
	if (answer)
		put_answer(status, answer, bytes);
	free(answer);
}

static void look_in(struct status *status, const char *base)
{
	const char prefix[] = SM_COLLECTOR_DIRECTORY;
	DIR *dir = opendir(base);
	struct dirent *entry;
	char path[4096];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1))
			continue;
		snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
		ask_and_put(status, path);
	}
	closedir(dir);
}

/* $XDG_RUNTIME_DIR of everybody: /run/user/UID. */
static void look_in_runtime(struct status *status)
{
	DIR *dir = opendir("/run/user");
	struct dirent *entry;
	char path[4096];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/run/user/%s", entry->d_name);
		look_in(status, path);
	}
	closedir(dir);
}

static void look_everywhere(struct status *status)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	look_in(status, "/tmp");
	look_in_runtime(status);
	if (runtime && runtime[0] == '/' && strncmp(runtime, "/run/user/", 10))
		look_in(status, runtime);
}

static void put_all(struct status *status)
{
	if (!status->is_json) {
		look_everywhere(status);
		if (!status->collectors)
			puts("no process is covered");
		return;
	}
	status->json.out = stdout;
	sm_json_open(&status->json, NULL, '{');
	sm_json_open(&status->json, "collectors", '[');
	look_everywhere(status);
	sm_json_close(&status->json, ']');
	sm_json_close(&status->json, '}');
}

int main(int argc, char **argv)
{
	struct status status = { 0 };
	int first, code;

	code = sm_cli_parse(&program, argc, argv, &status, &first);
	if (code >= 0)
		return code;
	if (first < argc) {
		sm_cli_error(&program, argv[first], "no argument is expected");
		return SM_EXIT_USAGE;
	}
	put_all(&status);
	return sm_cli_finish(&program, SM_EXIT_OK);
}
