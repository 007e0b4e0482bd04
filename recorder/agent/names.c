/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c: which names an address was the answer for, in this process.
 *
 * interpose_name.c puts answers in; events that connect take names out. What
 * was asked for in one thread is used in others (resolvers run in thread
 * pools), so there is one table a process. A forked child has its parent's; a
 * program that was executed begins with none.
 *
 * Only what somebody asked for by name counts. What a reverse look-up says, or
 * a CNAME, is chosen by whoever owns the address. Nothing is forgotten with
 * time: pools reconnect to addresses whose answer is long gone.
 */
#include "recorder/agent/agent.h"
#include "schema/ascii.h"

/*
 * An address belongs to one set, and a full set forgets the name that was not
 * wanted for longest: at most WAYS names an address, and an address a program
 * keeps using is kept however many others it asks for.
 */
#define SETS	       512u
#define WAYS	       8u
#define NAME_MAX_BYTES 253u /* RFC 1035 */

struct entry {
	_Atomic uint32_t length; /* of name; 0: empty, or being written */
	uint32_t wanted;	 /* value of now when it was */
	uint8_t address[SM_ADDRESS_BYTES];
	char name[NAME_MAX_BYTES];
};

static struct entry table[SETS][WAYS]; /* under the lock */
static uint32_t now;

/* This thread's last answer: connect(("name", port)) asks just before. */
static SM_THREAD_LOCAL struct {
	uint64_t name; /* hash; 0: none */
	uint8_t address[SM_ADDRESS_BYTES];
} last;

static bool is_plain(struct sm_str name)
{
	for (uint32_t i = 0; i < name.len; i++) {
		char c = sm_lower(name.p[i]);

		if (!sm_is_lower(c) && !sm_is_digit(c) && c != '.' &&
		    c != '-' && c != '_')
			return false;
	}
	return true;
}

/* In small letters; false: no name, or one nothing is known by. */
static bool normalise(struct sm_str name, char out[NAME_MAX_BYTES])
{
	if (!name.len || name.len > NAME_MAX_BYTES || !is_plain(name) ||
	    sm_address_kind_of(name) != SM_ADDRESS_NONE)
		return false;
	for (uint32_t i = 0; i < name.len; i++)
		out[i] = sm_lower(name.p[i]);
	return true;
}

static struct entry *set_of(const uint8_t address[SM_ADDRESS_BYTES])
{
	uint64_t high, low;

	memcpy(&high, address, sizeof(high));
	memcpy(&low, address + sizeof(high), sizeof(low));
	/* What differs among neighbours stands in the highest bits. */
	low = (high ^ low ^ low >> 32) * 0x9e3779b97f4a7c15u;
	low = (low ^ low >> 32) * 0xbf58476d1ce4e5b9u;
	return table[(low >> 32) % SETS];
}

static bool is_of(const struct entry *entry,
		  const uint8_t address[SM_ADDRESS_BYTES])
{
	return entry->length &&
	       !memcmp(entry->address, address, SM_ADDRESS_BYTES);
}

/* The entry of that name and address, else the one to give up. */
static struct entry *place_of(struct entry *set, struct sm_str name,
			      const uint8_t address[SM_ADDRESS_BYTES])
{
	struct entry *oldest = &set[0];

	for (uint32_t i = 0; i < WAYS; i++) {
		struct entry *e = &set[i];

		if (is_of(e, address) && e->length == name.len &&
		    !memcmp(e->name, name.p, name.len))
			return e;
		if (oldest->length &&
		    (!e->length || now - e->wanted > now - oldest->wanted))
			oldest = e;
	}
	return oldest;
}

void sm_names_add(struct sm_str given, const uint8_t address[SM_ADDRESS_BYTES])
{
	char text[NAME_MAX_BYTES];
	struct sm_str name = { text, given.len };
	struct entry *e;

	if (!normalise(given, text))
		return;
	e = place_of(set_of(address), name, address);
	/* A fork in between leaves an empty entry. */
	atomic_store(&e->length, 0);
	memcpy(e->address, address, SM_ADDRESS_BYTES);
	memcpy(e->name, name.p, name.len);
	e->wanted = ++now;
	atomic_store(&e->length, name.len);
}

static struct sm_str name_of(const struct entry *entry)
{
	return (struct sm_str){ entry->name, entry->length };
}

static struct sm_str put(char *out, const struct entry *const *found,
			 uint32_t count)
{
	uint32_t used = 0;

	_Static_assert(WAYS * (NAME_MAX_BYTES + 1) <= SM_PATH_MAX,
		       "all names of an address fit");
	for (uint32_t i = 0; i < count; i++) {
		struct sm_str name = name_of(found[i]);

		if (i)
			out[used++] = ' ';
		memcpy(out + used, name.p, name.len);
		used += name.len;
	}
	return (struct sm_str){ out, used };
}

struct sm_str sm_names_of(const uint8_t address[SM_ADDRESS_BYTES],
			  char out[SM_PATH_MAX])
{
	struct entry *set = set_of(address);
	const struct entry *found[WAYS];
	uint32_t count = 0, at;

	for (uint32_t i = 0; i < WAYS; i++) {
		if (!is_of(&set[i], address))
			continue;
		set[i].wanted = ++now;
		for (at = count++;
		     at && sm_str_compare(name_of(&set[i]),
					  name_of(found[at - 1])) < 0;
		     at--)
			found[at] = found[at - 1];
		found[at] = &set[i];
	}
	return put(out, found, count);
}

static uint64_t hash_of(struct sm_str name)
{
	uint64_t h = name.len;

	for (uint32_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)sm_lower(name.p[i])) * 0x9e3779b97f4a7c15u;
	return h | 1;
}

void sm_names_answer(struct sm_str name,
		     const uint8_t address[SM_ADDRESS_BYTES])
{
	/* Who asks for an address knows it, whatever host an event tells. */
	last.name =
		sm_address_kind_of(name) == SM_ADDRESS_NONE ? hash_of(name) : 0;
	memcpy(last.address, address, sizeof(last.address));
}

/* What is not ASCII was asked for in another spelling, a moment ago. */
bool sm_names_last(struct sm_str name, uint8_t address[SM_ADDRESS_BYTES])
{
	bool is_ascii = true;

	for (uint32_t i = 0; i < name.len; i++)
		is_ascii &= (uint8_t)name.p[i] < 0x80;
	if (!last.name || !name.len || (is_ascii && last.name != hash_of(name)))
		return false;
	memcpy(address, last.address, sizeof(last.address));
	return true;
}

static void forget_all(void)
{
	for (uint32_t i = 0; i < SETS * WAYS; i++)
		table[i / WAYS][i % WAYS].length = 0;
	last.name = 0;
}

void sm_names_repeat(const struct sm_event *event)
{
	uint8_t address[SM_ADDRESS_BYTES];
	struct sm_str name;

	if (event->argc != 2 || !sm_value_is_string(&event->args[0]) ||
	    event->args[1].type != SM_LIST) {
		forget_all();
		return;
	}
	name = sm_value_str(&event->args[0]);
	for (uint32_t i = 0; i < event->args[1].len; i++) {
		struct sm_str text = sm_value_str(&event->args[1].items[i]);

		if (!sm_address_parse(text, address))
			continue;
		sm_names_answer(name, address);
		sm_names_add(name, address);
	}
}
