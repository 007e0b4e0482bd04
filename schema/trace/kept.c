/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/kept.h"

#include <stdlib.h>

#include "schema/trace/bytes.h"
#include "schema/trace/column.h"

enum { KEEP_BYTES = 64 << 10 };

/* Text with a NUL behind it, for as long as the trace is open; or NULL. */
static char *keep_bytes(struct sm_kept *k, const void *p, size_t n)
{
	char *at;

	if (!k->part_count || n + 1 > k->room - k->used) {
		size_t room = n + 1 > KEEP_BYTES ? n + 1 : KEEP_BYTES;

		if (sm_array_reserve((void **)&k->parts, &k->part_room,
				     k->part_count + 1, sizeof(*k->parts)))
			return NULL;
		k->parts[k->part_count] = malloc(room);
		if (!k->parts[k->part_count])
			return NULL;
		k->part_count++;
		k->room = room;
		k->used = 0;
		k->bytes += room;
	}
	at = k->parts[k->part_count - 1] + k->used;
	if (n)
		memcpy(at, p, n);
	at[n] = '\0';
	k->used += n + 1;
	return at;
}

void *sm_kept_items(struct sm_kept *k, const void *p, size_t n)
{
	char *kept = malloc(n);

	if (!kept || sm_array_reserve((void **)&k->parts, &k->part_room,
				      k->part_count + 1, sizeof(*k->parts))) {
		free(kept);
		return NULL;
	}
	memcpy(kept, p, n);
	/* Before the part in use, which stays the last. */
	k->parts[k->part_count] = k->parts[k->part_count - 1];
	k->parts[k->part_count - 1] = kept;
	k->part_count++;
	k->bytes += n + sizeof(*k->parts);
	return kept;
}

enum sm_status sm_kept_column(struct sm_kept *k, sqlite3_stmt *q, int i,
			      struct sm_str *out)
{
	const struct sm_str text = sm_column_str(q, i);

	/* An empty text is no pointer in SQLite; keep says which it is. */
	*out = (struct sm_str){ keep_bytes(k, text.p, text.len), text.len };
	return out->p ? SM_OK : SM_NOMEM;
}

enum sm_status sm_kept_like(struct sm_kept *k, sqlite3_stmt *q, int i,
			    struct sm_str before, struct sm_str *out)
{
	const struct sm_str text = sm_column_str(q, i);

	if (!before.p || !sm_str_equal(before, text))
		return sm_kept_column(k, q, i, out);
	*out = before;
	return SM_OK;
}

void sm_kept_fini(struct sm_kept *kept)
{
	for (size_t i = 0; i < kept->part_count; i++)
		free(kept->parts[i]);
	free(kept->parts);
}
