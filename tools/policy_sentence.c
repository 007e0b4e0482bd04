/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>

#include "tools/policy_tool.h"

static struct sm_value text_value(const char *text)
{
	struct sm_value v = { .type = SM_TEXT, .len = (uint32_t)strlen(text) };

	v.s = text;
	v.full_len = v.len;
	return v;
}

static struct sm_value int_value(int64_t i)
{
	struct sm_value v = { .type = SM_INT };

	v.i = i;
	return v;
}

/* What people call an access, as the audit event that asks for it. */
struct verb {
	const char *word, *event;
	int flags;    /* of open */
	bool is_file; /* WHAT is a path, and nothing else */
};

static const struct verb verbs[] = {
	{ "read", "open", O_RDONLY, true },
	{ "write", "open", O_WRONLY, true },
	{ "create", "open", O_WRONLY | O_CREAT, true },
	{ "delete", "os.remove", 0, true },
	{ "list", "os.listdir", 0, true },
	{ "meta", "os.chmod", 0, true },
	{ "sqlite", "sqlite3.connect", 0, false },
	{ "connect", "socket.connect", 0, false },
	{ "bind", "socket.bind", 0, false },
	{ "resolve", "socket.getaddrinfo", 0, false },
	{ "exec", "os.posix_spawn", 0, false },
	{ "shell", "os.system", 0, false },
	{ "load", "open", O_RDONLY, false },
	{ "run", "exec", 0, false },
	{ "class", "pickle.find_class", 0, false },
	{ "dlopen", "ctypes.dlopen", 0, false },
	{ "dlsym", "ctypes.dlsym", 0, false },
	{ "raise", NULL, 0, false },
};

static void push(struct sm_spoken *s, struct sm_value v)
{
	if (s->event.argc < SM_ARGS_MAX)
		s->args[s->event.argc++] = v;
}

static void push_list(struct sm_spoken *s, uint32_t count)
{
	struct sm_value v = { .type = SM_LIST, .len = count };

	v.full_len = count;
	v.items = s->items;
	push(s, v);
}

static void push_words(struct sm_spoken *s, char *rest)
{
	char *word;
	uint32_t count = 0;

	while ((word = strsep(&rest, " ")) && count < SM_ITEMS_MAX)
		if (*word)
			s->items[count++] = text_value(word);
	push_list(s, count);
}

/* "udp:" in front of HOST:PORT; "udp:53" is a host of that name. */
static const char *cut_protocol(char **what)
{
	static const char *const names[] = { "tcp", "udp", "raw", "packet",
					     "netlink" };
	char *colon = strchr(*what, ':');
	size_t i, n = colon ? (size_t)(colon - *what) : 0;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (n && strchr(colon + 1, ':') && strlen(names[i]) == n &&
		    !strncmp(*what, names[i], n)) {
			*what = colon + 1;
			return names[i];
		}
	return "tcp";
}

/* "host:port" or "/path" or "@name", cut in place. */
static void push_address(struct sm_spoken *s, char *what)
{
	const char *protocol = cut_protocol(&what);
	char *colon = strrchr(what, ':');
	size_t n;

	push(s,
	     text_value(what[0] == '/' || what[0] == '@' ? "unix" : protocol));
	if (what[0] == '@') {
		struct sm_value v = text_value(what);

		what[0] = 0;
		push(s, v);
		return;
	}
	if (what[0] == '/' || !colon) {
		push(s, text_value(what));
		return;
	}
	*colon = 0;
	n = strlen(what);
	if (what[0] == '[' && n > 1 && what[n - 1] == ']') {
		what[n - 1] = 0;
		what++;
	}
	s->items[0] = text_value(what);
	s->items[1] = int_value(atoi(colon + 1));
	push_list(s, 2);
}

static void push_class(struct sm_spoken *s, char *what)
{
	char *dot = strrchr(what, '.');

	if (dot)
		*dot = 0;
	push(s, text_value(what));
	push(s, text_value(dot ? dot + 1 : ""));
}

