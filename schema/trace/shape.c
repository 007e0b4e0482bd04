/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/shape.h"

#include <stdlib.h>

enum { NO_ARG = 255 };

/* Writes a shape; counts what value.h bounds. */
struct writing {
	uint8_t *at;
	unsigned values;
};

static void put_varint(struct writing *w, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		*w->at++ = (uint8_t)(value | 0x80);
	*w->at++ = (uint8_t)value;
}

static bool length_is_valid(const struct sm_value *v)
{
	switch (v->type) {
	case SM_TEXT:
	case SM_BYTES:
	case SM_OPAQUE:
		return v->len <= SM_STRING_MAX && v->full_len >= v->len;
	case SM_LIST:
		return v->len <= SM_ITEMS_MAX && v->full_len >= v->len;
	default:
		return v->type <= SM_DIGEST;
	}
}

static bool has_length(const struct sm_value *v)
{
	return v->type >= SM_TEXT && v->type <= SM_OPAQUE;
}

static bool put_value(struct writing *w, const struct sm_value *v,
		      unsigned depth)
{
	if (++w->values > SM_VALUES_MAX || !length_is_valid(v))
		return false;
	*w->at++ = v->type |
		   (has_length(v) && v->full_len > v->len ? SM_SHAPE_CUT : 0);
	if (v->type != SM_LIST)
		return true;
	if (depth >= SM_DEPTH_MAX)
		return false;
	put_varint(w, v->len);
	for (uint32_t i = 0; i < v->len; i++)
		if (!put_value(w, &v->items[i], depth + 1))
			return false;
	return true;
}

static bool verdict_is_valid(const struct sm_recorded_verdict *verdict)
{
	return verdict->decision <= SM_DENIED &&
	       verdict->rule.len <= SM_STRING_MAX;
}

enum sm_status sm_shape_of(const struct sm_event *event, uint8_t *text,
			   uint32_t *len)
{
	struct writing w = { text + 1, 0 };

	*len = 0;
	if (!verdict_is_valid(&event->verdict) ||
	    !verdict_is_valid(&event->shadow) || event->argc > SM_VALUES_MAX)
		return SM_INVALID;
	text[0] = (uint8_t)(event->verdict.decision |
			    event->shadow.decision << SM_SHAPE_SHADOW);
	if (event->verdict.rule.len)
		text[0] |= SM_SHAPE_RULE;
	if (event->shadow.rule.len)
		text[0] |= SM_SHAPE_SHADOW_RULE;
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++) {
		if (event->resolved[i].len > SM_STRING_MAX)
			return SM_INVALID;
		if (event->resolved[i].len)
			text[0] |= (uint8_t)(SM_SHAPE_RESOLVED << i);
	}
	put_varint(&w, event->argc);
	for (uint32_t i = 0; i < event->argc; i++)
		if (!put_value(&w, &event->args[i], 0))
			return SM_INVALID;
	*len = (uint32_t)(w.at - text);
	return SM_OK;
}

/* ------------------------------------------------------------------ leaves */

struct interning {
	sm_shape_intern *intern;
	void *context;
	uint64_t *out;
	uint32_t count;
	enum sm_status status;
};

static void leave_string(struct interning *in, struct sm_str s)
{
	uint32_t id = 0;

	if (!in->status)
		in->status = in->intern(in->context, s, &id);
	in->out[in->count++] = id;
}

static void leave_hash(struct interning *in, uint64_t hash)
{
	char text[SM_SHAPE_HASH_BYTES];

	for (unsigned i = 0; i < SM_SHAPE_HASH_BYTES; i++)
		text[i] = (char)(hash >> (56 - 8 * i));
	leave_string(in, (struct sm_str){ text, SM_SHAPE_HASH_BYTES });
}

static void leave_value(struct interning *in, const struct sm_value *v)
{
	uint64_t bits = 0;

	switch (v->type) {
	case SM_INT:
		in->out[in->count++] = (uint64_t)v->i;
		break;
	case SM_FLOAT:
		memcpy(&bits, &v->f, sizeof(bits));
		in->out[in->count++] = bits;
		break;
	case SM_TEXT:
	case SM_BYTES:
	case SM_OPAQUE:
		leave_string(in, sm_value_str(v));
		break;
	case SM_DIGEST:
		in->out[in->count++] = v->full_len;
		leave_hash(in, (uint64_t)v->i);
		break;
	default:
		break;
	}
	if (has_length(v) && v->full_len > v->len)
		in->out[in->count++] = v->full_len;
	for (uint32_t i = 0; v->type == SM_LIST && i < v->len; i++)
		leave_value(in, &v->items[i]);
}

