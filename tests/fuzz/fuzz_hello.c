/* SPDX-License-Identifier: Apache-2.0 */
/* A hello as a hostile guest could send it; what decodes encodes again. */
#include <stdlib.h>

#include "recorder/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_address(const uint8_t *data, size_t size)
{
	struct sm_channel_address address;
	char text[SM_CHANNEL_TEXT_MAX], again[SM_CHANNEL_TEXT_MAX];

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!sm_channel_parse(text, &address) &&
	    !sm_channel_print(&address, again, sizeof(again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sm_hello hello;
	static uint8_t again[SM_HELLO_MAX];

	if (!size)
		return 0;
	try_address(data, size);
	if (size <= SM_HELLO_MAX &&
	    !sm_hello_get(data, (uint32_t)size, &hello) &&
	    !sm_hello_put(again, sizeof(again), &hello))
		abort();
	return 0;
}
