/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h: 64-bit digests of what a decision depends on.
 */
#ifndef REPLAY_DIGEST_H
#define REPLAY_DIGEST_H

#include "schema/request.h"

uint64_t sm_digest_bytes(uint64_t seed, const void *bytes, size_t n);
uint64_t sm_digest_str(uint64_t seed, struct sm_str text);
uint64_t sm_digest_value(uint64_t seed, const struct sm_value *value);

/* Event name, principal, via and all requests: not where it was called. */
uint64_t sm_digest_decision(const struct sm_event *event,
			    const struct sm_request *requests, unsigned count);

#endif
