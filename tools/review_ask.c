/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_ask.c: a question after the other at a terminal, a key an answer.
 * Nothing is written before the last one.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "tools/review.h"

static volatile sig_atomic_t caught; /* the signal that ends it; 0: none */

static void catch_signal(int number)
{
	caught = number;
}

static const int endings[] = { SIGINT, SIGTERM, SIGHUP };
#define ENDINGS (sizeof(endings) / sizeof(*endings))

/* They come while a key is waited for, and at no other time. */
struct signals {
	struct sigaction actions[ENDINGS];
	sigset_t mask;
};

static void hold_signals(struct signals *old)
{
	struct sigaction action = { .sa_handler = catch_signal };
	sigset_t mask;
	size_t i;

	sigemptyset(&mask);
	sigemptyset(&action.sa_mask);
	for (i = 0; i < ENDINGS; i++)
		sigaddset(&mask, endings[i]);
	sigprocmask(SIG_BLOCK, &mask, &old->mask);
	for (i = 0; i < ENDINGS; i++)
		sigaction(endings[i], &action, &old->actions[i]);
}

static void release_signals(const struct signals *old)
{
	size_t i;

	for (i = 0; i < ENDINGS; i++)
		sigaction(endings[i], &old->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

/* False after a signal, and at the end of the input. */
static bool wait_for_key(const struct signals *signals, char *key)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!caught) {
		if (ppoll(&input, 1, NULL, &signals->mask) > 0)
			return read(STDIN_FILENO, key, 1) == 1;
		if (errno != EINTR)
			break;
	}
	return false;
}

/*
 * One key, without waiting for a line, shown; 0 at the end of the input or
 * after a signal. The terminal is as it was while nothing is asked.
 */
static char read_key(const struct signals *signals)
{
	struct termios was, raw;
	bool is_terminal = !tcgetattr(STDIN_FILENO, &was), has_key;
	char key = 0;

	raw = was;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	/* The question comes after: what is typed then is not echoed. */
	fflush(stdout);
	has_key = wait_for_key(signals, &key);
	if (key == 27) /* the rest of an arrow key is no answer */
		tcflush(STDIN_FILENO, TCIFLUSH);
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &was);
	if (!has_key || key == 4) /* Ctrl-D */
		return 0;
	/* Who ends each answer with Enter has answered already. */
	if (key == '\n' || key == '\r')
		return key;
	printf("%c\n", key > ' ' && key < 127 ? key : ' ');
	return key;
}

/* --------------------------------------------------------------------- edit */

/* The person's own words; signals are the editor's meanwhile. */
static int run_command(const char *command, const struct signals *signals)
{
	sigset_t held;
	int status;

	fflush(stdout);
	sigprocmask(SIG_SETMASK, &signals->mask, &held);
	status = system(command);
	sigprocmask(SIG_SETMASK, &held, NULL);
	return status;
}

/* The rule in $VISUAL or $EDITOR; NULL: nothing came of it. */
static struct sm_rules *edit(const struct sm_question *q,
			     const struct sm_rules *becomes,
			     const struct signals *signals)
{
	char path[] = "/tmp/secmgr-review-XXXXXX", *command, *text = NULL;
	const char *editor = getenv("VISUAL");
	struct sm_rules *out = NULL;
	struct sm_diag diag;
	size_t bytes;
	FILE *file;
	int fd;

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	if (sm_policy_print_rule(becomes ? &becomes->rules[0] : q->rule, &text))
		return NULL;
	fd = mkostemp(path, 0);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (file) {
		fprintf(file, "%s\n", text);
		(void)fclose(file);
	}
	free(text);
	if (!file || asprintf(&command, "%s %s",
			      editor && *editor ? editor : "vi", path) < 0)
		return NULL;
	if (!run_command(command, signals)) {
		text = sm_policy_read(path, &bytes);
		if (text && bytes &&
		    sm_review_parse_rule(q->rule, text, &out, &diag))
			printf("That is no rule: %s\n", diag.text);
		free(text);
	}
	unlink(path);
	free(command);
	return out;
}

/* ------------------------------------------------------------------- asking */

struct asking {
	struct sm_review *review;
	struct signals signals;
	size_t at;
	/* What stands instead of the rule so far, and its own steps. */
	struct sm_rules *becomes, *tighter, *looser;
	bool is_done, is_given_up;
};

static void forget(struct asking *a)
{
	sm_rules_free(a->becomes);
	sm_rules_free(a->tighter);
	sm_rules_free(a->looser);
	a->becomes = a->tighter = a->looser = NULL;
}

static void become(struct asking *a, struct sm_rules *becomes)
{
	const struct sm_review *r = a->review;
	const struct sm_question *q = &r->questions[a->at];

	forget(a);
	a->becomes = becomes;
	if (becomes->count != 1)
		return;
	a->tighter =
		sm_step_tighter(&r->places, &becomes->rules[0], q->evidence);
	a->looser = sm_step_looser(&r->places, &becomes->rules[0]);
}

static void step(struct asking *a, const struct sm_rules *to, const char *word)
{
	struct sm_rules *copy = to ? sm_review_copy(to) : NULL;

	if (copy)
		become(a, copy);
	else
		printf("There is no %s form of it.\n", word);
}

/* To the next one that has no answer yet. */
static void move_on(struct asking *a)
{
	forget(a);
	while (a->at < a->review->count &&
	       a->review->questions[a->at].answer != SM_ANSWER_NONE)
		a->at++;
}

