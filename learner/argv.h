/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv.h: argument vectors and shell lines by word; for learner/ only.
 */
#ifndef LEARNER_ARGV_H
#define LEARNER_ARGV_H

#include "learner/paths.h"

/* A word: text that never varies in front (`--out=`), then the value. */
struct sm_word {
	struct sm_str tail;  /* behind it, for the shell: a * and the like */
	struct sm_str head;  /* literal, unescaped; compared when grouping */
	struct sm_str value; /* literal, or the pattern of a known path */
	struct sm_str known; /* pattern of a known relative path, or empty */
	struct sm_str path;  /* the absolute path that it spells, or empty */
	bool is_fixed;	     /* options, operators, scripts, live words */
	bool is_path;	     /* value is pattern text for <path:...> */
	bool is_pattern;     /* value is pattern text */
	bool is_raw;	     /* shell: goes into the line as it is */
	bool is_command;     /* where a command's name stands, or a script's */
	bool is_run;	     /* value stands for one such word or more */
	bool is_source;	     /* names code that is only read: argv_source.c */
};

struct sm_line {
	uint32_t access;
	struct sm_str program; /* EXEC */
	struct sm_str whole;   /* SHELL: the line; a template if parsed */
	struct sm_word *words;
	uint32_t count;
	bool is_parsed;
	struct sm_str_list by;
	struct sm_sketch runs;
	struct sm_span time;
	uint64_t seen;
};

/* The distinct values of a position, with the runs each was seen in, and when.
 */
struct sm_word_value {
	struct sm_str text, known;
	struct sm_sketch runs;
	struct sm_span time;
	bool is_source;
};

struct sm_values {
	struct sm_word_value *items;
	size_t count;
	bool has_dirs; /* directories stood there, too: no ending is theirs */
};

/* What words may name that is source; before lines are read. */
void sm_learn_source_words(struct sm_learn *l);
/* Marks words of a line from `at` on: operands of a Python program. */
void sm_line_note_source(struct sm_learn *l, struct sm_line *line, uint32_t at);
/* A word as one value. */
struct sm_word_value sm_value_of(const struct sm_line *line,
				 const struct sm_word *word);

/* A recorded command, word by word. */
struct sm_line sm_line_read(struct sm_learn *l, const struct sm_fact *fact);
bool sm_is_option(struct sm_str text);

/* Of several programs that run what they are told, code or a script. */
bool sm_is_interpreter(struct sm_str program);
/* Absolute paths that lie in trees the program fills are called so. */
void sm_line_name_trees(struct sm_learn *l, struct sm_line *line);

/* In the order of rules: what is spelled, then the values. */
int sm_line_compare(const void *a, const void *b);
/* The same by all but the words that a line was parsed into. */
int sm_line_compare_heads(const struct sm_line *a, const struct sm_line *b);
/* By all but what is no word of the program's: one group, one rule. */
int sm_line_compare_groups(const struct sm_line *a, const struct sm_line *b);
/* And by where such words stand, however many in a row. */
int sm_line_compare_shapes(const struct sm_line *a, const struct sm_line *b);
/* By what kinds of words they are. */
int sm_word_compare_flags(const struct sm_word *a, const struct sm_word *b);
/* Nothing spells it: it may be another one in the next line. */
bool sm_word_is_value(const struct sm_word *word);
/* Of a path that is known; else empty. */
struct sm_str sm_word_pattern(const struct sm_word *word);
/* As arguments and in lines; slot: the value's, or empty for as recorded. */
struct sm_str sm_word_text(struct sm_learn *l, const struct sm_word *word,
			   struct sm_str slot);
struct sm_str sm_word_shell(struct sm_learn *l, const struct sm_word *word,
			    struct sm_str slot);
/* POSIX utilities of which all operands are text, or names of files. */
bool sm_takes_operands_only(struct sm_str command);
/* The command of the line that word `at` belongs to. */
struct sm_str sm_line_command(const struct sm_line *line, uint32_t at);
/* The word right behind a command's name, with more free words behind it. */
bool sm_is_subcommand(const struct sm_line *line, uint32_t at);
/* Values at that word that say what is to be done, and name nobody. */
bool sm_are_subcommands(const struct sm_learn *l, const struct sm_line *line,
			uint32_t at, const struct sm_values *v);
/* Spells words behind options that say what a program does. */
void sm_lines_spell_commands(struct sm_learn *l, struct sm_line *lines,
			     size_t count);
/*
 * Options that lines hold or not become pseudo-words, the same for all lines
 * that are alike but for them. Lines are sorted by sm_line_compare().
 */
