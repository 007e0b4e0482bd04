/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that older versions of CPython do not raise. What is decided by one
 * alone cannot be learned where they run, and is denied after an upgrade.
 * Others that came later stand beside one that says the same, or decide
 * nothing.
 *
 * Source: the "Audit events table" of the library reference, and which of these
 * names the interpreters of Debian 11 to 14 and their modules hold.
 */
#include "learner/learner.h"

static const struct sm_python_event events[] = {
	{ "sqlite3.enable_load_extension", 10 },
	{ "sqlite3.load_extension", 10 },
	{ "sys._current_exceptions", 10 },
	{ "sys.monitoring.register_callback", 12 },
	{ "cpython.remote_debugger_script", 14 },
	{ "ctypes.memoryview_at", 14 },
	{ "sys.remote_exec", 14 },
};

unsigned sm_python_minor(struct sm_str version)
{
	unsigned minor = 0;

	if (!sm_str_starts(version, SM_STR("3.")))
		return 0;
	for (uint32_t i = 2; i < version.len && minor < SM_PYTHONS; i++) {
		if (version.p[i] < '0' || version.p[i] > '9')
			break;
		minor = minor * 10 + (unsigned)(version.p[i] - '0');
	}
	return minor < SM_PYTHONS ? minor : 0;
}

size_t sm_python_events_since(unsigned minor,
			      const struct sm_python_event **later)
{
	size_t n = sizeof(events) / sizeof(events[0]), first = 0;

	while (first < n && events[first].since <= minor)
		first++;
	*later = events + first;
	return n - first;
}