static void push_arguments(struct sm_spoken *s, const struct verb *verb,
			   char *what)
{
	const char *word = verb->word;

	if (!strcmp(verb->event, "open")) {
		push(s, text_value(what));
		push(s, (struct sm_value){ .type = SM_NONE });
		push(s, int_value(verb->flags));
	} else if (!strcmp(word, "connect") || !strcmp(word, "bind")) {
		push_address(s, what);
	} else if (!strcmp(word, "exec")) {
		char *rest = what;

		push(s, text_value(strsep(&rest, " ")));
		if (rest)
			push_words(s, rest);
		else
			push_list(s, 0);
	} else if (!strcmp(word, "run")) {
		s->items[0] = text_value(what);
		s->items[1] = text_value("<module>");
		push_list(s, 2);
	} else if (!strcmp(word, "class")) {
		push_class(s, what);
	} else if (!strcmp(word, "dlsym")) {
		push(s, (struct sm_value){ .type = SM_NONE });
		push(s, text_value(what));
	} else {
		push(s, text_value(what));
	}
}

static void set_principal(struct sm_principal *p, const char *name)
{
	int kind;

	p->kind = SM_PRINCIPAL_DISTRIBUTION;
	p->name = sm_str_of(name);
	for (kind = 0; kind < SM_PRINCIPALS; kind++)
		if (kind != SM_PRINCIPAL_DISTRIBUTION &&
		    !strcmp(name, sm_principal_kind_name(kind)))
			p->kind = kind;
	if (!strncmp(name, "app:", 4)) {
		p->kind = SM_PRINCIPAL_APP;
		sm_principal_read(p, sm_str_of(name));
	}
}

/* Cuts " WORD VALUE" off the end of text; NULL when it is not there. */
static char *cut_tail(char *text, const char *word)
{
	char *at, *found = NULL;

	for (at = strstr(text, word); at; at = strstr(at + 1, word))
		found = at;
	if (!found || strchr(found + strlen(word), ' ') || !found[strlen(word)])
		return NULL;
	*found = 0;
	return found + strlen(word);
}

/* The first value of a variable, as compiled. */
static struct sm_str value_of(const struct sm_compiled *c, struct sm_str name)
{
	struct sm_str value = { NULL, 0 };
	size_t i;

	for (i = 0; i < c->rules->variable_count; i++)
		if (sm_str_equal(c->rules->variables[i].name, name))
			value = c->rules->variables[i].values.items[0];
	for (i = 0; i < c->settled.count; i++) {
		const struct sm_binding *b = &c->settled.items[i];

		if (sm_str_equal(sm_str_of(b->name), name))
			value = (struct sm_str){
				b->value, (uint32_t)strcspn(b->value, ":")
			};
	}
	return value;
}

/* A path that a load rule's pattern covers, up to its first wildcard. */
static struct sm_str covered_file(const struct sm_compiled *c,
				  struct sm_str pattern, char room[SM_FILE_MAX])
{
	const char *end = memchr(pattern.p, '}', pattern.len);
	struct sm_str value = { NULL, 0 };
	uint32_t at = 0, n = 0;

	if (pattern.p[0] == '$' && end) {
		at = (uint32_t)(end - pattern.p) + 1;
		value = value_of(c, (struct sm_str){ pattern.p + 2, at - 3 });
		if (value.len > SM_FILE_MAX / 2)
			return (struct sm_str){ NULL, 0 };
	}
	for (; n < value.len; n++)
		room[n] = value.p[n];
	for (; at < pattern.len && n < SM_FILE_MAX - 8; at++) {
		if (pattern.p[at] == '*' || pattern.p[at] == '<') {
			memcpy(room + n, "x.py", 4);
			return (struct sm_str){ room, n + 4 };
		}
		room[n++] = pattern.p[at];
	}
	return (struct sm_str){ room, n };
}

/* "app" acts from a file that may be loaded; any will do. */
static void find_app_file(const struct sm_compiled *c, struct sm_principal *p,
			  char room[SM_FILE_MAX])
{
	size_t i;

	for (i = 0; i < c->rules->count; i++) {
		const struct sm_rule *r = &c->rules->rules[i];

		if (r->access != SM_ACCESS_LOAD || r->deny || !r->pattern.len)
			continue;
		p->file = covered_file(c, r->pattern, room);
		if (sm_policy_principal(&c->policy, p) == SM_PRINCIPAL_APP)
			return;
	}
}

