/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/parts.h"

#include <stdlib.h>

#include "schema/policy/functions.h"

/* All names that stand in rules, and their bytes. */
struct names {
	struct sm_str *items; /* NULL: they are counted */
	size_t count, bytes;
};

static void add_names(struct names *n, const struct sm_rules *rules)
{
	struct sm_functions functions;

	for (size_t i = 0; i < rules->count; i++) {
		const struct sm_strings *by = &rules->rules[i].by;

		for (size_t k = 0; k < by->count; k++) {
			if (!sm_functions_read(by->items[k], &functions))
				continue;
			while (functions.names.len) {
				struct sm_str name =
					sm_functions_next(&functions.names);

				if (n->items)
					n->items[n->count] = name;
				n->count++;
				n->bytes += name.len;
			}
		}
	}
}

static int compare(const void *a, const void *b)
{
	return sm_str_compare(*(const struct sm_str *)a,
			      *(const struct sm_str *)b);
}

static size_t drop_doubles(struct sm_str *items, size_t count)
{
	size_t kept = 0;

	qsort(items, count, sizeof(*items), compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || !sm_str_equal(items[i], items[kept - 1]))
			items[kept++] = items[i];
	return kept;
}

static char *put(char *at, const char *p, size_t n)
{
	memcpy(at, p, n);
	return at + n;
}

static struct sm_str ended(const char *from, const char *end)
{
	return (struct sm_str){ from, (uint32_t)(end - from) };
}

/* Each name for itself, and all functions that have none of them. */
static void spell(struct sm_parts *parts, const struct names *n, char *at)
{
	const char *from;

	for (size_t i = 0; i < n->count; i++) {
		from = at;
		at = put(at, "app:", 4);
		at = put(at, n->items[i].p, n->items[i].len);
		parts->items[parts->count++] = ended(from, at);
	}
	from = at;
	at = put(at, "app:", 4);
	for (size_t i = 0; i < n->count; i++) {
		at = put(at, i ? "," : "!", 1);
		at = put(at, n->items[i].p, n->items[i].len);
	}
	parts->items[parts->count++] = ended(from, at);
}

enum sm_status sm_parts_init(struct sm_parts *parts, const struct sm_rules *a,
			     const struct sm_rules *b)
{
	struct names n = { 0 };

	*parts = (struct sm_parts){ NULL, 0 };
	add_names(&n, a);
	add_names(&n, b);
	if (!n.count)
		return SM_OK;
	n.items = malloc(n.count * sizeof(*n.items));
	parts->items = malloc((n.count + 1) * sizeof(*parts->items) +
			      2 * n.bytes + 6 * n.count + 8);
	if (!n.items || !parts->items) {
		free(n.items);
		return SM_NOMEM;
	}
	n.count = n.bytes = 0;
	add_names(&n, a);
	add_names(&n, b);
	n.count = drop_doubles(n.items, n.count);
	spell(parts, &n, (char *)(parts->items + n.count + 1));
	free(n.items);
	return SM_OK;
}

void sm_parts_fini(struct sm_parts *parts)
{
	free(parts->items);
	*parts = (struct sm_parts){ NULL, 0 };
}
