/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_pattern.c: what stands in one component, word or name.
 */
#include <stdlib.h>

#include "schema/policy/build.h"

static enum sm_status push_item(struct sm_build *b, uint32_t first,
				const struct sm_blob_item *item)
{
	struct sm_vector *v = &b->sections[SM_BLOB_ITEMS];
	struct sm_blob_item *to, *last;

	/* Neighbouring literals are one: their texts were added in a row. */
	if (v->count > first && item->kind == SM_BLOB_LITERAL) {
		last = (struct sm_blob_item *)(void *)v->p + v->count - 1;
		if (last->kind == SM_BLOB_LITERAL &&
		    last->a + last->b == item->a) {
			last->b += item->b;
			return SM_OK;
		}
	}
	to = sm_build_push(v, sizeof(*to));
	if (!to)
		return SM_NOMEM;
	*to = *item;
	return SM_OK;
}

static enum sm_status push_name(struct sm_build *b, struct sm_str text,
				struct sm_blob_item *item)
{
	struct sm_vector *v = &b->sections[SM_BLOB_NAMES];
	struct sm_blob_text at, *to;
	enum sm_status status = sm_build_text(b, text, &at);

	if (status)
		return status;
	to = sm_build_push(v, sizeof(*to));
	if (!to)
		return SM_NOMEM;
	*to = at;
	if (!item->b)
		item->a = (uint32_t)v->count - 1;
	item->b++;
	return SM_OK;
}

static enum sm_status build_option(struct sm_build *b, struct sm_str text,
				   struct sm_blob_item *item)
{
	char *out = malloc((size_t)text.len + 1);
	enum sm_status status = out ? SM_OK : SM_NOMEM;
	uint32_t i, len = 0;

	item->kind = SM_BLOB_OPTION;
	for (i = 0; !status && i <= text.len; i++) {
		if (i == text.len || text.p[i] == '|') {
			status =
				push_name(b, (struct sm_str){ out, len }, item);
			len = 0;
			continue;
		}
		if (text.p[i] == '\\' && i + 1 < text.len)
			i++;
		out[len++] = text.p[i];
	}
	free(out);
	return status;
}

static enum sm_status build_variable(struct sm_build *b, struct sm_str name,
				     unsigned line, struct sm_blob_item *item)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_blob_text text;
	enum sm_status status;
	size_t count, i;

	status = sm_build_values(b, name, line, values,
				 SM_VALUES_OF_VARIABLE_MAX, &count);
	if (status)
		return status;
	item->kind = count == 1 ? SM_BLOB_LITERAL : SM_BLOB_OPTION;
	if (count == 1) {
		status = sm_build_text(b, values[0], &text);
		if (status)
			return status;
		item->a = text.at;
		item->b = text.len;
		return SM_OK;
	}
	for (i = 0; !status && i < count; i++)
		status = push_name(b, values[i], item);
	return status;
}

/* A tree of its own, whose ends say yes. */
static enum sm_status build_path_item(struct sm_build *b, struct sm_str text,
				      unsigned line, struct sm_blob_item *item)
{
	uint32_t root;
	enum sm_status status = sm_build_node(b, &root);

	if (status)
		return status;
	item->kind = SM_BLOB_PATH;
	item->a = root;
	item->token =
		text.len && text.p[0] != '/' && !sm_pattern_variable(text);
	return sm_build_path(b, root, text, line, 0);
}

static enum sm_status build_item(struct sm_build *b, const struct sm_item *from,
				 unsigned line, struct sm_blob_item *to)
{
	struct sm_blob_text text;
	enum sm_status status;

	memset(to, 0, sizeof(*to));
	switch (from->kind) {
	case SM_ITEM_LITERAL:
		to->kind = SM_BLOB_LITERAL;
		status = sm_build_text(b, from->text, &text);
		if (status)
			return status;
		to->a = text.at;
		to->b = text.len;
		return SM_OK;
	case SM_ITEM_STAR:
		to->kind = SM_BLOB_STAR;
		return SM_OK;
	case SM_ITEM_TOKEN:
		to->kind = SM_BLOB_TOKEN;
		to->token = from->token;
		return SM_OK;
	case SM_ITEM_OPTION:
		return build_option(b, from->text, to);
	case SM_ITEM_PATH:
		return build_path_item(b, from->text, line, to);
	case SM_ITEM_VARIABLE:
		return build_variable(b, from->text, line, to);
	}
	return SM_INVALID;
}

/*
 * Two passes over the spelling: a <path:...> grows a tree that may itself hold
 * patterns, whose items must not come between this pattern's.
 */
#define ITEMS_MAX 64

enum sm_status sm_build_pattern(struct sm_build *b, struct sm_scan scan,
				unsigned line, uint32_t *pattern)
{
	struct sm_blob_item items[ITEMS_MAX];
	struct sm_blob_span *span;
	struct sm_item item;
	enum sm_status status;
	uint32_t count = 0, first, i;

	while (!(status = sm_pattern_next(&scan, &item, b->diag))) {
		if (count == ITEMS_MAX)
			return sm_fail_at(b->diag, SM_LIMIT, line, 1,
					  "a pattern of more than %d parts",
					  ITEMS_MAX);
		status = build_item(b, &item, line, &items[count++]);
		if (status)
			return status;
	}
	if (status != SM_END)
		return status;
	first = (uint32_t)b->sections[SM_BLOB_ITEMS].count;
	for (i = 0; i < count; i++) {
		status = push_item(b, first, &items[i]);
		if (status)
			return status;
	}
	span = sm_build_push(&b->sections[SM_BLOB_PATTERNS], sizeof(*span));
	if (!span)
		return SM_NOMEM;
	span->first = first;
	span->count = (uint32_t)b->sections[SM_BLOB_ITEMS].count - first;
	*pattern = (uint32_t)b->sections[SM_BLOB_PATTERNS].count - 1;
	return SM_OK;
}
