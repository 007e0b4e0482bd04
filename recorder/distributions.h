/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distributions.h: what is installed in a site directory, by the metadata
 * that lies beside it: *.dist-info of the "Recording installed projects"
 * specification (PEP 376, PEP 427) and *.egg-info of setuptools and distutils.
 */
#ifndef RECORDER_DISTRIBUTIONS_H
#define RECORDER_DISTRIBUTIONS_H

#include <stdbool.h>

/*
 * The distributions in directory, one a line, sorted by bytes:
 *
 *   NAME VERSION modules=NAME[,...] needs=NAME[,...] wants=NAME[,...]
 *
 * NAME of a distribution is normalised as PEP 503 says; modules are top-level
 * names below directory; needs are the distributions required without an
 * extra; wants those of an extra, but for those that tests, documentation and
 * development are for, and what a package of dpkg(1) recommends. At most what
 * lines.h says. Metadata with other characters than names have is left out.
 * Empty when the directory cannot be read or has none, NULL when memory ran
 * out; the caller's to free(). Reads files, blocks; ends early when
 * *should_stop becomes true, which may be NULL.
 */
char *sm_distributions_read(const char *directory,
			    const _Atomic bool *should_stop);

#endif
