/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h: reading a policy, between its parts: the file as a whole (parse.c),
 * a rule (parse_rule.c), what stands beside rules (parse_settings.c). Private
 * to these.
 */
#ifndef SCHEMA_POLICY_PARSE_H
#define SCHEMA_POLICY_PARSE_H

#include "schema/policy.h"
#include "schema/policy/json.h"

/* The family of a rule in `deny`, where the section does not tell. */
#define SM_FAMILY_FROM_KEYS SM_FAMILIES

/* A review entry waits until all ids are known. */
struct sm_parser_review {
	struct sm_str id, reason;
	size_t place;
};

/* Every function below reads one value; a failure is told in json's diag. */
struct sm_parser {
	struct sm_json json;
	struct sm_rules *rules;
	struct sm_parser_review *reviews;
	size_t review_count, review_room;
	size_t *id_places; /* of rules->rules, for duplicates */
	size_t id_room;
};

/* Into the storage of the rules. */
enum sm_status sm_parse_keep(struct sm_parser *p, struct sm_str text,
			     struct sm_str *out);

/* What becomes of one text of a list; into as given to sm_parse_list(). */
typedef enum sm_status sm_parse_item(struct sm_parser *p, void *into,
				     struct sm_str text, size_t place);
/* A list of texts; what is its name in messages. */
enum sm_status sm_parse_list(struct sm_parser *p, const char *what,
			     bool may_be_empty, sm_parse_item *add, void *into);

/* What could have stood there: "a, b, c"; what does not fit is left out. */
#define SM_PARSE_NAMES_BYTES 240
void sm_parse_names(const char *const *names, size_t count,
		    char out[SM_PARSE_NAMES_BYTES]);

/* A list of rules; of SM_FAMILY_FROM_KEYS: `deny`. */
enum sm_status sm_parse_rules(struct sm_parser *p, enum sm_family section);

enum sm_status sm_parse_variables(struct sm_parser *p);
enum sm_status sm_parse_use(struct sm_parser *p);
enum sm_status sm_parse_modes(struct sm_parser *p);
enum sm_status sm_parse_reviews(struct sm_parser *p);

#endif
