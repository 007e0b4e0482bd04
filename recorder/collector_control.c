/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_control.c: secmgr-enforce --reload asks for other policies.
 *
 * Who may: the collector's own uid and root. The guests often run under the
 * same uid, and what is held to a policy must not replace it: a request is
 * refused when it comes from COMMAND, from a covered process, or from anything
 * they started, however far down; and when the asking program was started with
 * this collector's channel in its environment, which whatever a guest starts
 * inherits. Native code that was granted a program of its own, empties its
 * environment and lets itself be adopted by init is not told apart from an
 * administrator; it could as well trace the collector.
 */
#include "recorder/collector_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/cbor.h"

#define ANCESTORS_MAX 256

/* ------------------------------------------------------------------ asking */

static bool is_covered(const struct sm_collector *collector, uint32_t pid)
{
	const struct process *process = collector->processes;

	while (process && process->pid != pid)
		process = process->next;
	return process || pid == collector->command_pid ||
	       pid == (uint32_t)getpid();
}

/* True too when it cannot be told. */
static bool is_of_guest(const struct sm_collector *collector, uint32_t pid)
{
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		if (!pid || is_covered(collector, pid))
			return true;
		if (pid == 1)
			return false;
		if (!process_parent(pid, &pid))
			return true;
		if (!pid) /* init's, and of a container's first process */
			return false;
	}
	return true;
}

/* Whether one of the NUL-separated entries is our channel. */
static bool holds_channel(const struct sm_collector *collector, char *text,
			  size_t bytes)
{
	static const char name[] = SM_CHANNEL_ENVIRONMENT "=";
	const char *path = collector->address.sun_path;

	for (char *at = text; at < text + bytes; at += strlen(at) + 1)
		if (!strncmp(at, name, sizeof(name) - 1) && strstr(at, path))
			return true;
	return false;
}

static char *read_all(int fd, size_t *bytes)
{
	size_t room = 64 << 10;
	char *text = NULL, *more;
	ssize_t n = 1;

	*bytes = 0;
	while (n > 0) {
		room *= 2;
		more = realloc(text, room + 1);
		if (!more)
			break;
		text = more;
		while (*bytes < room &&
		       (n = read(fd, text + *bytes, room - *bytes)) > 0)
			*bytes += (size_t)n;
	}
	if (n) {
		free(text);
		return NULL;
	}
	text[*bytes] = '\0';
	return text;
}

static bool has_channel(const struct sm_collector *collector, uint32_t pid)
{
	char path[64], *text;
	size_t bytes;
	bool result;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/environ", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	text = read_all(fd, &bytes);
	close(fd);
	result = !text || holds_channel(collector, text, bytes);
	free(text);
	return result;
}

/*
 * fd was connected by who sends now: a descriptor that was passed on, or a pid
 * that was given away in between, speaks for nobody.
 */
static const char *refuse(const struct sm_collector *collector, int fd,
			  const struct greeting *greeting)
{
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);
	uint32_t pid = (uint32_t)greeting->credentials.pid;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) ||
	    !greeting->has_credentials || peer.pid != greeting->credentials.pid)
		return "who asks cannot be told";
	if (peer.uid && peer.uid != geteuid())
		return "only its user and root may change the policy";
	/* Of root only root may see the environment. */
	if (is_of_guest(collector, pid) ||
	    ((peer.uid || !geteuid()) && has_channel(collector, pid)))
		return "what is held to a policy may not change it";
	if (collector->policy.fd < 0)
		return "nothing is enforced there";
	return NULL;
}

/* ----------------------------------------------------------------- request */

#define KEPT_MAX 8 /* four of each policy */

struct change {
	uint64_t mode;			 /* enum sm_collector_mode */
	uint64_t has_policy, has_shadow; /* enum sm_collector_change */
	struct sm_collector_policy policy, shadow;
	void *kept[KEPT_MAX]; /* what the policies point to */
	unsigned kept_count;
};

static bool get_text(struct sm_cbor_reader *r, struct change *change,
		     const char **out)
{
	struct sm_str text;
	char *copy;

	if (sm_cbor_get_str(r, &text, NULL))
		return false;
	/* The request ends where its last text may end: no NUL behind it. */
	copy = malloc((size_t)text.len + 1);
	if (!copy)
		return false;
	if (text.len)
		memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	change->kept[change->kept_count++] = copy;
	*out = copy;
	return true;
}

/* [kind, ?path, ?sha256, ?text, ?blob] */
static bool get_policy(struct sm_cbor_reader *r, struct change *change,
		       uint64_t *kind, struct sm_collector_policy *policy)
{
	struct sm_policy opened;
	struct sm_str blob;
	uint64_t items;
	void *aligned;

	if (sm_cbor_get_array(r, 5, &items) ||
	    sm_cbor_get_uint(r, SM_COLLECTOR_REPLACE, kind))
		return false;
	if (*kind != SM_COLLECTOR_REPLACE)
		return items == 1;
	if (items != 5 || !get_text(r, change, &policy->path) ||
	    !get_text(r, change, &policy->sha256) ||
	    !get_text(r, change, &policy->text) ||
	    sm_cbor_get_str(r, &blob, NULL) || !blob.len)
		return false;
	aligned = malloc(blob.len);
	if (!aligned)
		return false;
	change->kept[change->kept_count++] = aligned;
	memcpy(aligned, blob.p, blob.len);
	policy->blob = aligned;
	policy->bytes = blob.len;
	/* As the agents will: what they refuse is never handed out. */
	return !sm_policy_open(&opened, aligned, blob.len, NULL);
}

