/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "schema/ascii.h"
#include "schema/policy/compile.h"

static enum sm_status lower(struct sm_str text, char **out)
{
	uint32_t i;

	*out = malloc((size_t)text.len + 1);
	if (!*out)
		return SM_NOMEM;
	for (i = 0; i < text.len; i++)
		(*out)[i] = sm_lower(text.p[i]);
	return SM_OK;
}

bool sm_build_block(struct sm_str host, char key[SM_ADDRESS_KEY],
		    uint32_t *bits)
{
	struct sm_str address = host;
	uint32_t slash = 0, i, n = 0;
	bool is_v6 = false;

	while (slash < host.len && host.p[slash] != '/')
		slash++;
	if (slash + 1 >= host.len || host.len - slash > 4)
		return false;
	address.len = slash;
	for (i = slash + 1; i < host.len; i++) {
		if (host.p[i] < '0' || host.p[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(host.p[i] - '0');
	}
	for (i = 0; i < slash; i++)
		is_v6 |= host.p[i] == ':';
	if (n > (is_v6 ? 128 : 32) || !sm_match_address(address, key))
		return false;
	*bits = is_v6 ? n : 96 + n;
	return true;
}

static enum sm_status build_cidr(struct sm_build *b, struct sm_str spelling,
				 const char *key, uint32_t bits, uint32_t *node)
{
	struct sm_blob_item *item;
	struct sm_blob_span *span;
	struct sm_blob_text text;
	enum sm_status status =
		sm_build_text(b, (struct sm_str){ key, SM_ADDRESS_KEY }, &text);

	if (status)
		return status;
	item = sm_build_push(&b->sections[SM_BLOB_ITEMS], sizeof(*item));
	span = sm_build_push(&b->sections[SM_BLOB_PATTERNS], sizeof(*span));
	if (!item || !span)
		return SM_NOMEM;
	*item = (struct sm_blob_item){ SM_BLOB_CIDR, bits, text.at, text.len };
	*span = (struct sm_blob_span){
		(uint32_t)b->sections[SM_BLOB_ITEMS].count - 1, 1
	};
	return sm_build_branch(
		b, b->roots[SM_ROOT_HOST], spelling,
		(uint32_t)b->sections[SM_BLOB_PATTERNS].count - 1, node);
}

static enum sm_status build_host(struct sm_build *b, const struct sm_rule *rule,
				 struct sm_str host, uint32_t number)
{
	const struct sm_scan how = { .has_variables = false };
	char key[SM_ADDRESS_KEY], *text;
	uint32_t node, bits, i;
	enum sm_status status = lower(host, &text);

	if (status)
		return status;
	host.p = text;
	if (sm_match_address(host, key)) {
		status = sm_build_literal(b, b->roots[SM_ROOT_HOST],
					  (struct sm_str){ key, sizeof(key) },
					  &node);
	} else if (sm_build_block(host, key, &bits)) {
		status = build_cidr(b, host, key, bits, &node);
	} else {
		for (i = 0; i < host.len && !status; i++)
			if (host.p[i] == '/')
				status = sm_fail_at(b->diag, SM_INVALID,
						    rule->line, 1,
						    "\"%.*s\" is no block of "
						    "addresses",
						    (int)host.len, host.p);
		if (!status)
			status = sm_build_child(b, b->roots[SM_ROOT_HOST], host,
						how, &node);
	}
	free(text);
	return status ? status : sm_build_grant(b, node, number);
}

enum sm_status sm_compile_network(struct sm_build *b,
				  const struct sm_rule *rule, uint32_t number)
{
	struct sm_address_pattern address;
	struct sm_blob_text proto;
	enum sm_status status;

	if (rule->access == SM_ACCESS_SOCKET)
		return sm_compile_key(b, SM_ROOT_SOCKET, rule->pattern, number);
	status = sm_pattern_address(rule->pattern,
				    rule->access != SM_ACCESS_RESOLVE, &address,
				    b->diag);
	if (!status)
		status = sm_build_text(b, address.proto, &proto);
	if (status)
		return status;
	sm_compile_record_at(b, number)->proto = proto;
	sm_compile_record_at(b, number)->port_low = address.port_low;
	sm_compile_record_at(b, number)->port_high = address.port_high;
	if (!address.is_unix)
		return build_host(b, rule, address.host, number);
	if (address.host.p[0] == '@')
		return sm_compile_key(b, SM_ROOT_ABSTRACT, address.host,
				      number);
	return sm_build_path(b, b->roots[SM_ROOT_UNIX], address.host,
			     rule->line, number);
}
