/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/extent.h"

#include <stdlib.h>

#include "schema/ascii.h"
#include "schema/policy/symbol.h"
#include "schema/shell.h"

static const struct sm_str no_directory;

static bool is_path_text(struct sm_str p)
{
	return p.len && (p.p[0] == '/' || sm_pattern_variable(p));
}

/* ---------------------------------------------------------------- arguments */

/* An option in front of its words, or what follows: they go round. */
static void add_group(struct sm_build *values, struct sm_str slot,
		      uint32_t since, struct sm_language *l)
{
	struct sm_str words[SM_GROUP_WORDS_MAX];
	uint32_t count = sm_pattern_group(slot, words);

	for (uint32_t i = 0; i < count; i++) {
		sm_language_word(l, SM_SPELLED_KEY, words[i], values);
		sm_language_byte(l, 0, 0);
	}
	sm_language_round(l, since);
}

static void add_slots(struct sm_build *values, const struct sm_rule *r,
		      struct sm_language *l)
{
	bool is_event = r->family == SM_FAMILY_EVENTS;
	size_t count = r->args.count, i;
	bool was_group = false;
	uint32_t round = 0;

	if (!r->has_args) {
		sm_language_words(l, 0);
		return;
	}
	for (i = 0; i < count; i++) {
		struct sm_str slot = r->args.items[i];
		bool is_star = sm_str_equal(slot, SM_STR("*"));
		uint32_t since = sm_language_here(l);
		uint32_t run = is_event ? 0 : sm_pattern_run(slot);

		if (!is_event && sm_pattern_is_group(slot)) {
			round = was_group ? round : sm_language_apart(l);
			was_group = true;
			add_group(values, slot, round, l);
			continue;
		}
		if (was_group)
			since = sm_language_apart(l);
		was_group = false;
		slot.len = run ? run : slot.len;
		/* Further words, none an option. */
		if (is_star && !is_event) {
			sm_language_words(l, '-');
			return;
		}
		/* In events `*` is any value, numbers and lists too. */
		if (is_star)
			sm_language_any(l);
		else
			sm_language_word(l, SM_SPELLED_KEY, slot, values);
		sm_language_byte(l, 0, 0);
		if (run)
			sm_language_again(l, since);
	}
}

/* ------------------------------------------------------------------- paths */

static bool has_arguments(const struct sm_rule *r, uint32_t access)
{
	return access == SM_ACCESS_EXEC || r->family == SM_FAMILY_EVENTS;
}

static enum sm_status add_path(struct sm_build *values, const struct sm_rule *r,
			       bool has_args, struct sm_str directory,
			       struct sm_str rest, struct sm_language *l)
{
	sm_language_begin(l);
	sm_language_path(l, directory, rest);
	if (has_args) {
		sm_language_byte(l, 0, 0);
		add_slots(values, r, l);
	}
	return sm_language_end(l);
}

static enum sm_status add_paths(struct sm_build *values,
				const struct sm_rule *r, uint32_t access,
				struct sm_language *l)
{
	struct sm_str directories[SM_VALUES_OF_VARIABLE_MAX], p = r->pattern;
	bool has_args = has_arguments(r, access);
	uint32_t n = sm_pattern_variable(p);
	enum sm_status status;
	size_t count, i;

	if (sm_pattern_named(p) || sm_pattern_start(p)) {
		sm_language_begin(l);
		sm_language_text(l, sm_pattern_start(p) ? SM_STR("s")
							: SM_STR("n"));
		sm_language_path(l, no_directory,
				 (struct sm_str){ p.p + n, p.len - n });
		return sm_language_end(l);
	}
	if (!n)
		return add_path(values, r, has_args, no_directory, p, l);
	status =
		sm_build_values(values, (struct sm_str){ p.p + 2, n - 3 }, 0,
				directories, SM_VALUES_OF_VARIABLE_MAX, &count);
	for (i = 0; !status && i < count; i++)
		status = add_path(values, r, has_args, directories[i],
				  (struct sm_str){ p.p + n, p.len - n }, l);
	return status;
}

struct symbol_target {
	struct sm_language *language, *except;
};

