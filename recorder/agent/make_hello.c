/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_hello.c: what a process tells of itself when it asks for a ring.
 */
#include "recorder/agent/agent.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t sm_read_file(const char *path, char *out, uint32_t room)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	uint32_t used = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	while (used < room && (n = read(fd, out + used, room - used)) > 0)
		used += (uint32_t)n;
	close(fd);
	return used;
}

static void put_argument(struct sm_hello *hello, struct sm_redact_argv *argv,
			 struct sm_str text, char *out, uint32_t room,
			 uint32_t *used)
{
	struct sm_value *v = &hello->argv[hello->argc];
	uint32_t length = 0;

	memset(v, 0, sizeof(*v));
	if (!(sm_agent.flags & SM_CHANNEL_NO_REDACT) &&
	    sm_redact_argument(argv, (struct sm_redact_text){ text, false },
			       out + *used, room - *used, &length)) {
		text = length ? (struct sm_str){ out + *used, length }
			      : SM_STR(SM_SECRET);
		*used += length;
	}
	v->type = sm_utf8_is_valid(text) ? SM_TEXT : SM_BYTES;
	v->s = text.p;
	v->full_len = text.len;
	v->len = text.len;
	if (v->len > SM_STRING_MAX) {
		v->len = SM_STRING_MAX;
		v->type = SM_BYTES;
	}
	hello->argc++;
}

static void put_argv(struct sm_hello *hello)
{
	static char text[16 << 10], masked[4 << 10];
	uint32_t n = sm_read_file("/proc/self/cmdline", text, sizeof(text));
	struct sm_redact_argv argv = { 0 };
	uint32_t at = 0, used = 0;

	if (n == sizeof(text)) /* of the last argument only the beginning */
		while (n && text[n - 1])
			n--;
	while (at < n && hello->argc < SM_ITEMS_MAX) {
		const char *end = memchr(text + at, '\0', n - at);
		uint32_t len = end ? (uint32_t)(end - text) - at : n - at;

		put_argument(hello, &argv, (struct sm_str){ text + at, len },
			     masked, sizeof(masked), &used);
		at += len + 1;
	}
}

uint32_t sm_make_hello(enum sm_hello_reason reason, uint8_t *out)
{
	static struct sm_hello hello;
	static char exe[SM_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	memset(&hello, 0, sizeof(hello));
	hello.reason = reason;
	hello.guest_pid = (uint32_t)getpid();
	hello.time_ns = sm_agent_now_ns();
	hello.exe = (struct sm_str){ exe, n > 0 ? (uint32_t)n : 0 };
	sm_resolve_cwd_changed();
	hello.cwd = sm_resolve_cwd();
	hello.named = *sm_named();
	put_argv(&hello);
	return sm_hello_put(out, SM_HELLO_MAX, &hello);
}
