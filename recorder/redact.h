/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact.h: credentials in texts and argument lists. Used in the guest before
 * anything reaches the ring, and by the wrappers for what they store of
 * COMMAND themselves. No allocation, no state outside of the arguments.
 *
 * Found is what stands where credentials stand (behind a name such as
 * `password=`, in a URL's authority, in a header, behind an option that takes
 * one, in SQL), what is spelled like a known kind of token, and long words no
 * language would spell. Names of files are left alone, whatever they hold:
 * policies are made of them.
 */
#ifndef RECORDER_REDACT_H
#define RECORDER_REDACT_H

#include "recorder/digest.h"
#include "schema/secret.h"

enum sm_redact_kind {
	SM_REDACT_TEXT, /* whatever a program says; also URLs */
	/* What a shell reads: nothing it would act on is taken out. */
	SM_REDACT_LINE,
	SM_REDACT_WORD, /* one argument of a program */
};

/* A text, or the beginning of one of which the rest is not kept. */
struct sm_redact_text {
	struct sm_str s;
	bool is_cut; /* maybe inside of a credential: its last word goes, too */
};

/*
 * True when text holds a credential; then writes the same text with
 * "%secret:HEX%" in its place to out[room] and its length to *length; 0 when it
 * does not fit. Text that has been through here comes out the same.
 */
bool sm_redact(enum sm_redact_kind kind, struct sm_redact_text text, char *out,
	       uint32_t room, uint32_t *length);

/* What is known of an argument list while its words come by; {0} before. */
struct sm_redact_argv {
	uint32_t count;
	uint8_t program;   /* whose options are meant, enum in redact_argv.c */
	uint8_t next;	   /* what the next word is, likewise */
	uint8_t operands;  /* words so far that are no options, to 255 */
	bool takes_secret; /* one of these, as an option said */
	bool is_short;	   /* and the operand before it is left out */
	bool is_shell;	   /* argv[0] is a shell */
	bool is_line_next;
};
/* The next word of a list; the rest as sm_redact(). argv[0] is left alone. */
bool sm_redact_argument(struct sm_redact_argv *argv, struct sm_redact_text word,
			char *out, uint32_t room, uint32_t *length);

/* --------------------------------------------------------- redact_event.c */

#define SM_SECRETS_MAX 32 /* values of one event that keep their hashes */

/*
 * Texts of an event while its values say "%secret%", by which it is decided.
 * The storage text is the caller's.
 */
struct sm_secrets {
	char *text;
	uint32_t used, room;
	uint32_t count;
	struct {
		struct sm_value *value;
		struct sm_str text; /* with "%secret:HEX%" */
	} items[SM_SECRETS_MAX];
};

/* Takes credentials out of value, if it is a string. */
void sm_secrets_take(struct sm_secrets *secrets, enum sm_redact_kind kind,
		     struct sm_value *value);
/* Likewise, out of the next of a list of arguments. */
void sm_secrets_take_argument(struct sm_secrets *secrets,
			      struct sm_redact_argv *argv,
			      struct sm_value *value);
/* From now on values say what a trace keeps. */
void sm_secrets_tell(struct sm_secrets *secrets);

#endif
