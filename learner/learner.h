/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner.h: from recorded events to a policy.
 *
 *   traces --sm_observations_read--> struct sm_observations (a set of calls)
 *   struct sm_observations --sm_learn--> struct sm_rules, struct sm_learned
 *
 * A call is what decides an event: its name, key arguments, via and principal.
 * The set of calls does not depend on the order of traces or events, and
 * neither does anything derived from it: same traces, same bytes.
 */
#ifndef LEARNER_LEARNER_H
#define LEARNER_LEARNER_H

#include "schema/policy.h"
#include "schema/trace.h"

/* ----------------------------------------------------------- observations */

/* Distinct calls kept; beyond it reading ends with SM_LIMIT. */
#define SM_CALLS_MAX (4u << 20)

struct sm_observations;

/* An empty set; NULL when out of memory. sm_observations_free accepts NULL. */
struct sm_observations *sm_observations_new(void);
void sm_observations_free(struct sm_observations *observations);

/*
 * Adds a process of the run with identity run; strings are copied. *owner is
 * what sm_observations_add() wants, valid for this set only. The same process
 * again gives the same owner.
 */
SM_CHECKED enum sm_status
sm_observations_add_process(struct sm_observations *observations, uint64_t run,
			    const struct sm_trace_process *process,
			    const struct sm_trace_interpreter *interpreter,
			    uint32_t *owner);
/*
 * Adds one event; copies what it keeps. Events that ask for nothing, events a
 * policy stopped (verdict SM_DENIED) and forged ones are counted only.
 */
SM_CHECKED enum sm_status
sm_observations_add(struct sm_observations *observations, uint32_t owner,
		    const struct sm_event *event);
/*
 * Adds a trace, or what of it lies in the window. What follows a denial is not
 * what the program usually does: it is counted only, unless the window says. A
 * trace that was added before is skipped. Damaged blocks are counted as losses
 * and skipped. diag as sm_trace_next().
 */
struct sm_window {
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC; to_ns 0: no end */
	bool takes_followers;	 /* of a denial */
};
SM_CHECKED enum sm_status
sm_observations_read(struct sm_observations *observations,
		     struct sm_trace *trace, const struct sm_window *window,
		     struct sm_diag *diag);
/*
 * Adds all of from. Commutes; merging a set whose traces are all in already
 * changes nothing. Where traces overlap in part, only counts (`seen`) add up
 * twice: rules depend on no count.
 */
SM_CHECKED enum sm_status
sm_observations_merge(struct sm_observations *into,
		      const struct sm_observations *from);

/*
 * A run: a recorded command with all its processes. Text is the observations'
 * and lives as long.
 */
struct sm_run_info {
	uint64_t identity, host;    /* equal for runs of one host */
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME; first > last: no event */
	uint64_t events, processes;
	struct sm_str exe, script; /* of its first process; may be empty */
};
/* Run number at, by identity; false beyond the last. */
bool sm_observations_run(const struct sm_observations *observations, size_t at,
			 struct sm_run_info *info);
/* The observations without these runs; NULL when out of memory. */
struct sm_observations *
sm_observations_without_runs(const struct sm_observations *observations,
			     const uint64_t *identities, size_t count);

/*
 * Observations as bytes, and back: a summary of traces, which merges like them.
 * *bytes is malloc'ed. Reading adds to into and takes any bytes: SM_DAMAGED,
 * SM_VERSION. _is_: whether bytes start like a summary.
 */
SM_CHECKED enum sm_status
sm_summary_write(const struct sm_observations *observations, uint8_t **bytes,
		 size_t *size);
SM_CHECKED enum sm_status sm_summary_read(const uint8_t *bytes, size_t size,
					  struct sm_observations *into,
					  struct sm_diag *diag);
bool sm_summary_is(const uint8_t *bytes, size_t size);

/*
 * Events that the traces miss, a damaged block as one. In `by` each counts for
 * every family in which its process was seen to do something, and those of
 * which that is not known in `anywhere`.
 */
struct sm_missed {
	uint64_t all, anywhere, by[SM_FAMILIES];
};

