/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.h: where a path's literal start ends. Private to schema/policy.
 *
 * A stop is a node that literal components alone lead to, and where a rule
 * stands or a wildcard follows. All of them lie in one table, by a hash of the
 * path that leads there. Paths differ near their ends, most of them: no more is
 * hashed than tells the stops of this policy apart, so that a long path costs
 * no more than a short one. The hash only finds; all bytes are compared. And
 * most starts of a path are no stop's: a bit says so, of a table that is small
 * enough to stay in the nearest cache.
 *
 * What a decision about a file needs of a stop lies in one place, since at ten
 * thousand rules memory costs more time than instructions:
 *
 *   struct sm_blob_stop, its grants (the path's own, those for all below, for
 *   what lies in it and for what lies anywhere below it and is not hidden), its
 *   path, its ways (other patterns of the next component, then of the last
 *   one), their text and the grants' ids; then a stop for each way, without a
 *   path, of the same shape.
 *
 * Stops with a path begin where a cache line does, if that makes them touch one
 * less: most are two lines long.
 *
 * The same is in the forest, which decides about everything else.
 */
#ifndef SCHEMA_POLICY_STOP_H
#define SCHEMA_POLICY_STOP_H

#include "schema/policy/blob.h"

struct sm_blob_stop {
	/* The next shorter one that more may follow, a word; or NONE. */
	uint32_t up;
	/* What may be granted to the path, or to what is below it: */
	uint32_t above;	    /* by stops above, but for tails */
	uint32_t beside;    /* below it only: by trees and ways */
	uint32_t want;	    /* below it only: by all of these, and grants */
	uint32_t deeper;    /* the same, of what is not in it itself */
	uint32_t tail_want; /* by tails of this and of stops above */
	uint16_t length;    /* bytes of its path; no slash at the end */
	uint16_t path_at;   /* a word from here */
	uint16_t words;	    /* with all that belongs to it */
	uint8_t ends;	    /* grants of the path itself */
	uint8_t deeps;	    /* of all below it: `**` */
	uint8_t nexts;	    /* of what is in it, by `*` */
	uint8_t trees;	    /* of all below it, by <tree> */
	uint8_t ways;	    /* for the next component */
	uint8_t tails;	    /* for the last one, wherever it is */
	uint32_t may[3];    /* names that tails accept: see below */
	uint32_t node;	    /* in the forest */
	uint32_t slot;	    /* it is found in; ways': NONE */
};

#define SM_GRANT_DENIES 0x80000000u
/*
 * A rule of the standard library; or none, where a stop could not be told: the
 * forest has to be asked.
 */
#define SM_GRANT_ASKS_MORE 0x40000000u
#define SM_GRANT_RULE	   0x3fffffffu

struct sm_blob_grant {
	uint64_t who;		/* enum sm_who */
	uint32_t want;		/* sm_stop_want() */
	struct sm_blob_text id; /* a byte of SM_BLOB_STOPS */
	uint32_t rule; /* its number (SM_GRANT_RULE), and the two bits above */
};

/* What a way's component looks like: a start, one thing, an end. */
enum sm_blob_shape {
	SM_SHAPE_LITERAL, /* the start alone */
	SM_SHAPE_ANY,	  /* whatever is between, and nothing */
	SM_SHAPE_TOKEN,	  /* all between is that token */
	SM_SHAPE_PATTERN, /* to be asked of sm_match_pattern() */
	SM_SHAPES
};

struct sm_blob_way {
	uint32_t want; /* by it and all that follows */
	uint32_t stop; /* a word: what follows */
	uint32_t text; /* byte of SM_BLOB_STOPS: start and end; or pattern */
	uint8_t shape, token;
	uint8_t start, end; /* bytes of them */
	uint32_t plain;	    /* enum sm_way_plain */
	uint32_t texts;	    /* bytes of start and end */
	/* The first 8 bytes of start and the last 8 of end, and which count. */
	uint64_t first, first_mask, last, last_mask;
};

/*
 * What most ways are: 1 to 8 literal bytes, `*` or <int>, and at most 8 bytes
 * more. One grant follows that needs no more to be asked; the path is at least
 * 8 bytes long before the component.
 */
enum sm_way_plain {
	SM_WAY_NOT_PLAIN,
	SM_WAY_PLAIN_ANY,
	SM_WAY_PLAIN_INT,
	SM_WAY_PLAINS
};

#define SM_STOP_WORDS	  (sizeof(struct sm_blob_stop) / 8)
#define SM_STOP_WORDS_MAX UINT16_MAX
#define SM_LINE_WORDS	  (SM_BLOB_ALIGN / 8)
#define SM_GRANT_WORDS	  (sizeof(struct sm_blob_grant) / 8)
#define SM_WAY_WORDS	  (sizeof(struct sm_blob_way) / 8)
/* Wildcards in a row that are followed here; patterns have hardly as many. */
#define SM_STOP_DEPTH_MAX 32

_Static_assert(!(sizeof(struct sm_blob_stop) % 8) &&
		       !(sizeof(struct sm_blob_grant) % 8) &&
		       !(sizeof(struct sm_blob_way) % 8),
	       "stops, grants and ways are whole words");

static inline const struct sm_blob_stop *
sm_blob_stop(const struct sm_policy *policy, uint32_t word)
{
	return (const void *)(policy->stops + word);
}

static inline const char *sm_stop_text(const struct sm_policy *policy,
				       uint32_t byte)
{
	return (const char *)policy->stops + byte;
}

static inline const char *sm_stop_path(const struct sm_blob_stop *stop)
{
	return (const char *)((const uint64_t *)(const void *)stop +
			      stop->path_at);
}

