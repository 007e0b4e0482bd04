/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/intern.h"

#include <stdlib.h>
#include <sys/random.h>

enum { SLOTS_MIN = 1024 };

enum sm_status sm_intern_init(struct sm_intern *in, uint32_t next)
{
	*in = (struct sm_intern){
		.next = next,
		.max_strings = SM_INTERN_STRINGS,
		.max_bytes = SM_INTERN_BYTES,
		.room = SLOTS_MIN,
	};
	/* A short read leaves a weaker seed, which only costs speed. */
	if (getrandom(&in->seed, sizeof(in->seed), GRND_NONBLOCK) < 0)
		in->seed = (uintptr_t)in;
	in->slots = calloc(in->room, sizeof(*in->slots));
	return in->slots ? SM_OK : SM_NOMEM;
}

void sm_intern_fini(struct sm_intern *in)
{
	free(in->slots);
	sm_bytes_fini(&in->arena);
	in->slots = NULL;
}

static void forget(struct sm_intern *in)
{
	memset(in->slots, 0, in->room * sizeof(*in->slots));
	in->count = 0;
	in->arena.len = 0;
}

static enum sm_status grow(struct sm_intern *in)
{
	uint32_t room = in->room * 2;
	struct sm_intern_entry *slots = calloc(room, sizeof(*slots));

	if (!slots)
		return SM_NOMEM;
	for (uint32_t i = 0; i < in->room; i++) {
		uint32_t at = in->slots[i].hash & (room - 1);

		if (!in->slots[i].id)
			continue;
		while (slots[at].id)
			at = (at + 1) & (room - 1);
		slots[at] = in->slots[i];
	}
	free(in->slots);
	in->slots = slots;
	in->room = room;
	return SM_OK;
}

static struct sm_intern_entry *slot_of(struct sm_intern *in, struct sm_str s,
				       uint64_t hash)
{
	uint32_t at = hash & (in->room - 1);

	for (;; at = (at + 1) & (in->room - 1)) {
		struct sm_intern_entry *e = &in->slots[at];

		if (!e->id || (e->hash == hash && e->len == s.len &&
			       !memcmp(in->arena.p + e->at, s.p, s.len)))
			return e;
	}
}

static enum sm_status make_room(struct sm_intern *in, uint32_t len)
{
	if (in->next >= SM_INTERN_LAST)
		return SM_LIMIT;
	if (in->count >= in->max_strings || in->arena.len + len > in->max_bytes)
		forget(in);
	return in->count >= in->room / 2 ? grow(in) : SM_OK;
}

/* Puts a string that is not there yet. */
static enum sm_status put(struct sm_intern *in, struct sm_str s, uint64_t hash,
			  uint32_t id)
{
	enum sm_status status = make_room(in, s.len);
	struct sm_intern_entry *e;
	uint8_t *at;

	if (status)
		return status;
	at = sm_bytes_grow(&in->arena, s.len);
	if (!at) {
		in->arena.has_failed = false;
		return SM_NOMEM;
	}
	memcpy(at, s.p, s.len);
	e = slot_of(in, s, hash);
	*e = (struct sm_intern_entry){ .hash = hash,
				       .at = (size_t)(at - in->arena.p),
				       .len = s.len,
				       .id = id };
	in->count++;
	return SM_OK;
}

enum sm_status sm_intern_find(struct sm_intern *in, struct sm_str s,
			      uint32_t *id, bool *is_new)
{
	uint64_t hash = sm_bytes_hash(s.p, s.len, in->seed);
	enum sm_status status;

	*id = 0;
	*is_new = false;
	if (!s.len)
		return SM_OK;
	*id = slot_of(in, s, hash)->id;
	if (*id)
		return SM_OK;
	status = put(in, s, hash, in->next);
	if (status)
		return status;
	*id = in->next++;
	*is_new = true;
	return SM_OK;
}

uint32_t sm_intern_get(struct sm_intern *in, struct sm_str s)
{
	return s.len ? slot_of(in, s, sm_bytes_hash(s.p, s.len, in->seed))->id
		     : 0;
}

/* Nothing was put since, so no probe goes past the slot. */
void sm_intern_undo(struct sm_intern *in, struct sm_str s)
{
	struct sm_intern_entry *e =
		slot_of(in, s, sm_bytes_hash(s.p, s.len, in->seed));

	if (!e->id || e->id + 1 != in->next)
		return;
	in->arena.len = e->at;
	e->id = 0;
	in->count--;
	in->next--;
}

enum sm_status sm_intern_learn(struct sm_intern *in, struct sm_str s,
			       uint32_t id)
{
	uint64_t hash = sm_bytes_hash(s.p, s.len, in->seed);

	if (!s.len || !id || slot_of(in, s, hash)->id)
		return SM_OK;
	return put(in, s, hash, id);
}
