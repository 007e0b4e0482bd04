/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/blob.h"

#include <strings.h>

#include "schema/path.h"
#include "schema/shell.h"

/* How near a rule came that did not grant; the largest is reported. */
enum nearness {
	NEAR_NOTHING,
	NEAR_ANYWHERE, /* for another purpose, and of every place */
	NEAR_ACCESS,
	NEAR_ARGUMENTS,
	NEAR_PRINCIPAL,
	NEAR_VIA,
	NEAR_ADDRESS,
};

/* One request being decided. Rules are numbers in SM_BLOB_RULES. */
struct decision {
	const struct sm_policy *policy;
	const struct sm_event *event;
	const struct sm_request *request;
	const struct sm_subject *subject;
	const struct sm_shell *shell; /* the parsed line, or NULL */
	uint32_t access;	      /* asked for */
	uint32_t granted;
	uint32_t granting; /* first rule that granted anything */
	uint32_t denying;
	uint32_t stdlib; /* a rule for the whole standard library matched */
	bool is_capability;
	bool only_denials; /* what allows is looked at to be told of only */
	enum nearness nearness;
	uint32_t nearest;
	bool has_overflown;
};

static const struct sm_blob_rule *rule_at(const struct sm_policy *policy,
					  uint32_t number)
{
	return (const struct sm_blob_rule *)sm_blob_section(policy,
							    SM_BLOB_RULES) +
	       number;
}

/* Of rules as near, the one that says more of the value literally. */
static bool is_nearer(const struct decision *d, uint32_t rule,
		      enum nearness nearness)
{
	uint32_t literals, others;

	if (nearness != d->nearness)
		return nearness > d->nearness;
	literals = rule_at(d->policy, rule)->literals;
	others = rule_at(d->policy, d->nearest)->literals;
	return literals != others ? literals > others : rule < d->nearest;
}

static void note(struct decision *d, uint32_t rule, enum nearness nearness)
{
	const struct sm_blob_rule *r = rule_at(d->policy, rule);

	if (r->flags & SM_RULE_DENY || !is_nearer(d, rule, nearness))
		return;
	d->nearness = nearness;
	d->nearest = rule;
}

/* --------------------------------------------------------------- arguments */

#define NUMBER_MAX 24

static struct sm_str format_number(int64_t value, char out[NUMBER_MAX])
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char *at = out + NUMBER_MAX;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--at = '-';
	return (struct sm_str){ at, (uint32_t)(out + NUMBER_MAX - at) };
}

/* An argument as text; false for what only `*` matches. */
static bool value_text(const struct sm_value *value, char number[NUMBER_MAX],
		       struct sm_str *text)
{
	switch (value->type) {
	case SM_TEXT:
	case SM_BYTES:
		*text = sm_value_str(value);
		return !sm_value_is_cut(value);
	case SM_INT:
		*text = format_number(value->i, number);
		return true;
	case SM_NONE:
		*text = SM_STR("None");
		return true;
	case SM_TRUE:
		*text = SM_STR("True");
		return true;
	case SM_FALSE:
		*text = SM_STR("False");
		return true;
	}
	return false;
}

/* A slot that is just `*`, which in events matches any value. */
static bool is_any(const struct sm_policy *policy, uint32_t pattern)
{
	const struct sm_blob_span *p =
		sm_blob_section(policy, SM_BLOB_PATTERNS);
	const struct sm_blob_item *items =
		sm_blob_section(policy, SM_BLOB_ITEMS);

	return p[pattern].count == 1 &&
	       items[p[pattern].first].kind == SM_BLOB_STAR;
}

static bool slot_matches(const struct decision *d, uint32_t pattern,
			 const struct sm_value *value)
{
	char number[NUMBER_MAX];
	struct sm_str text;

	if (d->request->family == SM_FAMILY_EVENTS &&
	    is_any(d->policy, pattern))
		return true;
	return value_text(value, number, &text) &&
	       sm_match_pattern(d->policy, pattern, text, false);
}

/* Further words of a command line may not be options. */
static bool are_words(const struct sm_value *args, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct sm_str s = sm_value_str(&args[i]);

		if (!s.len || s.p[0] == '-' || sm_value_is_cut(&args[i]))
			return false;
	}
	return true;
}

