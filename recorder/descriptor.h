/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor.h: a descriptor handed to another process, unix(7), cmsg(3).
 */
#ifndef RECORDER_DESCRIPTOR_H
#define RECORDER_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sends fd, which stays the caller's, with one byte that says which version of
 * the conversation this is. flags as of sendmsg(2); MSG_NOSIGNAL is added.
 * False: errno tells.
 */
bool sm_descriptor_send(int socket, uint8_t version, int fd, int flags);

#endif