static enum sm_status add_symbol(void *context, struct sm_str directory,
				 struct sm_str rest, bool is_exception)
{
	const struct symbol_target *t = context;
	struct sm_language *l = is_exception ? t->except : t->language;

	if (!l)
		return SM_OK;
	sm_language_begin(l);
	sm_language_path(l, directory, rest);
	return sm_language_end(l);
}

/* -------------------------------------------------------------------- keys */

static enum sm_status add_key(struct sm_build *values, const struct sm_rule *r,
			      uint32_t access, struct sm_language *l)
{
	sm_language_begin(l);
	sm_language_text(l, SM_STR("k"));
	sm_language_word(
		l, access == SM_ACCESS_RUN ? SM_SPELLED_CODE : SM_SPELLED_KEY,
		r->pattern, NULL);
	if (has_arguments(r, access)) {
		sm_language_byte(l, 0, 0);
		add_slots(values, r, l);
	}
	return sm_language_end(l);
}

/* ----------------------------------------------------------------- network */

/* Rules without protocol mean none of the raw ones. */
static const char *const protocols[] = { "tcp", "udp",	  "socket",
					 "raw", "packet", "netlink" };
#define PLAIN_PROTOCOLS 3

const char *sm_extent_protocol(unsigned code)
{
	return code < sizeof(protocols) / sizeof(*protocols) ? protocols[code]
							     : NULL;
}

static void add_protocol(struct sm_language *l, struct sm_str proto)
{
	unsigned i;

	if (!proto.len) {
		sm_language_byte(l, 'a', 'a' + PLAIN_PROTOCOLS - 1);
		return;
	}
	for (i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (sm_str_equal(proto, sm_str_of(protocols[i])))
			sm_language_byte(l, 'a' + i, 'a' + i);
}

/* Two bytes from low to high, in at most three pieces; the first is told. */
struct ports {
	unsigned high_low, high_high, low_low, low_high;
};

static unsigned cut_ports(unsigned low, unsigned high, struct ports pieces[3])
{
	unsigned a = low >> 8, b = high >> 8, count = 0;

	if (a == b) {
		pieces[0] = (struct ports){ a, a, low & 255, high & 255 };
		return 1;
	}
	pieces[count++] = (struct ports){ a, a, low & 255, 255 };
	if (a + 1 < b)
		pieces[count++] = (struct ports){ a + 1, b - 1, 0, 255 };
	pieces[count++] = (struct ports){ b, b, 0, high & 255 };
	return count;
}

/* What stands for the host in one alternative. */
enum host_kind { HOST_NAME, HOST_BLOCK };

struct host {
	enum host_kind kind;
	struct sm_str name; /* in lower case */
	char key[SM_ADDRESS_KEY];
	uint32_t bits;
};

static void add_block(struct sm_language *l, const struct host *h)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned byte = (uint8_t)h->key[1 + i];
		unsigned known = h->bits > 8 * i ? h->bits - 8 * i : 0;
		unsigned open = known >= 8 ? 0 : 255u >> known;

		sm_language_byte(l, byte & ~open, byte | open);
	}
}

static void begin_host(struct sm_language *l, const struct host *h)
{
	sm_language_begin(l);
	sm_language_text(l, h->kind == HOST_BLOCK ? SM_STR("i") : SM_STR("h"));
	if (h->kind == HOST_BLOCK)
		add_block(l, h);
	else
		sm_language_word(l, SM_SPELLED_KEY, h->name, NULL);
}

static enum sm_status add_address(struct sm_language *l, const struct host *h,
				  const struct sm_address_pattern *a)
{
	struct ports pieces[3];
	unsigned count, i;
	enum sm_status status = SM_OK;

	if (a->port_low < 0) { /* no port at all, too */
		begin_host(l, h);
		sm_language_byte(l, 0, 0);
		add_protocol(l, a->proto);
		status = sm_language_end(l);
	}
	count = cut_ports(a->port_low < 0 ? 0 : (unsigned)a->port_low,
			  (unsigned)a->port_high, pieces);
	for (i = 0; !status && i < count; i++) {
		begin_host(l, h);
		sm_language_byte(l, 0, 0);
		add_protocol(l, a->proto);
		sm_language_byte(l, pieces[i].high_low, pieces[i].high_high);
		sm_language_byte(l, pieces[i].low_low, pieces[i].low_high);
		status = sm_language_end(l);
	}
	return status;
}

