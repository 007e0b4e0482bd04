/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collectors.h: the running collectors, as each of them says when asked.
 */
#ifndef TOOLS_COLLECTORS_H
#define TOOLS_COLLECTORS_H

#include "recorder/collector.h"

/* Texts point into the answer. */
struct collector_info {
	uint64_t pid, flags, command_pid, generation;
	struct sm_str title, output;
	struct sm_str policy, policy_sha256, shadow, shadow_sha256; /* or empty
								     */
	const struct sm_str *variables; /* name, value, name, value ... */
	size_t variable_texts;
};

struct covered_info {
	uint64_t pid, guest_pid, events, noise, lost;
	uint64_t generation; /* it decides by; 0: none */
	uint64_t attempts, after_denial;
	struct sm_str exe;
};

struct collector_answer {
	char directory[256]; /* its sockets' */
	uint8_t *bytes;
	struct collector_info info;
	struct covered_info *processes;
	size_t process_count;
};

/*
 * Asks all that this user may trust (root: all); answer is freed after the
 * call.
 */
void collectors_each(void (*found)(void *context,
				   const struct collector_answer *answer),
		     void *context);
/* One of them, again. False: it is gone. collectors_free() in any case. */
bool collectors_ask(const char *directory, struct collector_answer *answer);
void collectors_free(struct collector_answer *answer);

/* A connection to a socket of it; -1: nobody listens. */
int collectors_connect(const char *directory, const char *socket);

#endif
