/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/shell.h"
#include "tests/unit/policy_fixture.h"

/*
 * A parsed line as text: words in [], ! before a live one, @ before a command,
 * ^ before a template's slot; operators and redirections as they are.
 */
static void describe(const char *line, bool is_template, char *out, size_t room)
{
	static struct sm_shell shell;
	size_t n = 0;
	uint32_t i;

	if (!sm_shell_parse(sm_str_of(line), is_template, &shell)) {
		snprintf(out, room, "unparsable");
		return;
	}
	*out = 0;
	for (i = 0; i < shell.count; i++) {
		const struct sm_shell_token *t = &shell.tokens[i];
		bool is_word = t->kind == SM_SHELL_WORD;

		n += (size_t)snprintf(
			out + n, room - n, "%s%s%s%s%s%.*s%s",
			t->group && (!i || t->group != t[-1].group) ? "+"
			: t->group				    ? "-"
								    : "",
			t->is_command ? "@" : "", t->is_live ? "!" : "",
			t->has_slot ? "^" : "", is_word ? "[" : "",
			(int)t->text.len, t->text.p, is_word ? "]" : "");
	}
}

struct row {
	const char *line, *expected;
};

static const struct row lines[] = {
	{ "ls", "@[ls]" },
	{ "  ls\t-l  ", "@[ls][-l]" },
	{ "ls 'a b' \"c d\" e\\ f", "@[ls][a b][c d][e f]" },
	{ "a''b\"\"c", "@[abc]" },
	{ "echo ''", "@[echo][]" },
	{ "echo \"a\\\"b\\$c\\d\"", "@[echo][a\"b$c\\d]" },
	{ "a|b&&c||d;e&f", "@[a]|@[b]&&@[c]||@[d];@[e]&@[f]" },
	{ "a\nb", "@[a]\n@[b]" },
	{ "a \\\n b", "@[a][b]" },
	{ "(a; b)", "(@[a];@[b])" },
	{ "a >b 2>&1 <c >>d", "@[a]>[b]2>&[1]<[c]>>[d]" },
	{ ">x a b", ">[x]@[a][b]" },
	{ "A=b LD_X=c cmd d", "@[A=b]@[LD_X=c]@[cmd][d]" },
	{ "if a; then b; fi", "@[if]@[a];@[then]@[b];@[fi]" },
	{ "exec a b", "@[exec]@[a][b]" },
	{ "echo $x", "@[echo]![$x]" },
	{ "echo \"$x y\"", "@[echo]![$x y]" },
	{ "echo '$x'", "@[echo][$x]" },
	{ "echo $(ls \"a b)\" $(c)) d", "@[echo]![$(ls \"a b)\" $(c))][d]" },
	{ "echo `ls a` ${x:-`y`}", "@[echo]![`ls a`]![${x:-`y`}]" },
	{ "echo * a? [b] {c,d} ~ x=~", "@[echo]![*]![a?]![[b]]![{c,d}]![~]!"
				       "[x=~]" },
	{ "echo a~b $ 5$", "@[echo][a~b][$][5$]" },
	{ "echo a#b", "@[echo][a#b]" },
	/* what a variable is given is entered */
	{ "x=$(a 'b c')", "x=$(@[a][b c])" },
	{ "x=\"$(a \"b c\")\" && d", "x=\"$(@[a][b c])\"&&@[d]" },
	{ "x=$( a | b; c > d );e", "x=$(@[a]|@[b];@[c]>[d]);@[e]" },
	{ "x=$(a $y *)", "x=$(@[a]![$y]![*])" },
	{ "x=$(y=$(a b); (c d)) || e", "x=$(y=$(@[a][b]);(@[c][d]))||@[e]" },
	{ "a; x_1=$(b)\nc", "@[a];x_1=$(@[b])\n@[c]" },
	{ "(x=$(a)) ", "(x=$(@[a]))" },
	{ "x=$()", "x=$()" },
	{ "x=$(a \")\" ')' \\))", "x=$(@[a][)][)][)])" },
	/* elsewhere it is a part of its word */
	{ "x=$(a) b", "@![x=$(a)]@[b]" },
	{ "x=$(a)b", "@![x=$(a)b]" },
	{ "x=b$(a)", "@![x=b$(a)]" },
	{ "x=\"$(a)b\"", "@![x=$(a)b]" },
	{ "x=\"b$(a)\"", "@![x=b$(a)]" },
	{ "x=$(a)$(b)", "@![x=$(a)$(b)]" },
	{ "x=$(a) >b", "@![x=$(a)]>[b]" },
	{ "y=1 x=$(a)", "@[y=1]@![x=$(a)]" },
	{ "eval x=$(a)", "@[eval]@![x=$(a)]" },
	{ "echo x=$(a)", "@[echo]![x=$(a)]" },
	{ "$(a) b", "@![$(a)][b]" },
	{ "PATH=$(a)", "@![PATH=$(a)]" },
	{ "1=$(a)", "@![1=$(a)]" },
	{ "=$(a)", "@![=$(a)]" },
	{ "x=`a`", "@![x=`a`]" },
	{ "x=$((1 + 2))", "@![x=$((1 + 2))]" },
	{ "x=$(case a in b) c;; esac)", "@![x=$(case a in b)]@[c];;@[esac])" },
	{ "x=$(a=$(b=$(c=$(d=$(e)))))", "x=$(a=$(b=$(c=$(@![d=$(e)]))))" },
	/* what is not followed */
	{ "x=$(a", "unparsable" },
	{ "x=$(a # b\n)", "unparsable" },
	{ "x=$(cat <<b)", "unparsable" },
	{ "x=$(a >)", "unparsable" },
	{ "x=\"$(a)", "unparsable" },
	{ "", "unparsable" },
	{ "   ", "unparsable" },
	{ "echo # comment", "unparsable" },
	{ "echo 'a", "unparsable" },
	{ "echo \"a", "unparsable" },
	{ "echo $(a", "unparsable" },
	{ "echo `a", "unparsable" },
	{ "echo ${a", "unparsable" },
	{ "echo \\", "unparsable" },
	{ "a [-b c]", "@[a]![[-b][c]]" },
	{ "cat <<EOF", "unparsable" },
	{ "cat <<<x", "unparsable" },
	{ "cat <(x)", "unparsable" },
	{ "cat >", "unparsable" },
	{ "cat > > x", "unparsable" },
	{ "echo $'a'", "unparsable" },
};