static enum sm_status add_host(struct sm_language *l, const struct host *h,
			       const struct sm_address_pattern *a,
			       uint32_t access)
{
	if (access != SM_ACCESS_RESOLVE)
		return add_address(l, h, a);
	begin_host(l, h);
	return sm_language_end(l);
}

/* Where localhost leads, asked for or not. */
static enum sm_status add_loopback(struct sm_language *l,
				   const struct sm_address_pattern *a,
				   uint32_t access)
{
	static const char *const blocks[] = { "127.0.0.0/8", "0.0.0.0/8",
					      "::1/128", "::/128" };
	struct host host = { .kind = HOST_BLOCK };
	enum sm_status status = SM_OK;

	for (size_t i = 0; !status && i < sizeof(blocks) / sizeof(*blocks); i++)
		if (sm_build_block(sm_str_of(blocks[i]), host.key, &host.bits))
			status = add_host(l, &host, a, access);
	return status;
}

/* Who may connect to a name on this machine may ask for the name. */
static struct sm_str without_place(struct sm_str name)
{
	const char *at = name.len ? memchr(name.p, '@', name.len) : NULL;

	if (at)
		name.len = (uint32_t)(at - name.p);
	return name;
}

static enum sm_status add_network(struct sm_build *values,
				  const struct sm_rule *r, uint32_t access,
				  struct sm_language *l)
{
	struct sm_address_pattern a;
	struct host host = { .kind = HOST_BLOCK };
	enum sm_status status;
	char lower[256];
	uint32_t i;

	if (sm_pattern_address(r->pattern, r->access != SM_ACCESS_RESOLVE, &a,
			       NULL) ||
	    a.host.len > sizeof(lower))
		return SM_UNSUPPORTED;
	if (a.is_unix && access == SM_ACCESS_RESOLVE)
		return SM_OK;
	if (a.is_unix)
		return a.host.p[0] == '@' ? add_key(values, r, access, l)
					  : add_paths(values, r, access, l);
	if (sm_match_address(a.host, host.key)) {
		host.bits = 128;
		return add_host(l, &host, &a, access);
	}
	if (sm_build_block(a.host, host.key, &host.bits))
		return add_host(l, &host, &a, access);
	for (i = 0; i < a.host.len; i++)
		lower[i] = sm_lower(a.host.p[i]);
	host.name = (struct sm_str){ lower, a.host.len };
	/* Every address is a host, however it is spelled. */
	if (sm_str_equal(host.name, SM_STR("*")) ||
	    sm_str_equal(host.name, SM_STR("<host>"))) {
		host.bits = 0;
		status = add_host(l, &host, &a, access);
		if (status)
			return status;
	}
	if (r->access == SM_ACCESS_CONNECT &&
	    sm_str_equal(host.name, SM_STR("localhost"))) {
		status = add_loopback(l, &a, access);
		if (status)
			return status;
	}
	if (access == SM_ACCESS_RESOLVE)
		host.name = without_place(host.name);
	host.kind = HOST_NAME;
	return add_host(l, &host, &a, access);
}

/* ------------------------------------------------------------------- shell */

/* Whether the word, where it is no template, is one with expansions. */
static bool is_live_word(struct sm_str raw, struct sm_shell *room)
{
	return sm_shell_parse(raw, false, room) && room->count == 1 &&
	       room->tokens[0].is_live;
}

