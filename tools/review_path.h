/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_path.h: path patterns by their components, and what each component of
 * a pattern stood for in a recorded path.
 */
#ifndef TOOLS_REVIEW_PATH_H
#define TOOLS_REVIEW_PATH_H

#include "schema/policy.h"

#define SM_PARTS_MAX 48

/* "${APP}/media/<name>.jpg": head "${APP}", parts "media", "<name>.jpg". */
struct sm_parts {
	struct sm_str head; /* a variable; or empty */
	struct sm_str parts[SM_PARTS_MAX];
	size_t count;
};

/* What variables stand for: the policy's own, and what replaces them. */
struct sm_places {
	const struct sm_rules *policy;
	const struct sm_binding *bindings;
	size_t binding_count;
};

/* False: no absolute path, or of too many components. Borrows pattern. */
bool sm_parts_split(struct sm_str pattern, struct sm_parts *out);
/* As text again; into the storage of rules, p NULL when out of memory. */
struct sm_str sm_parts_join(const struct sm_parts *p, struct sm_rules *rules);
/*
 * What of the path each part stands for; borrows path. False: the pattern has
 * more than one `**`, or the path is not one of its.
 */
bool sm_parts_align(const struct sm_parts *p, const struct sm_places *places,
		    struct sm_str path, struct sm_str caught[SM_PARTS_MAX]);

/* An open slot in a component, an argument or a name. */
bool sm_part_is_open(struct sm_str part);
/* ".jpg" of "a.jpg" and "<name>.jpg"; empty: none, or it is open. */
struct sm_str sm_part_extension(struct sm_str part);
/* text with \ before what means something in a pattern. */
struct sm_str sm_part_escape(struct sm_str text, struct sm_rules *rules);

/*
 * The directory of the last component, as far as it is literal, with the first
 * value of the variable; into room.
 */
#define SM_DIRECTORY_MAX 4096
bool sm_parts_directory(const struct sm_parts *p,
			const struct sm_places *places,
			char room[SM_DIRECTORY_MAX], struct sm_str *out);

/*
 * Whether a reviewer is offered to open the last component: not in directories
 * of the system, shared or hidden ones, nor for code, keys and dotfiles.
 */
bool sm_parts_may_open(const struct sm_parts *p,
		       const struct sm_places *places);
/* The same for all files of the directory: code is not loaded from it. */
bool sm_parts_may_open_wide(const struct sm_parts *p,
			    const struct sm_places *places);

#endif
