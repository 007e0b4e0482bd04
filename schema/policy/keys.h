/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.h: keys of rule objects as numbers. Private to parse_rule.c and print.c.
 */
#ifndef SCHEMA_POLICY_KEYS_H
#define SCHEMA_POLICY_KEYS_H

enum key {
#define SM_KEY(id, name, sections, is_subject) KEY_##id,
#include "schema/policy/keys.def"
#undef SM_KEY
	KEYS
};

#define SM_SECTION_LETTERS "fnpckde"

/* All that may be done with a file: what deny without `access` means. */
#define SM_ACCESS_ANY_FILE                                                     \
	(SM_ACCESS_READ | SM_ACCESS_WRITE | SM_ACCESS_CREATE |                 \
	 SM_ACCESS_DELETE | SM_ACCESS_LIST | SM_ACCESS_META | SM_ACCESS_LINK | \
	 SM_ACCESS_SQLITE)

#endif