static bool args_match(const struct decision *d,
		       const struct sm_blob_rule *rule)
{
	const struct sm_request *r = d->request;
	const uint32_t *slots = sm_blob_section(d->policy, SM_BLOB_INDEX);
	uint32_t i, count = rule->args.count;

	if (rule->flags & SM_RULE_ANY_ARGS)
		return true;
	if (rule->flags & SM_RULE_REST ? r->argc < count : r->argc != count)
		return false;
	for (i = 0; i < count; i++)
		if (!slot_matches(d, slots[rule->args.first + i], &r->args[i]))
			return false;
	return are_words(r->args + count, r->argc - count);
}

static bool token_matches(const struct sm_policy *policy,
			  const struct sm_blob_token *t,
			  const struct sm_shell_token *word)
{
	if (t->kind != (uint32_t)word->kind)
		return false;
	if (word->kind != SM_SHELL_WORD || word->is_live ||
	    t->pattern == SM_BLOB_NONE)
		return (word->kind != SM_SHELL_WORD || word->is_live) &&
		       sm_str_equal(sm_blob_str(policy, t->text), word->raw);
	return sm_match_pattern(policy, t->pattern, word->text, false);
}

static bool shell_matches(const struct decision *d,
			  const struct sm_blob_rule *rule)
{
	const struct sm_blob_token *t =
		sm_blob_section(d->policy, SM_BLOB_TOKENS);
	uint32_t i;

	if (!d->shell)
		return !rule->args.count; /* found by the whole line */
	if (rule->args.count != d->shell->count)
		return false;
	for (i = 0; i < d->shell->count; i++)
		if (!token_matches(d->policy, &t[rule->args.first + i],
				   &d->shell->tokens[i]))
			return false;
	return true;
}

static bool network_matches(const struct decision *d,
			    const struct sm_blob_rule *rule)
{
	const struct sm_request *r = d->request;
	struct sm_str proto = sm_blob_str(d->policy, rule->proto);

	if (r->access == SM_ACCESS_RESOLVE || r->access == SM_ACCESS_SOCKET)
		return true;
	if (r->port < rule->port_low || r->port > rule->port_high)
		return false;
	if (proto.len)
		return sm_str_equal(proto, r->proto);
	return !sm_str_equal(r->proto, SM_STR("raw")) &&
	       !sm_str_equal(r->proto, SM_STR("packet")) &&
	       !sm_str_equal(r->proto, SM_STR("netlink"));
}

static bool details_match(const struct decision *d,
			  const struct sm_blob_rule *rule)
{
	switch (d->request->family) {
	case SM_FAMILY_NETWORK:
		return network_matches(d, rule);
	case SM_FAMILY_PROCESSES:
		if (d->request->access == SM_ACCESS_SHELL)
			return shell_matches(d, rule);
		return d->request->access != SM_ACCESS_EXEC ||
		       args_match(d, rule);
	case SM_FAMILY_EVENTS:
		return args_match(d, rule);
	default:
		return true;
	}
}

/* --------------------------------------------------------------- one rule */

static void consider(struct decision *d, uint32_t number)
{
	const struct sm_blob_rule *rule = rule_at(d->policy, number);
	uint32_t overlap = rule->access & d->access;

	if (rule->flags & SM_RULE_NOT_STDLIB) {
		d->is_capability = true;
		return;
	}
	if (!overlap) {
		/* Nor is one near that shares neither purpose nor place. */
		if (rule->via >> d->request->via & 1 && rule->literals)
			note(d, number, NEAR_ACCESS);
		return;
	}
	if (!details_match(d, rule)) {
		note(d, number, NEAR_ARGUMENTS);
		return;
	}
	if (!sm_decide_by(d->policy, rule, d->subject,
			  d->request->via != SM_VIA_DIRECT ||
				  d->request->access == SM_ACCESS_LOAD)) {
		note(d, number, NEAR_PRINCIPAL);
		return;
	}
	if (!(rule->via >> d->request->via & 1)) {
		note(d, number, rule->literals ? NEAR_VIA : NEAR_ANYWHERE);
		return;
	}
	if (rule->flags & SM_RULE_DENY) {
		if (number < d->denying)
			d->denying = number;
		return;
	}
	if (d->only_denials) {
		note(d, number, NEAR_ADDRESS);
		return;
	}
	if (rule->flags & SM_RULE_STDLIB) {
		if (number < d->stdlib)
			d->stdlib = number;
		return;
	}
	d->granted |= overlap;
	if (number < d->granting)
		d->granting = number;
}