enum sm_status sm_shape_leaves(const struct sm_event *event,
			       sm_shape_intern *intern, void *context,
			       uint64_t out[SM_LEAVES_MAX], uint32_t *count)
{
	struct interning in = { intern, context, out, 0, SM_OK };

	for (uint32_t i = 0; i < event->argc; i++)
		leave_value(&in, &event->args[i]);
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		if (event->resolved[i].len)
			leave_string(&in, event->resolved[i]);
	if (event->verdict.rule.len)
		leave_string(&in, event->verdict.rule);
	if (event->shadow.rule.len)
		leave_string(&in, event->shadow.rule);
	*count = in.count;
	return in.status;
}

/* ---------------------------------------------------------------- decoding */

/* One shape being decoded, with the most a shape can have. */
struct decoding {
	struct sm_bytes_reader *r;
	struct sm_leaf leaves[SM_LEAVES_MAX];
	struct sm_value nodes[SM_VALUES_MAX];
	uint32_t first_item[SM_VALUES_MAX]; /* of lists */
	uint32_t leaf_count, node_count;
	uint64_t hash;
	uint8_t arg;
};

static void add_leaf(struct decoding *d, enum sm_leaf_kind kind,
		     enum sm_leaf_target target, uint32_t node)
{
	d->leaves[d->leaf_count++] =
		(struct sm_leaf){ (uint8_t)kind, (uint8_t)target, (uint8_t)node,
				  d->arg };
}

static void add_value_leaves(struct decoding *d, uint8_t type, uint32_t node)
{
	switch (type) {
	case SM_INT:
		add_leaf(d, SM_LEAF_INT, SM_LEAF_TO_INT, node);
		break;
	case SM_FLOAT:
		add_leaf(d, SM_LEAF_FLOAT, SM_LEAF_TO_FLOAT, node);
		break;
	case SM_TEXT:
	case SM_BYTES:
	case SM_OPAQUE:
		add_leaf(d, SM_LEAF_STRING, SM_LEAF_TO_STRING, node);
		break;
	case SM_DIGEST:
		add_leaf(d, SM_LEAF_INT, SM_LEAF_TO_FULL_LEN, node);
		add_leaf(d, SM_LEAF_STRING, SM_LEAF_TO_HASH, node);
		break;
	default:
		break;
	}
}

static bool decode_value(struct decoding *d, uint32_t node, unsigned depth)
{
	struct sm_value *v = &d->nodes[node];
	uint8_t byte = d->r->at < d->r->end ? *d->r->at++ : 0xff;
	uint8_t type = byte & (uint8_t)~SM_SHAPE_CUT;

	if (type > SM_DIGEST)
		return false;
	*v = (struct sm_value){ .type = type };
	if (byte & SM_SHAPE_CUT && !has_length(v))
		return false;
	add_value_leaves(d, type, node);
	if (byte & SM_SHAPE_CUT)
		add_leaf(d, SM_LEAF_INT, SM_LEAF_TO_FULL_LEN, node);
	d->hash = sm_mix(d->hash, byte);
	if (type == SM_LIST) {
		uint64_t items = sm_bytes_get_varint(d->r);
		uint32_t first = d->node_count;

		if (items > SM_ITEMS_MAX || depth >= SM_DEPTH_MAX ||
		    items > SM_VALUES_MAX - d->node_count)
			return false;
		v->len = (uint32_t)items;
		v->full_len = items;
		d->first_item[node] = first;
		d->node_count += (uint32_t)items;
		d->hash = sm_mix(d->hash, items);
		for (uint32_t i = 0; i < items; i++)
			if (!decode_value(d, first + i, depth + 1))
				return false;
	}
	return true;
}

