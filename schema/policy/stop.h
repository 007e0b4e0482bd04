/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.h: where a path's literal start ends. Private to schema/policy.
 *
 * A stop is a node that literal components alone lead to, and where a rule
 * stands or a wildcard follows. All of them are in one table, by a hash of the
 * path that leads there. Paths differ near their ends, most of them: no more is
 * hashed than tells the stops of this policy apart, so that a long path costs
 * no more than a short one. The hash only finds; all bytes are compared. And
 * most starts of a path are no stop's: a bit says so, of a table that is small
 * enough to stay in the nearest cache.
 *
 * At ten thousand rules memory costs more time than instructions: what most
 * decisions about a file need of a stop is its mark, one cache line. The end of
 * the path is part of it; what comes before is text that the stops of one
 * directory share, and that stays in the nearest cache.
 *
 * The rest lies elsewhere: struct sm_blob_stop, its grants (the path's own,
 * those for all below, for what lies in it and for what lies anywhere below it
 * and is not hidden), its ways (other patterns of the next component, then of
 * the last one), their text and the grants' ids; then a stop for each way, of
 * the same shape, but without a mark.
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
	uint16_t ways_at;   /* a word from here */
	uint16_t words;	    /* with all that belongs to it */
	uint8_t ends;	    /* grants of the path itself */
	uint8_t deeps;	    /* of all below it: `**` */
	uint8_t nexts;	    /* of what is in it, by `*` */
	uint8_t trees;	    /* of all below it, by <tree> */
	uint8_t ways;	    /* for the next component */
	uint8_t tails;	    /* for the last one, wherever it is */
	uint32_t names;	    /* that tails accept: of SM_BLOB_ENDS */
	uint32_t node;	    /* in the forest */
	uint32_t mark;	    /* its number; ways': NONE */
};

#define SM_ENDS 16u

/*
 * Which names tails may accept: a bit for the last byte of each. Stops without
 * tails of their own share those of the stop above.
 */
struct sm_blob_ends {
	uint32_t lasts[SM_ENDS];  /* by the byte before, or the slash */
	uint32_t firsts[SM_ENDS]; /* by the first byte */
};

#define SM_ENDS_NONE  0u /* there are no tails */
#define SM_ENDS_ANY   1u /* nothing is known of them */
#define SM_ENDS_KNOWN 2u /* the first that are neither */

/* Which questions the grant of a mark answers, if nobody else does. */
enum sm_mark_answer {
	SM_MARK_ITSELF = 1 << 0, /* about the path */
	SM_MARK_IN = 1 << 1,	 /* what lies in it, and is not hidden */
	SM_MARK_BELOW = 1 << 2,	 /* all else below it */
	SM_MARK_WAY = 1 << 3,	 /* what its only way, a plain one, accepts */
};

#define SM_MARK_TAIL	   28u
#define SM_MARK_SHARED_MIN 16u /* of a longer path; compared at once */

struct sm_blob_mark {
	uint64_t who;	   /* of the grant: enum sm_who */
	uint32_t rule;	   /* of the grant: its number */
	uint32_t id;	   /* of the rule: a byte of SM_BLOB_TEXT */
	uint32_t start;	   /* of the path: a byte of SM_BLOB_TEXT */
	uint32_t stop;	   /* a word */
	uint32_t path;	   /* sm_mark_path() */
	uint16_t shared;   /* bytes of the path that are those at start */
	uint16_t names;	   /* that tails accept: of SM_BLOB_ENDS */
	uint8_t id_length; /* bytes */
	uint8_t answers;   /* enum sm_mark_answer; 0: there is no such grant */
	/* To files, direct: sm_stop_want() without what other purposes add. */
	uint8_t want;		 /* by the grant */
	uint8_t others;		 /* by any other, but for tails */
	char tail[SM_MARK_TAIL]; /* the path's last bytes, at its end */
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
#define SM_GRANT_WORDS	  (sizeof(struct sm_blob_grant) / 8)
#define SM_WAY_WORDS	  (sizeof(struct sm_blob_way) / 8)
/* Wildcards in a row that are followed here; patterns have hardly as many. */
#define SM_STOP_DEPTH_MAX 32

_Static_assert(!(sizeof(struct sm_blob_stop) % 8) &&
		       !(sizeof(struct sm_blob_grant) % 8) &&
		       !(sizeof(struct sm_blob_way) % 8),
	       "stops, grants and ways are whole words");
_Static_assert(sizeof(struct sm_blob_mark) == SM_BLOB_ALIGN,
	       "a mark is a cache line");

/* What is compared first: how long a path is, and whose. */
static inline uint64_t sm_mark_path(enum sm_blob_root root, uint64_t length)
{
	return length << 8 | root;
}

static inline uint32_t sm_mark_length(const struct sm_blob_mark *mark)
{
	return mark->path >> 8;
}

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

static inline const struct sm_blob_grant *
sm_stop_grants(const struct sm_blob_stop *stop)
{
	return (const void *)(stop + 1);
}

static inline const struct sm_blob_way *
sm_stop_ways(const struct sm_blob_stop *stop)
{
	return (const void *)((const uint64_t *)(const void *)stop +
			      stop->ways_at);
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
 * A slot: the number of a mark, and some bits of the hash, since a slot is
 * looked at for others, too, and each mark costs a cache line.
 */
#define SM_SLOT_MARK 0x3fffffu
_Static_assert(SM_BLOB_MAX / sizeof(struct sm_blob_mark) <= SM_SLOT_MARK + 1,
	       "a mark's number has its bits");

static inline uint32_t sm_stop_tag(uint64_t hash)
{
	return (uint32_t)hash & ~SM_SLOT_MARK;
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

/* Whether such a name may be accepted, of whatever beginning; it ends at end.
 */
static inline bool sm_ends_may(const struct sm_blob_ends *ends, const char *end)
{
	return ends->lasts[end[-2] & (SM_ENDS - 1)] >> (end[-1] & 31) & 1;
}

/* And whether with that beginning, then. */
static inline bool sm_ends_may_name(const struct sm_blob_ends *ends,
				    const char *first, const char *end)
{
	return ends->firsts[*first & (SM_ENDS - 1)] >> (end[-1] & 31) & 1;
}

#endif
