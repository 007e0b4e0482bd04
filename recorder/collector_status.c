/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_status.c: what secmgr-status is told. The answer is a memfd, so
 * that its size is no matter and nobody waits for the asker to read.
 */
#include "recorder/collector_internal.h"
#include "recorder/descriptor.h"

#include <sys/mman.h>
#include <unistd.h>

#include "schema/cbor.h"

#define ENTRY_MAX 16384
#define START_MAX (512u << 10) /* variables are paths, 64 at most */

static bool write_all(int fd, const uint8_t *bytes, size_t count)
{
	while (count) {
		ssize_t n = write(fd, bytes, count);

		if (n <= 0)
			return false;
		bytes += n;
		count -= (size_t)n;
	}
	return true;
}

static void put_policy(struct sm_cbor_writer *w,
		       const struct held_policy *policy)
{
	sm_cbor_put_str(w, sm_str_of(policy->path ? policy->path : ""));
	sm_cbor_put_str(w, sm_str_of(policy->sha256 ? policy->sha256 : ""));
}

static void put_variables(struct sm_cbor_writer *w,
			  const struct sm_collector_options *options)
{
	sm_cbor_put_array(w, 2 * options->variable_count);
	for (size_t i = 0; i < options->variable_count; i++) {
		sm_cbor_put_str(w, sm_str_of(options->variables[i].name));
		sm_cbor_put_str(w, sm_str_of(options->variables[i].value));
	}
}

static bool write_start(const struct sm_collector *collector, int fd)
{
	static _Thread_local uint8_t entry[START_MAX];
	struct sm_cbor_writer w = { entry, entry + sizeof(entry), false };

	sm_cbor_put_array(&w, 12);
	sm_cbor_put_uint(&w, SM_COLLECTOR_STATUS_VERSION);
	sm_cbor_put_uint(&w, (uint64_t)getpid());
	sm_cbor_put_uint(&w, collector->options.flags);
	sm_cbor_put_str(&w, sm_str_of(collector->title));
	sm_cbor_put_str(&w, sm_str_of(collector->output));
	sm_cbor_put_uint(&w, collector->command_pid);
	sm_cbor_put_uint(&w, collector->generation);
	put_policy(&w, &collector->policy);
	put_policy(&w, &collector->shadow);
	put_variables(&w, &collector->options);
	return !w.has_failed && write_all(fd, entry, (size_t)(w.at - entry));
}

static uint64_t lost_so_far(const struct sm_ring_header *header)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < SM_LOSSES; i++)
		sum += atomic_load(&header->lost[i]);
	return sum;
}

static bool write_process(const struct process *process, int fd)
{
	const struct sm_ring_header *header = process->memory.reader.header;
	uint8_t entry[ENTRY_MAX];
	struct sm_cbor_writer w = { entry, entry + sizeof(entry), false };

	sm_cbor_put_array(&w, 9);
	sm_cbor_put_uint(&w, process->pid);
	sm_cbor_put_uint(&w, process->guest_pid);
	sm_cbor_put_str(&w, sm_str_of(process->exe));
	sm_cbor_put_uint(&w, process->seen);
	sm_cbor_put_uint(&w, atomic_load(&header->noise));
	sm_cbor_put_uint(&w, lost_so_far(header));
	sm_cbor_put_uint(&w, atomic_load(&header->generation));
	sm_cbor_put_uint(&w, atomic_load(&header->attempts));
	sm_cbor_put_uint(&w, atomic_load(&header->after_denial));
	return !w.has_failed && write_all(fd, entry, (size_t)(w.at - entry));
}

void collector_answer_status(const struct sm_collector *collector, int socket)
{
	const struct process *process;
	int fd = memfd_create("secmgr-status", MFD_CLOEXEC);
	bool is_written;

	if (fd < 0)
		return;
	is_written = write_start(collector, fd);
	for (process = collector->processes; process && is_written;
	     process = process->next)
		is_written = write_process(process, fd);
	if (is_written)
		/* An asker that is gone already needs no answer. */
		(void)sm_descriptor_send(socket, SM_COLLECTOR_STATUS_VERSION,
					 fd, MSG_DONTWAIT);
	close(fd);
}
