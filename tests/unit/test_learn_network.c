/* SPDX-License-Identifier: Apache-2.0 */
/* Connections by name and by address. */
#include "tests/unit/learn_fixture.h"

/* A connection to host:port, known by names; address: where a name led. */
static struct sm_event connect_event(struct sm_value values[4],
				     const char *host, int port,
				     const char *address, const char *names)
{
	struct sm_event e;

	values[0] = text("tcp");
	values[1] = (struct sm_value){ .type = SM_LIST, .len = 2 };
	values[1].full_len = 2;
	values[1].items = values + 2;
	values[2] = text(host);
	values[3] = number(port);
	e = event_of("socket.connect", values, 2);
	e.resolved[0] = sm_str_of(address);
	e.resolved[1] = sm_str_of(names);
	return e;
}

static void see_connect(struct bench *b, const char *host, int port,
			const char *names)
{
	struct sm_value values[4];
	struct sm_event e = connect_event(values, host, port, "", names);

	add(b, 0, &e);
}

static bool allows_connect(struct bench *b, const char *host, int port,
			   const char *names)
{
	struct sm_value values[4];
	struct sm_event e = connect_event(values, host, port, "", names);

	return allows(b, &e);
}

static void
two_addresses_stay_literal_and_three_private_make_a_network(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "10.1.1.1", 443, "");
	see_connect(&b, "10.1.1.2", 443, "");
	learn(&b);
	assert_true(allows_connect(&b, "10.1.1.1", 443, ""));
	assert_false(allows_connect(&b, "10.1.1.3", 443, ""));
	assert_false(allows_connect(&b, "10.1.1.1", 22, ""));
	finish(&b);

	start(&b);
	see_connect(&b, "10.1.1.1", 443, "");
	see_connect(&b, "10.1.1.1", 443, "");
	see_connect(&b, "10.1.1.2", 443, "");
	see_connect(&b, "10.1.1.77", 443, "");
	see_connect(&b, "10.1.2.9", 443, "");
	see_connect(&b, "10.1.1.99", 22, "");
	learn(&b);
	assert_true(allows_connect(&b, "10.1.1.200", 443, ""));
	assert_true(allows_connect(&b, "10.1.2.9", 443, ""));
	assert_false(allows_connect(&b, "10.1.2.10", 443, ""));
	assert_false(allows_connect(&b, "10.1.1.1", 22, ""));
	finish(&b);
}

static void a_block_of_public_addresses_holds_no_more_than_them(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "93.184.216.33", 443, "");
	see_connect(&b, "93.184.216.34", 443, "");
	see_connect(&b, "93.184.216.38", 443, "");
	see_connect(&b, "2606:2800:220:1::1", 443, "");
	see_connect(&b, "2606:2800:220:1::2", 443, "");
	see_connect(&b, "2606:2800:220:1::3", 443, "");
	learn(&b);
	assert_true(allows_connect(&b, "93.184.216.36", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.40", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.30", 443, ""));
	assert_true(allows_connect(&b, "2606:2800:220:1::", 443, ""));
	assert_false(allows_connect(&b, "2606:2800:220:1::4", 443, ""));
	finish(&b);
}

static void no_block_holds_loopback_or_metadata(void **state)
{
	struct bench b;
	char host[32];

	(void)state;
	start(&b);
	for (int i = 1; i < 6; i++) {
		snprintf(host, sizeof(host), "100.100.100.%d", i);
		see_connect(&b, host, 80, "");
		snprintf(host, sizeof(host), "169.254.1.%d", i);
		see_connect(&b, host, 80, "");
		snprintf(host, sizeof(host), "127.0.0.%d", i);
		see_connect(&b, host, 80, "");
	}
	learn(&b);
	assert_true(allows_connect(&b, "100.100.100.5", 80, ""));
	assert_false(allows_connect(&b, "100.100.100.200", 80, ""));
	assert_false(allows_connect(&b, "100.100.100.6", 80, ""));
	assert_true(allows_connect(&b, "169.254.1.5", 80, ""));
	assert_false(allows_connect(&b, "169.254.1.6", 80, ""));
	assert_false(allows_connect(&b, "127.0.0.6", 80, ""));
	/* the metadata addresses, marked; the network's are not loopback's */
	assert_int_equal(b.learned.reviews, 5 + 5);
	finish(&b);
}