void sm_lines_group(struct sm_learn *l, struct sm_line *lines, size_t count);
/* The words from `at` on, `had` of them, are one that may come again. */
void sm_line_fold(struct sm_learn *l, struct sm_line *line, uint32_t at,
		  uint32_t had, struct sm_str slot);
/* <path:PATTERN>. */
struct sm_str sm_path_slot(struct sm_learn *l, struct sm_str pattern);
/* Lines alike, with as many words: paths in a row become a list. */
void sm_lines_list_files(struct sm_learn *l, struct sm_line *lines,
			 size_t count);
/* Words of which lines have different numbers become one; sorts lines. */
void sm_lines_fold(struct sm_learn *l, struct sm_line *lines, size_t count);

/*
 * Names beside one another that a program was given: of all lines, and as a
 * slot for the word; empty when it is no such name or the only one.
 */
void sm_lines_note_sets(struct sm_learn *l, const struct sm_line *lines,
			size_t count);
struct sm_str sm_line_set(struct sm_learn *l, const struct sm_line *line,
			  uint32_t at);

/* What stood at a position of lines with the same words around it. */
struct sm_values sm_values_at(struct sm_learn *l, const struct sm_line *lines,
			      size_t count, uint32_t at);
/* By text, each once, with the runs of all. */
void sm_values_sort(struct sm_values *v);
bool sm_values_all(const struct sm_values *v, bool (*is)(struct sm_str));
bool sm_values_have(const struct sm_values *v, struct sm_str text);
/* They are names of users, uploads or days: of what opened as a path. */
bool sm_values_are_members(const struct sm_learn *l, const struct sm_values *v);
/* <host>, with what is around the addresses in all values; or empty. */
struct sm_str sm_values_around(struct sm_learn *l, const struct sm_values *v);
/* <name>, with what is around such names in all values; or empty. */
struct sm_str sm_members_around(struct sm_learn *l, const struct sm_values *v);
/* The slot that holds all values, or empty when the position stays closed. */
struct sm_str sm_values_slot(struct sm_learn *l, const struct sm_values *v);
/* The slot for what stood at a word of a line, or empty: of all these. */
struct sm_str sm_word_slot(struct sm_learn *l, const struct sm_line *line,
			   uint32_t at, const struct sm_values *v);
/* The slot for what a command line gave, from one value on; or empty. */
struct sm_str sm_values_given(struct sm_learn *l, const struct sm_line *line,
			      uint32_t at, const struct sm_values *v);
/* Likewise, where it is clear that the values may be: files in a row. */
struct sm_str sm_values_given_any(struct sm_learn *l,
				  const struct sm_values *v);
/* A component is hidden or above, which no slot opens. */
bool sm_is_dotted(struct sm_str path);
/* Any text, for a script of the application that was told several; or empty. */
struct sm_str sm_values_own(const struct sm_learn *l,
			    const struct sm_line *line, uint32_t at,
			    const struct sm_values *values);
/* Text below, when words with blanks in them are what stood there; or empty. */
struct sm_str sm_values_prose(const struct sm_values *values);
/* The word at `at` is behind an option that is followed by what is to be run.
 */
bool sm_says_what_runs(const struct sm_line *line, uint32_t at);
/* The value of an option that neither runs it nor says who may do what. */
bool sm_is_plain_option(const struct sm_line *line, uint32_t at);
/*
 * How much, how many, how large: the number of an option is somebody's choice,
 * and the next one chooses otherwise.
 */
bool sm_is_quantity(const struct sm_line *line, uint32_t at);
/* A word that selects what a program does: `log` in `git log`. */
bool sm_is_command_word(struct sm_str s);

/*
 * argv_siblings.c: of count lines in order, for the group from first to end:
 * slots by position that open beside those of other programs.
 */
void sm_lines_open_siblings(struct sm_learn *l, const struct sm_line *lines,
			    size_t count, size_t first, size_t end,
			    struct sm_str *open);
/* Likewise argv_said.c: what options were told in other lines of the program.
 */
void sm_lines_open_said(struct sm_learn *l, const struct sm_line *lines,
			size_t count, size_t first, size_t end,
			struct sm_str *open);
/* Likewise argv_settings.c: of a group of lines, what goes with anything. */
void sm_lines_open_settings(struct sm_learn *l, const struct sm_line *lines,
			    size_t count, struct sm_str *open);
/* Two lines of one program have the same subcommand, or none. */
bool sm_lines_do_the_same(const struct sm_line *a, const struct sm_line *b);
/* Last words become lists that are some in other lines; sorted by program. */
void sm_lines_fold_operands(struct sm_learn *l, struct sm_line *lines,
			    size_t count);

#endif
