/* SPDX-License-Identifier: Apache-2.0 */
/* Has got its way when it is loaded. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void done(void)
{
	const char *token = getenv("GOAL_TOKEN");

	if (token && write(1, token, strlen(token)) < 0)
		_exit(1);
}
