/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_explain.c: a verdict as one sentence. No stdio: the agent says why
 * it denies.
 */
#include "schema/policy/blob.h"

struct sentence {
	char *at, *end;
};

static void say(struct sentence *s, struct sm_str text)
{
	size_t room = (size_t)(s->end - s->at);
	size_t n = text.len < room ? text.len : room;

	if (n)
		memcpy(s->at, text.p, n);
	s->at += n;
}

static void say_text(struct sentence *s, const char *text)
{
	say(s, sm_str_of(text));
}

static void say_access(struct sentence *s, uint32_t access)
{
	const char *comma = "";
	int i;

	for (i = 0; i < SM_ACCESSES; i++) {
		if (!(access >> i & 1))
			continue;
		say_text(s, comma);
		say_text(s, sm_access_name((enum sm_access)(1 << i)));
		comma = ", ";
	}
}

const char *sm_reason_name(enum sm_reason reason)
{
	static const char *const names[] = {
		[SM_REASON_NONE] = "none",
		[SM_REASON_DENY_RULE] = "deny-rule",
		[SM_REASON_NO_RULE] = "no-rule",
		[SM_REASON_ACCESS] = "access",
		[SM_REASON_PRINCIPAL] = "principal",
		[SM_REASON_VIA] = "via",
		[SM_REASON_ADDRESS] = "address",
		[SM_REASON_ARGUMENTS] = "arguments",
		[SM_REASON_CUT] = "cut",
		[SM_REASON_WRITTEN] = "written",
		[SM_REASON_NO_POLICY] = "no-policy",
	};

	return (unsigned)reason < sizeof(names) / sizeof(*names) ? names[reason]
								 : "unknown";
}

static void say_nearest(struct sentence *s, const struct sm_verdict *v,
			const char *what)
{
	say_text(s, "no rule covers it; nearest ");
	say(s, v->rule.len ? v->rule : SM_STR("rule"));
	say_text(s, what);
}

static void say_reason(struct sentence *s, const struct sm_verdict *v)
{
	switch (v->reason) {
	case SM_REASON_NONE:
		say_text(s, v->decision == SM_ALLOWED ? "allowed by "
						      : "not decided");
		if (v->decision == SM_ALLOWED)
			say(s, v->rule);
		return;
	case SM_REASON_DENY_RULE:
		say_text(s, "denied by ");
		say(s, v->rule);
		return;
	case SM_REASON_NO_RULE:
		if (v->rule.len)
			say_nearest(s, v, " is for other names");
		else
			say_text(s, "no rule covers it");
		return;
	case SM_REASON_ACCESS:
		say_nearest(s, v, " lacks ");
		say_access(s, v->lacking);
		return;
	case SM_REASON_PRINCIPAL:
		say_nearest(s, v, " is for other principals");
		return;
	case SM_REASON_VIA:
		say_nearest(s, v, " is for another purpose");
		return;
	case SM_REASON_ADDRESS:
		say_nearest(s, v, " is not for where its name leads");
		return;
	case SM_REASON_ARGUMENTS:
		say_nearest(s, v, " has other arguments");
		return;
	case SM_REASON_CUT:
		say_text(s, "too long or unreadable, so not compared");
		return;
	case SM_REASON_WRITTEN:
		say_text(s, "the program may write there: ");
		say(s, v->rule);
		return;
	case SM_REASON_NO_POLICY:
		say_text(s, "no policy could be obtained");
		return;
	}
}

/* "api.example.com:443 (10.0.0.1)", "10.0.0.1:443 (api.example.com)" */
static void say_names(struct sentence *s, const struct sm_request *request)
{
	struct sm_str other =
		request->address.len ? request->address : request->names;

	if (!other.len)
		return;
	say_text(s, " (");
	say(s, other);
	say_text(s, ")");
}

/* The function, too, where it may be what is wrong. */
static void say_who(struct sentence *s, const struct sm_principal *who,
		    const struct sm_verdict *verdict)
{
	char room[SM_PRINCIPAL_MAX];
	struct sm_str name = who->name;

	if (!name.len)
		name = sm_str_of(sm_principal_kind_name(who->kind));
	else if (verdict->reason == SM_REASON_PRINCIPAL)
		name = sm_principal_spell(who, room, sizeof(room));
	say_text(s, " by ");
	say(s, name);
}

void sm_verdict_explain(const struct sm_event *event,
			const struct sm_verdict *verdict, char *out,
			size_t bytes)
{
	struct sm_request_scratch scratch;
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &scratch, requests);
	struct sentence s = { out, out + bytes - 1 };

	if (!bytes)
		return;
	if (verdict->request < count) {
		const struct sm_request *r = &requests[verdict->request];

		say_access(&s, r->access);
		say_text(&s, " ");
		say(&s, r->value);
		say_names(&s, r);
	} else {
		say(&s, event->site.event);
	}
	say_who(&s, &event->site.principal, verdict);
	if (event->site.via != SM_VIA_DIRECT) {
		say_text(&s, " via ");
		say_text(&s, sm_via_name(event->site.via));
	}
	say_text(&s, ": ");
	say_reason(&s, verdict);
	*s.at = 0;
}
