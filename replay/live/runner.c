/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-live: the interpreter of the libpython secmgr was built with, as
 * secmgr-replay --live starts it. The only program linked with libpython.
 */
#include <Python.h>

int main(int argc, char **argv)
{
	return Py_BytesMain(argc, argv);
}
