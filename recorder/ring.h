/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h: one process's shared-memory ring. The agent produces, the collector
 * consumes; neither trusts the other.
 *
 * Memory: a memfd of SM_RING_HEADER_BYTES + data bytes (a power of two), made
 * and sealed by the collector, mapped read-write by both. A second memfd, the
 * control page, is written by the collector and mapped read-only by the agent.
 *
 * A record is 8-byte aligned: u32 reserved, u32 committed, payload. reserved
 * is stored before the payload, committed with release after it: a process
 * killed in between leaves one torn record and nothing behind it. A record
 * never wraps; SM_RING_PAD fills the end. The producer zeroes the two words
 * behind a record before it commits it, so that unread memory always starts
 * with two zero words, whatever a given-up record left there.
 */
#ifndef RECORDER_RING_H
#define RECORDER_RING_H

#include <stdatomic.h>

#include "schema/status.h"
#include "schema/trace.h"

#define SM_RING_MAGIC	     0x676e6972u /* "ring" */
#define SM_RING_VERSION	     3
#define SM_RING_HEADER_BYTES 4096
#define SM_RING_BYTES_MIN    (256u << 10)
#define SM_RING_BYTES	     (8u << 20) /* default; pages unused cost nothing */
#define SM_RING_BYTES_MAX    (1u << 30)
#define SM_RECORD_MAX	     (64u << 10) /* payload bytes of one record */
#define SM_RING_PAD	     0x80000000u /* in committed: skip reserved bytes */

/* Written by the agent, read (copied, then checked) by the collector. */
struct sm_ring_header {
	uint32_t magic;
	uint32_t version;
	_Alignas(64) _Atomic uint64_t head; /* bytes ever produced */
	_Atomic uint64_t attempts;	    /* hook calls, noise included */
	_Atomic uint64_t noise;
	_Atomic uint64_t lost[SM_LOSSES]; /* RING_FULL, TOO_LARGE by agent */
	/* seq from which on events follow a denial; 0: none does. A 1 of the
	 * collector's: the process was started by one that had been denied. */
	_Atomic uint64_t after_denial;
	_Atomic uint32_t generation; /* of the policies it decides by */
	/* 1 once it is mapped: before, whoever was handed it records nothing */
	_Atomic uint32_t is_adopted;
};

/* Written by the collector, read-only for the agent. */
struct sm_ring_control {
	uint32_t magic;
	uint32_t version;
	_Alignas(64) _Atomic uint64_t tail; /* bytes ever consumed */
	/* On a line of their own: read at every event, written hardly ever. */
	_Alignas(64) _Atomic uint32_t is_alive; /* 0: ended in good order */
	_Atomic uint32_t generation; /* of the policies; a change: handshake */
};

enum sm_on_full { SM_ON_FULL_DROP, SM_ON_FULL_WAIT };

/* The agent's side. One thread at a time (the caller serialises). */
struct sm_ring_writer {
	struct sm_ring_header *header;
	const struct sm_ring_control *control;
	uint8_t *data;
	uint32_t data_bytes;
	uint64_t head;
	uint64_t cached_tail;
	enum sm_on_full on_full;
	uint32_t wait_ns; /* SM_ON_FULL_WAIT: longest wait per full episode */
	bool is_full_episode;	/* dropping until half empty */
	uint64_t dropped_since; /* events, since the last loss record */
};

/*
 * Space for a payload of up to SM_RECORD_MAX bytes, or NULL when the ring is
 * full (the drop is counted by the caller). Never blocks longer than wait_ns,
 * allocates nothing.
 */
void *sm_ring_reserve(struct sm_ring_writer *writer);
/* Publishes the reserved record; bytes <= SM_RECORD_MAX. 0: gives it up. */
void sm_ring_commit(struct sm_ring_writer *writer, uint32_t bytes);

/* The collector's side. */
struct sm_ring_reader {
	struct sm_ring_header *header;
	struct sm_ring_control *control;
	uint8_t *data;
	uint32_t data_bytes;
	uint64_t tail;	   /* read up to here, */
	uint64_t released; /* and what the producer knows of it */
	bool is_tainted;   /* the producer broke the rules; nothing more is read
			    */
};

/*
 * Copies the next committed payload to out[SM_RECORD_MAX] (one fetch: the
 * producer may rewrite it meanwhile). Its space is sm_ring_release()'s to give
 * back. SM_END: nothing committed. SM_DAMAGED: impossible lengths; tainted.
 */
SM_CHECKED enum sm_status sm_ring_read(struct sm_ring_reader *reader,
				       uint8_t *out, uint32_t *bytes);
/*
 * Lets the producer have the pages again that were read. A ring that is gone
 * through once holds all of its memory: what lies behind the first keep_bytes
 * is first given back to the system, which costs the producer a page fault.
 */
void sm_ring_release(struct sm_ring_reader *reader, uint32_t keep_bytes);

/* Collector: creates both memfds, sized and sealed. Descriptors CLOEXEC. */
struct sm_ring_memory {
	int ring_fd;
	int control_fd;		      /* read-write, the collector's */
	int control_read_fd;	      /* opened read-only, to hand over */
	struct sm_ring_reader reader; /* mapped */
};
SM_CHECKED enum sm_status sm_ring_create(uint32_t data_bytes,
					 struct sm_ring_memory *memory,
					 struct sm_diag *diag);
/* Once handed over the mapping suffices: a process costs no descriptor. */
void sm_ring_close_fds(struct sm_ring_memory *memory);
void sm_ring_destroy(struct sm_ring_memory *memory);
/*
 * Agent: maps descriptors it was handed (the caller closes them), checks
 * everything, MADV_DONTFORK. No allocation. on_full and wait_ns are the
 * caller's to set from the reply. Counters start where the header's stand.
 */
SM_CHECKED enum sm_status sm_ring_map(int ring_fd, int control_fd,
				      struct sm_ring_writer *writer);
void sm_ring_unmap(struct sm_ring_writer *writer);

#endif