static bool are_variables_known(struct sm_build *values, struct sm_str text)
{
	struct sm_str found[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_scan scan = { text, 0, true, false };
	struct sm_item item;
	size_t count;

	while (!sm_pattern_next(&scan, &item, NULL))
		if (item.kind == SM_ITEM_VARIABLE &&
		    sm_build_values(values, item.text, 0, found,
				    SM_VALUES_OF_VARIABLE_MAX, &count))
			return false;
	return true;
}

/*
 * A line's words are compared one by one; a word that holds a slot and is
 * spelled like an expansion is both. `lives`: bit n says that the nth such
 * word is the expansion in this alternative.
 */
static enum sm_status add_tokens(struct sm_build *values,
				 const struct sm_shell *shell,
				 struct sm_shell *room, unsigned lives,
				 unsigned *choices, struct sm_language *l)
{
	uint32_t i, round = 0, group = 0;

	*choices = 0;
	sm_language_begin(l);
	for (i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];
		uint32_t since = t->group != group ? sm_language_apart(l)
						   : sm_language_here(l);
		bool is_slot =
			t->kind == SM_SHELL_WORD && !t->is_live &&
			(!t->has_slot || are_variables_known(values, t->text));
		bool is_stem = t->kind == SM_SHELL_WORD &&
			       sm_shell_has_stem(t) &&
			       are_variables_known(values, t->stem);

		if (t->group && !group)
			round = since;
		group = t->group;
		if (is_slot && t->has_slot && is_live_word(t->raw, room))
			is_slot = !(lives >> (*choices)++ & 1);
		if (is_stem) {
			sm_language_text(l, SM_STR("t"));
			sm_language_text(l, t->tail);
			sm_language_byte(l, 0, 0);
			sm_language_text(l, SM_STR("w"));
			sm_language_word(l, SM_SPELLED_KEY, t->stem, values);
		} else if (is_slot) {
			sm_language_text(l, SM_STR("w"));
			sm_language_word(l, SM_SPELLED_KEY, sm_shell_slot(t),
					 values);
		} else {
			sm_language_text(l, t->kind == SM_SHELL_OPERATOR
						    ? SM_STR("o")
					    : t->kind == SM_SHELL_REDIRECT
						    ? SM_STR("r")
						    : SM_STR("l"));
			sm_language_text(l, t->raw);
		}
		sm_language_byte(l, 0, 0);
		if (t->is_run && is_slot)
			sm_language_again(l, since);
		if (group && (i + 1 == shell->count || t[1].group != group))
			sm_language_round(l, round);
	}
	return sm_language_end(l);
}

#define CHOICES_MAX 6 /* 64 alternatives */

static enum sm_status add_shell(struct sm_build *values,
				const struct sm_rule *r, struct sm_language *l)
{
	struct sm_shell *shells = malloc(2 * sizeof(*shells));
	enum sm_status status = SM_NOMEM;
	unsigned lives, choices;

	if (!shells)
		return status;
	if (!sm_shell_parse(r->pattern, true, &shells[0])) {
		sm_language_begin(l);
		sm_language_text(l, SM_STR("u"));
		sm_language_text(l, r->pattern);
		status = sm_language_end(l);
	} else {
		status = add_tokens(values, &shells[0], &shells[1], 0, &choices,
				    l);
		if (choices > CHOICES_MAX)
			status = SM_LIMIT;
		for (lives = 1; !status && lives < 1u << choices; lives++)
			status = add_tokens(values, &shells[0], &shells[1],
					    lives, &choices, l);
	}
	free(shells);
	return status;
}

/* --------------------------------------------------------------- all rules */

enum sm_status sm_extent_add(struct sm_build *values,
			     const struct sm_rule *rule, uint32_t access,
			     struct sm_language *l, struct sm_language *except)
{
	struct symbol_target target = { l, rule->deny ? NULL : except };

	if (rule->access == SM_ACCESS_LOAD && sm_is_symbol(rule->pattern))
		return sm_symbol_expand(values, rule->pattern, 0, add_symbol,
					&target);
	if (rule->family == SM_FAMILY_FILES || rule->access == SM_ACCESS_LOAD ||
	    rule->access == SM_ACCESS_EXEC)
		return add_paths(values, rule, access, l);
	if (rule->access == SM_ACCESS_SHELL)
		return add_shell(values, rule, l);
	if (rule->family == SM_FAMILY_NETWORK &&
	    rule->access != SM_ACCESS_SOCKET)
		return add_network(values, rule, access, l);
	if (rule->family == SM_FAMILY_NATIVE && is_path_text(rule->pattern))
		return add_paths(values, rule, access, l);
	return add_key(values, rule, access, l);
}
