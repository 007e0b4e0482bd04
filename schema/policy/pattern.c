/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/pattern.h"

#include "schema/ascii.h"
#include "schema/path.h"
#include "schema/policy/functions.h"

/* ------------------------------------------------------------ checking */

/* What may stand in a pattern of some place. */
enum {
	ALLOW_STAR = 1 << 0,
	ALLOW_PATH = 1 << 1,
	ALLOW_OPTION = 1 << 2,
	ALLOW_VARIABLE = 1 << 3,
	ALLOW_TOKEN = 1 << 4,
	ALLOW_PORT = 1 << 5,
	ALLOW_TOLD = 1 << 6, /* ${ARG}, ${START} */
	ALLOW_TREE = 1 << 7,
	ALLOW_CLASS = 1 << 8,
};

static bool is_allowed(const struct sm_item *item, unsigned allow)
{
	switch (item->kind) {
	case SM_ITEM_LITERAL:
		return true;
	case SM_ITEM_STAR:
		return allow & ALLOW_STAR;
	case SM_ITEM_OPTION:
		return allow & ALLOW_OPTION;
	case SM_ITEM_PATH:
		return allow & ALLOW_PATH;
	case SM_ITEM_VARIABLE:
		return allow & ALLOW_VARIABLE;
	case SM_ITEM_TOKEN:
		if (item->token == SM_TOKEN_TREE)
			return allow & ALLOW_TREE;
		if (item->token == SM_TOKEN_CLASS)
			return allow & ALLOW_CLASS;
		return item->token == SM_TOKEN_PORT ? allow & ALLOW_PORT
						    : allow & ALLOW_TOKEN;
	}
	return false;
}

static enum sm_status check_path(struct sm_str pattern, bool may_be_relative,
				 struct sm_diag *diag);

static enum sm_status check_items(struct sm_str pattern, unsigned allow,
				  struct sm_diag *diag)
{
	struct sm_scan scan = { pattern, 0, allow & ALLOW_VARIABLE, false };
	struct sm_item item;
	enum sm_status status;

	while (!(status = sm_pattern_next(&scan, &item, diag))) {
		if (!is_allowed(&item, allow))
			return sm_fail(diag, SM_INVALID,
				       "%.*s cannot stand in this pattern",
				       (int)(scan.at - item.at),
				       pattern.p + item.at);
		if (item.kind == SM_ITEM_VARIABLE && !(allow & ALLOW_TOLD) &&
		    sm_pattern_is_told(item.text))
			return sm_fail(diag, SM_INVALID,
				       "${%.*s} can only start the path of a "
				       "rule that allows files",
				       (int)item.text.len, item.text.p);
		if (item.kind != SM_ITEM_PATH)
			continue;
		if (scan.at != pattern.len)
			return sm_fail(diag, SM_INVALID,
				       "<path:...> must end its word");
		status = check_path(item.text, true, diag);
		if (status)
			return status;
	}
	return status == SM_END ? SM_OK : status;
}

/*
 * One component of a path pattern: between slashes, `**` on its own. The
 * number of wildcards is bounded: matching costs items times bytes.
 */
#define WILDCARDS_MAX  8
#define DEPTHS_MAX     2
#define COMPONENTS_MAX 60

static enum sm_status check_component(struct sm_str c, unsigned *deep,
				      struct sm_diag *diag)
{
	struct sm_scan scan = { c, 0, true, false };
	struct sm_item item;
	enum sm_status status;
	unsigned wild = 0;
	bool was_star = false;

	if (sm_pattern_depth(c)) {
		if (++*deep > DEPTHS_MAX)
			return sm_fail(diag, SM_INVALID,
				       "more than %d ** or <tree> in one "
				       "pattern",
				       DEPTHS_MAX);
		return SM_OK;
	}
	if (!c.len || sm_str_equal(c, SM_STR(".")) ||
	    sm_str_equal(c, SM_STR("..")))
		return sm_fail(diag, SM_INVALID,
			       "path is not canonical: no //, ., .. and no "
			       "trailing /");
	while (!(status = sm_pattern_next(&scan, &item, diag))) {
		if (item.kind == SM_ITEM_STAR && was_star)
			return sm_fail(diag, SM_INVALID,
				       "** must be a whole path component");
		if (item.kind == SM_ITEM_TOKEN && item.token == SM_TOKEN_TREE)
			return sm_fail(diag, SM_INVALID,
				       "<tree> must be a whole path "
				       "component");
		was_star = item.kind == SM_ITEM_STAR;
		if (item.kind == SM_ITEM_STAR || item.kind == SM_ITEM_TOKEN)
			wild++;
	}
	if (wild > WILDCARDS_MAX)
		return sm_fail(diag, SM_INVALID,
			       "more than %d wildcards in one component",
			       WILDCARDS_MAX);
	return status == SM_END ? SM_OK : status;
}

