/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_environment.c: LD_PRELOAD and SECMGR_CHANNEL, kept in the
 * environment of children that were given another one, and SECMGR_START.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <stdlib.h>

#include "recorder/agent/interpose.h"

/*
 * Variables. Longer environments pass as they are in a recording; under a
 * policy none passes that may lack the agent.
 */
#define ENV_MAX (1u << 16)
#define OUR_MAX 1024

static const char preload_name[] = "LD_PRELOAD=";
static const char channel_name[] = SM_CHANNEL_ENVIRONMENT "=";
static const char start_name[] = SM_START_ENVIRONMENT "=";

/* "LD_PRELOAD=..." as this process was given. */
static char our_preload[OUR_MAX];
/*
 * "SECMGR_CHANNEL=..." in block and in warn: a reload may change that, and a
 * child that cannot get its policy goes by what it reads here.
 */
static char our_channels[2][OUR_MAX];
static const char *our_library; /* inside our_preload */
/* "SECMGR_START=..." of the children; empty: they start where they are. */
static char our_start[sizeof(start_name) + SM_PATH_MAX];

static const char *our_channel(void)
{
	return our_channels[!!(sm_agent.flags & SM_CHANNEL_WARN)];
}

/* False: it is none of ours. */
static bool write_channels(const char *text)
{
	const size_t prefix = sizeof(channel_name) - 1;
	struct sm_channel_address address;

	if (sm_channel_parse(text, &address) != SM_OK)
		return false;
	for (int warns = 0; warns < 2; warns++) {
		char *out = our_channels[warns];

		address.flags &= ~(uint32_t)SM_CHANNEL_WARN;
		if (warns)
			address.flags |= SM_CHANNEL_WARN;
		memcpy(out, channel_name, prefix);
		if (!sm_channel_print(&address, out + prefix,
				      (uint32_t)(OUR_MAX - prefix)))
			return false;
	}
	return true;
}

void sm_interpose_start(struct sm_str start)
{
	const size_t prefix = sizeof(start_name) - 1;

	if (start.len >= SM_PATH_MAX)
		start.len = 0;
	memcpy(our_start, start_name, prefix);
	memcpy(our_start + prefix, start.p, start.len);
	our_start[prefix + start.len] = '\0';
}

void sm_interpose_environment_setup(void)
{
	const char *channel = getenv(SM_CHANNEL_ENVIRONMENT);
	size_t prefix = sizeof(preload_name) - 1, n;
	Dl_info info;

	if (!channel || !dladdr(&sm_agent, &info) || !info.dli_fname)
		return;
	n = strlen(info.dli_fname);
	if (n + prefix >= sizeof(our_preload) || !write_channels(channel))
		return;
	memcpy(our_preload, preload_name, prefix);
	memcpy(our_preload + prefix, info.dli_fname, n + 1);
	our_library = our_preload + prefix;
}

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Whether list, as ld.so splits it, holds the agent's library. */
static bool lists_us(const char *list)
{
	size_t n = strlen(our_library);

	for (; *list; list += *list != '\0') {
		size_t length = strcspn(list, ": ");

		if (length == n && !memcmp(list, our_library, n))
			return true;
		list += length;
	}
	return false;
}

/*
 * A recorder inside a recorded program is let be; a policy cannot be exchanged
 * for another.
 */
static bool is_good_channel(const char *variable)
{
	return !(sm_agent.flags & SM_CHANNEL_ENFORCE) ||
	       !strcmp(variable, our_channel());
}

static bool is_enforcing(void)
{
	return (sm_agent.flags & (SM_CHANNEL_ENFORCE | SM_CHANNEL_WARN)) ==
	       SM_CHANNEL_ENFORCE;
}

bool sm_completion_is_refused(const struct sm_completion *p)
{
	if (p->is_refused)
		errno = E2BIG;
	return p->is_refused;
}

struct sm_completion sm_completion(char *const envp[])
{
	struct sm_completion p = { .needs_preload = true,
				   .needs_channel = true,
				   .needs_start = our_start[0] };
	bool is_nested = false;

	if (!our_library)
		return (struct sm_completion){ 0 };
	for (; envp && envp[p.count]; p.count++) {
		const char *variable = envp[p.count];

		if (starts(variable, channel_name)) {
			is_nested = strcmp(variable, our_channel());
			p.needs_channel =
				p.channels++ || !is_good_channel(variable);
		} else if (our_start[0] && starts(variable, start_name)) {
			p.needs_start =
				p.starts++ || strcmp(variable, our_start);
		} else if (starts(variable, preload_name)) {
			p.preload = variable + sizeof(preload_name) - 1;
			p.needs_preload = p.preloads++ || !lists_us(p.preload);
		}
		if (p.count > ENV_MAX)
			return (struct sm_completion){ .is_refused =
							       is_enforcing() };
	}
	/* What another recorder starts, starts anew. */
	if (is_nested && !p.needs_channel)
		p.needs_start = false;
	if (p.needs_preload && p.preload)
		p.bytes = strlen(our_preload) + strlen(p.preload) + 2;
	return p;
}

static char *join(const char *theirs, char *text)
{
	strcpy(text, our_preload);
	if (*theirs) {
		strcat(text, ":");
		strcat(text, theirs);
	}
	return text;
}

char *const *sm_complete(const struct sm_completion *p, char *const envp[],
			 char **out, char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->needs_preload && starts(envp[i], preload_name))
			continue;
		if (p->needs_channel && starts(envp[i], channel_name))
			continue;
		if (p->needs_start && starts(envp[i], start_name))
			continue;
		out[n++] = envp[i];
	}
	if (p->needs_preload)
		out[n++] = p->bytes ? join(p->preload, text) : our_preload;
	if (p->needs_channel)
		out[n++] = (char *)(uintptr_t)our_channel();
	if (p->needs_start)
		out[n++] = our_start;
	out[n] = NULL;
	return out;
}
