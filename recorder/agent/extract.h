/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract.h: what the files that make values of objects share.
 */
#ifndef RECORDER_AGENT_EXTRACT_H
#define RECORDER_AGENT_EXTRACT_H

#include "recorder/agent/agent.h"

#define NAME_MAX_BYTES 256 /* of a type, a variable */

/* Room for n values, or NULL. */
struct sm_value *sm_box_take(struct sm_box *box, uint32_t n);
/* sm_extract_string(), and whether it was a str that is UTF-8. */
bool sm_extract_text(struct sm_box *box, struct py_object *o,
		     struct sm_str *out, bool *is_text);
/* What is neither text nor a list. */
void sm_extract_other(struct sm_box *box, struct py_object *o,
		      struct sm_value *value);

/* ------------------------------------------------------- extract_names.c */

/* A dict's keys. */
void sm_extract_keys(struct sm_box *box, struct py_object *o,
		     struct sm_value *value);
/* Of an environment: a dict, or texts NAME=VALUE. */
void sm_extract_environ(struct sm_box *box, struct py_object *o,
			struct sm_value *value);

#endif