static void consider_set(struct decision *d, const struct sm_match_set *set)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(d->policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(d->policy, SM_BLOB_INDEX);
	uint32_t i, j;

	d->has_overflown |= set->has_overflown;
	for (i = 0; i < set->count; i++) {
		struct sm_blob_span rules = nodes[set->nodes[i]].rules;

		for (j = 0; j < rules.count; j++)
			consider(d, index[rules.first + j]);
	}
}

static void look_up_path(struct decision *d, enum sm_blob_root root,
			 struct sm_str path)
{
	struct sm_match_set set;

	sm_match_path(d->policy, root, path, &set);
	consider_set(d, &set);
}

/* The first rule of the nodes that is_wanted. */
static uint32_t first_wanted(const struct sm_policy *policy,
			     const struct sm_match_set *set,
			     bool (*is_wanted)(const struct sm_blob_rule *))
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);
	uint32_t i, j, best = SM_BLOB_NONE;

	for (i = 0; i < set->count; i++) {
		struct sm_blob_span rules = nodes[set->nodes[i]].rules;

		for (j = 0; j < rules.count; j++) {
			uint32_t number = index[rules.first + j];

			if (number < best && is_wanted(rule_at(policy, number)))
				best = number;
		}
	}
	return best;
}

static bool lets_run(const struct sm_blob_rule *rule)
{
	return !(rule->flags & (SM_RULE_DENY | SM_RULE_NOT_STDLIB));
}

/* Whether some allow rule of a family of code means path, whoever asks. */
static bool is_granted(const struct sm_policy *policy, enum sm_blob_root root,
		       struct sm_str path)
{
	struct sm_match_set set;

	sm_match_path(policy, root, path, &set);
	return first_wanted(policy, &set, lets_run) != SM_BLOB_NONE;
}

/*
 * Code, programs and packages are not what a command line is about. So what
 * these rules let be written may be run by nobody, whatever his own names.
 */
static bool is_nameable(const struct sm_policy *policy, struct sm_str path)
{
	return !sm_decide_is_installed(policy, path) &&
	       !is_granted(policy, SM_ROOT_LOAD, path) &&
	       !is_granted(policy, SM_ROOT_PROGRAM, path) &&
	       !is_granted(policy, SM_ROOT_LIBRARY, path);
}

#define CHANGES                                                                \
	(SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_DELETE |               \
	 SM_ACCESS_META | SM_ACCESS_LINK | SM_ACCESS_SQLITE)

static uint32_t count_components(struct sm_str path)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < path.len; i++)
		count += path.p[i] == '/' && path.len > 1;
	return count;
}

/*
 * A rule that spells the path out lets it be read, and none lets it be
 * changed: a program's own settings are not for whoever names them to change.
 */
static bool is_only_read(const struct sm_policy *policy, struct sm_str path)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);
	uint32_t components = count_components(path), access = 0, i, j;
	struct sm_match_set set;

	sm_match_path(policy, SM_ROOT_FILES, path, &set);
	for (i = 0; i < set.count; i++) {
		struct sm_blob_span rules = nodes[set.nodes[i]].rules;

		for (j = 0; j < rules.count; j++) {
			const struct sm_blob_rule *rule =
				rule_at(policy, index[rules.first + j]);

			if (!(rule->flags & SM_RULE_DENY) &&
			    rule->via >> SM_VIA_DIRECT & 1 &&
			    rule->literals == components)
				access |= rule->access;
		}
	}
	return access & SM_ACCESS_READ && !(access & CHANGES);
}

/*
 * Rules of ${ARG}, for each path that the command line named and that this is
 * or lies below: with what follows it, as if that were all.
 */
__attribute__((noinline)) static void look_up_named(struct decision *d,
						    struct sm_str path)
{
	const struct sm_named *named = d->event->named;

	if (sm_named_find(named, path) < 0 || !is_nameable(d->policy, path) ||
	    (d->access & CHANGES && is_only_read(d->policy, path)))
		return;
	for (uint32_t i = 0; i < named->count; i++) {
		struct sm_str name = named->paths[i], rest = SM_STR("/");

		if (!sm_path_is_under(path, name))
			continue;
		if (path.len > name.len) {
			rest.p = path.p + name.len;
			rest.len = path.len - name.len;
		}
		look_up_path(d, SM_ROOT_NAMED, rest);
	}
}

static void look_up_key(struct decision *d, enum sm_blob_root root,
			struct sm_str key)
{
	struct sm_match_set set;

