/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/digest.h"

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t add(uint64_t seed, uint64_t number)
{
	return mix(seed + 0x9e3779b97f4a7c15u + number);
}

uint64_t sm_digest_bytes(uint64_t seed, const void *bytes, size_t n)
{
	const char *p = bytes;
	uint64_t word;

	seed = add(seed, n);
	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		seed = add(seed, word);
	}
	word = 0;
	if (n)
		memcpy(&word, p, n);
	return add(seed, word);
}

uint64_t sm_digest_str(uint64_t seed, struct sm_str text)
{
	return sm_digest_bytes(seed, text.p, text.len);
}

uint64_t sm_digest_value(uint64_t seed, const struct sm_value *value)
{
	seed = add(seed, value->type);
	switch ((enum sm_type)value->type) {
	case SM_NONE:
	case SM_FALSE:
	case SM_TRUE:
		return seed;
	case SM_INT:
	case SM_FLOAT:
	case SM_DIGEST:
		return add(seed, (uint64_t)value->i);
	case SM_TEXT:
	case SM_BYTES:
	case SM_OPAQUE:
		return sm_digest_str(add(seed, value->full_len),
				     sm_value_str(value));
	case SM_LIST:
		seed = add(seed, value->full_len);
		for (uint32_t i = 0; i < value->len; i++)
			seed = sm_digest_value(seed, &value->items[i]);
		return seed;
	}
	return seed;
}

static uint64_t add_request(uint64_t seed, const struct sm_request *request)
{
	seed = add(seed, (uint64_t)request->family << 32 | request->access);
	seed = sm_digest_str(seed, request->value);
	seed = sm_digest_str(seed, request->proto);
	seed = sm_digest_str(seed, request->address);
	seed = sm_digest_str(seed, request->names);
	for (uint32_t i = 0; i < request->argc; i++)
		seed = sm_digest_value(seed, &request->args[i]);
	return seed;
}

uint64_t sm_digest_decision(const struct sm_event *event,
			    const struct sm_request *requests, unsigned count)
{
	const struct sm_site *site = &event->site;
	uint64_t seed = sm_digest_str(0, site->event);

	seed = add(seed, (uint64_t)site->via << 32 | site->principal.kind);
	seed = sm_digest_str(seed, site->principal.name);
	seed = sm_digest_str(seed, site->principal.file);
	seed = sm_digest_str(seed, site->principal.function);
	for (unsigned i = 0; i < count; i++)
		seed = add_request(seed, &requests[i]);
	return seed;
}