static void answer(struct asking *a, enum sm_answer answer)
{
	struct sm_rules *becomes = NULL;

	if (answer == SM_ANSWER_ALLOW && a->becomes) {
		answer = SM_ANSWER_REPLACE;
		becomes = a->becomes;
		a->becomes = NULL;
	}
	sm_review_answer(&a->review->questions[a->at], answer, becomes);
	move_on(a);
}

/* Only what carries no risk goes unread. */
static void allow_rest(struct asking *a)
{
	size_t i;

	for (i = a->at; i < a->review->count; i++) {
		struct sm_question *q = &a->review->questions[i];

		if (!sm_question_is_risky(q) && q->answer == SM_ANSWER_NONE)
			sm_review_answer(q, SM_ANSWER_ALLOW, NULL);
	}
	move_on(a);
}

static void back(struct asking *a)
{
	bool is_changed = a->becomes != NULL;

	forget(a);
	if (!is_changed && a->at)
		a->at--;
}

static void help(void)
{
	fputs("a  allow: it stays, and is not asked about again\n"
	      "t  tighter: one step less, to be allowed with a\n"
	      "l  looser: one step more, to be allowed with a (g does the "
	      "same)\n"
	      "d  deny: what it grants is denied, whatever else grants it; a "
	      "bundle goes\n"
	      "x  remove: it is taken out; what needs it is learned again, "
	      "unless it is denied\n"
	      "i  ignore: leave it as it is, and ask again another time\n"
	      "e  edit it in $VISUAL or $EDITOR\n"
	      "b  back: undo a step, or the question before\n"
	      "A  allow this and all the rest that carries no risk\n"
	      "f  finish: write the answers so far\n"
	      "q  quit: write nothing, keep the answers for the next time\n",
	      stdout);
}

static void edit_rule(struct asking *a)
{
	const struct sm_question *q = &a->review->questions[a->at];
	struct sm_rules *rules =
		q->rule ? edit(q, a->becomes, &a->signals) : NULL;

	if (!q->rule)
		puts("A bundle stays or goes as a whole.");
	if (rules)
		become(a, rules);
}

static void take_key(struct asking *a, char key)
{
	const struct sm_question *q = &a->review->questions[a->at];

	switch (key) {
	case 'a':
		answer(a, SM_ANSWER_ALLOW);
		break;
	case 't':
		step(a, a->becomes ? a->tighter : q->tighter, "tighter");
		break;
	case 'l':
	case 'g':
		step(a, a->becomes ? a->looser : q->looser, "looser");
		break;
	case 'd':
		answer(a, SM_ANSWER_DENY);
		break;
	case 'x':
		answer(a, SM_ANSWER_REMOVE);
		break;
	case 'i':
		answer(a, SM_ANSWER_IGNORE);
		break;
	case 'e':
		edit_rule(a);
		break;
	case 'b':
		back(a);
		break;
	case 'A':
		if (sm_question_is_risky(q))
			puts("This one carries a risk: a allows it.");
		else
			allow_rest(a);
		break;
	case 'f':
		a->is_done = true;
		break;
	case 'q':
		a->is_given_up = true;
		break;
	default:
		help();
	}
}

static void ask(struct asking *a)
{
	bool has_tighter =
		a->becomes ? a->tighter != NULL
			   : a->review->questions[a->at].tighter != NULL;
	bool has_looser = a->becomes
				  ? a->looser != NULL
				  : a->review->questions[a->at].looser != NULL;
	char key;

	putchar('\n');
	sm_review_show(a->review, a->at, a->becomes, "", stdout);
	printf("(a)llow%s%s (d)eny (x) remove (i)gnore%s (b)ack (f)inish "
	       "(q)uit (?) ",
	       has_tighter ? " (t)ighter" : "", has_looser ? " (l)ooser" : "",
	       a->review->questions[a->at].rule ? " (e)dit" : "");
	do
		key = read_key(&a->signals);
	while (key == '\n' || key == '\r');
	if (key)
		take_key(a, key);
	else
		a->is_given_up = true;
}

/* --------------------------------------------------------------------- keep */

static void keep_answers(const struct sm_review *review)
{
	char *path = sm_review_answers_path(review), *text = NULL;
	size_t bytes;
	FILE *out = path ? open_memstream(&text, &bytes) : NULL;

	if (out) {
		sm_review_print_answers(review, out, false);
		if (!fclose(out) && !sm_policy_replace(path, text, bytes))
			printf("\n%s is unchanged; the answers so far are in "
			       "%s\n",
			       review->path, path);
	}
	free(text);
	free(path);
}

/* Answers of an earlier time, if they are about this policy. */
static void take_up(struct sm_review *review)
{
	char *path = sm_review_answers_path(review);

	if (path && !access(path, R_OK) && sm_review_read_answers(review, path))
		printf("%s: going on with its answers\n", path);
	free(path);
}

int sm_review_ask(struct sm_review *review)
{
	struct asking a = { .review = review };

	take_up(review);
	move_on(&a);
	hold_signals(&a.signals);
	while (a.at < review->count && !a.is_done && !a.is_given_up)
		ask(&a);
	forget(&a);
	if (a.is_given_up)
		keep_answers(review);
	release_signals(&a.signals);
	if (a.is_given_up && caught) {
		fflush(stdout);
		raise(caught);
	}
	return a.is_given_up ? SM_EXIT_FINDING : SM_EXIT_OK;
}
