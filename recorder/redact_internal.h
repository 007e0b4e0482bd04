/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_internal.h: what the files of the redactor share.
 */
#ifndef RECORDER_REDACT_INTERNAL_H
#define RECORDER_REDACT_INTERNAL_H

#include "recorder/redact.h"
#include "schema/ascii.h"

/* Bytes [from, to) of a text. */
struct sm_span {
	uint32_t from, to;
};

#define SM_SPANS_MAX 16

/* What options say of a text, found before the text itself is looked at. */
struct sm_spans {
	uint32_t count;
	struct sm_span items[SM_SPANS_MAX]; /* in order, apart */
};

static inline bool sm_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One pass over a text. */
struct sm_redact_scan {
	enum sm_redact_kind kind;
	struct sm_str text;
	const struct sm_spans *known;
	uint32_t next_known;
	uint32_t at;
	struct sm_span ahead; /* found, but not come to yet; to 0: none */
	uint32_t run_end;     /* of the word that was looked at last */
	char quote;	      /* LINE: the one that is open, or 0 */
	/* LINE with substitutions, in which quotes are not what they seem: no
	 * byte is taken out that could be one a shell acts on. */
	bool is_strict;
	bool is_cut;
	bool is_url;	 /* behind ://, in the same word */
	bool is_query;	 /* behind ?, likewise */
	bool has_values; /* behind VALUES */
};

static inline char sm_peek(const struct sm_redact_scan *s, uint32_t at)
{
	return at < s->text.len ? s->text.p[at] : '\0';
}

static inline bool sm_is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* What names are made of. */
static inline bool sm_is_name(char c)
{
	return sm_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* Whether text is lower but for capitals. */
static inline bool sm_is_same_name(struct sm_str text, const char *lower)
{
	uint32_t i = 0;

	while (i < text.len && lower[i] && sm_lower(text.p[i]) == lower[i])
		i++;
	return i == text.len && !lower[i];
}

/* ------------------------------------------------------- redact_words.c */

/* What words are made of; in standard base64 also `/`. */
static inline bool sm_is_word(char c)
{
	return sm_is_alnum(c) || c == '_' || c == '-' || c == '+';
}

/* Shorter words are not looked at. */
#define SM_RANDOM_MIN 20

/* Whether a word of letters, digits, _, - and + was drawn by chance. */
bool sm_word_is_random(struct sm_str word);
/* Likewise, of where a person's name would stand: no hash does. */
bool sm_is_drawn(struct sm_str user);
/* Likewise, of a word with slashes that is no path. */
bool sm_base64_is_random(struct sm_str word);
/* Length of a known kind of token at the start of text; 0: there is none. */
uint32_t sm_token_shape(struct sm_str text);
/* Length of a PEM private key at the start of text, to its end; 0: none. */
uint32_t sm_pem_shape(struct sm_str text);
/* Base64 of USER:PASSWORD, as of `Authorization: Basic`. */
bool sm_is_basic(struct sm_str word);

/* ------------------------------------------------------- redact_names.c */

enum sm_name_kind {
	SM_NAME_PLAIN,
	SM_NAME_SECRET, /* its value is one */
	SM_NAME_HEADER, /* the rest of its line is */
};
enum sm_name_kind sm_name_kind_of(struct sm_str name);
/* Whether a query parameter is one although a name like it elsewhere is not. */
bool sm_is_query_secret(struct sm_str name);
/* Whether one is if its value was drawn. */
bool sm_is_drawn_query(struct sm_str name);
/* What stands where a credential might and is none: "", none, $VARIABLE. */
bool sm_is_no_secret(struct sm_str value);

/* ------------------------------------------------------ redact_places.c */

/* Whether a line is to be read as one with substitutions. */
bool sm_has_substitution(struct sm_str line);
/* What a shell acts on, by the quotes it stands in. */
bool sm_is_live(char c, char quote);
/* Where the value that starts at from ends, in a line for a shell or not. */
uint32_t sm_redact_end(enum sm_redact_kind kind, struct sm_str text,
		       uint32_t from, char quote, char closing);
/* [from, to) as a span; false: it is not worth hiding. */
bool sm_take(const struct sm_redact_scan *s, uint32_t from, uint32_t to,
	     struct sm_span *out);
/* Length of an authorization scheme at at, with its blank. */
uint32_t sm_scheme_at(const struct sm_redact_scan *s, uint32_t at);
/*
 * What the byte at the cursor says is one: the = or : behind a name, the : in
 * front of a URL's authority.
 */
bool sm_is_named(const struct sm_redact_scan *s, struct sm_span *out);
bool sm_is_authority(struct sm_redact_scan *s, struct sm_span *out);

/* --------------------------------------------------------- redact_sql.c */

/* The quote at the cursor begins one, by a word of SQL or in a row. */
bool sm_is_sql(const struct sm_redact_scan *s, struct sm_span *out);
/* Whether name is that of an encrypted database's key. */
bool sm_is_pragma(const struct sm_redact_scan *s, struct sm_str name);

/* ------------------------------------------------------- redact_pairs.c */

/* The quote at the cursor begins what the quoted name before it is for. */
bool sm_is_paired(const struct sm_redact_scan *s, struct sm_span *out);
/* name is `value`, behind one that is a credential's: "name": "TOKEN", ... */
bool sm_is_value_of_secret(const struct sm_redact_scan *s, struct sm_str name);
/* The > at the cursor ends a tag of XML that says what stands behind it. */
bool sm_is_element(const struct sm_redact_scan *s, struct sm_span *out);

/* ------------------------------------------------------------- redact.c */

/* sm_redact(), with what is known of text beforehand. */
bool sm_redact_with(enum sm_redact_kind kind, struct sm_redact_text text,
		    struct sm_spans *known, char *out, uint32_t room,
		    uint32_t *length);

/* -------------------------------------------------------- redact_argv.c */

/* The last component of a path. */
struct sm_str sm_base_name(struct sm_str path);
/* The credential in word that its place makes one; empty: none. */
struct sm_span sm_redact_look_at(struct sm_redact_argv *argv,
				 struct sm_str word);

/* -------------------------------------------------------- redact_line.c */

/* What options of programs and pipes say, of a line for a shell. */
void sm_redact_line_options(struct sm_str line, struct sm_spans *spans);

#endif
