/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus without a fuzzer: every file as it is,
 * every short prefix of it, and every early byte replaced. Deterministic, so
 * that `make check` finds the same under the sanitisers on every machine.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INPUT_MAX	(4u << 20)
#define PREFIX_MAX	4096 /* bytes of a file whose prefixes are tried */
#define CHANGE_MAX	1024 /* bytes of a file that are replaced in turn */
#define VARIANT_SECONDS 4    /* per file: slow targets try fewer variants */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

/* A copy of exactly size bytes, so that reading past it is seen. */
static void try_input(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	inputs++;
}

static void try_variants(uint8_t *bytes, size_t size)
{
	static const uint8_t values[] = { 0x00, 0x22, 0x7f, 0x80, 0xff };
	time_t stop = time(NULL) + VARIANT_SECONDS;

	for (size_t n = 0; n < size && n < PREFIX_MAX; n++) {
		if (time(NULL) > stop)
			return;
		try_input(bytes, n);
	}
	for (size_t at = 0; at < size && at < CHANGE_MAX; at++) {
		uint8_t kept = bytes[at];

		if (time(NULL) > stop)
			break;
		for (size_t i = 0; i < sizeof(values); i++) {
			bytes[at] = values[i];
			try_input(bytes, size);
		}
		bytes[at] = kept;
	}
}

static int try_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	size_t size;

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	bytes = malloc(INPUT_MAX);
	if (!bytes)
		abort();
	size = fread(bytes, 1, INPUT_MAX, file);
	fclose(file);
	try_input(bytes, size);
	try_variants(bytes, size);
	free(bytes);
	return 0;
}

static int try_directory(const char *path, unsigned long *files)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int failed = 0;

	if (!directory) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	while ((entry = readdir(directory))) {
		char name[4096];
		int n = snprintf(name, sizeof(name), "%s/%s", path,
				 entry->d_name);

		if (entry->d_name[0] == '.' || n < 0 ||
		    (size_t)n >= sizeof(name))
			continue;
		failed |= try_file(name);
		++*files;
	}
	closedir(directory);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned long files = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= try_directory(argv[i], &files);
	try_input((const uint8_t *)"", 0);
	printf("%lu files, %lu inputs\n", files, inputs);
	if (!files)
		fprintf(stderr, "%s: no corpus\n", argv[0]);
	return failed || !files;
}
