/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code_known.c: which code objects have been looked at, and their numbers in
 * the table of code.c.
 *
 * No reference is kept and nothing is stored in the object: code goes, and
 * another object takes its address. So what is kept is found again by address,
 * file name, function name and first line together, which is all its number
 * was made from. Names are compared by the hash their str objects carry.
 * CPython's own place for this, co_extra, calls the functions of all its other
 * users for objects in which one of them keeps something, also after these
 * functions are gone.
 */
#include "recorder/agent/agent.h"

#include <stdatomic.h>

#define BYTES_MAX 256u /* of a code object that are looked through */
#define SAMPLES	  8u   /* code objects that have to agree */
#define WAYS	  4u   /* words in a cache line's half */
#define BUCKETS	  8192u
#define MAINS	  1024u
#define NUMBER	  0xffffu

typedef _Atomic uint64_t bucket[WAYS];

static bucket known[BUCKETS];
/* Code of -c and stdin looks like other code: only the object tells. */
static bucket mains[MAINS];
static uint64_t generation; /* nothing kept in an earlier one is found */

/* ------------------------------------------------------------------ layout */

/*
 * Where a code object keeps its file name, its name and its first line, in
 * words of 4 bytes: found out from the first objects seen, 0 until then.
 */
struct layout {
	uint8_t file, name, line, is_known;
};

static _Atomic uint32_t layout;
static struct {
	bool is_given_up;
	unsigned samples;
	uint64_t files, names, lines; /* bit i: may be at word i */
} search = { .files = UINT64_MAX, .names = UINT64_MAX, .lines = UINT64_MAX };

static struct layout known_layout(void)
{
	uint32_t word = atomic_load_explicit(&layout, memory_order_relaxed);
	struct layout out;

	memcpy(&out, &word, sizeof(out));
	return out;
}

static uint64_t places_of(struct py_object *code, uint32_t bytes,
			  const void *value, uint32_t size)
{
	uint64_t places = 0;

	/* nothing of interest is in the head of a variable-sized object */
	for (uint32_t at = sm_py.type_at + 16; at + size <= bytes; at += size)
		if (!memcmp((char *)code + at, value, size))
			places |= 1ull << at / 4;
	return places;
}

static bool is_one(uint64_t places)
{
	return places && !(places & (places - 1));
}

static uint32_t hash_at(void)
{
	return sm_py.type_at + 16; /* behind the length of a str */
}

static bool has_hash(struct py_object *text, int64_t hash)
{
	return !memcmp((char *)text + hash_at(), &hash, sizeof(hash));
}

/* Functions of classes are needed among the samples: name and qualified name
 * of others are one object. */
static void learn_layout(struct py_object *code,
			 const struct sm_code_identity *id)
{
	uint32_t bytes = (uint32_t)sm_python_basic_size(code), word;
	struct layout found = { .is_known = 1 };

	if (search.is_given_up)
		return;
	if (bytes > BYTES_MAX)
		bytes = BYTES_MAX;
	search.files &= places_of(code, bytes, &id->file, sizeof(id->file));
	search.names &= places_of(code, bytes, &id->name, sizeof(id->name));
	search.lines &= places_of(code, bytes, &id->line, sizeof(id->line));
	search.is_given_up = !search.files || !search.names || !search.lines ||
			     !has_hash(id->file, id->file_hash) ||
			     !has_hash(id->name, id->name_hash);
	if (search.is_given_up || ++search.samples < SAMPLES ||
	    !is_one(search.files) || !is_one(search.names) ||
	    !is_one(search.lines))
		return;
	found.file = (uint8_t)__builtin_ctzll(search.files);
	found.name = (uint8_t)__builtin_ctzll(search.names);
	found.line = (uint8_t)__builtin_ctzll(search.lines);
	memcpy(&word, &found, sizeof(word));
	atomic_store_explicit(&layout, word, memory_order_relaxed);
}

/* ---------------------------------------------------------------- identity */

/* A str of a code object; NULL when it is of another type. Borrowed. */
static struct py_object *ask_text(struct py_object *code, const char *attribute)
{
	struct py_object *o = sm_py.PyObject_GetAttrString(code, attribute);

