/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_live_calls.h: a recorded call as one line of JSON.
 */
#ifndef TOOLS_REPLAY_LIVE_CALLS_H
#define TOOLS_REPLAY_LIVE_CALLS_H

#include "tools/cli.h"

void replay_live_put_call(FILE *out, size_t index,
			  const struct sm_event *event);

#endif
