/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language_state.c: an automaton's states, and the steps all patterns take.
 */
#include <stdlib.h>

#include "schema/policy/language_internal.h"

uint32_t sm_language_state(struct sm_language *l)
{
	uint32_t room = l->room ? 2 * l->room : 64;
	struct sm_state *states;

	if (l->count == l->room) {
		states = l->count < SM_STATES_MAX
				 ? realloc(l->states, room * sizeof(*states))
				 : NULL;
		if (!states) {
			l->has_failed = true;
			return 0;
		}
		l->states = states;
		l->room = room;
	}
	l->states[l->count] =
		(struct sm_state){ .to = SM_STATE_NONE,
				   .free_moves = { SM_STATE_NONE,
						   SM_STATE_NONE } };
	return l->count++;
}

/* States have room for two free moves: more go through a new one. */
void sm_language_free_move(struct sm_language *l, uint32_t from, uint32_t to)
{
	uint32_t *moves = l->states[from].free_moves, next;

	if (moves[0] == SM_STATE_NONE) {
		moves[0] = to;
	} else if (moves[1] == SM_STATE_NONE) {
		moves[1] = to;
	} else {
		next = sm_language_state(l);
		if (l->has_failed)
			return;
		l->states[next].free_moves[0] = l->states[from].free_moves[1];
		l->states[next].free_moves[1] = to;
		l->states[from].free_moves[1] = next;
	}
}

struct sm_language *sm_language_new(void)
{
	struct sm_language *l = calloc(1, sizeof(*l));

	if (l)
		l->starts = sm_language_state(l);
	if (l && l->has_failed) {
		sm_language_free(l);
		return NULL;
	}
	return l;
}

void sm_language_free(struct sm_language *l)
{
	if (!l)
		return;
	free(l->states);
	free(l);
}

void sm_read_one(struct sm_reading *b, struct sm_bytes bytes)
{
	uint32_t from = sm_language_state(b->l), to = sm_language_state(b->l);

	if (b->l->has_failed)
		return;
	sm_language_free_move(b->l, b->at, from);
	b->l->states[from].bytes = bytes;
	b->l->states[from].to = to;
	b->at = to;
}

void sm_read_many(struct sm_reading *b, struct sm_bytes bytes)
{
	uint32_t loop = sm_language_state(b->l), to = sm_language_state(b->l);

	if (b->l->has_failed)
		return;
	sm_language_free_move(b->l, b->at, loop);
	b->l->states[loop].bytes = bytes;
	b->l->states[loop].to = loop;
	sm_language_free_move(b->l, loop, to);
	b->at = to;
}

void sm_read_text(struct sm_reading *b, struct sm_str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		sm_read_one(b, sm_bytes_range((uint8_t)text.p[i],
					      (uint8_t)text.p[i]));
}

void sm_read_but(struct sm_reading *b, struct sm_bytes bytes, char not_first)
{
	struct sm_bytes first = bytes;

	sm_bytes_drop(&first, (uint8_t)not_first);
	sm_read_one(b, first);
	sm_read_many(b, bytes);
}
