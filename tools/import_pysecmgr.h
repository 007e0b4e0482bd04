/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_pysecmgr.h: the parts of sm_import_pysecmgr(): its three kinds of
 * input, and what they share: resources in pysecmgr's terms become rules.
 *
 * Whatever is given a line notes, and leaves out, what it cannot say; the
 * status is SM_OK or SM_NOMEM.
 */
#ifndef TOOLS_IMPORT_PYSECMGR_H
#define TOOLS_IMPORT_PYSECMGR_H

#include <string.h>

#include "tools/import_regex.h"
#include "tools/policy_import.h"

#define SM_IMPORT_LITERAL_MAX 4096
/* Slots of a rule. */
#define SM_IMPORT_WORDS_MAX 64
/* A line of a log that tells of an event holds it. */
#define SM_IMPORT_LOG_MARK "AUDIT_EVENT:"

/* ------------------------------------------------------------------- rules */

void sm_import_say(struct sm_import *m, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Rules of one path are one; nothing stands twice. */
SM_CHECKED enum sm_status sm_import_add(struct sm_import *m, unsigned line,
					struct sm_rule *rule);
/* review: why somebody should look at it, or NULL. */
SM_CHECKED enum sm_status
sm_import_add_pattern(struct sm_import *m, unsigned line, enum sm_family family,
		      uint32_t access, const char *pattern, const char *review);
/* A literal in the spelling of patterns; false, and noted: too long. */
bool sm_import_escape(struct sm_import *m, unsigned line, struct sm_str text,
		      char out[SM_IMPORT_LITERAL_MAX]);
/* False, and noted: no pattern says it. */
bool sm_import_convert(struct sm_import *m, unsigned line, struct sm_str regex,
		       enum sm_regex_for what, struct sm_regex *out);
/* A family that was told to let everything pass. */
void sm_import_set_warn(struct sm_import *m, unsigned line,
			enum sm_family family, const char *what);

/* --------------------------------------------------------------- resources */

/* open()'s letters, all of which its rules ask for. */
uint32_t sm_import_access(struct sm_str letters);
SM_CHECKED enum sm_status sm_import_path_regex(struct sm_import *m,
					       unsigned line,
					       struct sm_str regex,
					       struct sm_str letters);
/* below: slash and two stars, or nothing for the path itself. */
SM_CHECKED enum sm_status sm_import_path(struct sm_import *m, unsigned line,
					 struct sm_str path, const char *below,
					 uint32_t access);
SM_CHECKED enum sm_status sm_import_connect_regex(struct sm_import *m,
						  unsigned line,
						  struct sm_str regex);

struct sm_import_process {
	unsigned line;
	struct sm_str words[SM_IMPORT_WORDS_MAX];
	size_t count;
	struct sm_str cwd, executable;
	bool is_literal; /* from a log: no regular expressions */
};

SM_CHECKED enum sm_status sm_import_process(struct sm_import *m,
					    const struct sm_import_process *p);
/* Appends the words of a field; false: more than a rule has slots. */
bool sm_import_words(struct sm_import_process *p, const struct sm_node *n);
/* One that is described by fields. */
SM_CHECKED enum sm_status sm_import_read_process(struct sm_import *m,
						 const struct sm_node *n,
						 bool is_literal);
SM_CHECKED enum sm_status sm_import_shell(struct sm_import *m, unsigned line,
					  struct sm_str text);

/* Modules by their full names. */
SM_CHECKED enum sm_status sm_import_exec(struct sm_import *m, unsigned line,
					 struct sm_str module);
SM_CHECKED enum sm_status sm_import_module(struct sm_import *m, unsigned line,
					   struct sm_str module);

/* ------------------------------------------------------------------- inputs */

SM_CHECKED enum sm_status sm_import_script(struct sm_import *m,
					   struct sm_str text);
SM_CHECKED enum sm_status sm_import_log(struct sm_import *m,
					struct sm_str text);

/* A node's text; empty when it is none. */
static inline struct sm_str sm_import_text(const struct sm_node *n)
{
	return n && n->kind == SM_NODE_TEXT ? n->text
					    : (struct sm_str){ NULL, 0 };
}

static inline bool sm_import_holds(struct sm_str text, const char *word)
{
	return text.len && memmem(text.p, text.len, word, strlen(word));
}

#endif
