/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_event.c: an event's texts, as they decide and as they are kept.
 */
#include "recorder/redact.h"

static struct sm_redact_text text_of(const struct sm_value *value)
{
	if (!sm_value_is_string(value))
		return (struct sm_redact_text){ { "", 0 }, false };
	return (struct sm_redact_text){ sm_value_str(value),
					sm_value_is_cut(value) };
}

/*
 * What of the text is kept may be cut; what was cut stays so. How long it was
 * is not told, the same for the long form and the short one.
 */
static void set_text(struct sm_value *value, struct sm_str text, bool is_cut)
{
	value->s = text.p;
	value->len = text.len;
	value->full_len = is_cut ? SM_STRING_MAX + 1 : text.len;
}

static char *rest_of(const struct sm_secrets *secrets, uint32_t *room)
{
	*room = secrets->room - secrets->used;
	if (*room > SM_STRING_MAX)
		*room = SM_STRING_MAX;
	return secrets->text + secrets->used;
}

/* The long form of length bytes stands at the end of the storage. */
static void keep(struct sm_secrets *secrets, struct sm_value *value,
		 uint32_t length)
{
	struct sm_str kept = { secrets->text + secrets->used, length };
	bool is_cut = sm_value_is_cut(value);
	uint32_t room;
	char *brief;

	if (!length) { /* no room */
		set_text(value, SM_STR(SM_SECRET), true);
		return;
	}
	secrets->used += length;
	brief = rest_of(secrets, &room);
	if (length > room || secrets->count == SM_SECRETS_MAX) {
		secrets->used -= length;
		kept.len = sm_secret_forget(kept, (char *)(uintptr_t)kept.p);
		secrets->used += kept.len;
		set_text(value, kept, is_cut);
		return;
	}
	length = sm_secret_forget(kept, brief);
	secrets->used += length;
	set_text(value, (struct sm_str){ brief, length }, is_cut);
	secrets->items[secrets->count].value = value;
	secrets->items[secrets->count++].text = kept;
}

void sm_secrets_take(struct sm_secrets *secrets, enum sm_redact_kind kind,
		     struct sm_value *value)
{
	uint32_t room, length;
	char *out = rest_of(secrets, &room);

	if (sm_value_is_string(value) &&
	    sm_redact(kind, text_of(value), out, room, &length))
		keep(secrets, value, length);
}

void sm_secrets_take_argument(struct sm_secrets *secrets,
			      struct sm_redact_argv *argv,
			      struct sm_value *value)
{
	uint32_t room, length;
	char *out = rest_of(secrets, &room);

	/* What is no string still stands in its place. */
	if (sm_redact_argument(argv, text_of(value), out, room, &length))
		keep(secrets, value, length);
}

SM_OFTEN void sm_secrets_tell(struct sm_secrets *secrets)
{
	for (uint32_t i = 0; i < secrets->count; i++)
		set_text(secrets->items[i].value, secrets->items[i].text,
			 sm_value_is_cut(secrets->items[i].value));
	secrets->count = 0;
}