	sm_match_key(d->policy, sm_blob_header(d->policy)->roots[root], key,
		     &set);
	consider_set(d, &set);
}

/* ---------------------------------------------------------------- families */

#define HOST_MAX 256 /* RFC 1035: no name is longer */

static const char at_loopback[] = "@loopback";

static void look_up_address(struct decision *d, struct sm_str host)
{
	char key[SM_ADDRESS_KEY];

	if (sm_match_address(host, key))
		look_up_key(d, SM_ROOT_HOST,
			    (struct sm_str){ key, sizeof(key) });
}

/* The text in small letters, and that with what to add at its end. */
static void look_up_text(struct decision *d, struct sm_str host,
			 struct sm_str more)
{
	char lower[HOST_MAX + sizeof(at_loopback)];
	uint32_t i;

	/*
	 * A NUL would make a name look like an address key, an @ like one that
	 * leads to another place.
	 */
	if (!host.len || host.len > HOST_MAX || !host.p[0] ||
	    memchr(host.p, '@', host.len))
		return;
	for (i = 0; i < host.len; i++)
		lower[i] = host.p[i] >= 'A' && host.p[i] <= 'Z'
				   ? (char)(host.p[i] | 32)
				   : host.p[i];
	if (more.len)
		memcpy(lower + host.len, more.p, more.len);
	look_up_key(d, SM_ROOT_HOST,
		    (struct sm_str){ lower, host.len + more.len });
}

static void look_up_plain(struct decision *d, struct sm_str host)
{
	look_up_text(d, host, (struct sm_str){ NULL, 0 });
}

/* RFC 6761 6.3: it stands for nothing else. */
static bool is_localhost(struct sm_str name)
{
	const struct sm_str localhost = SM_STR("localhost");

	if (name.len < localhost.len ||
	    strncasecmp(name.p + name.len - localhost.len, localhost.p,
			localhost.len) != 0)
		return false;
	name.len -= localhost.len;
	return !name.len || name.p[name.len - 1] == '.';
}

/*
 * Whether a rule for the name is one for where it leads. Whoever answers for a
 * name may answer anything: it stands for this machine only where the rule
 * says so, and never for the network's or the cloud's own services.
 */
static bool stands_for(struct sm_str name, enum sm_address_kind kind)
{
	switch (kind) {
	case SM_ADDRESS_NONE:
		return true; /* not recorded */
	case SM_ADDRESS_LOOPBACK:
		return is_localhost(name);
	case SM_ADDRESS_PUBLIC:
	case SM_ADDRESS_PRIVATE:
		return !is_localhost(name);
	case SM_ADDRESS_METADATA:
	case SM_ADDRESS_OTHER:
		break;
	}
	return false;
}

/* Denials are for the name wherever it leads. */
static void look_up_name(struct decision *d, struct sm_str name,
			 enum sm_address_kind kind)
{
	d->only_denials = !stands_for(name, kind);
	look_up_plain(d, name);
	d->only_denials = false;
	if (kind == SM_ADDRESS_LOOPBACK)
		look_up_text(d, name, SM_STR(at_loopback));
}

static void look_up_names(struct decision *d, enum sm_address_kind kind)
{
	struct sm_str left = d->request->names;

	while (left.len) {
		struct sm_str name = sm_request_next_name(&left);

		look_up_name(d, name, kind);
	}
	/* The address itself says as much. */
	if (kind == SM_ADDRESS_LOOPBACK)
		look_up_plain(d, SM_STR("localhost"));
}

/* The address, its text, and every name it is known by. */
static void look_up_host(struct decision *d)
{
	const struct sm_request *r = d->request;
	enum sm_address_kind kind = sm_address_kind_of(r->host);

	look_up_address(d, r->host);
	if (r->access == SM_ACCESS_BIND || kind != SM_ADDRESS_NONE) {
		look_up_plain(d, r->host);
	} else {
		kind = sm_address_kind_of(r->address);
		look_up_address(d, r->address);
		look_up_plain(d, r->address);
		look_up_name(d, r->host, kind);
	}
	if (r->access == SM_ACCESS_CONNECT)
		look_up_names(d, kind);
}

/* Who may connect to a host, wherever it leads, may ask for its address. */
static void look_up_resolve(struct decision *d)
{
	d->access |= SM_ACCESS_CONNECT;
	look_up_address(d, d->request->host);
	look_up_plain(d, d->request->host);
	look_up_text(d, d->request->host, SM_STR(at_loopback));
	if (d->granted)
		d->granted = d->access;
}

