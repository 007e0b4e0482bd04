/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h: what travels through the ring: one CBOR array a record.
 *
 *   event       [0, seq, time_ns, thread, kind / name, [args], caller, line,
 *                via, principal kind, owner, ?{extras}]
 *   code        [1, id, file, function, package, principal kind]
 *   interpreter [2, version, stdlib, prefix, home, tmp]
 *   lost        [3, cause, count, time_ns]
 *   forget      [4]    code ids start anew (after fork the ring is new too)
 *   policy      [5, generation, seq, time_ns]    decides from event seq on
 *
 * caller and owner are ids of code records sent before in the same ring; 0 is
 * "no Python frame". owner is the principal's frame (for DYNAMIC: the nearest
 * file-backed one). extras: 0, 1: resolved paths; 2: decision; 3: rule id;
 * 4, 5: decision and rule id of a shadow policy.
 * Strings: text (valid UTF-8) or bytes. Other values: tags in schema/cbor.h.
 * Encoding: RFC 8949, definite lengths only. CDDL: schema/event.cddl.
 */
#ifndef RECORDER_RECORD_H
#define RECORDER_RECORD_H

#include "schema/cbor.h"
#include "schema/event.h"
#include "schema/trace.h"

enum sm_record_type {
	SM_RECORD_EVENT,
	SM_RECORD_CODE,
	SM_RECORD_INTERPRETER,
	SM_RECORD_LOST,
	SM_RECORD_FORGET,
	SM_RECORD_POLICY,
};

/* A code object as the agent describes it, once per process and object. */
struct sm_record_code {
	uint32_t id; /* from 1, ascending */
	struct sm_str file, function;
	struct sm_str package; /* DISTRIBUTION: top-level name */
	enum sm_principal_kind kind;
};

struct sm_record_event {
	struct sm_event event; /* site strings unset: see caller and owner */
	uint32_t caller, owner;
};

struct sm_record_lost {
	enum sm_loss cause;
	uint64_t count, time_ns;
};

/* From event seq on the policies of that generation decide. */
struct sm_record_policy {
	uint32_t generation;
	uint64_t seq, time_ns;
};

struct sm_record {
	enum sm_record_type type;
	union {
		struct sm_record_event event;
		struct sm_record_code code;
		struct sm_trace_interpreter interpreter;
		struct sm_record_lost lost;
		struct sm_record_policy policy;
	};
};

/* Encoders return the bytes written, 0 when they do not fit. No allocation. */
uint32_t sm_record_put_event(uint8_t *out, uint32_t room,
			     const struct sm_record_event *event);
uint32_t sm_record_put_code(uint8_t *out, uint32_t room,
			    const struct sm_record_code *code);
uint32_t
sm_record_put_interpreter(uint8_t *out, uint32_t room,
			  const struct sm_trace_interpreter *interpreter);
uint32_t sm_record_put_lost(uint8_t *out, uint32_t room,
			    const struct sm_record_lost *lost);

uint32_t sm_record_put_policy(uint8_t *out, uint32_t room,
			      const struct sm_record_policy *policy);

/*
 * Decodes one record. Strings in *record point into bytes; arguments into
 * values[SM_VALUES_MAX]. SM_DAMAGED for anything not exactly as above.
 */
SM_CHECKED enum sm_status sm_record_get(const uint8_t *bytes, uint32_t len,
					struct sm_value *values,
					struct sm_record *record);

#endif
