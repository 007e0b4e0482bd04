/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_answers.c: answers as lines of text, to be edited, kept and applied:
 *
 *   policy DIGEST
 *   allow|tighter|looser|deny|remove|ignore ID
 *   replace ID RULE		several: one after the other
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
		fprintf(out, "replace %s %s\n", q->rule->id.p, text);
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
				q->rule->id.p);
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
	const char *path;
	unsigned line;
	bool has_digest, has_failed;
};

static void complain(struct reader *r, const char *format, ...) SM_PRINTF(2, 3);

static void complain(struct reader *r, const char *format, ...)
{
	struct sm_diag diag = { .line = r->line };
	va_list args;

	va_start(args, format);
	vsnprintf(diag.text, sizeof(diag.text), format, args);
	va_end(args);
	sm_cli_diag(&sm_policy_program, r->path, &diag);
	r->has_failed = true;
}

static struct sm_question *find(struct reader *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->review->count; i++)
		if (sm_str_equal(r->review->questions[i].rule->id,
				 sm_str_of(id)))
			return &r->review->questions[i];
	complain(r, "nothing is asked about a rule \"%s\"", id);
	return NULL;
}

/* One more rule in place of the old one. */
static void read_rule(struct reader *r, struct sm_question *q, const char *json)
{
	struct sm_rules *rules =
		q->answer == SM_ANSWER_REPLACE ? q->becomes : NULL;
	struct sm_rules *one =
		sm_review_parse_rule(q->rule, json, r->line, r->path);
	size_t i;

	if (!one) {
		r->has_failed = true;
		return;
	}
	q->becomes = NULL;
	for (i = 0; rules && i < one->count; i++)
		if (sm_rules_add(rules, &one->rules[i]))
			r->has_failed = true;
	if (rules)
		sm_rules_free(one);
	sm_review_answer(q, SM_ANSWER_REPLACE, rules ? rules : one);
}

static void take_step(struct reader *r, struct sm_question *q,
		      const struct sm_rules *step, const char *word)
{
	struct sm_rules *copy = step ? sm_review_copy(step) : NULL;

	if (copy)
		sm_review_answer(q, SM_ANSWER_REPLACE, copy);
	else
		complain(r, "\"%s\" has no %s form here", q->rule->id.p, word);
}

static void read_answer(struct reader *r, const char *word, const char *id,
			const char *rest)
{
	struct sm_question *q = find(r, id);
	enum sm_answer answer;

	if (!q)
		return;
	if (!strcmp(word, "replace")) {
		read_rule(r, q, rest);
		return;
	}
	if (rest && *rest) {
		complain(r, "what is \"%s\"?", rest);
		return;
	}
	if (!strcmp(word, "tighter")) {
		take_step(r, q, q->tighter, word);
		return;
	}
	if (!strcmp(word, "looser")) {
		take_step(r, q, q->looser, word);
		return;
	}
	for (answer = SM_ANSWER_IGNORE; answer <= SM_ANSWER_REMOVE; answer++)
		if (!strcmp(word, sm_answer_name(answer)))
			break;
	if (answer > SM_ANSWER_REMOVE)
		complain(r,
			 "\"%s\" is none of allow, tighter, looser, deny, "
			 "remove, ignore, replace",
			 word);
	else
		sm_review_answer(q, answer, NULL);
}

static void read_line(struct reader *r, char *line)
{
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
	if (strcmp(word, "policy")) {
		read_answer(r, word, id, line);
		return;
	}
	r->has_digest = true;
	if (strcmp(id, r->review->digest))
		complain(r, "these answers are about another version of the "
			    "policy");
}

bool sm_review_read_answers(struct sm_review *review, const char *path)
{
	struct reader r = { .review = review, .path = sm_policy_place(path) };
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *line = NULL;
	size_t room = 0;

	if (!in) {
		sm_cli_error(&sm_policy_program, path, "cannot read it: %s",
			     strerror(errno));
		return false;
	}
	while (!r.has_failed && getline(&line, &room, in) >= 0) {
		r.line++;
		read_line(&r, line);
	}
	if (!r.has_failed && ferror(in))
		complain(&r, "cannot read it: %s", strerror(errno));
	else if (!r.has_failed && !r.has_digest)
		complain(&r, "no line \"policy DIGEST\": no answers");
	free(line);
	if (in != stdin)
		(void)fclose(in);
	return !r.has_failed;
}
