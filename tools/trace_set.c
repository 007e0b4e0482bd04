/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/trace_set.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBERS_MAX 1000000u /* as secmgr-record rotates */

static bool name_old(const char *path, unsigned number, char name[PATH_MAX])
{
	int n = snprintf(name, PATH_MAX, "%s.%u", path, number);

	return n > 0 && n < PATH_MAX && !access(name, F_OK);
}

static enum sm_status add(struct trace_set *set, const char *path)
{
	char **paths =
		realloc(set->paths, ((size_t)set->count + 1) * sizeof(*paths));

	if (!paths)
		return SM_NOMEM;
	set->paths = paths;
	paths[set->count] = strdup(path);
	if (!paths[set->count])
		return SM_NOMEM;
	set->count++;
	return SM_OK;
}

enum sm_status trace_set_add(struct trace_set *set, const char *path,
			     bool is_set)
{
	char name[PATH_MAX];
	enum sm_status status = SM_OK;
	unsigned oldest = 0;

	/* Without a gap: what stands behind one is not ours. */
	while (is_set && oldest < NUMBERS_MAX &&
	       name_old(path, oldest + 1, name))
		oldest++;
	for (unsigned n = oldest; n && !status; n--)
		if (name_old(path, n, name))
			status = add(set, name);
	return status ? status : add(set, path);
}

void trace_set_fini(struct trace_set *set)
{
	for (int i = 0; i < set->count; i++)
		free(set->paths[i]);
	free(set->paths);
	*set = (struct trace_set){ 0 };
}
