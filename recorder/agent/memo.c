/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.c: what was decided before.
 *
 * Programs repeat themselves. A decision depends on the policy and on what
 * put_event() writes down, nothing else; what was allowed, or asked for
 * nothing, is kept, and the keys are compared byte for byte. Denials are always
 * decided.
 */
#include "recorder/agent/agent.h"

#include "schema/request_file.h"

#define MEMOS	   512u
#define MEMO_WORDS 32u

struct memo {
	uint64_t hash;
	uint32_t words; /* 0: nothing is kept here */
	struct sm_recorded_verdict verdict, shadow; /* rules: in the policies */
	uint64_t key[MEMO_WORDS];
};

static struct memo memos[MEMOS]; /* under the lock */
/*
 * Principals as the policies see them, by the number of their code: asking
 * costs a look-up of the file among the rules for code.
 */
#define SUBJECTS 256u

struct asking {
	_Alignas(64) uint32_t who; /* who_is(); 0: nobody */
	struct sm_subject subject, shadow;
};

static struct asking askings[SUBJECTS]; /* under the lock */

/* Arguments that decide, by event: bits 1 << index; 0: it is not kept. */
#define ARGS_MAX 32u
static uint32_t keys[SM_EVENTS];
static uint8_t files[SM_EVENTS]; /* sm_request_file() */

/* Arguments nobody has described count, and all where rules compare them. */
static uint32_t keys_of(const struct sm_catalogue_entry *entry,
			bool sees_details)
{
	uint32_t bits = UINT32_MAX;

	for (uint32_t i = 0; !sees_details && i < entry->role_count; i++)
		if (!(entry->roles[i] & SM_ROLE_KEY))
			bits &= ~(UINT32_C(1) << i);
	return bits;
}

void sm_memo_forget(void)
{
	bool sees_details = sm_policy_has_details(&sm_agent.policy) ||
			    (sm_agent.has_shadow &&
			     sm_policy_has_details(&sm_agent.shadow));

	memset(memos, 0, sizeof(memos));
	memset(askings, 0, sizeof(askings));
	for (int kind = SM_EVENT_OTHER + 1; kind < SM_EVENTS; kind++) {
		keys[kind] = keys_of(sm_catalogue_entry(kind), sees_details);
		files[kind] = sm_request_file(kind);
	}
}

/* A key being written, in pairs of words; small, to stay in registers. */
struct writer {
	uint64_t *at, *end;
	uint64_t hash;
};

#define HOT static inline __attribute__((always_inline))

/* There is room. The hash only finds: keys are compared. */
HOT void put(struct writer *w, uint64_t first, uint64_t second)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)(first ^ w->hash ^ 0x9e3779b97f4a7c15u) *
		       (second ^ 0xd6e8feb86659fd93u);

	w->at[0] = first;
	w->at[1] = second;
	w->at += 2;
	w->hash = (uint64_t)product ^ (uint64_t)(product >> 64);
}

HOT bool has_room(const struct writer *w, uint32_t words)
{
	return words <= (size_t)(w->end - w->at);
}

HOT uint64_t load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Beside mark stands the length, and then the last 8 bytes. */
HOT bool put_bytes(struct writer *w, uint64_t mark, const char *p, uint32_t n)
{
	if (!has_room(w, n / 8 + 4))
		return false;
	mark |= (uint64_t)n << 8;
	if (n < 8) {
		put(w, mark, sm_short_word(p, n));
		return true;
	}
	put(w, mark, load(p + n - 8));
	for (uint32_t at = 0; at + 8 < n; at += 16)
		put(w, load(p + at), at + 16 <= n ? load(p + at + 8) : 0);
	return true;
}

HOT bool put_value(struct writer *w, const struct sm_value *v)
{
	if (v->type == SM_TEXT || v->type == SM_BYTES)
		return !sm_value_is_cut(v) &&
		       put_bytes(w, v->type, v->s, v->len);
	if (v->type > SM_INT || !has_room(w, 2))
		return false; /* lists and the like: decided each time */
	put(w, v->type, v->type == SM_INT ? (uint64_t)v->i : 0);
	return true;
}

/*
 * Caller and owner by their numbers: each stands for one file and function.
 * Entries for code that did not fit the table stand for many.
 */
HOT bool put_site(struct writer *w, const struct sm_view *view,
		  const struct sm_event *event)
{
	uint64_t caller = view->caller ? view->caller->number : UINT16_MAX;
	uint64_t owner = view->owner ? view->owner->number : UINT16_MAX;
	const struct sm_str *resolved = event->resolved;

	if (caller <= SM_PRINCIPALS || owner <= SM_PRINCIPALS)
		return false;
	put(w,
	    (uint64_t)event->site.kind | caller << 16 | owner << 32 |
		    (uint64_t)view->via << 48 | (uint64_t)view->kind << 56,
	    resolved[0].len | (uint64_t)resolved[1].len << 32);
	return (!resolved[0].len ||
		put_bytes(w, 0, resolved[0].p, resolved[0].len)) &&
	       (!resolved[1].len ||
		put_bytes(w, 0, resolved[1].p, resolved[1].len));
}

HOT bool put_event(struct writer *w, const struct sm_view *view,
		   const struct sm_event *event)
{
	uint32_t bits = keys[event->site.kind];

	if (!bits || event->argc >= ARGS_MAX || !put_site(w, view, event))
		return false;
	for (bits &= (UINT32_C(1) << event->argc) - 1; bits; bits &= bits - 1)
		if (!put_value(w, &event->args[__builtin_ctz(bits)]))
			return false;
	return true;
}

