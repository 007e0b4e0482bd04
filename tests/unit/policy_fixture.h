/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_fixture.h: policies and events for tests, in a line each.
 */
#ifndef TESTS_POLICY_FIXTURE_H
#define TESTS_POLICY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/policy.h"

struct compiled {
	void *blob;
	struct sm_policy policy;
};

static inline struct compiled compile_text(const char *text)
{
	struct compiled c = { 0 };
	struct sm_rules *rules = NULL;
	struct sm_diag diag = { 0 };
	size_t bytes;

	if (sm_policy_parse(text, strlen(text), &rules, &diag))
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	if (sm_policy_compile(rules, NULL, 0, &c.blob, &bytes, &diag))
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	sm_rules_free(rules);
	if (sm_policy_open(&c.policy, c.blob, bytes, &diag))
		fail_msg("%s", diag.text);
	return c;
}

static inline void compiled_free(struct compiled *c)
{
	free(c->blob);
}

/* w wider, n narrower, ? unknown: appended to the text it is given. */
static inline void note_change(void *context, const struct sm_policy_change *c)
{
	char *told = context;
	size_t n = strlen(told);

	told[n] = c->change == SM_CHANGE_WIDER	    ? 'w'
		  : c->change == SM_CHANGE_NARROWER ? 'n'
						    : '?';
	told[n + 1] = 0;
}

/* An event with its arguments' storage. */
struct staged {
	struct sm_event event;
	struct sm_value args[SM_ARGS_MAX];
	struct sm_value items[SM_ITEMS_MAX];
};

static inline struct sm_value text_value(const char *text)
{
	struct sm_value v = { .type = SM_TEXT };

	v.s = text;
	v.len = (uint32_t)strlen(text);
	v.full_len = v.len;
	return v;
}

static inline struct sm_value int_value(int64_t i)
{
	struct sm_value v = { .type = SM_INT };

	v.i = i;
	return v;
}

/* principal: app, python, main, dynamic, foreign, or a distribution. */
static inline void set_principal(struct sm_event *event, const char *name)
{
	struct sm_principal *p = &event->site.principal;
	int kind;

	p->name = sm_str_of(name);
	p->kind = SM_PRINCIPAL_DISTRIBUTION;
	for (kind = 0; kind < SM_PRINCIPALS; kind++)
		if (!strcmp(name, sm_principal_kind_name(kind)))
			p->kind = kind;
	if (p->kind == SM_PRINCIPAL_APP || p->kind == SM_PRINCIPAL_DYNAMIC)
		p->file = sm_str_of("/srv/shop/app.py");
}

static inline void stage(struct staged *s, const char *name,
			 const char *principal)
{
	memset(s, 0, sizeof(*s));
	s->event.site.event = sm_str_of(name);
	s->event.site.kind = sm_catalogue_find(sm_str_of(name));
	s->event.args = s->args;
	set_principal(&s->event, principal);
}

static inline void push_arg(struct staged *s, struct sm_value v)
{
	s->args[s->event.argc++] = v;
}

/* Words separated by spaces as one list argument; text is cut in place. */
static inline void push_words(struct staged *s, char *text)
{
	struct sm_value list = { .type = SM_LIST };
	char *word, *save = NULL;

	for (word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		s->items[list.len++] = text_value(word);
	list.full_len = list.len;
	list.items = s->items;
	push_arg(s, list);
}

/* Repeatable, and the same everywhere. */
static inline unsigned next_random(unsigned below)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

#endif
