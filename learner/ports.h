/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports.h: which ports open; for learner/ only.
 */
#ifndef LEARNER_PORTS_H
#define LEARNER_PORTS_H

#include "learner/learn.h"

#define SM_PORT_ANY	INT32_MAX	/* <port> */
#define SM_PORT_DYNAMIC (INT32_MAX - 1) /* SM_PORTS_DYNAMIC */

/*
 * What kernels give away: Linux from 32768 on (ip(7), ip_local_port_range),
 * others from 49152 on (RFC 6335, section 6).
 */
#define SM_PORTS_DYNAMIC ":32768-65535"

/*
 * Gives the requests of facts one of these for those ports that open: of
 * sockets that are bound and replies over UDP any, of connections those that
 * the kernel gives away. Facts are all of the network's.
 */
void sm_ports_open(struct sm_learn *l, struct sm_facts *facts);

#endif