void sm_sentence_set_principal(const struct sm_compiled *c, const char *name,
			       struct sm_spoken *s)
{
	struct sm_principal *p = &s->event.site.principal;

	set_principal(p, name);
	if (p->kind == SM_PRINCIPAL_APP)
		find_app_file(c, p, s->file);
}

/* How a sentence ends; NULL where it does not say. */
struct tails {
	char *by, *via, *at;
};

static bool is_left_open(const char *text, const char *word)
{
	size_t n = strlen(text), len = strlen(word);

	while (n && text[n - 1] == ' ')
		n--;
	return n > len && text[n - len - 1] == ' ' &&
	       !strncmp(text + n - len, word, len);
}

static enum sm_status cut_tails(char *sentence, struct tails *t,
				struct sm_diag *diag)
{
	const char *open = NULL;

	*t = (struct tails){ .via = cut_tail(sentence, " via ") };
	t->by = cut_tail(sentence, " by ");
	if (!t->via)
		t->via = cut_tail(sentence, " via ");
	if (!t->via && is_left_open(sentence, "via"))
		open = "via";
	if (!t->by && is_left_open(sentence, "by"))
		open = "by";
	if (open)
		return sm_fail(diag, SM_INVALID,
			       "nothing is named behind \"%s\"; a WHAT that "
			       "ends so needs a %s, too",
			       open, open[0] == 'b' ? "WHO" : "HOW");
	if (t->via && sm_via_find(sm_str_of(t->via)) < 0)
		return sm_fail(diag, SM_INVALID,
			       "unknown HOW \"%s\"; one of direct, import, "
			       "traceback, exec",
			       t->via);
	if (!strncmp(sentence, "connect ", 8))
		t->at = cut_tail(sentence, " at ");
	return SM_OK;
}

static const struct verb *find_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].word, word))
			return &verbs[i];
	return NULL;
}

bool sm_sentence_is_access(const char *word)
{
	return find_verb(word);
}

/* "open PATH read": the access behind the path, which it is cut from. */
static const struct verb *cut_access(char *rest)
{
	char *last = strrchr(rest, ' ');
	const struct verb *found = last ? find_verb(last + 1) : NULL;

	if (!found)
		return &verbs[0];
	*last = 0;
	return found;
}

enum sm_status sm_sentence_parse(const struct sm_compiled *c, char *sentence,
				 struct sm_spoken *s, struct sm_diag *diag)
{
	char *verb, *name, *rest = sentence;
	const struct verb *found;
	struct tails tails;
	enum sm_status status = cut_tails(sentence, &tails, diag);

	memset(s, 0, sizeof(*s));
	s->event.args = s->args;
	if (status)
		return status;
	verb = strsep(&rest, " ");
	found = find_verb(verb);
	if (rest && !strcmp(verb, "open"))
		found = cut_access(rest);
	if (!found || !rest || !*rest)
		return sm_fail(diag, SM_INVALID,
			       "no event; write \"ACCESS WHAT [by WHO] [via "
			       "HOW]\", ACCESS one of " SM_ACCESS_WORDS);
	s->is_relative = found->is_file && *rest != '/';
	if (!found->event) {
		name = strsep(&rest, " ");
		s->event.site.event = sm_str_of(name);
		while ((name = strsep(&rest, " ")))
			push(s, text_value(name));
	} else {
		s->event.site.event = sm_str_of(found->event);
		push_arguments(s, found, rest);
	}
	s->event.site.kind = sm_catalogue_find(s->event.site.event);
	if (tails.at)
		s->event.resolved[0] = sm_str_of(tails.at);
	if (!strcmp(found->word, "load"))
		s->event.site.via = SM_VIA_IMPORT;
	if (tails.via)
		s->event.site.via = sm_via_find(sm_str_of(tails.via));
	sm_sentence_set_principal(c, tails.by ? tails.by : "app", s);
	return SM_OK;
}
