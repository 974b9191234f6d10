/* SPDX-License-Identifier: MIT */
/* What program_cc compiles: counts words, prints them by frequency. It stays as it is, so that figures can be compared. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct word {
	struct word *next;
	unsigned long count;
	char text[];
};

static struct word *table[BUCKETS];
static size_t words;

static unsigned hash(const char *text)
{
	unsigned h = 2166136261u;

	while (*text)
		h = (h ^ (unsigned char)*text++) * 16777619u;
	return h % BUCKETS;
}

static struct word *find(const char *text)
{
	struct word **at = &table[hash(text)];

	for (; *at; at = &(*at)->next)
		if (!strcmp((*at)->text, text))
			return *at;
	*at = calloc(1, sizeof(**at) + strlen(text) + 1);
	if (!*at) {
		perror("words");
		exit(1);
	}
	strcpy((*at)->text, text);
	words++;
	return *at;
}

static void read_words(FILE *in)
{
	char text[128];
	size_t n = 0;
	int c;

	while ((c = getc(in)) != EOF) {
		if (isalnum(c) && n < sizeof(text) - 1) {
			text[n++] = (char)tolower(c);
			continue;
		}
		text[n] = 0;
		if (n)
			find(text)->count++;
		n = 0;
	}
}

static int by_count(const void *a, const void *b)
{
	const struct word *x = *(struct word *const *)a, *y = *(struct word *const *)b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->text, y->text);
}

static struct word **sorted(void)
{
	struct word **all = malloc((words + 1) * sizeof(*all));
	size_t n = 0;

	if (!all)
		exit(1);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct word *w = table[i]; w; w = w->next)
			all[n++] = w;
	qsort(all, n, sizeof(*all), by_count);
	return all;
}

int main(int argc, char **argv)
{
	size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;
	struct word **all;

	read_words(stdin);
	all = sorted();
	for (size_t i = 0; i < words && i < most; i++)
		printf("%8lu %s\n", all[i]->count, all[i]->text);
	free(all);
	return 0;
}