/* What went in. */
struct sm_observed {
	uint64_t traces, runs, processes;
	uint64_t events;    /* stored events read */
	uint64_t calls;	    /* distinct calls that ask for something */
	uint64_t denied;    /* events stopped by a policy: not learned from */
	uint64_t forged;    /* raised under a name of CPython's: neither */
	uint64_t followers; /* of a denial: neither */
	struct sm_missed missed;
};
void sm_observations_count(const struct sm_observations *observations,
			   struct sm_observed *out);

/* --------------------------------------------------------------- learning */

/* How much evidence opens a slot. */
enum sm_level {
	SM_LEVEL_BALANCED, /* three values, or two that are fresh */
	SM_LEVEL_TIGHT,	   /* six, or four */
	SM_LEVEL_LOOSE,	   /* two */
	SM_LEVELS
};

struct sm_learn_options {
	enum sm_level level;
	bool evidence; /* fill `seen` */
	bool strict;   /* leave risky grants out; they become residue */
	/*
	 * A policy to add to, or NULL: it stays as it is, and gets the learned
	 * rules that something recorded needs beside it. What its `deny` stops
	 * stays denied and is residue.
	 */
	const struct sm_rules *base;
	/*
	 * For who only decides by the policy: rules stay that are proved to add
	 * nothing to others. Proving takes most of the time. Not with a base.
	 */
	bool keeps_covered;
};

/*
 * Observations without what fewer than least runs (or hosts) support: neither
 * did they do it, nor what else needs the same rule and is as rare. So a single
 * poisoned run neither makes rules nor widens those of others. Free *out with
 * sm_observations_free().
 */
struct sm_quorum {
	unsigned least; /* 1 .. SM_QUORUM_MAX */
	bool by_host;
};
#define SM_QUORUM_MAX 8
SM_CHECKED enum sm_status
sm_learn_quorum(const struct sm_observations *observations,
		const struct sm_learn_options *options,
		const struct sm_quorum *quorum, struct sm_observations **out,
		struct sm_diag *diag);

/*
 * Calls found with every distinct call that rules do not allow, as one line for
 * people; deterministic order.
 */
typedef void sm_missing_found(void *context, const char *line);
SM_CHECKED enum sm_status
sm_learn_missing(const struct sm_observations *observations,
		 const struct sm_rules *rules, sm_missing_found *found,
		 void *context, struct sm_diag *diag);

/*
 * What changed between two versions of a program: found is called with every
 * rule and bundle that was needed before and is not now, and with every one
 * that is new. The program's directories may have moved in between: that is
 * told, and the rules are compared as if they had not.
 */
struct sm_drift {
	bool is_new;
	/* One of these is there. */
	const struct sm_rule *rule;
	struct sm_str bundle;
	const struct sm_variable *moved; /* with the values of now */
};
typedef void sm_drift_found(void *context, const struct sm_drift *drift);
SM_CHECKED enum sm_status sm_learn_drift(const struct sm_observations *before,
					 const struct sm_observations *now,
					 const struct sm_learn_options *options,
					 sm_drift_found *found, void *context,
					 struct sm_diag *diag);

/* A call the policy does not allow although it was recorded. */
struct sm_residue {
	struct sm_str what; /* one line, for people */
};

/*
 * A bundle that covers something recorded, or speaks of what was loaded: used
 * where that costs no more than to do without; see secmgr-learn(1).
 */
struct sm_bundle_use {
	const char *name;
	size_t rules, needed; /* needed: by something that was recorded */
	double exposure;      /* of what it grants beside */
	double without;	      /* cost of rules instead of it */
	bool is_used;
};

/* How a rule came about, for people. */
struct sm_learned_reason {
	struct sm_str id, why;
	uint64_t events;
};

