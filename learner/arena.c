/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/arena.h"

#include <stdlib.h>

#define BLOCK_BYTES ((size_t)256 << 10)

struct sm_arena_block {
	struct sm_arena_block *next;
	_Alignas(max_align_t) char bytes[];
};

void *sm_arena_take(struct sm_arena *arena, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	struct sm_arena_block *block;
	size_t room;
	void *p;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + align - 1) / align * align;
	if (!arena->blocks || bytes > arena->room - arena->used) {
		room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		block = calloc(1, sizeof(*block) + room);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->used = 0;
		arena->room = room;
	}
	p = arena->blocks->bytes + arena->used;
	arena->used += bytes;
	return p;
}

struct sm_str sm_arena_copy(struct sm_arena *arena, struct sm_str text)
{
	char *p = sm_arena_take(arena, (size_t)text.len + 1);

	if (!p)
		return (struct sm_str){ NULL, 0 };
	if (text.len)
		memcpy(p, text.p, text.len);
	return (struct sm_str){ p, text.len };
}

void sm_arena_fini(struct sm_arena *arena)
{
	while (arena->blocks) {
		struct sm_arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = arena->room = 0;
}