static void look_up_network(struct decision *d)
{
	struct sm_str value = d->request->value;

	switch (d->request->access) {
	case SM_ACCESS_SOCKET:
		look_up_key(d, SM_ROOT_SOCKET, value);
		return;
	case SM_ACCESS_RESOLVE:
		look_up_resolve(d);
		return;
	}
	if (value.len && value.p[0] == '/')
		look_up_path(d, SM_ROOT_UNIX, value);
	else if (value.len && value.p[0] == '@')
		look_up_key(d, SM_ROOT_ABSTRACT, value);
	else
		look_up_host(d);
}

static void look_up_shell(struct decision *d)
{
	struct sm_shell shell;
	const struct sm_shell_token *first = &shell.tokens[0];

	if (!sm_shell_parse(d->request->value, false, &shell)) {
		look_up_key(d, SM_ROOT_SHELL_LINE, d->request->value);
		return;
	}
	d->shell = &shell;
	look_up_key(d, SM_ROOT_SHELL_WORD,
		    first->is_live ? first->raw : first->text);
	d->shell = NULL;
}

static void look_up_processes(struct decision *d)
{
	switch (d->request->access) {
	case SM_ACCESS_EXEC:
		look_up_path(d, SM_ROOT_PROGRAM, d->request->value);
		break;
	case SM_ACCESS_SHELL:
		look_up_shell(d);
		break;
	case SM_ACCESS_ENVIRONMENT:
		look_up_key(d, SM_ROOT_ENVIRONMENT, d->request->value);
		break;
	default:
		look_up_key(d, SM_ROOT_SIGNAL, d->request->value);
	}
}

static void look_up_native(struct decision *d)
{
	struct sm_str value = d->request->value;

	if (d->request->access == SM_ACCESS_DLOPEN && value.len &&
	    value.p[0] == '/')
		look_up_path(d, SM_ROOT_LIBRARY, value);
	else
		look_up_key(d, SM_ROOT_NATIVE, value);
}

static void look_up_load(struct decision *d)
{
	look_up_path(d, SM_ROOT_LOAD, d->request->value);
	if (d->stdlib == SM_BLOB_NONE || d->is_capability)
		return;
	d->granted |= SM_ACCESS_LOAD;
	if (d->stdlib < d->granting)
		d->granting = d->stdlib;
}

static void look_up(struct decision *d)
{
	switch (d->request->family) {
	case SM_FAMILY_FILES:
		look_up_path(d, SM_ROOT_FILES, d->request->value);
		if (sm_blob_header(d->policy)->has_named_rules)
			look_up_named(d, d->request->value);
		break;
	case SM_FAMILY_NETWORK:
		look_up_network(d);
		break;
	case SM_FAMILY_PROCESSES:
		look_up_processes(d);
		break;
	case SM_FAMILY_CODE:
		if (d->request->access == SM_ACCESS_RUN)
			look_up_key(d, SM_ROOT_RUN, d->request->value);
		else
			look_up_load(d);
		break;
	case SM_FAMILY_PICKLES:
		look_up_key(d, SM_ROOT_CLASS, d->request->value);
		break;
	case SM_FAMILY_NATIVE:
		look_up_native(d);
		break;
	case SM_FAMILY_EVENTS:
		look_up_key(d, SM_ROOT_EVENT, d->request->value);
		break;
	case SM_FAMILIES:
		break;
	}
}

/* Rules below the nodes that path reaches in files: any that is_wanted. */
static uint32_t find_file_rule(const struct sm_policy *policy,
			       struct sm_str path,
			       bool (*is_wanted)(const struct sm_blob_rule *))
{
	struct sm_match_set set;

	sm_match_path(policy, SM_ROOT_FILES, path, &set);
	return first_wanted(policy, &set, is_wanted);
}

static bool lets_write(const struct sm_blob_rule *rule)
{
	const uint32_t imported = 1u << SM_VIA_IMPORT;
	const uint32_t writes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_SQLITE;

	return !(rule->flags & SM_RULE_DENY) && (rule->access & writes) &&
	       (rule->via & ~imported);
}

static bool is_executable_kind(const struct sm_request *r)
{
	return r->access == SM_ACCESS_LOAD || r->access == SM_ACCESS_EXEC ||
	       (r->access == SM_ACCESS_DLOPEN && r->value.len &&
		r->value.p[0] == '/');
}

