/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports.h: which ports open; for learner/ only.
 */
#ifndef LEARNER_PORTS_H
#define LEARNER_PORTS_H

#include "learner/learn.h"

#define SM_PORT_ANY INT32_MAX /* <port> */

/*
 * Gives the requests of facts SM_PORT_ANY for those ports that open: of sockets
 * that are bound, and of replies over UDP. Facts are all of the network's.
 */
void sm_ports_open(struct sm_learn *l, struct sm_facts *facts);

#endif