/* Variables stand at the start only: "${APP}" or "${APP}/...". */
static enum sm_status check_variables(struct sm_str pattern,
				      struct sm_diag *diag)
{
	struct sm_scan scan = { pattern, 0, true, false };
	struct sm_item item;
	enum sm_status status;

	while (!(status = sm_pattern_next(&scan, &item, diag))) {
		if (item.kind != SM_ITEM_VARIABLE)
			continue;
		if (item.at ||
		    (scan.at < pattern.len && pattern.p[scan.at] != '/'))
			return sm_fail(diag, SM_INVALID,
				       "${%.*s} must be the start of a path "
				       "pattern, followed by /",
				       (int)item.text.len, item.text.p);
	}
	return status == SM_END ? SM_OK : status;
}

static enum sm_status check_path_of(struct sm_str pattern, unsigned allow,
				    bool may_be_relative, struct sm_diag *diag)
{
	enum sm_status status;
	uint32_t at, end;
	unsigned deep = 0, count = 0;

	status = check_items(pattern,
			     allow | ALLOW_STAR | ALLOW_VARIABLE | ALLOW_TOKEN |
				     ALLOW_TREE,
			     diag);
	if (!status)
		status = check_variables(pattern, diag);
	if (status)
		return status;
	if (!pattern.len)
		return sm_fail(diag, SM_INVALID, "empty path pattern");
	if (pattern.len >= SM_PATH_MAX)
		return sm_fail(diag, SM_INVALID, "path pattern too long");
	at = sm_pattern_variable(pattern);
	if (at == pattern.len || sm_str_equal(pattern, SM_STR("/")))
		return SM_OK;
	if (pattern.p[at] != '/' && !may_be_relative)
		return sm_fail(diag, SM_INVALID,
			       "a path pattern starts with / or ${VARIABLE}");
	at += pattern.p[at] == '/';
	for (; !status && at <= pattern.len; at = end + 1) {
		for (end = at; end < pattern.len && pattern.p[end] != '/';)
			end++;
		status = check_component(sm_str_part(pattern, at, end), &deep,
					 diag);
		if (!status && ++count > COMPONENTS_MAX)
			status = sm_fail(diag, SM_INVALID,
					 "more than %d components",
					 COMPONENTS_MAX);
	}
	return status;
}

static enum sm_status check_path(struct sm_str pattern, bool may_be_relative,
				 struct sm_diag *diag)
{
	return check_path_of(pattern, 0, may_be_relative, diag);
}

static bool is_name(struct sm_str s)
{
	uint32_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!(sm_is_alnum(c) || c == '_' || c == '-' || c == '.' ||
		      (unsigned char)c >= 0x80))
			return false;
	}
	return s.len && s.p[0] != '.' && s.p[0] != '-';
}

enum sm_status sm_pattern_check_by(struct sm_str by, struct sm_diag *diag)
{
	struct sm_functions functions;
	struct sm_str name = by;

	if (sm_functions_read(by, &functions))
		return SM_OK;
	if (sm_str_starts(by, SM_STR("dynamic:")))
		name = sm_str_part(by, 8, by.len);
	if (!is_name(name))
		return sm_fail(diag, SM_INVALID,
			       "\"%.*s\" is no principal; write app, "
			       "app:FUNCTION,..., app:!FUNCTION,..., python, "
			       "main, foreign, dynamic, dynamic:NAME or a "
			       "distribution's name",
			       (int)by.len, by.p);
	return SM_OK;
}

static enum sm_status check_load(struct sm_str pattern, struct sm_diag *diag)
{
	if (sm_str_equal(pattern, SM_STR("stdlib")))
		return SM_OK;
	if (sm_str_starts(pattern, SM_STR("stdlib:")) &&
	    is_name(sm_str_part(pattern, 7, pattern.len)))
		return SM_OK;
	if (sm_str_starts(pattern, SM_STR("distribution:")) &&
	    is_name(sm_str_part(pattern, 13, pattern.len)))
		return SM_OK;
	if (pattern.len && (pattern.p[0] == '/' || pattern.p[0] == '$'))
		return check_path(pattern, false, diag);
	return sm_fail(diag, SM_INVALID,
		       "load must be \"stdlib\", \"stdlib:MODULE\", "
		       "\"distribution:NAME\" or a path pattern");
}

static enum sm_status check_code_name(struct sm_str pattern,
				      struct sm_diag *diag)
{
	struct sm_scan scan = { pattern, 0, false, true };
	struct sm_item item;
	enum sm_status status;