static bool get_change(const uint8_t *bytes, size_t n, struct change *change)
{
	struct sm_cbor_reader r = { bytes, bytes + n };
	uint64_t items, version;

	return !sm_cbor_get_array(&r, 4, &items) && items == 4 &&
	       !sm_cbor_get_uint(&r, UINT32_MAX, &version) &&
	       version == SM_COLLECTOR_CONTROL_VERSION &&
	       !sm_cbor_get_uint(&r, SM_COLLECTOR_MODE_WARN, &change->mode) &&
	       get_policy(&r, change, &change->has_policy, &change->policy) &&
	       change->has_policy != SM_COLLECTOR_REMOVE &&
	       get_policy(&r, change, &change->has_shadow, &change->shadow) &&
	       r.at == r.end;
}

/* ----------------------------------------------------------------- swapping */

static void raise_generation(struct sm_collector *collector)
{
	struct process *process;

	collector->generation++;
	for (process = collector->processes; process; process = process->next)
		atomic_store(&process->memory.reader.control->generation,
			     collector->generation);
}

static void set_mode(struct sm_collector *collector, uint64_t mode)
{
	if (mode == SM_COLLECTOR_MODE_KEEP)
		return;
	collector->options.flags &= ~(uint32_t)SM_CHANNEL_WARN;
	if (mode == SM_COLLECTOR_MODE_WARN)
		collector->options.flags |= SM_CHANNEL_WARN;
}

static void replace(struct held_policy *held, struct held_policy *fresh,
		    uint64_t kind)
{
	if (kind == SM_COLLECTOR_KEEP)
		return;
	held_policy_free(held);
	*held = *fresh;
	held_policy_init(fresh);
}

/* Everything that can fail first: then all of it is swapped. */
static const char *apply(struct sm_collector *collector,
			 const struct change *change)
{
	struct held_policy policy, shadow;
	struct sm_diag diag = { 0 };
	const char *failure = NULL;

	held_policy_init(&shadow);
	if (held_policy_take(&policy, &change->policy, &diag) ||
	    held_policy_take(&shadow, &change->shadow, &diag)) {
		failure = "its memory cannot be made there";
	} else {
		replace(&collector->policy, &policy, change->has_policy);
		replace(&collector->shadow, &shadow, change->has_shadow);
		set_mode(collector, change->mode);
		raise_generation(collector);
		/* Out of memory: it is done; the trace does not know. */
		(void)policy_announce(collector);
	}
	held_policy_free(&policy);
	held_policy_free(&shadow);
	return failure;
}

static uint8_t *read_request(int fd, size_t *bytes)
{
	struct stat st;
	uint8_t *out;
	ssize_t n;

	/* A regular file's read ends; what else was passed might not. */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > SM_COLLECTOR_REQUEST_MAX)
		return NULL;
	out = malloc((size_t)st.st_size);
	n = out ? pread(fd, out, (size_t)st.st_size, 0) : -1;
	if (n != st.st_size) {
		free(out);
		return NULL;
	}
	*bytes = (size_t)n;
	return out;
}

static const char *serve(struct sm_collector *collector, int request)
{
	struct change change = { 0 };
	const char *failure = "the request makes no sense there";
	size_t bytes;
	uint8_t *text = request >= 0 ? read_request(request, &bytes) : NULL;

	if (text && get_change(text, bytes, &change))
		failure = apply(collector, &change);
	for (unsigned i = 0; i < KEPT_MAX; i++)
		free(change.kept[i]);
	free(text);
	return failure;
}

static void answer(const struct sm_collector *collector, int fd,
		   const char *failure)
{
	uint8_t bytes[512];
	struct sm_cbor_writer w = { bytes, bytes + sizeof(bytes), false };

	sm_cbor_put_array(&w, 3);
	sm_cbor_put_uint(&w, SM_COLLECTOR_CONTROL_VERSION);
	sm_cbor_put_uint(&w, failure ? 0 : collector->generation);
	sm_cbor_put_str(&w, sm_str_of(failure ? failure : ""));
	if (send(fd, bytes, (size_t)(w.at - bytes),
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return; /* an asker that is gone needs no answer */
}

void collector_answer_request(struct sm_collector *collector, int fd)
{
	static _Thread_local struct greeting greeting;
	const char *failure;

	if (!collector_receive(fd, &greeting) || !greeting.has_credentials)
		return;
	failure = refuse(collector, fd, &greeting);
	if (!failure)
		failure = serve(collector, greeting.reply);
	answer(collector, fd, failure);
	if (greeting.reply >= 0)
		close(greeting.reply);
}
