/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.h: how an agent gets its ring.
 *
 * Environment SECMGR_CHANNEL = "DEV:INO:FD:FLAGS:KEY:PATH" (hex, hex, decimal,
 * hex, hex, path). FLAGS are those of the reply: an agent knows that it
 * enforces before it has a policy, and so can fail closed. KEY, of 32 digits,
 * is what credentials are hashed under: the hello tells of some already. FD is
 * an inherited SOCK_SEQPACKET socket (checked by dev and ino before use;
 * FD_CLOEXEC: exec'ed children use PATH, an unguessable socket name in a
 * directory of mode 0711, socket mode 0666: workers drop their uid). Where PATH
 * leads nowhere, in a container with a /tmp of its own, an abstract socket of
 * the same name is asked, if its owner is root or the asker.
 *
 * Handshake, one message each way:
 *   agent     -> hello (CBOR, at most SM_HELLO_MAX bytes) with one SCM_RIGHTS
 *                descriptor: an end of a fresh SOCK_SEQPACKET socketpair. The
 *                kernel adds SCM_CREDENTIALS: they, not the payload, say who.
 *   collector -> struct sm_channel_reply on that end, with descriptors
 *                ring, control, and when enforcing the policy, and a shadow
 *                policy if there is one, in that order. To a hello of reason
 *                RELOAD the policies only: the ring stays.
 * The agent waits SM_CHANNEL_WAIT_MS (or for its first policy, without which
 * it would deny, SM_CHANNEL_POLICY_WAIT_MS), maps, and closes everything but
 * FD.
 */
#ifndef RECORDER_CHANNEL_H
#define RECORDER_CHANNEL_H

#include <sys/socket.h>
#include <sys/un.h>

#include "recorder/digest.h"
#include "recorder/ring.h"
#include "schema/named.h"

#define SM_CHANNEL_ENVIRONMENT "SECMGR_CHANNEL"
/*
 * Where the interpreter started that started this program, whoever was in
 * between: SECMGR_START=DIR; empty: nowhere in particular. A child's own
 * directory is for the program to choose, not for whoever started that.
 */
#define SM_START_ENVIRONMENT	  "SECMGR_START"
#define SM_CHANNEL_WAIT_MS	  100
#define SM_CHANNEL_POLICY_WAIT_MS 5000
#define SM_HELLO_MAX		  (32u << 10)
#define SM_CHANNEL_MAGIC	  0x736d6368u
#define SM_CHANNEL_VERSION	  4

enum sm_hello_reason { SM_HELLO_LOAD, SM_HELLO_FORK, SM_HELLO_RELOAD };

/*
 * hello: [version, reason, guest pid, start time_ns, exe, cwd, [argv],
 * [named]]
 */
struct sm_hello {
	enum sm_hello_reason reason;
	uint32_t guest_pid;
	uint64_t time_ns;
	struct sm_str exe, cwd;
	uint32_t argc;
	struct sm_value argv[SM_ITEMS_MAX];
	struct sm_named named; /* by its command line */
};

enum sm_channel_flag {
	SM_CHANNEL_ENFORCE = 1 << 0, /* a policy descriptor follows */
	SM_CHANNEL_WARN = 1 << 1,    /* denials are recorded, nothing raised */
	SM_CHANNEL_FAIL_OPEN = 1 << 2,
	SM_CHANNEL_NOISE = 1 << 3, /* store noise events too */
	/*
	 * secmgr-replay --live: nothing is decided but the event right behind
	 * one named SM_CHANNEL_LIVE_MARK. Only a reply can ask for it.
	 */
	SM_CHANNEL_LIVE = 1 << 4,
	/* Credentials are told as they are. */
	SM_CHANNEL_NO_REDACT = 1 << 5,
};

#define SM_CHANNEL_LIVE_MARK "secmgr.live.call"
/* And what the command line of the process that made that call named. */
#define SM_CHANNEL_LIVE_NAMED "secmgr.live.named"
/*
 * There, a variable's value of this and 16 hexadecimal digits has that hash: of
 * what a child was given, a trace knows no more.
 */
#define SM_CHANNEL_LIVE_HASH "secmgr.live.hash:"

struct sm_channel_reply {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;	  /* enum sm_channel_flag */
	uint32_t on_full; /* enum sm_on_full */
	uint32_t wait_ns;
	uint32_t policy_bytes;
	uint32_t shadow_bytes; /* 0: none; decides nothing, is only asked */
	uint32_t generation;   /* of both; see struct sm_ring_control */
};

/* SECMGR_CHANNEL, taken apart. path points into the text. */
struct sm_channel_address {
	uint64_t dev, ino;
	int fd;		/* verify with fstat: dev, ino, S_ISSOCK */
	uint32_t flags; /* enum sm_channel_flag */
	uint8_t key[SM_DIGEST_KEY_BYTES];
	const char *path;
};

#define SM_CHANNEL_TEXT_MAX 256
#define SM_CHANNEL_PATH_MAX 108 /* sun_path, NUL included */

/* Agent-safe. SM_INVALID for anything but exactly the form above. */
SM_CHECKED enum sm_status sm_channel_parse(const char *text,
					   struct sm_channel_address *address);
/* Length written, without the NUL; 0 when it does not fit. */
uint32_t sm_channel_print(const struct sm_channel_address *address, char *out,
			  uint32_t room);
/* The abstract socket of that path, shorter than SM_CHANNEL_PATH_MAX. */
socklen_t sm_channel_name(const char *path, struct sockaddr_un *address);

/*
 * Bytes written, 0 when it does not fit. Arguments at the end are left out
 * until it fits SM_HELLO_MAX.
 */
uint32_t sm_hello_put(uint8_t *out, uint32_t room, const struct sm_hello *h);
/* Strings point into bytes. SM_VERSION, SM_DAMAGED. */
SM_CHECKED enum sm_status sm_hello_get(const uint8_t *bytes, uint32_t len,
				       struct sm_hello *hello);

#endif
