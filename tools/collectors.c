/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/collectors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "schema/cbor.h"

#define ANSWER_MAX    (64u << 20)
#define VARIABLES_MAX 1024
#define PROCESSES_MAX (4u << 20)

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
int collectors_connect(const char *directory, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = 1 };
	int fd;
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
			 directory, name);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

static int ask(const char *directory)
{
	int fd = collectors_connect(directory, SM_COLLECTOR_STATUS_SOCKET);
	int got = fd >= 0 ? receive_descriptor(fd) : -1;

	if (fd >= 0)
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

/* --------------------------------------------------------------- decoding */

static bool get_texts(struct sm_cbor_reader *r, struct collector_info *c)
{
	struct sm_str *texts;
	uint64_t items;

	if (sm_cbor_get_array(r, VARIABLES_MAX, &items) || items % 2)
		return false;
	texts = calloc(items + 1, sizeof(*texts));
	if (!texts)
		return false;
	c->variables = texts;
	c->variable_texts = items;
	for (uint64_t i = 0; i < items; i++)
		if (sm_cbor_get_str(r, &texts[i], NULL))
			return false;
	return true;
}

static bool get_collector(struct sm_cbor_reader *r, struct collector_info *c)
{
	uint64_t items, version;

	return !sm_cbor_get_array(r, 12, &items) && items == 12 &&
	       !sm_cbor_get_uint(r, SM_COLLECTOR_STATUS_VERSION, &version) &&
	       !sm_cbor_get_uint(r, INT32_MAX, &c->pid) &&
	       !sm_cbor_get_uint(r, UINT32_MAX, &c->flags) &&
	       !sm_cbor_get_str(r, &c->title, NULL) &&
	       !sm_cbor_get_str(r, &c->output, NULL) &&
	       !sm_cbor_get_uint(r, INT32_MAX, &c->command_pid) &&
	       !sm_cbor_get_uint(r, UINT32_MAX, &c->generation) &&
	       !sm_cbor_get_str(r, &c->policy, NULL) &&
	       !sm_cbor_get_str(r, &c->policy_sha256, NULL) &&
	       !sm_cbor_get_str(r, &c->shadow, NULL) &&
	       !sm_cbor_get_str(r, &c->shadow_sha256, NULL) && get_texts(r, c);
}

static bool get_covered(struct sm_cbor_reader *r, struct covered_info *p)
{
	uint64_t items;

	return !sm_cbor_get_array(r, 9, &items) && items == 9 &&
	       !sm_cbor_get_uint(r, INT32_MAX, &p->pid) &&
	       !sm_cbor_get_uint(r, INT32_MAX, &p->guest_pid) &&
	       !sm_cbor_get_str(r, &p->exe, NULL) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->events) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->noise) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->lost) &&
	       !sm_cbor_get_uint(r, UINT32_MAX, &p->generation) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->attempts) &&
	       !sm_cbor_get_uint(r, UINT64_MAX, &p->after_denial);
}

static bool add_covered(struct collector_answer *answer,
			const struct covered_info *covered)
{
	size_t n = answer->process_count;
	struct covered_info *more = answer->processes;

	if (n == PROCESSES_MAX)
		return false;
	/* Doubled at every power of two. */
	if (!(n & (n - 1))) {
		more = realloc(more, (n ? 2 * n : 1) * sizeof(*more));
		if (!more)
			return false;
		answer->processes = more;
	}
	answer->processes[answer->process_count++] = *covered;
	return true;
}

bool collectors_ask(const char *directory, struct collector_answer *answer)
{
	struct sm_cbor_reader r;
	struct covered_info covered;
	size_t bytes;
	int fd = ask(directory);

	memset(answer, 0, sizeof(*answer));
	if (fd < 0)
		return false;
	snprintf(answer->directory, sizeof(answer->directory), "%s", directory);
	answer->bytes = read_answer(fd, &bytes);
	close(fd);
	r = (struct sm_cbor_reader){ answer->bytes, answer->bytes + bytes };
	if (!answer->bytes || !get_collector(&r, &answer->info))
		return false;
	while (r.at < r.end)
		if (!get_covered(&r, &covered) ||
		    !add_covered(answer, &covered))
			return false;
	return true;
}

void collectors_free(struct collector_answer *answer)
{
	free((void *)(uintptr_t)answer->info.variables);
	free(answer->processes);
	free(answer->bytes);
	memset(answer, 0, sizeof(*answer));
}

/* ---------------------------------------------------------------- looking */

/* What somebody else put there could tell us anything; root asks everybody. */
static bool is_trusted(const char *directory)
{
	struct stat st;

	return !lstat(directory, &st) && S_ISDIR(st.st_mode) &&
	       (!geteuid() || st.st_uid == geteuid());
}

typedef void on_found(void *context, const struct collector_answer *answer);

struct look {
	on_found *found;
	void *context;
};

static void look_at(const struct look *look, const char *directory)
{
	struct collector_answer answer;

	if (!is_trusted(directory))
		return;
	if (collectors_ask(directory, &answer))
		look->found(look->context, &answer);
	collectors_free(&answer);
}

static void look_in(const struct look *look, const char *base)
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
		look_at(look, path);
	}
	closedir(dir);
}

/* $XDG_RUNTIME_DIR of everybody: /run/user/UID. */
static void look_in_runtime(const struct look *look)
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
		look_in(look, path);
	}
	closedir(dir);
}

void collectors_each(on_found *found, void *context)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const struct look everywhere = { found, context }, *look = &everywhere;

	look_in(look, "/tmp");
	look_in_runtime(look);
	if (runtime && runtime[0] == '/' && strncmp(runtime, "/run/user/", 10))
		look_in(look, runtime);
}
