/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imports.h: which modules source code names in import statements, whether they
 * were ever run or not.
 */
#ifndef RECORDER_IMPORTS_H
#define RECORDER_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

#define SM_IMPORT_BYTES 64  /* longer names are left out */
#define SM_IMPORTS_MAX	512 /* more are left out */

struct sm_imports {
	char name[SM_IMPORTS_MAX][SM_IMPORT_BYTES]; /* sorted, once each */
	unsigned count;
};

/*
 * Which statements: all, or those that run when the code is loaded: at the
 * beginning of a line or one step in, but in no function or class.
 */
enum sm_imports_of { SM_IMPORTS_OF_ALL, SM_IMPORTS_OF_LOADING };

/*
 * Adds the top-level names that text imports: of `import a.b as c, d` and
 * `from a.b import c`, indented or not, and what `import_module('a.b')` and
 * `__import__('a')` are given; of relative imports none. Line by line: what
 * looks like a statement in a longer string is taken for one. Calls are left
 * out of SM_IMPORTS_OF_LOADING.
 */
void sm_imports_scan(struct sm_imports *imports, const char *text,
		     enum sm_imports_of which);

/*
 * The same of the files below root that modules names, as sm_modules_read()
 * gives them; at most *bytes of text, which are taken off. For
 * SM_IMPORTS_OF_LOADING those in root itself: packages below are often for
 * something special. What sets up, tests or runs a package is not loaded by who
 * imports it. Ends early when *should_stop becomes true, which may be NULL.
 */
void sm_imports_scan_files(struct sm_imports *imports, const char *root,
			   const char *modules, enum sm_imports_of which,
			   size_t *bytes, const _Atomic bool *should_stop);

#endif
