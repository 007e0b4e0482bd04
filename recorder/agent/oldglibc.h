/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oldglibc.h: bind to symbol versions that older C libraries have too.
 *
 * glibc 2.34 moved libdl into libc and gave dlsym and friends a new version: a
 * guest whose libc is older (a chroot, a container) would refuse to start at
 * all with a preloaded library that asks for it. Include after <dlfcn.h>.
 */
#ifndef RECORDER_AGENT_OLDGLIBC_H
#define RECORDER_AGENT_OLDGLIBC_H

#if defined(__x86_64__) && defined(__GLIBC__)
#define SM_OLD_DL "GLIBC_2.2.5"
#elif defined(__aarch64__) && defined(__GLIBC__)
#define SM_OLD_DL "GLIBC_2.17"
#endif

#ifdef SM_OLD_DL
__asm__(".symver dlsym,dlsym@" SM_OLD_DL);
#ifndef __x86_64__ /* there dlopen is our own */
__asm__(".symver dlopen,dlopen@" SM_OLD_DL);
#endif
__asm__(".symver dlclose,dlclose@" SM_OLD_DL);
__asm__(".symver dladdr,dladdr@" SM_OLD_DL);
#endif

#endif