/* A file that may not be read may not be loaded as code either. */
static void consider_file_denials(struct decision *d)
{
	struct sm_match_set set;
	const struct sm_blob_node *nodes =
		sm_blob_section(d->policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(d->policy, SM_BLOB_INDEX);
	uint32_t i, j, asked = d->access;

	sm_match_path(d->policy, SM_ROOT_FILES, d->request->value, &set);
	d->access = SM_ACCESS_READ;
	for (i = 0; i < set.count; i++) {
		struct sm_blob_span rules = nodes[set.nodes[i]].rules;

		for (j = 0; j < rules.count; j++) {
			uint32_t number = index[rules.first + j];

			if (rule_at(d->policy, number)->flags & SM_RULE_DENY)
				consider(d, number);
		}
	}
	d->access = asked;
}

/* ---------------------------------------------------------------- verdicts */

static enum sm_mode mode_of(const struct sm_policy *policy,
			    const struct sm_event *event, enum sm_family family)
{
	const struct sm_blob_header *h = sm_blob_header(policy);

	if (family == SM_FAMILY_EVENTS && event->site.kind == SM_EVENT_OTHER)
		return h->mode_of_unknown;
	return h->modes[family];
}

static void set_rule(const struct decision *d, uint32_t rule,
		     struct sm_verdict *v)
{
	v->rule_index = rule;
	if (rule != SM_BLOB_NONE)
		v->rule = sm_blob_str(d->policy, rule_at(d->policy, rule)->id);
}

/*
 * The interpreter tells of its end, the agent of answers: they do not ask. An
 * exception about to be shown asks for nothing either, and with a denial it
 * would not be shown. CPython 3.12 crashes where a new interpreter is denied;
 * the module that makes them can be.
 */
bool sm_policy_can_block(enum sm_event_kind kind)
{
	switch (kind) {
	case SM_EVENT_HOOKS_CLEAR:
	case SM_EVENT_INTERPRETER_CLEAR:
	case SM_EVENT_INTERPRETER_NEW:
	case SM_EVENT_RESOLVED:
	case SM_EVENT_SYS_EXCEPTHOOK:
	case SM_EVENT_SYS_UNRAISABLEHOOK:
		return false;
	default:
		return true;
	}
}

static void deny(const struct decision *d, enum sm_reason reason, uint32_t rule,
		 struct sm_verdict *v)
{
	enum sm_family family = d->request->family;
	enum sm_mode mode = mode_of(d->policy, d->event, family);

	/* The milder mode of unknown events is for the unlisted only. */
	if (reason == SM_REASON_DENY_RULE)
		mode = sm_blob_header(d->policy)->modes[family];
	v->decision = mode == SM_MODE_WARN ||
				      !sm_policy_can_block(d->event->site.kind)
			      ? SM_WARNED
			      : SM_DENIED;
	v->reason = reason;
	v->lacking = d->request->access & ~d->granted;
	set_rule(d, rule, v);
}

/* Would grant, if only its pattern were another; bundles cannot be edited. */
static bool would_grant(const void *context, const struct sm_blob_rule *rule)
{
	const struct decision *d = context;
	const uint32_t others =
		SM_RULE_DENY | SM_RULE_STDLIB | SM_RULE_NOT_STDLIB;
	struct sm_str id = sm_blob_str(d->policy, rule->id);

	return !(rule->flags & others) && (rule->access & d->access) &&
	       (rule->via >> d->request->via & 1) &&
	       !memchr(id.p, '/', id.len) &&
	       sm_decide_by(d->policy, rule, d->subject,
			    d->request->via != SM_VIA_DIRECT ||
				    d->request->access == SM_ACCESS_LOAD);
}

/* Programs and libraries share their directories with all others. */
static uint32_t find_neighbour(const struct decision *d)
{
	const uint32_t *roots = sm_blob_header(d->policy)->roots;
	enum sm_blob_root root = SM_ROOT_FILES;

	if (d->request->family == SM_FAMILY_NETWORK)
		root = SM_ROOT_UNIX;
	else if (d->request->access == SM_ACCESS_LOAD)
		root = SM_ROOT_LOAD;
	else if (d->request->family != SM_FAMILY_FILES)
		return SM_BLOB_NONE;
	return sm_decide_neighbour(d->policy, roots[root], d->request->value,
				   would_grant, d);
}

static enum sm_reason reason_of(const struct decision *d, uint32_t *rule)
{
	*rule = d->nearest;
	if (d->granted) {
		*rule = d->granting;
		return SM_REASON_ACCESS;
	}
	switch (d->nearness) {
	case NEAR_ACCESS:
		return SM_REASON_ACCESS;
	case NEAR_ARGUMENTS:
		return SM_REASON_ARGUMENTS;
	case NEAR_PRINCIPAL:
		return SM_REASON_PRINCIPAL;
	case NEAR_VIA:
		return SM_REASON_VIA;
	case NEAR_ADDRESS:
		return SM_REASON_ADDRESS;
	case NEAR_ANYWHERE:
	case NEAR_NOTHING:
		break;
	}
	*rule = find_neighbour(d);
	if (*rule != SM_BLOB_NONE || d->nearness == NEAR_NOTHING)
		return SM_REASON_NO_RULE;
	*rule = d->nearest;
	return SM_REASON_VIA;
}

static void conclude(const struct decision *d, struct sm_verdict *v)
{
	const struct sm_request *r = d->request;
	uint32_t rule;
	enum sm_reason reason;

	if (d->denying != SM_BLOB_NONE) {
		deny(d, SM_REASON_DENY_RULE, d->denying, v);
		return;
	}
	if (r->cut) {
		deny(d, SM_REASON_CUT, SM_BLOB_NONE, v);
		return;
	}
	if (is_executable_kind(r)) {
		rule = find_file_rule(d->policy, r->value, lets_write);
		if (rule != SM_BLOB_NONE) {
			deny(d, SM_REASON_WRITTEN, rule, v);
			return;
		}
	}
	if (!d->has_overflown && !(r->access & ~d->granted)) {
		v->decision = SM_ALLOWED;
		set_rule(d, d->granting, v);
		return;
	}
	reason = reason_of(d, &rule);
	deny(d, reason, rule, v);
}

static void verdict_init(struct sm_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->decision = SM_UNDECIDED;
	v->rule_index = SM_BLOB_NONE;
}

/*
 * Code that the standard library generates and runs belongs to the module
 * that does it, whoever called that module.
 */
static void narrow_subject(const struct sm_policy *policy,
			   const struct sm_event *event,
			   struct sm_subject *subject)
{
	struct sm_str module = sm_decide_module(policy, event->site.file);

	if (!module.len)
		return;
	subject->is_narrowed = subject->kind != SM_PRINCIPAL_PYTHON;
	subject->kind = SM_PRINCIPAL_PYTHON;
	subject->name = module;
	subject->owner = (struct sm_str){ NULL, 0 };
}

static void decide_request(const struct sm_policy *policy,
			   const struct sm_event *event,
			   const struct sm_request *request,
			   const struct sm_subject *asking,
			   struct sm_verdict *v)
{
	struct sm_subject subject = *asking;
	struct decision d = {
		.policy = policy,
		.event = event,
		.request = request,
		.subject = &subject,
		.access = request->access,
		.granting = SM_BLOB_NONE,
		.denying = SM_BLOB_NONE,
		.stdlib = SM_BLOB_NONE,
		.nearest = SM_BLOB_NONE,
	};

	verdict_init(v);
	v->family = request->family;
	if (mode_of(policy, event, request->family) == SM_MODE_OFF)
		return;
	if (request->access == SM_ACCESS_RUN)
		narrow_subject(policy, event, &subject);
	look_up(&d);
	if (request->access == SM_ACCESS_LOAD)
		consider_file_denials(&d);
	conclude(&d, v);
}

/*
 * An event that asks for nothing of its own (composites), or for something in
 * another family, is still subject to rules that name it.
 */
static void decide_by_name(const struct sm_policy *policy,
			   const struct sm_event *event,
			   const struct sm_subject *subject,
			   struct sm_verdict *v)
{
	struct sm_request request = {
		.family = SM_FAMILY_EVENTS,
		.access = SM_ACCESS_RAISE,
		.via = event->site.via,
		.value = event->site.event,
		.port = -1,
		.args = event->args,
		.argc = event->argc,
	};

	decide_request(policy, event, &request, subject, v);
	if (v->decision == SM_ALLOWED || v->reason == SM_REASON_DENY_RULE)
		return;
	/* Named by a rule, but not with these arguments. */
	if (v->rule_index == SM_BLOB_NONE ||
	    sm_event_class(event->site.kind) != SM_CLASS_COMPOSITE)
		verdict_init(v);
}

/* Of denials, a rule that denies says more than one that is not there. */
static void keep_worse(struct sm_verdict *worst, const struct sm_verdict *v)
{
	bool says_more = v->decision == worst->decision &&
			 v->reason == SM_REASON_DENY_RULE &&
			 worst->reason != SM_REASON_DENY_RULE;

	if (v->decision > worst->decision || says_more)
		*worst = *v;
}

static void decide(const struct sm_policy *policy, const struct sm_event *event,
		   const struct sm_subject *subject,
		   const struct sm_request *requests, unsigned count,
		   struct sm_verdict *verdict)
{
	struct sm_verdict v;
	bool has_named = false;

	for (unsigned i = 0; i < count; i++) {
		decide_request(policy, event, &requests[i], subject, &v);
		v.request = i;
		has_named |= requests[i].family == SM_FAMILY_EVENTS;
		keep_worse(verdict, &v);
	}
	/* The agent only counts noise: a rule would hold in replay alone. */
	if (has_named || !sm_blob_header(policy)->has_event_rules ||
	    sm_event_class(event->site.kind) == SM_CLASS_NOISE)
		return;
	decide_by_name(policy, event, subject, &v);
	keep_worse(verdict, &v);
}

__attribute__((noinline)) static void
decide_requests(const struct sm_policy *policy, const struct sm_event *event,
		const struct sm_subject *subject, struct sm_verdict *verdict)
{
	struct sm_request_scratch scratch;
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &scratch, requests);

	verdict_init(verdict);
	decide(policy, event, subject, requests, count, verdict);
}