/* Words of a path's bytes. */
static inline uint32_t sm_stop_path_words(uint32_t length)
{
	return (length + 7u) / 8;
}

static inline const struct sm_blob_grant *
sm_stop_grants(const struct sm_blob_stop *stop)
{
	return (const void *)(stop + 1);
}

static inline const struct sm_blob_way *
sm_stop_ways(const struct sm_blob_stop *stop)
{
	return (const void *)((const uint64_t *)(const void *)stop +
			      stop->path_at + sm_stop_path_words(stop->length));
}

/* Accesses to files, and loading, as bits that differ for each purpose. */
static inline uint32_t sm_stop_want(uint32_t access, enum sm_via via)
{
	if (access & SM_ACCESS_LOAD)
		access = 1;
	return (access & 0xff) << 8 * via;
}

_Static_assert(SM_ACCESS_LOAD == 0x100 && SM_VIAS == 4,
	       "accesses to files are the first eight");

static inline uint64_t sm_stop_load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

#ifdef __x86_64__
/* gcc stores both halves of a 128-bit product, and loads one again. */
static inline uint64_t sm_stop_mix(uint64_t first, uint64_t second)
{
	uint64_t high;

	__asm__("mulq %[second]"
		: "+a"(first), "=d"(high)
		: [second] "rm"(second)
		: "cc");
	return first ^ high;
}
#else
static inline uint64_t sm_stop_mix(uint64_t first, uint64_t second)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)first * second;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}
#endif

#define SM_STOP_ODD   UINT64_C(0x9e3779b97f4a7c15)
#define SM_STOP_BLOCK 16u /* bytes of a start that are hashed at once */

/*
 * The hash of the last block of a start, the len bytes at p, and of how many
 * there are: a bit of SM_BLOB_FILTER. Paths of different families do not meet.
 * Without NUL no word makes a product zero.
 */
static inline uint64_t sm_stop_hash_end(enum sm_blob_root root, const char *p,
					size_t len)
{
	const uint64_t key = (2 * (uint64_t)root + 1) * SM_STOP_ODD;

	if (len >= SM_STOP_BLOCK)
		return sm_stop_mix(sm_stop_load(p + len - 8) ^ len ^ key,
				   sm_stop_load(p + len - 16));
	if (len >= 8)
		return sm_stop_mix(sm_stop_load(p + len - 8) ^ len ^ key,
				   sm_stop_load(p));
	return sm_stop_mix(sm_short_word(p, (uint32_t)len) ^ len << 56 ^ key,
			   SM_STOP_ODD);
}

/* The same of `reach` more blocks: where it is looked for in SM_BLOB_SLOTS. */
static inline uint64_t sm_stop_hash_more(uint64_t hash, uint32_t reach,
					 const char *p, size_t len)
{
	for (; reach && len > SM_STOP_BLOCK; reach--) {
		len = len > 2 * SM_STOP_BLOCK ? len - SM_STOP_BLOCK
					      : SM_STOP_BLOCK;
		hash = sm_stop_mix(sm_stop_load(p + len - 8) ^ hash,
				   sm_stop_load(p + len - 16));
	}
	return hash;
}

/*
 * A slot: the word of a stop, and which root's it is. Roots have stops of the
 * same path, and a slot is looked at for other hashes, too.
 */
#define SM_SLOT_STOP 0x7ffffffu
_Static_assert(SM_BLOB_MAX / 8 < SM_SLOT_STOP && SM_BLOB_ROOTS <= 31,
	       "each has its bits, and none is SM_BLOB_NONE");

static inline uint32_t sm_stop_tag(enum sm_blob_root root)
{
	return (uint32_t)root * (SM_SLOT_STOP + 1);
}

/* What the filter looks at says nothing of it. */
static inline uint32_t sm_stop_slot(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/*
 * Which components a node's children could accept, by the first byte and the
 * last two: a bit of sm_blob_node.may. Not for an empty one.
 */
static inline uint64_t sm_stop_may(const char *first, const char *end)
{
	uint32_t ends = (uint8_t)*first | (uint32_t)(uint8_t)end[-1] << 8 |
			(uint32_t)(uint8_t)end[end - first > 1 ? -2 : -1] << 16;

	return UINT64_C(1) << ((ends * 0x9e3779b1u) >> 26);
}

/*
 * What is looked at of a path's last component is a bit of each word of
 * sm_blob_stop.may. The first: its last two bytes, with the slash where it is
 * one byte.
 */
static inline uint32_t sm_stop_end(const char *end)
{
	uint16_t last;

	memcpy(&last, end - 2, sizeof(last));
	return last * 0x9e3779b1u >> 27;
}

/* The second: these and its first byte. */
static inline uint32_t sm_stop_name(const char *first, const char *end)
{
	uint16_t last;

	memcpy(&last, end - 2, sizeof(last));
	return ((uint32_t)(uint8_t)*first << 16 | last) * 0x9e3779b1u >> 27;
}

/* The third, of tails that say one byte of the end, `<*>`: that. */
static inline uint32_t sm_stop_last(const char *end)
{
	return end[-1] & 31;
}

/* Whether that end may be accepted, of whatever name. */
static inline bool sm_stop_may_end(const struct sm_blob_stop *stop,
				   const char *end)
{
	return (stop->may[0] >> sm_stop_end(end) |
		stop->may[2] >> sm_stop_last(end)) &
	       1;
}

/* And whether the name, then. */
static inline bool sm_stop_may_name(const struct sm_blob_stop *stop,
				    const char *first, const char *end)
{
	return (stop->may[1] >> sm_stop_name(first, end) |
		stop->may[2] >> sm_stop_last(end)) &
	       1;
}

#endif