	if (!o) {
		sm_py.PyErr_Clear();
		return NULL;
	}
	sm_py.Py_DecRef(o); /* the code object holds it */
	/* a subclass may define __hash__, which is Python code */
	return sm_python_type(o) == sm_py.PyUnicode_Type ? o : NULL;
}

static void *at(struct py_object *code, uint8_t word)
{
	return (char *)code + 4u * word;
}

static bool read_fields(struct py_object *code, struct sm_code_identity *id)
{
	struct layout where = known_layout();

	if (!where.is_known)
		return false;
	memcpy(&id->file, at(code, where.file), sizeof(id->file));
	memcpy(&id->name, at(code, where.name), sizeof(id->name));
	memcpy(&id->line, at(code, where.line), sizeof(id->line));
	return true;
}

bool sm_code_identify(struct py_object *code, struct sm_code_identity *id)
{
	if (!read_fields(code, id)) {
		id->file = ask_text(code, "co_filename");
		id->name = ask_text(code, SM_CODE_NAME);
		id->line = sm_code_line(code);
	}
	if (!id->file || sm_python_type(id->file) != sm_py.PyUnicode_Type ||
	    !id->name || sm_python_type(id->name) != sm_py.PyUnicode_Type)
		return false;
	id->file_hash = sm_py.PyObject_Hash(id->file);
	id->name_hash = sm_py.PyObject_Hash(id->name);
	if (!known_layout().is_known)
		learn_layout(code, id);
	return true;
}

/* Upper bits: what is compared; lower ones: the bucket. */
static uint64_t key_of(struct py_object *code,
		       const struct sm_code_identity *id)
{
	uint64_t h = (uint64_t)(uintptr_t)code ^ (uint64_t)id->file_hash;

	h = (h + generation) * 0x9e3779b97f4a7c15u;
	h ^= h >> 32;
	h ^= (uint64_t)id->name_hash + (uint32_t)id->line;
	h *= 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

/* ------------------------------------------------------------------- words */

static inline uint32_t find(bucket *words, uint64_t key)
{
	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t word = atomic_load_explicit(&(*words)[i],
						     memory_order_acquire);

		if (!((word ^ key) & ~(uint64_t)NUMBER))
			return (uint32_t)(word & NUMBER);
	}
	return 0;
}

/* The oldest of the bucket makes room. Under the lock; others may read. */
static void keep(bucket *words, uint64_t key, uint32_t number)
{
	unsigned i = 0;

	while (i < WAYS - 1 &&
	       (atomic_load(&(*words)[i]) ^ key) & ~(uint64_t)NUMBER)
		i++;
	for (; i; i--)
		atomic_store(&(*words)[i], atomic_load(&(*words)[i - 1]));
	atomic_store_explicit(&(*words)[0], (key & ~(uint64_t)NUMBER) | number,
			      memory_order_release);
}

/* Hashes are -1 until somebody asks for them; none is kept with that. */
SM_OFTEN uint32_t sm_code_known(struct py_object *code)
{
	struct sm_code_identity id;
	uint64_t key;

	if (!read_fields(code, &id) || !id.file || !id.name)
		return 0;
	memcpy(&id.file_hash, (char *)id.file + hash_at(), sizeof(int64_t));
	memcpy(&id.name_hash, (char *)id.name + hash_at(), sizeof(int64_t));
	key = key_of(code, &id);
	return find(&known[key % BUCKETS], key);
}

uint32_t sm_code_known_main(struct py_object *code,
			    const struct sm_code_identity *id)
{
	uint64_t key = key_of(code, id);

	return find(&mains[key % MAINS], key);
}

void sm_code_keep(struct py_object *code, const struct sm_code_identity *id,
		  uint32_t number, bool is_main)
{
	uint64_t key = key_of(code, id);

	keep(&known[key % BUCKETS], key, number);
	if (is_main)
		keep(&mains[key % MAINS], key, number);
}

void sm_code_forget_known(void)
{
	generation++;
}