void sm_policy_decide_for(const struct sm_policy *policy,
			  const struct sm_event *event,
			  const struct sm_subject *subject,
			  struct sm_verdict *verdict)
{
	struct sm_allowance by;
	struct sm_str path;
	uint32_t access;

	if (!sm_event_file(event, &path, &access) ||
	    !sm_policy_allows_file(policy, subject, path, access, &by)) {
		decide_requests(policy, event, subject, verdict);
		return;
	}
	verdict_init(verdict);
	verdict->decision = SM_ALLOWED;
	verdict->family = SM_FAMILY_FILES;
	verdict->rule_index = by.rule_index;
	verdict->rule = by.rule;
}

void sm_policy_decide(const struct sm_policy *policy,
		      const struct sm_event *event, struct sm_verdict *verdict)
{
	struct sm_subject subject;

	sm_policy_subject(policy, &event->site.principal, &subject);
	sm_policy_decide_for(policy, event, &subject, verdict);
}

void sm_policy_decide_request(const struct sm_policy *policy,
			      const struct sm_event *event, unsigned request,
			      struct sm_verdict *verdict)
{
	struct sm_request_scratch scratch;
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_subject subject;
	unsigned count = sm_event_requests(event, &scratch, requests);

	verdict_init(verdict);
	if (request >= count)
		return;
	sm_policy_subject(policy, &event->site.principal, &subject);
	decide_request(policy, event, &requests[request], &subject, verdict);
	verdict->request = request;
}

