/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/keep.h"

#include <stdlib.h>

#define CHUNK_MIN 512u
#define CHUNK_MAX ((size_t)64 << 10)

struct sm_keep_chunk {
	struct sm_keep_chunk *next;
	size_t used, room;
	max_align_t bytes[];
};

void sm_keep_fini(struct sm_keep *keep)
{
	while (keep->chunks) {
		struct sm_keep_chunk *next = keep->chunks->next;

		free(keep->chunks);
		keep->chunks = next;
	}
}

void *sm_keep_bytes(struct sm_keep *keep, size_t bytes)
{
	const size_t align = sizeof(max_align_t);
	size_t need = (bytes + align - 1) / align * align;
	struct sm_keep_chunk *chunk = keep->chunks;
	size_t room;

	if (!chunk || chunk->room - chunk->used < need) {
		room = chunk ? chunk->room * 2 : CHUNK_MIN;
		if (room > CHUNK_MAX)
			room = CHUNK_MAX;
		if (room < need)
			room = need;
		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		*chunk = (struct sm_keep_chunk){ keep->chunks, 0, room };
		keep->chunks = chunk;
	}
	chunk->used += need;
	return (char *)chunk->bytes + chunk->used - need;
}

bool sm_keep_str(struct sm_keep *keep, struct sm_str from, struct sm_str *to)
{
	char *copy = sm_keep_bytes(keep, from.len + 1u);

	if (!copy)
		return false;
	if (from.len)
		memcpy(copy, from.p, from.len);
	copy[from.len] = 0;
	*to = (struct sm_str){ copy, from.len };
	return true;
}

bool sm_keep_values(struct sm_keep *keep, const struct sm_value *from,
		    uint32_t count, const struct sm_value **to)
{
	struct sm_value *copy =
		sm_keep_bytes(keep, (count + 1) * sizeof(*copy));

	if (!copy)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct sm_str text = sm_value_str(&from[i]);

		copy[i] = from[i];
		if (from[i].type == SM_LIST &&
		    !sm_keep_values(keep, from[i].items, from[i].len,
				    &copy[i].items))
			return false;
		if (text.p && !sm_keep_str(keep, text, &text))
			return false;
		if (text.p)
			copy[i].s = text.p;
	}
	*to = copy;
	return true;
}

bool sm_keep_event(struct sm_keep *keep, const struct sm_event *from,
		   struct sm_event *to)
{
	struct sm_str *texts[] = {
		&to->site.event,	  &to->site.file,
		&to->site.function,	  &to->site.principal.name,
		&to->site.principal.file, &to->site.principal.function,
		&to->resolved[0],	  &to->resolved[1],
		&to->verdict.rule,	  &to->shadow.rule,
	};

	*to = *from;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!sm_keep_str(keep, *texts[i], texts[i]))
			return false;
	return sm_keep_values(keep, to->args, to->argc, &to->args);
}
