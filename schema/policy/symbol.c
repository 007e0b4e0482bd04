/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/symbol.h"

#include <stdio.h>

static const char *const capabilities[] = {
#define SM_CAPABILITY(name) name,
#include "schema/policy/capability.def"
#undef SM_CAPABILITY
};
#define CAPABILITIES (sizeof(capabilities) / sizeof(*capabilities))

bool sm_policy_is_capability(struct sm_str module)
{
	size_t i;

	for (i = 0; i < CAPABILITIES; i++)
		if (sm_str_equal(module, sm_str_of(capabilities[i])))
			return true;
	return false;
}

bool sm_is_symbol(struct sm_str pattern)
{
	return sm_str_equal(pattern, SM_STR("stdlib")) ||
	       sm_str_starts(pattern, SM_STR("stdlib:")) ||
	       sm_str_starts(pattern, SM_STR("distribution:"));
}

/* Who is told, and where all of it lies. */
struct expansion {
	sm_symbol_use *use;
	void *context;
	struct sm_str directory;
	bool is_exception;
};

/* A form is a pattern with % where the name stands. */
static enum sm_status use_forms(const struct expansion *e,
				const char *const *forms, size_t count,
				struct sm_str name)
{
	enum sm_status status = SM_OK;
	char text[256];
	size_t i;

	for (i = 0; !status && i < count; i++) {
		int n = snprintf(text, sizeof(text), "%.*s%.*s%s",
				 (int)strcspn(forms[i], "%"), forms[i],
				 (int)name.len, name.p,
				 strchr(forms[i], '%') + 1);

		if (n < 0 || (size_t)n >= sizeof(text))
			return SM_LIMIT;
		status = e->use(e->context, e->directory,
				(struct sm_str){ text, (uint32_t)n },
				e->is_exception);
	}
	return status;
}

/* What "stdlib:NAME" covers below the standard library's directory. */
static enum sm_status use_module(const struct expansion *e, struct sm_str name)
{
	static const char *const forms[] = { "/%/**", "/%.py",
					     "/lib-dynload/%.so",
					     "/lib-dynload/%.*.so" };

	return use_forms(e, forms, sizeof(forms) / sizeof(*forms), name);
}

/* The whole library but what is not the library's, and capabilities. */
static enum sm_status use_stdlib(const struct expansion *e)
{
	static const char *const others[] = { "/%/**" };
	struct expansion but = *e;
	enum sm_status status =
		e->use(e->context, e->directory, SM_STR("/**"), false);
	size_t i;

	but.is_exception = true;
	if (!status)
		status = use_forms(&but, others, 1, SM_STR("site-packages"));
	if (!status)
		status = use_forms(&but, others, 1, SM_STR("dist-packages"));
	for (i = 0; !status && i < CAPABILITIES; i++)
		status = use_module(&but, sm_str_of(capabilities[i]));
	return status;
}

static enum sm_status use_distribution(const struct expansion *e,
				       struct sm_str name)
{
	static const char *const forms[] = { "/%/**", "/%.py", "/%.so",
					     "/%.*.so" };

	return use_forms(e, forms, sizeof(forms) / sizeof(*forms), name);
}

/* "typing-extensions" installs typing_extensions. */
static enum sm_status use_spellings(const struct expansion *e,
				    struct sm_str name)
{
	enum sm_status status = use_distribution(e, name);
	static const char marks[2][2] = { { '-', '_' }, { '_', '-' } };
	char other[128];
	uint32_t i;

	if (name.len > sizeof(other))
		return status;
	for (int way = 0; !status && way < 2; way++) {
		for (i = 0; i < name.len; i++)
			other[i] = name.p[i] == marks[way][0] ? marks[way][1]
							      : name.p[i];
		if (memcmp(other, name.p, name.len))
			status = use_distribution(
				e, (struct sm_str){ other, name.len });
	}
	return status;
}

enum sm_status sm_symbol_expand(struct sm_build *values, struct sm_str symbol,
				unsigned line, sm_symbol_use *use,
				void *context)
{
	struct sm_str directories[SM_VALUES_OF_VARIABLE_MAX], name = symbol;
	bool is_site = sm_str_starts(symbol, SM_STR("distribution:"));
	struct expansion e = { use, context, { NULL, 0 }, false };
	enum sm_status status;
	uint32_t cut = is_site ? 13 : 7; /* "distribution:", "stdlib:" */
	size_t count, i;

	status = sm_build_values(
		values, is_site ? SM_STR("SITE") : SM_STR("STDLIB"), line,
		directories, SM_VALUES_OF_VARIABLE_MAX, &count);
	if (name.len >= cut) {
		name.p += cut;
		name.len -= cut;
	}
	for (i = 0; !status && i < count; i++) {
		e.directory = directories[i];
		if (is_site)
			status = use_spellings(&e, name);
		else if (sm_str_equal(symbol, SM_STR("stdlib")))
			status = use_stdlib(&e);
		else
			status = use_module(&e, name);
	}
	return status;
}