static bool sees_arguments(const struct sm_blob_rule *rule)
{
	return rule->family == SM_FAMILY_EVENTS &&
	       !(rule->flags & SM_RULE_ANY_ARGS);
}

bool sm_policy_sees_details(const struct sm_policy *policy, struct sm_str event)
{
	const struct sm_blob_header *h = sm_blob_header(policy);
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);
	struct sm_match_set set;
	uint32_t i, j;

	sm_match_key(policy, h->roots[SM_ROOT_EVENT], event, &set);
	for (i = 0; i < set.count; i++) {
		struct sm_blob_span rules = nodes[set.nodes[i]].rules;

		for (j = 0; j < rules.count; j++)
			if (sees_arguments(
				    rule_at(policy, index[rules.first + j])))
				return true;
	}
	return set.has_overflown;
}

bool sm_policy_has_details(const struct sm_policy *policy)
{
	uint32_t i,
		count = sm_blob_header(policy)->sections[SM_BLOB_RULES].count;

	for (i = 0; i < count; i++)
		if (sees_arguments(rule_at(policy, i)))
			return true;
	return false;
}

bool sm_policy_has_named(const struct sm_policy *policy)
{
	return sm_blob_header(policy)->has_named_rules;
}

bool sm_decide_is_code(const struct sm_policy *policy, struct sm_str path)
{
	return is_granted(policy, SM_ROOT_LOAD, path);
}
