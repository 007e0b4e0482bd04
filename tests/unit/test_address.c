/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "schema/address.h"

struct row {
	const char *host;
	enum sm_address_kind kind;
	const char *text; /* NULL: as host */
};

static const struct row rows[] = {
	{ "93.184.216.34", SM_ADDRESS_PUBLIC, NULL },
	{ "::ffff:93.184.216.34", SM_ADDRESS_PUBLIC, "93.184.216.34" },
	{ "2606:2800:220:1::", SM_ADDRESS_PUBLIC, NULL },
	{ "1.0.0.0", SM_ADDRESS_PUBLIC, NULL },
	{ "223.255.255.255", SM_ADDRESS_PUBLIC, NULL },
	{ "224.0.0.0", SM_ADDRESS_OTHER, NULL },
	{ "255.255.255.255", SM_ADDRESS_OTHER, NULL },
	{ "ff02::1", SM_ADDRESS_OTHER, NULL },
	{ "::2", SM_ADDRESS_OTHER, NULL },
	{ "9.255.255.255", SM_ADDRESS_PUBLIC, NULL },
	{ "10.0.0.0", SM_ADDRESS_PRIVATE, NULL },
	{ "10.255.255.255", SM_ADDRESS_PRIVATE, NULL },
	{ "11.0.0.0", SM_ADDRESS_PUBLIC, NULL },
	{ "172.15.255.255", SM_ADDRESS_PUBLIC, NULL },
	{ "172.16.0.0", SM_ADDRESS_PRIVATE, NULL },
	{ "172.31.255.255", SM_ADDRESS_PRIVATE, NULL },
	{ "172.32.0.0", SM_ADDRESS_PUBLIC, NULL },
	{ "192.168.1.1", SM_ADDRESS_PRIVATE, NULL },
	{ "192.169.0.0", SM_ADDRESS_PUBLIC, NULL },
	{ "100.64.0.0", SM_ADDRESS_PRIVATE, NULL },
	{ "100.128.0.0", SM_ADDRESS_PUBLIC, NULL },
	{ "fd12:3456::1", SM_ADDRESS_PRIVATE, NULL },
	{ "127.0.0.1", SM_ADDRESS_LOOPBACK, NULL },
	{ "127.1", SM_ADDRESS_LOOPBACK, "127.0.0.1" },
	{ "0x7f000001", SM_ADDRESS_LOOPBACK, "127.0.0.1" },
	{ "127.255.255.255", SM_ADDRESS_LOOPBACK, NULL },
	{ "128.0.0.0", SM_ADDRESS_PUBLIC, NULL },
	{ "0.0.0.0", SM_ADDRESS_LOOPBACK, NULL },
	{ "::", SM_ADDRESS_LOOPBACK, NULL },
	{ "::1", SM_ADDRESS_LOOPBACK, NULL },
	{ "::ffff:127.0.0.1", SM_ADDRESS_LOOPBACK, "127.0.0.1" },
	{ "169.254.169.254", SM_ADDRESS_METADATA, NULL },
	{ "169.253.255.255", SM_ADDRESS_PUBLIC, NULL },
	{ "169.255.0.0", SM_ADDRESS_PUBLIC, NULL },
	{ "::ffff:a9fe:a9fe", SM_ADDRESS_METADATA, "169.254.169.254" },
	{ "64:ff9b::a9fe:a9fe", SM_ADDRESS_METADATA, NULL },
	{ "64:ff9b::7f00:1", SM_ADDRESS_LOOPBACK, NULL },
	{ "64:ff9b::5db8:d822", SM_ADDRESS_PUBLIC, NULL },
	{ "100.100.100.200", SM_ADDRESS_METADATA, NULL },
	{ "100.100.100.201", SM_ADDRESS_PRIVATE, NULL },
	{ "fd00:ec2::254", SM_ADDRESS_METADATA, NULL },
	{ "fd00:ec3::254", SM_ADDRESS_PRIVATE, NULL },
	{ "fe80::1%eth0", SM_ADDRESS_METADATA, "fe80::1" },
	{ "febf::1", SM_ADDRESS_METADATA, NULL },
	{ "fec0::1", SM_ADDRESS_OTHER, NULL },
};

static void every_block_ends_where_its_registry_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sm_str host = sm_str_of(rows[i].host);
		const char *text = rows[i].text;
		uint8_t address[SM_ADDRESS_BYTES];
		char out[SM_ADDRESS_TEXT_MAX];

		if (sm_address_kind_of(host) != rows[i].kind)
			fail_msg("%s is of kind %d", rows[i].host,
				 (int)sm_address_kind_of(host));
		assert_true(sm_address_parse(host, address));
		assert_string_equal(sm_address_text(address, out).p,
				    text ? text : rows[i].host);
	}
}

static void a_name_is_no_address(void **state)
{
	static const char *const names[] = {
		"",	   "localhost",	    "1.2.3.4.5",  "1.2.3.256",
		"a.b",	   "1.2.3.4 ",	    ":",	  "1::2::3",
		"12345::", "1:2:3:4:5:6:7", "127.0.0.1x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (sm_address_kind_of(sm_str_of(names[i])) != SM_ADDRESS_NONE)
			fail_msg("\"%s\" was taken for an address", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_ends_where_its_registry_says),
		cmocka_unit_test(a_name_is_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