static const struct row templates[] = {
	{ "ping <host>", "@[ping]^[<host>]" },
	{ "a --x=<int>.jpg", "@[a]^[--x=<int>.jpg]" },
	{ "a <path:${APP}/<int>/**>", "@[a]^[<path:${APP}/<int>/**>]" },
	{ "a <option:b|c> > ${APP}/x", "@[a]^[<option:b|c>]>^[${APP}/x]" },
	{ "a < int > b", "@[a]<[int]>[b]" },
	{ "a '<int>' \\<int\\> \"<int>\"", "@[a][\\<int>][\\<int>][\\<int>]" },
	{ "a 'b*c' '$d' 'e\\f'", "@[a][b\\*c][\\$d][e\\\\f]" },
	{ "<word> a", "@^[<word>][a]" },
	{ "a; eval <word>", "@[a];@[eval]@^[<word>]" },
	{ "a <nothing>", "unparsable" },
	{ "x=$(a <word> [-b]) && c", "x=$(@[a]^[<word>]+[-b])&&@[c]" },
	{ "x=\"$(a \"b\"<word>)\"", "x=\"$(@[a]^[b<word>])\"" },
	{ "x=$(<word> a)", "x=$(@^[<word>][a])" },
	{ "x=$(a <option:b)c>)", "unparsable" },
	/* groups: of options, and of words only */
	{ "a [-b <int>] [-c] d", "@[a]+[-b]-^[<int>]+[-c][d]" },
	{ "a [-b ']' \"]\"] c", "@[a]+[-b]-[]]-[]][c]" },
	{ "a [--b=<name>]", "@[a]+^[--b=<name>]" },
	{ "a [-b]|[-c] d", "@[a]+[-b]|@![[-c]][d]" },
	{ "a [-b]c [b] [-b ]", "@[a]![[-b]c]![[b]]![[-b][]]" },
	{ "a [-b; c]", "@[a]![[-b];@[c]]" },
	{ "a [-b > c]", "@[a]![[-b]>[c]]" },
	{ "a > [-b]", "@[a]>![[-b]]" },
	{ "a [-b", "@[a]![[-b]" },
};

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void check(const struct row *rows, size_t count, bool is_template)
{
	char out[1000];
	size_t i, checked = 0;

	for (i = 0; i < count; i++, checked++) {
		describe(rows[i].line, is_template, out, sizeof(out));
		if (strcmp(out, rows[i].expected))
			fail_msg("%s\ngot      %s\nexpected %s", rows[i].line,
				 out, rows[i].expected);
	}
	assert_int_equal(checked, count);
}