/* By both policies; verdict says more about the one that counts. */
static void decide_for(const struct sm_subject *subject,
		       const struct sm_subject *shadow_subject,
		       struct sm_event *event, struct sm_verdict *verdict)
{
	struct sm_verdict shadow;

	event->named = sm_named();
	sm_policy_decide_for(&sm_agent.policy, event, subject, verdict);
	event->verdict.decision = verdict->decision;
	event->verdict.rule = verdict->rule;
	if (!sm_agent.has_shadow)
		return;
	sm_policy_decide_for(&sm_agent.shadow, event, shadow_subject, &shadow);
	event->shadow.decision = shadow.decision;
	event->shadow.rule = shadow.rule;
}

static void ask(const struct sm_event *event, struct sm_subject *subject,
		struct sm_subject *shadow)
{
	sm_policy_subject(&sm_agent.policy, &event->site.principal, subject);
	if (sm_agent.has_shadow)
		sm_policy_subject(&sm_agent.shadow, &event->site.principal,
				  shadow);
}

void sm_memo_ask(struct sm_event *event, struct sm_verdict *verdict)
{
	struct sm_subject subject, shadow;

	ask(event, &subject, &shadow);
	decide_for(&subject, &shadow, event, verdict);
}

__attribute__((noinline)) static void
fill_asking(struct asking *a, uint32_t who, const struct sm_event *event)
{
	ask(event, &a->subject, &a->shadow);
	a->who = who;
}

/* 0: too many have been seen to tell this one from others. */
HOT uint32_t who_is(const struct sm_view *view)
{
	uint32_t owner = view->owner ? view->owner->number : 0;

	return owner > SM_PRINCIPALS ? owner | (uint32_t)view->kind << 16 : 0;
}

HOT const struct asking *find_asking(uint32_t who, const struct sm_event *event)
{
	struct asking *a = &askings[who % SUBJECTS];

	if (a->who != who)
		fill_asking(a, who, event);
	return a;
}

/* ------------------------------------------------------------------- files */

HOT bool allow(const struct sm_policy *policy, const struct sm_subject *subject,
	       struct sm_str path, uint32_t access,
	       struct sm_recorded_verdict *verdict)
{
	struct sm_allowance by =
		sm_policy_allows_file(policy, subject, path, access);

	if (!by.rule)
		return false;
	verdict->decision = SM_ALLOWED;
	verdict->rule.p = by.rule;
	verdict->rule.len = by.rule_length;
	return true;
}

__attribute__((noinline)) static bool allow_both(const struct asking *asking,
						 struct sm_str path,
						 uint32_t access,
						 struct sm_event *event)
{
	return allow(&sm_agent.shadow, &asking->shadow, path, access,
		     &event->shadow) &&
	       allow(&sm_agent.policy, &asking->subject, path, access,
		     &event->verdict);
}

static void decide(const struct sm_view *view, struct sm_event *event,
		   struct sm_verdict *verdict)
{
	const struct asking *asking;
	uint32_t who = who_is(view);

	if (!who) {
		sm_memo_ask(event, verdict);
		return;
	}
	asking = find_asking(who, event);
	decide_for(&asking->subject, &asking->shadow, event, verdict);
}

static void keep(struct memo *memo, const struct writer *w, const uint64_t *key,
		 const struct sm_event *event)
{
	memo->hash = w->hash;
	memo->words = (uint32_t)(w->at - key);
	memcpy(memo->key, key, memo->words * sizeof(*key));
	memo->verdict = event->verdict;
	memo->shadow = event->shadow;
}

/* For who was not the last one to ask of those kept where he is. */
__attribute__((noinline)) static bool allow_new(const struct sm_view *view,
						struct sm_event *event)
{
	find_asking(who_is(view), event);
	return sm_memo_allows(view, event);
}

/*
 * Files are not remembered: to look one up and to find it missing would cost
 * most decisions more than it saved the others.
 */
SM_OFTEN bool sm_memo_allows(const struct sm_view *view, struct sm_event *event)
{
	uint32_t who = who_is(view), access;
	struct asking *asking = &askings[who % SUBJECTS];
	struct sm_str path;

	if (!who ||
	    !sm_event_told_file(event, files[event->site.kind], &path, &access))
		return false;
	if (asking->who != who)
		return allow_new(view, event);
	if (sm_agent.has_shadow)
		return allow_both(asking, path, access, event);
	return allow(&sm_agent.policy, &asking->subject, path, access,
		     &event->verdict);
}

void sm_memo_decide(const struct sm_view *view, struct sm_event *event,
		    struct sm_verdict *verdict)
{
	uint64_t key[MEMO_WORDS];
	struct writer w = { key, key + MEMO_WORDS, 0 };
	struct memo *memo;

	if (!put_event(&w, view, event)) {
		decide(view, event, verdict);
		return;
	}
	memo = &memos[w.hash % MEMOS];
	if (memo->hash == w.hash && memo->words == w.at - key &&
	    !memcmp(memo->key, key, memo->words * sizeof(*key))) {
		event->verdict = memo->verdict;
		event->shadow = memo->shadow;
		return;
	}
	decide(view, event, verdict);
	if (verdict->decision == SM_ALLOWED ||
	    verdict->decision == SM_UNDECIDED)
		keep(memo, &w, key, event);
}
