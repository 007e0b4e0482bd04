/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_answers.c: answers as lines of text, to be edited, kept and applied:
 *
 *   policy DIGEST
 *   allow|tighter|looser|deny|remove|ignore ID
 *   replace ID RULE		several: one after the other
 *
 * A bundle's ID is bundle:NAME.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "tools/review.h"

/* -------------------------------------------------------------------- print */

static void print_replacement(FILE *out, const struct sm_question *q)
{
	char *text;
	size_t i;

	for (i = 0; i < q->becomes->count; i++) {
		struct sm_rule copy = q->becomes->rules[i];

		copy.id = (struct sm_str){ NULL, 0 };
		if (sm_policy_print_rule(&copy, &text))
			continue;
		fprintf(out, "replace %s %s\n", q->id.p, text);
		free(text);
	}
}

void sm_review_print_answers(const struct sm_review *review, FILE *out,
			     bool is_commented)
{
	size_t i;

	if (is_commented)
		fputs("# Change the first words: allow, tighter, looser, deny, "
		      "remove, ignore.\n",
		      out);
	fprintf(out, "policy %s\n", review->digest);
	for (i = 0; i < review->count; i++) {
		const struct sm_question *q = &review->questions[i];
		const char *name = sm_answer_name(q->answer);

		if (is_commented) {
			putc('\n', out);
			sm_review_show(review, i, NULL, "# ", out);
		}
		if (q->answer == SM_ANSWER_REPLACE)
			print_replacement(out, q);
		else if (name || is_commented)
			fprintf(out, "%s %s\n", name ? name : "ignore",
				q->id.p);
	}
}

char *sm_review_answers_path(const struct sm_review *review)
{
	char *path;

	return asprintf(&path, "%s.review", review->path) < 0 ? NULL : path;
}

/* -------------------------------------------------------------------- parse */

struct reader {
	struct sm_review *review;
	unsigned line;
	bool has_digest;
	struct sm_diag *diag; /* its status tells of failure */
};

static void complain(struct reader *r, const char *format, ...) SM_PRINTF(2, 3);

static void complain(struct reader *r, const char *format, ...)
{
	char text[sizeof(r->diag->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sm_fail_at(r->diag, SM_INVALID, r->line, 0, "%s", text);
}

static struct sm_question *find(struct reader *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->review->count; i++)
		if (sm_str_equal(r->review->questions[i].id, sm_str_of(id)))
			return &r->review->questions[i];
	complain(
		r,
		"nothing is asked about a rule \"%s\"; give the traces, --base "
		"or --all that the answers were listed with",
		id);
	return NULL;
}

/* One more rule in place of the old one. */
static void read_rule(struct reader *r, struct sm_question *q, const char *json)
{
	struct sm_rules *one, *before = q->becomes;
	struct sm_diag diag = { 0 };

	if (!q->rule) {
		complain(r, "\"%s\" is no rule that could be replaced",
			 q->id.p);
		return;
	}
	if (sm_review_parse_rule(q->rule, json, &one, &diag)) {
		complain(r, "%s", diag.text);
		return;
	}
	if (q->answer != SM_ANSWER_REPLACE || !before) {
		sm_review_answer(q, SM_ANSWER_REPLACE, one);
		return;
	}
	if (sm_rules_add(before, &one->rules[0]))
		complain(r, "out of memory");
	sm_rules_free(one);
}

static void take_step(struct reader *r, struct sm_question *q,
		      const struct sm_rules *step, const char *word)
{
	struct sm_rules *copy = step ? sm_review_copy(step) : NULL;

	if (copy)
		sm_review_answer(q, SM_ANSWER_REPLACE, copy);
	else
		complain(r, "\"%s\" has no %s form here", q->id.p, word);
}

static void read_word(struct reader *r, struct sm_question *q, const char *word)
{
	enum sm_answer answer;

	for (answer = SM_ANSWER_IGNORE; answer <= SM_ANSWER_REMOVE; answer++)
		if (!strcmp(word, sm_answer_name(answer)))
			break;
	if (!strcmp(word, "tighter"))
		take_step(r, q, q->tighter, word);
	else if (!strcmp(word, "looser"))
		take_step(r, q, q->looser, word);
	else if (answer <= SM_ANSWER_REMOVE)
		sm_review_answer(q, answer, NULL);
	else
		complain(r,
			 "\"%s\" is none of allow, tighter, looser, deny, "
			 "remove, ignore, replace",
			 word);
}

static void read_line(struct reader *r, char *line)
{
	struct sm_question *q;
	char *word, *id;

	line[strcspn(line, "\r\n")] = 0;
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return;
	word = strsep(&line, " \t");
	id = strsep(&line, " \t");
	if (!id || !*id) {
		complain(r, "\"%s\" of which rule?", word);
		return;
	}
	if (!strcmp(word, "policy")) {
		r->has_digest = true;
		if (strcmp(id, r->review->digest))
			complain(r, "these answers are about another version "
				    "of the policy");
		return;
	}
	q = find(r, id);
	if (q && !strcmp(word, "replace"))
		read_rule(r, q, line ? line : "");
	else if (q && line && *line)
		complain(r, "what is \"%s\"?", line);
	else if (q)
		read_word(r, q, word);
}

static void forget_answers(struct sm_review *review)
{
	size_t i;

	for (i = 0; i < review->count; i++)
		sm_review_answer(&review->questions[i], SM_ANSWER_NONE, NULL);
}

enum sm_status sm_review_take_answers(struct sm_review *review, FILE *in,
				      struct sm_diag *diag)
{
	struct reader r = { .review = review, .diag = diag };
	char *line = NULL;
	size_t room = 0;

	*diag = (struct sm_diag){ .status = SM_OK };
	while (!diag->status && getline(&line, &room, in) >= 0) {
		r.line++;
		read_line(&r, line);
	}
	if (!diag->status && ferror(in))
		sm_fail(diag, SM_IO, "cannot read it: %s", strerror(errno));
	else if (!diag->status && !r.has_digest)
		complain(&r, "no line \"policy DIGEST\": no answers");
	free(line);
	if (diag->status)
		forget_answers(review);
	return diag->status;
}

bool sm_review_read_answers(struct sm_review *review, const char *path)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct sm_diag diag;
	enum sm_status status;

	if (!in) {
		sm_cli_error(&sm_policy_program, path, "cannot read it: %s",
			     strerror(errno));
		return false;
	}
	status = sm_review_take_answers(review, in, &diag);
	if (in != stdin)
		(void)fclose(in);
	if (status)
		sm_cli_diag(&sm_policy_program, sm_policy_place(path), &diag);
	return !status;
}