static void lines_become_words_operators_and_redirections(void **state)
{
	(void)state;
	check(lines, COUNT(lines), false);
}

static void templates_hold_slots_outside_quotes(void **state)
{
	(void)state;
	check(templates, COUNT(templates), true);
}

static void a_quoted_word_reads_back_as_itself(void **state)
{
	static const char *const words[] = { "a",	"a b",	"",	 "it's",
					     "$x `y`",	"*",	"<int>", "-x=1",
					     "a\nb\\c", "''''", "#",	 "~" };
	static struct sm_shell shell;
	char out[100];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(words); i++) {
		struct sm_str word = sm_str_of(words[i]);
		uint32_t n = sm_shell_quote(word, out, sizeof(out));

		assert_true(sm_shell_parse((struct sm_str){ out, n }, false,
					   &shell));
		assert_int_equal(shell.count, 1);
		assert_false(shell.tokens[0].is_live);
		assert_true(sm_str_equal(shell.tokens[0].text, word));
		/* what does not fit is only measured */
		assert_int_equal(sm_shell_quote(word, out, 0), n);
	}
}

/* Lines of n words, and of n bytes, at the limits. */
static void limits_hold_at_their_edges(void **state)
{
	static struct sm_shell shell;
	static char text[SM_STRING_MAX + 2];
	uint32_t n;

	(void)state;
	for (n = SM_SHELL_TOKENS_MAX - 1; n <= SM_SHELL_TOKENS_MAX + 1; n++) {
		for (uint32_t i = 0; i < n; i++)
			memcpy(text + 2 * i, "a ", 2);
		assert_int_equal(sm_shell_parse((struct sm_str){ text, 2 * n },
						false, &shell),
				 n <= SM_SHELL_TOKENS_MAX);
	}
	memset(text, 'a', sizeof(text));
	for (n = SM_STRING_MAX - 1; n <= SM_STRING_MAX + 1; n++)
		assert_int_equal(sm_shell_parse((struct sm_str){ text, n },
						false, &shell),
				 n <= SM_STRING_MAX);
	/* escaping makes a template's word longer than the line */
	memset(text, '*', sizeof(text));
	assert_false(sm_shell_parse((struct sm_str){ text, SM_STRING_MAX },
				    true, &shell));
}

static void every_shorter_line_stays_inside(void **state)
{
	static const char line[] =
		"A=1 x 'a b' \"$c `d`\" $(e \"f)\") ${g} \\h "
		"2>>i && j <int> # k";
	static struct sm_shell shell;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(line); n++) {
		char *cut = malloc(n + 1);

		memcpy(cut, line, n);
		(void)sm_shell_parse((struct sm_str){ cut, (uint32_t)n }, false,
				     &shell);
		(void)sm_shell_parse((struct sm_str){ cut, (uint32_t)n }, true,
				     &shell);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_words_operators_and_redirections),
		cmocka_unit_test(templates_hold_slots_outside_quotes),
		cmocka_unit_test(a_quoted_word_reads_back_as_itself),
		cmocka_unit_test(limits_hold_at_their_edges),
		cmocka_unit_test(every_shorter_line_stays_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