/* Two heaps of one network's public addresses; a set that never changes. */
static void addresses_are_divided_where_that_costs_least(void **state)
{
	static const int heaps[] = { 8, 9, 10, 200, 201, 203 };
	struct sm_value values[4];
	struct sm_event e;
	struct bench b;
	char host[32];

	(void)state;
	start(&b);
	for (int i = 0; i < 6; i++) {
		snprintf(host, sizeof(host), "93.184.216.%d", heaps[i]);
		see_connect(&b, host, 443, "");
	}
	for (int i = 0; i < 3 * RUNS; i++) {
		snprintf(host, sizeof(host), "93.184.217.%d", i % 3);
		e = connect_event(values, host, 443, "", "");
		add(&b, i / 3, &e);
	}
	learn(&b);
	assert_true(allows_connect(&b, "93.184.216.11", 443, ""));
	assert_true(allows_connect(&b, "93.184.216.202", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.12", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.100", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.204", 443, ""));
	assert_true(allows_connect(&b, "93.184.217.3", 443, ""));
	finish(&b);
}

static void a_connection_is_granted_by_its_names(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "93.184.216.34", 443, "api.test");
	see_connect(&b, "10.0.0.7", 5432, "a.test b.test");
	see_connect(&b, "127.0.0.1", 80, "own.test");
	see_connect(&b, "127.0.0.1", 81, "localhost own.test");
	see_connect(&b, "169.254.169.254", 80, "metadata.test");
	see_connect(&b, "10.0.0.8", 22, "c.test");
	see_connect(&b, "10.0.0.8", 22, "");
	learn(&b);
	assert_true(allows_connect(&b, "93.184.216.99", 443, "api.test"));
	assert_false(allows_connect(&b, "93.184.216.34", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.34", 80, "api.test"));
	assert_true(allows_connect(&b, "10.0.0.9", 5432, "a.test"));
	assert_true(allows_connect(&b, "10.0.0.9", 5432, "b.test"));
	assert_true(allows_connect(&b, "127.0.0.9", 80, "own.test"));
	assert_false(allows_connect(&b, "127.0.0.1", 80, ""));
	assert_false(allows_connect(&b, "93.184.216.34", 80, "own.test"));
	assert_true(allows_connect(&b, "127.0.0.1", 81, ""));
	assert_true(allows_connect(&b, "169.254.169.254", 80, ""));
	assert_false(
		allows_connect(&b, "169.254.169.253", 80, "metadata.test"));
	assert_true(allows_connect(&b, "10.0.0.8", 22, ""));
	assert_true(allows_connect(&b, "10.0.0.9", 22, "c.test"));
	finish(&b);
}

static void a_name_given_to_the_socket_is_granted_where_it_led(void **state)
{
	struct sm_value values[4];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	e = connect_event(values, "API.test", 443, "93.184.216.34",
			  "api.test other.test");
	add(&b, 0, &e);
	e = connect_event(values, "own.test", 80, "127.0.1.1", "own.test");
	add(&b, 0, &e);
	e = connect_event(values, "meta.test", 80, "169.254.169.254", "");
	add(&b, 0, &e);
	learn(&b);
	assert_int_equal(b.learned.residue_count, 0);
	assert_int_equal(b.learned.repaired, 0);
	assert_true(allows_connect(&b, "93.184.216.9", 443, "api.test"));
	assert_false(allows_connect(&b, "93.184.216.9", 443, "other.test"));
	assert_true(allows_connect(&b, "127.0.0.1", 80, "own.test"));
	assert_true(allows_connect(&b, "169.254.169.254", 80, ""));
	e = connect_event(values, "meta.test", 80, "93.184.216.34", "");
	assert_false(allows(&b, &e));
	finish(&b);
}

static void what_adds_nothing_to_a_name_s_rule_is_left_out(void **state)
{
	struct sm_value values[4];
	struct sm_event udp;
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "127.0.0.1", 80, "");
	see_connect(&b, "::1", 80, "");
	see_connect(&b, "127.0.0.1", 80, "localhost");
	udp = connect_event(values, "10.0.0.7", 53, "", "dns.test");
	values[0] = text("udp");
	add(&b, 0, &udp);
	see_connect(&b, "10.0.0.7", 53, "dns.test");
	learn(&b);
	assert_int_equal(b.learned.family[SM_FAMILY_NETWORK], 2);
	assert_true(allows_connect(&b, "::1", 80, ""));
	assert_true(allows(&b, &udp));
	finish(&b);
}

static void an_address_that_was_meant_as_such_is_granted_as_such(void **state)
{
	struct sm_value args[2] = { text("10.0.0.7"), number(80) };
	struct sm_event e = event_of("socket.getaddrinfo", args, 2);
	struct bench b;

	(void)state;
	start(&b);
	add(&b, 0, &e);
	see_connect(&b, "10.0.0.7", 80, "a.test");
	see_connect(&b, "10.0.0.8", 80, "b.test");
	learn(&b);
	assert_true(allows_connect(&b, "10.0.0.7", 80, ""));
	assert_false(allows_connect(&b, "10.0.0.8", 80, ""));
	finish(&b);
}

static void who_connects_needs_no_rule_to_look_up(void **state)
{
	struct sm_value args[2] = { text("api.test"), number(443) };
	struct sm_event ask = event_of("socket.getaddrinfo", args, 2);
	struct bench b;

	(void)state;
	start(&b);
	add(&b, 0, &ask);
	see_connect(&b, "93.184.216.34", 443, "api.test");
	learn(&b);
	assert_true(allows(&b, &ask));
	assert_int_equal(b.learned.family[SM_FAMILY_NETWORK], 1);
	args[0] = text("other.test");
	assert_false(allows(&b, &ask));
	finish(&b);
}

/* kind: "socket.bind" or "socket.sendto", over UDP. */
static struct sm_event udp_event(struct sm_value values[4], const char *kind,
				 const char *host, int port)
{
	(void)connect_event(values, host, port, "", "");
	values[0] = text("udp");
	return event_of(kind, values, 2);
}

static void see_udp(struct bench *b, int run, const char *kind,
		    const char *host, int port)
{
	struct sm_value values[4];
	struct sm_event e = udp_event(values, kind, host, port);

	add(b, run, &e);
}

static bool allows_reply(struct bench *b, const char *host, int port)
{
	struct sm_value values[4];
	struct sm_event e = udp_event(values, "socket.sendto", host, port);

	return allows(b, &e);
}

/* Two runs that send to four clients and to what listens at 8125. */
static void start_udp(struct bench *b, int bound)
{
	start(b);
	for (int run = 0; run < 2; run++) {
		see_udp(b, run, "socket.bind", "127.0.0.1", bound);
		see_udp(b, run, "socket.sendto", "127.0.0.1", 40000 + run);
		see_udp(b, run, "socket.sendto", "10.0.0.7", 51000 - run);
		see_udp(b, run, "socket.sendto", "10.0.0.8", 8125);
	}
	learn(b);
}

static void replies_over_udp_go_where_clients_are(void **state)
{
	struct bench b;

	(void)state;
	start_udp(&b, 53);
	assert_true(allows_reply(&b, "127.0.0.1", 45678));
	assert_true(allows_reply(&b, "10.0.0.7", 45678));
	assert_true(allows_reply(&b, "10.0.0.8", 8125));
	assert_false(allows_reply(&b, "10.0.0.8", 45678));
	assert_false(allows_reply(&b, "127.0.0.1", 53));
	assert_false(allows_connect(&b, "127.0.0.1", 45678, ""));
	finish(&b);
}

static void who_binds_nothing_replies_to_nobody(void **state)
{
	struct bench b;

	(void)state;
	start_udp(&b, 0);
	assert_true(allows_reply(&b, "127.0.0.1", 40001));
	assert_false(allows_reply(&b, "127.0.0.1", 45678));
	finish(&b);
}

/* Runs 1 and 2 each connect to one port, and to a service. */
static void connect_twice(struct bench *b, int one, int two)
{
	const int ports[] = { one, two };

	start(b);
	for (int run = 1; run <= 2; run++) {
		struct sm_value values[4];
		struct sm_event e = connect_event(values, "127.0.0.1",
						  ports[run - 1], "", "");

		add(b, run, &e);
		e = connect_event(values, "127.0.0.1", 5432, "", "");
		add(b, run, &e);
	}
	learn(b);
}

static void ports_the_kernel_gives_away_open_for_connections(void **state)
{
	struct bench b;

	(void)state;
	connect_twice(&b, 41021, 55647);
	assert_true(allows_connect(&b, "127.0.0.1", 48165, ""));
	assert_true(allows_connect(&b, "127.0.0.1", 5432, ""));
	assert_false(allows_connect(&b, "127.0.0.1", 6379, ""));
	assert_false(allows_connect(&b, "127.0.0.1", 32767, ""));
	assert_false(allows_connect(&b, "10.0.0.7", 48165, ""));
	finish(&b);
	connect_twice(&b, 41021, 41021);
	assert_false(allows_connect(&b, "127.0.0.1", 48165, ""));
	finish(&b);
	connect_twice(&b, 8001, 8002);
	assert_false(allows_connect(&b, "127.0.0.1", 8003, ""));
	finish(&b);
}

static void ports_of_udp_do_not_keep_those_of_connections(void **state)
{
	struct sm_value values[4];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 1; run <= 2; run++) {
		struct sm_event e =
			connect_event(values, "127.0.0.1", 40000 + run, "", "");

		add(&b, run, &e);
		for (int port = 50000; port < 50008; port++)
			see_udp(&b, run, "socket.sendto", "127.0.0.1", port);
	}
	learn(&b);
	assert_true(allows_connect(&b, "127.0.0.1", 48165, ""));
	finish(&b);
}

static void ports_of_one_run_are_services(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "127.0.0.1", 41021, "");
	see_connect(&b, "127.0.0.1", 55647, "");
	learn(&b);
	assert_false(allows_connect(&b, "127.0.0.1", 48165, ""));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_over_udp_go_where_clients_are),
		cmocka_unit_test(who_binds_nothing_replies_to_nobody),
		cmocka_unit_test(
			two_addresses_stay_literal_and_three_private_make_a_network),
		cmocka_unit_test(
			a_block_of_public_addresses_holds_no_more_than_them),
		cmocka_unit_test(no_block_holds_loopback_or_metadata),
		cmocka_unit_test(addresses_are_divided_where_that_costs_least),
		cmocka_unit_test(a_connection_is_granted_by_its_names),
		cmocka_unit_test(
			a_name_given_to_the_socket_is_granted_where_it_led),
		cmocka_unit_test(
			what_adds_nothing_to_a_name_s_rule_is_left_out),
		cmocka_unit_test(
			an_address_that_was_meant_as_such_is_granted_as_such),
		cmocka_unit_test(who_connects_needs_no_rule_to_look_up),
		cmocka_unit_test(
			ports_the_kernel_gives_away_open_for_connections),
		cmocka_unit_test(ports_of_udp_do_not_keep_those_of_connections),
		cmocka_unit_test(ports_of_one_run_are_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