	if (!pattern.len)
		return SM_OK; /* compile(text, "", "exec") */
	if (pattern.p[0] != '<' && !sm_str_starts(pattern, SM_STR("\\<")))
		return sm_fail(diag, SM_INVALID,
			       "code exec names look like \"<string>\"; code "
			       "from files is granted by load");
	while (!(status = sm_pattern_next(&scan, &item, diag)))
		if (!is_allowed(&item, ALLOW_STAR | ALLOW_TOKEN))
			return sm_fail(diag, SM_INVALID,
				       "a code name takes * and plain tokens");
	return status == SM_END ? SM_OK : status;
}

/* Up to five digits; -1: it is no port. */
static int32_t port_number(struct sm_str text)
{
	int32_t value = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		if (!sm_is_digit(text.p[i]) || i >= 5)
			return -1;
		value = value * 10 + text.p[i] - '0';
	}
	return text.len && value <= 65535 ? value : -1;
}

static bool parse_port(struct sm_str text, struct sm_address_pattern *out)
{
	const char *dash = text.len ? memchr(text.p, '-', text.len) : NULL;
	uint32_t at = dash ? (uint32_t)(dash - text.p) : text.len;

	if (sm_str_equal(text, SM_STR("*"))) {
		out->port_low = -1;
		out->port_high = 65535;
		return true;
	}
	if (sm_str_equal(text, SM_STR("<port>"))) {
		out->port_low = 1024;
		out->port_high = 65535;
		return true;
	}
	out->port_low = port_number(sm_str_part(text, 0, at));
	out->port_high = dash ? port_number(sm_str_part(text, at + 1, text.len))
			      : out->port_low;
	return out->port_low >= 0 && out->port_low <= out->port_high;
}

/* Drops "tcp:" and the like; they need something behind them. */
static struct sm_str cut_proto(struct sm_str *text)
{
	static const char *const names[] = { "tcp:",	"udp:",	    "raw:",
					     "packet:", "netlink:", "socket:" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct sm_str name = sm_str_of(names[i]);

		if (!sm_str_starts(*text, name) || text->len == name.len)
			continue;
		*text = sm_str_part(*text, name.len, text->len);
		name.len--;
		return name;
	}
	return (struct sm_str){ NULL, 0 };
}

enum sm_status sm_pattern_address(struct sm_str text, bool has_port,
				  struct sm_address_pattern *out,
				  struct sm_diag *diag)
{
	uint32_t colon;
	struct sm_str whole = text;

	memset(out, 0, sizeof(*out));
	out->port_low = -1;
	out->port_high = 65535;
	if (!text.len)
		return sm_fail(diag, SM_INVALID, "empty address");
	if (text.p[0] == '/' || text.p[0] == '@' || text.p[0] == '$') {
		out->is_unix = true;
		out->host = text;
		return text.p[0] == '@'
			       ? check_items(text, ALLOW_STAR | ALLOW_TOKEN,
					     diag)
			       : check_path(text, false, diag);
	}
	out->host = text;
	if (has_port) {
		/* "udp:53" is the host udp: a protocol needs HOST:PORT. */
		uint32_t i, colons = 0;

		for (i = 0; i < text.len; i++)
			colons += text.p[i] == ':';
		if (colons > 1)
			out->proto = cut_proto(&text);
		for (colon = text.len; colon && text.p[colon - 1] != ':';)
			colon--;
		if (!colon ||
		    !parse_port(sm_str_part(text, colon, text.len), out))
			return sm_fail(diag, SM_INVALID,
				       "\"%.*s\" is no HOST:PORT, path or "
				       "@NAME; PORT is a number, LOW-HIGH, "
				       "<port> or *",
				       (int)whole.len, whole.p);
		out->host = sm_str_part(text, 0, colon - 1);
	}
	text = out->host;
	if (text.len && text.p[0] == '[') {
		if (text.p[text.len - 1] != ']')
			return sm_fail(diag, SM_INVALID, "no ] after [");
		out->host = sm_str_part(text, 1, text.len - 1);
	} else if (has_port) {
		for (colon = 0; colon < text.len; colon++)
			if (text.p[colon] == ':')
				return sm_fail(diag, SM_INVALID,
					       "write IPv6 addresses in "
					       "brackets: [::1]:80");
	}
	if (!out->host.len)
		return sm_fail(diag, SM_INVALID,
			       "\"%.*s\" has no HOST; any address is 0.0.0.0 "
			       "or [::]",
			       (int)whole.len, whole.p);
	return check_items(out->host, ALLOW_STAR | ALLOW_TOKEN, diag);
}

enum sm_status sm_pattern_check_word(struct sm_str word, bool is_shell,
				     struct sm_diag *diag)
{
	unsigned allow = ALLOW_TOKEN | ALLOW_OPTION | ALLOW_PATH | ALLOW_PORT;

