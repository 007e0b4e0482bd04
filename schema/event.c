/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/event.h"

#include <stdatomic.h>

#define K(role)	      (SM_ROLE_##role | SM_ROLE_KEY)
#define D(role)	      SM_ROLE_##role
#define COUNT_OF(...) (sizeof((uint8_t[]){ 0, ##__VA_ARGS__ }) - 1)

const struct sm_catalogue_entry sm_catalogue[SM_EVENTS] = {
#define SM_EVENT(id, text, class_, operation_, ...)                            \
	[SM_EVENT_##id] = { { text, sizeof(text) - 1 },                        \
			    SM_CLASS_##class_,                                 \
			    SM_OPERATION_##operation_,                         \
			    COUNT_OF(__VA_ARGS__),                             \
			    { __VA_ARGS__ } },
#include "schema/events.def"
#undef SM_EVENT
};

/*
 * Open addressing over the catalogue, filled on first use. Filling twice at
 * once writes the same bytes, so a relaxed flag is enough; every slot is an
 * atomic only to say so.
 */
#define SLOTS 512
static _Atomic uint16_t slots[SLOTS];
static _Atomic int is_filled;

static uint32_t hash_of(struct sm_str s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (uint32_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	return h ^ h >> 15;
}

static void fill_slots(void)
{
	for (unsigned kind = 1; kind < SM_EVENTS; kind++) {
		uint32_t at = hash_of(sm_catalogue[kind].name) % SLOTS;

		while (slots[at] && slots[at] != kind)
			at = (at + 1) % SLOTS;
		slots[at] = (uint16_t)kind;
	}
	atomic_store_explicit(&is_filled, 1, memory_order_release);
}

enum sm_event_kind sm_catalogue_find(struct sm_str name)
{
	uint32_t at;

	if (!atomic_load_explicit(&is_filled, memory_order_acquire))
		fill_slots();
	for (at = hash_of(name) % SLOTS; slots[at]; at = (at + 1) % SLOTS)
		if (sm_str_equal(sm_catalogue[slots[at]].name, name))
			return (enum sm_event_kind)slots[at];
	return SM_EVENT_OTHER;
}

SM_OFTEN enum sm_event_class sm_event_class(enum sm_event_kind kind)
{
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(kind);

	return entry ? (enum sm_event_class)entry->class : SM_CLASS_PRIMITIVE;
}

SM_OFTEN int sm_catalogue_role(const struct sm_catalogue_entry *entry,
			       enum sm_role role)
{
	for (int i = 0; entry && i < entry->role_count; i++)
		if ((entry->roles[i] & ~SM_ROLE_KEY) == role)
			return i;
	return -1;
}

static const char *const family_names[SM_FAMILIES] = {
	[SM_FAMILY_FILES] = "files",	     [SM_FAMILY_NETWORK] = "network",
	[SM_FAMILY_PROCESSES] = "processes", [SM_FAMILY_CODE] = "code",
	[SM_FAMILY_PICKLES] = "pickles",     [SM_FAMILY_NATIVE] = "native",
	[SM_FAMILY_EVENTS] = "events",
};

static const struct {
	const char *name;
	enum sm_family family;
} accesses[SM_ACCESSES] = {
#define SM_ACCESS(id, family, name)                                            \
	[SM_ACCESS_NUMBER_##id] = { name, SM_FAMILY_##family },
#include "schema/access.def"
#undef SM_ACCESS
};

static const char *const via_names[SM_VIAS] = {
	[SM_VIA_DIRECT] = "direct",
	[SM_VIA_IMPORT] = "import",
	[SM_VIA_TRACEBACK] = "traceback",
	[SM_VIA_EXEC] = "exec",
};

static const char *const principal_names[SM_PRINCIPALS] = {
	[SM_PRINCIPAL_APP] = "app",
	[SM_PRINCIPAL_DISTRIBUTION] = "distribution",
	[SM_PRINCIPAL_PYTHON] = "python",
	[SM_PRINCIPAL_MAIN] = "main",
	[SM_PRINCIPAL_DYNAMIC] = "dynamic",
	[SM_PRINCIPAL_FOREIGN] = "foreign",
};

const char *sm_family_name(enum sm_family family)
{
	return (unsigned)family < SM_FAMILIES ? family_names[family] : "?";
}

static unsigned number_of(uint32_t access)
{
	unsigned number = 0;

	while (number < SM_ACCESSES && !(access >> number & 1))
		number++;
	return number;
}

const char *sm_access_name(enum sm_access access)
{
	unsigned number = number_of((uint32_t)access);

	return number < SM_ACCESSES ? accesses[number].name : "?";
}

const char *sm_via_name(enum sm_via via)
{
	return (unsigned)via < SM_VIAS ? via_names[via] : "?";
}

SM_OFTEN const char *sm_principal_kind_name(enum sm_principal_kind kind)
{
	return (unsigned)kind < SM_PRINCIPALS ? principal_names[kind] : "?";
}

struct sm_str sm_principal_spell(const struct sm_principal *principal,
				 char *room, size_t bytes)
{
	struct sm_str name = principal->name, function = principal->function;

	if (principal->kind != SM_PRINCIPAL_APP || !function.len ||
	    (size_t)name.len + 1 + function.len > bytes)
		return name;
	memcpy(room, name.p, name.len);
	room[name.len] = ':';
	memcpy(room + name.len + 1, function.p, function.len);
	return (struct sm_str){ room, name.len + 1 + function.len };
}

void sm_principal_read(struct sm_principal *principal, struct sm_str text)
{
	const char *colon = NULL;

	if (principal->kind == SM_PRINCIPAL_APP && text.len)
		colon = memchr(text.p, ':', text.len);
	principal->name = principal->function = text;
	principal->function.p += text.len;
	principal->function.len = 0;
	if (!colon)
		return;
	principal->name.len = (uint32_t)(colon - text.p);
	principal->function.p = colon + 1;
	principal->function.len = text.len - principal->name.len - 1;
}

const char *sm_decision_name(enum sm_decision decision)
{
	switch (decision) {
	case SM_UNDECIDED:
		return "undecided";
	case SM_ALLOWED:
		return "allowed";
	case SM_WARNED:
		return "warned";
	case SM_DENIED:
		return "denied";
	}
	return "?";
}

int sm_family_find(struct sm_str name)
{
	for (int i = 0; i < SM_FAMILIES; i++)
		if (sm_str_equal(name, sm_str_of(family_names[i])))
			return i;
	return -1;
}

int sm_via_find(struct sm_str name)
{
	for (int i = 0; i < SM_VIAS; i++)
		if (sm_str_equal(name, sm_str_of(via_names[i])))
			return i;
	return -1;
}

uint32_t sm_access_find(enum sm_family family, struct sm_str name)
{
	for (unsigned i = 0; i < SM_ACCESSES; i++)
		if (accesses[i].family == family &&
		    sm_str_equal(name, sm_str_of(accesses[i].name)))
			return 1u << i;
	return 0;
}
