/* SPDX-License-Identifier: Apache-2.0 */
#include "version.h"

int add(int a, int b);

int main(int argc, char **argv)
{
	return argv && add(argc, 1) != 2;
}