static enum sm_status keep(const struct decoding *d, struct sm_shape *shape)
{
	shape->leaves = malloc(d->leaf_count * sizeof(*shape->leaves) + 1);
	shape->nodes = malloc(d->node_count * sizeof(*shape->nodes) + 1);
	if (!shape->leaves || !shape->nodes)
		return SM_NOMEM;
	shape->leaf_count = d->leaf_count;
	shape->node_count = d->node_count;
	memcpy(shape->leaves, d->leaves, d->leaf_count * sizeof(d->leaves[0]));
	memcpy(shape->nodes, d->nodes, d->node_count * sizeof(d->nodes[0]));
	for (uint32_t i = 0; i < d->node_count; i++)
		if (shape->nodes[i].type == SM_LIST)
			shape->nodes[i].items = shape->nodes + d->first_item[i];
	return SM_OK;
}

enum sm_status sm_shape_decode(struct sm_bytes_reader *r,
			       struct sm_shape *shape)
{
	struct decoding d = { .r = r };
	enum sm_status status;
	uint64_t argc;

	*shape = (struct sm_shape){ 0 };
	if (r->at == r->end)
		return SM_DAMAGED;
	shape->flags = *r->at++;
	argc = sm_bytes_get_varint(r);
	if (r->has_failed || argc > SM_VALUES_MAX)
		return SM_DAMAGED;
	shape->argc = (uint32_t)argc;
	shape->type_hash = calloc(argc + 1, sizeof(*shape->type_hash));
	if (!shape->type_hash)
		return SM_NOMEM;
	d.node_count = shape->argc;
	for (uint32_t i = 0; i < shape->argc; i++) {
		d.arg = (uint8_t)i;
		d.hash = i;
		if (!decode_value(&d, i, 0))
			goto damaged;
		shape->type_hash[i] = d.hash;
	}
	d.arg = NO_ARG;
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		if (shape->flags & SM_SHAPE_RESOLVED << i)
			add_leaf(&d, SM_LEAF_STRING, SM_LEAF_TO_RESOLVED, i);
	if (shape->flags & SM_SHAPE_RULE)
		add_leaf(&d, SM_LEAF_STRING, SM_LEAF_TO_RULE, 0);
	if (shape->flags & SM_SHAPE_SHADOW_RULE)
		add_leaf(&d, SM_LEAF_STRING, SM_LEAF_TO_SHADOW_RULE, 0);
	status = keep(&d, shape);
	if (status)
		sm_shape_fini(shape);
	return status;
damaged:
	sm_shape_fini(shape);
	return SM_DAMAGED;
}

void sm_shape_fini(struct sm_shape *shape)
{
	free(shape->leaves);
	free(shape->nodes);
	free(shape->type_hash);
	*shape = (struct sm_shape){ 0 };
}

bool sm_shape_hash(struct sm_str text, int64_t *hash)
{
	uint64_t bits = 0;

	if (text.len != SM_SHAPE_HASH_BYTES)
		return false;
	for (unsigned i = 0; i < SM_SHAPE_HASH_BYTES; i++)
		bits = bits << 8 | (uint8_t)text.p[i];
	*hash = (int64_t)bits;
	return true;
}

/* -------------------------------------------------------------------- keys */

static bool arg_is_key(enum sm_event_kind kind, unsigned arg)
{
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(kind);

	return !entry || arg >= entry->role_count ||
	       entry->roles[arg] & SM_ROLE_KEY;
}

bool sm_shape_leaf_is_key(const struct sm_shape *shape, unsigned leaf,
			  enum sm_event_kind kind)
{
	const struct sm_leaf *l = &shape->leaves[leaf];

	if (l->target == SM_LEAF_TO_RULE || l->target == SM_LEAF_TO_SHADOW_RULE)
		return false;
	return l->arg == NO_ARG || arg_is_key(kind, l->arg);
}

uint64_t sm_shape_key_seed(const struct sm_shape *shape,
			   enum sm_event_kind kind, uint64_t site)
{
	uint64_t h = sm_mix(site, shape->flags / SM_SHAPE_RESOLVED % 4);

	for (uint32_t i = 0; i < shape->argc; i++)
		if (arg_is_key(kind, i))
			h = sm_mix(h, shape->type_hash[i]);
	return h;
}