/* What came out. */
struct sm_learned {
	struct sm_rules *rules;	    /* normalised; printable, compilable */
	size_t family[SM_FAMILIES]; /* rules per family */
	size_t slotted;		    /* rules with at least one open slot */
	size_t bundled;		    /* distinct calls bundles cover */
	struct sm_bundle_use *bundles;
	size_t bundle_count;
	size_t repaired; /* calls the gate needed a literal rule for */
	size_t reviews;	 /* rules under `review` */
	struct sm_learned_reason *reasons; /* of the rules, base's own aside */
	size_t reason_count;
	struct sm_residue *residue;
	size_t residue_count;
	void *arena;
};

/*
 * Learns. SM_INVALID when there is nothing to learn from (diag says what).
 * *out is emptied first; free it with sm_learned_fini() in any case.
 */
SM_CHECKED enum sm_status sm_learn(const struct sm_observations *observations,
				   const struct sm_learn_options *options,
				   struct sm_learned *out,
				   struct sm_diag *diag);
/* NULL: it is the base's. Borrowed. */
const struct sm_learned_reason *
sm_learned_reason(const struct sm_learned *learned, struct sm_str id);
void sm_learned_fini(struct sm_learned *learned);

/* -------------------------------------------------------------- estimating */

/*
 * How the recording was cut to learn from one part and ask about another.
 * RUN, SESSION and PROCESS: up to five groups, each left out once; a session is
 * all runs of a trace. TIME: learnt from what came before, asked about the
 * rest.
 */
enum sm_cut {
	SM_CUT_RUN,
	SM_CUT_SESSION,
	SM_CUT_PROCESS,
	SM_CUT_TIME,
	SM_CUTS,
};
const char *sm_cut_name(enum sm_cut cut); /* "run" */

/*
 * Of 1000 events, how many: as measured, and with 95 % certainty at most
 * (Poisson on distinct calls, times the events of one: of a blocked one, or
 * where none was blocked, of one that came in one part alone, or in the fewest
 * runs).
 */
struct sm_rate {
	double per_1000, bound;
};

struct sm_cut_estimate {
	unsigned folds;	  /* policies learned; 0: cannot be cut this way */
	uint64_t events;  /* in the parts left out */
	uint64_t blocked; /* of these, by the policy learned without them */
	uint64_t calls;	  /* distinct, of these */
	uint64_t family[SM_FAMILIES]; /* of blocked */
	uint64_t family_calls[SM_FAMILIES];
	/* Events and distinct calls of a part alone, blocked or not. */
	uint64_t alone[SM_FAMILIES], alone_calls[SM_FAMILIES];
	struct sm_rate rate, family_rate[SM_FAMILIES];
};

struct sm_estimate {
	struct sm_cut_estimate cuts[SM_CUTS];
	/* Each of the cut where it is highest; -1: nothing could be cut. */
	struct sm_rate rate, family_rate[SM_FAMILIES];
	uint64_t events;
	uint64_t recorded_ns; /* all runs together */
	uint64_t runs;
	size_t rules, singles; /* in use; used by one event */
	/* Good-Turing: of 1000 events, those no rule would know. */
	double unseen, unseen_bound;
	uint64_t since_new_ns;	/* from the last new rule to the end */
	unsigned oldest_python; /* 3.oldest_python was recorded; 0: unknown */
};

/* An event that CPython raises from 3.since on. */
struct sm_python_event {
	const char *name;
	unsigned since;
};
/* Minor versions of CPython 3 are below. */
#define SM_PYTHONS 100
/* Of "3.11.2 (main, ...)" 11; 0: of no CPython 3 that is known. */
unsigned sm_python_minor(struct sm_str version);
/* Decided events that 3.minor does not raise, by version; how many. */
size_t sm_python_events_since(unsigned minor,
			      const struct sm_python_event **later);

/*
 * What a policy learned from these observations would block of the same
 * program's next days: learns again without parts of them. learned is the
 * result of sm_learn() with the same arguments; what it denies itself does not
 * count. Takes as long as about a dozen sm_learn().
 */
SM_CHECKED enum sm_status
sm_learn_estimate(const struct sm_observations *observations,
		  const struct sm_learn_options *options,
		  const struct sm_learned *learned, struct sm_estimate *out,
		  struct sm_diag *diag);

#endif