	return check_items(
		word, is_shell ? allow : allow | ALLOW_STAR | ALLOW_VARIABLE,
		diag);
}

/* NAME@loopback: that name, where it leads to this machine. */
static enum sm_status check_place(const struct sm_rule *rule,
				  struct sm_str host, struct sm_diag *diag)
{
	const char *at =
		host.len ? memchr(host.p + 1, '@', host.len - 1) : NULL;
	struct sm_str place = { at, 0 };

	if (!at)
		return SM_OK;
	place.len = (uint32_t)(host.p + host.len - at);
	if (rule->access == SM_ACCESS_CONNECT &&
	    sm_str_equal(place, SM_STR("@loopback")))
		return SM_OK;
	return sm_fail(diag, SM_INVALID,
		       "a host is HOST, or to connect to NAME@loopback");
}

static enum sm_status check_network(const struct sm_rule *rule,
				    struct sm_diag *diag)
{
	static const char *const kinds[] = { "tcp",   "udp",	"unix",
					     "raw",   "packet", "netlink",
					     "socket" };
	struct sm_address_pattern address;
	enum sm_status status;
	size_t i;

	if (rule->access != SM_ACCESS_SOCKET) {
		status = sm_pattern_address(rule->pattern,
					    rule->access != SM_ACCESS_RESOLVE,
					    &address, diag);
		return status || address.is_unix
			       ? status
			       : check_place(rule, address.host, diag);
	}
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (sm_str_equal(rule->pattern, sm_str_of(kinds[i])))
			return SM_OK;
	return sm_fail(diag, SM_INVALID,
		       "socket is one of tcp, udp, unix, raw, packet, netlink, "
		       "socket");
}

static enum sm_status check_signal(struct sm_str target, struct sm_diag *diag)
{
	if (sm_str_equal(target, SM_STR("self")) ||
	    sm_str_equal(target, SM_STR("child")) ||
	    sm_str_equal(target, SM_STR("group")) ||
	    sm_str_equal(target, SM_STR("other")))
		return SM_OK;
	return sm_fail(diag, SM_INVALID,
		       "signal is one of self, child, group, other");
}

/* NAME=HASH, as recorded; `unreadable` is no name and never granted. */
static enum sm_status check_environment(struct sm_str changes,
					struct sm_diag *diag)
{
	if (sm_str_has(changes, '='))
		return check_items(changes, 0, diag);
	return sm_fail(diag, SM_INVALID,
		       "environment is NAME=HASH, separated by spaces");
}

enum sm_status sm_pattern_check_rule(const struct sm_rule *rule,
				     struct sm_diag *diag)
{
	struct sm_str p = rule->pattern;

	switch (rule->family) {
	case SM_FAMILY_FILES:
		return check_path_of(p, rule->deny ? 0 : ALLOW_TOLD, false,
				     diag);
	case SM_FAMILY_NETWORK:
		return check_network(rule, diag);
	case SM_FAMILY_PROCESSES:
		if (rule->access == SM_ACCESS_SHELL)
			return sm_pattern_check_line(p, diag);
		if (rule->access == SM_ACCESS_SIGNAL)
			return check_signal(p, diag);
		if (rule->access == SM_ACCESS_ENVIRONMENT)
			return check_environment(p, diag);
		return check_path(p, false, diag);
	case SM_FAMILY_CODE:
		return rule->access == SM_ACCESS_LOAD
			       ? check_load(p, diag)
			       : check_code_name(p, diag);
	case SM_FAMILY_NATIVE:
		if (p.len && (p.p[0] == '/' || p.p[0] == '$'))
			return check_path(p, false, diag);
		return check_items(p, ALLOW_STAR | ALLOW_TOKEN, diag);
	case SM_FAMILY_PICKLES:
	case SM_FAMILY_EVENTS:
		if (!p.len)
			return sm_fail(diag, SM_INVALID, "empty name");
		return check_items(p,
				   ALLOW_STAR | ALLOW_TOKEN |
					   (rule->family == SM_FAMILY_PICKLES
						    ? ALLOW_CLASS
						    : 0),
				   diag);
	case SM_FAMILIES:
		break;
	}
	return sm_fail(diag, SM_INVALID, "unknown family");
}

enum sm_status sm_policy_check_rule(const struct sm_rule *rule,
				    struct sm_diag *diag)
{
	enum sm_status status = sm_pattern_check_rule(rule, diag);
	struct sm_diag why;
	size_t i;

	for (i = 0; !status && i < rule->args.count; i++)
		if (sm_pattern_check_slot(rule, i, &why))
			status = sm_fail(diag, SM_INVALID,
					 "argument %zu: %.300s", i + 1,
					 why.text);
	for (i = 0; !status && i < rule->by.count; i++)
		status = sm_pattern_check_by(rule->by.items[i], diag);
	return status;
}
