/* impose LINES IN OUT: pages of so many lines, in the order in which a
 * folded sheet has them: last, first, second, last but one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096

static char *rows[MOST];

static void put_page(FILE *out, int page, int lines, int count)
{
	for (int i = page * lines; i < (page + 1) * lines; i++)
		fputs(i < count ? rows[i] : "\n", out);
	fputs("\f\n", out);
}

int main(int argc, char **argv)
{
	char row[1024];
	int count = 0;
	int lines = argc == 4 ? atoi(argv[1]) : 0;
	FILE *in = lines > 0 ? fopen(argv[2], "r") : NULL;
	FILE *out = in ? fopen(argv[3], "w") : NULL;

	if (!out) {
		fprintf(stderr, "usage: impose LINES IN OUT\n");
		return 2;
	}
	while (count < MOST && fgets(row, sizeof row, in))
		rows[count++] = strdup(row);
	int pages = (count + lines - 1) / lines;
	pages = (pages + 3) / 4 * 4;
	for (int a = 0, z = pages - 1; a < z; a += 2, z -= 2) {
		put_page(out, z, lines, count);
		put_page(out, a, lines, count);
		put_page(out, a + 1, lines, count);
		put_page(out, z - 1, lines, count);
	}
	return fclose(out) ? 1 : 0;
}
