/*
 * compare.c: nanoseconds a pair of the comparison cores, as a linkage engine calls them: values decoded to bytes once, then compared. Reads lines
 * a TAB b; prints the least of seven runs of jaro_winkler_bytes, edit_distance_bytes, and of the functions that take text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "match/match.h"
#include "text/text.h"

typedef struct pair { uint8_t *a, *b; int la, lb; char *ta, *tb; int na, nb; } pair;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* A folded value: bytes. */
static int
folded(const char *s, uint8_t **out)
{
	size_t		n = text_fold(s, strlen(s), NULL, 0);

	*out = calloc(n + 2 * SIMILARITY_PAD, 1);
	text_fold(s, strlen(s), (char *) *out, n);
	return n > 64 ? 64 : (int) n;
}

int
main(void)
{
	static char line[1000];
	size_t		n = 0,
				room = 1 << 20;
	pair	   *p = malloc(room * sizeof *p);
	double		sum = 0;

	while (fgets(line, sizeof line, stdin) != NULL)
	{
		char	   *tab = strchr(line, '\t');

		if (tab == NULL || n == room)
			continue;
		*tab = 0;
		tab[1 + strcspn(tab + 1, "\n")] = 0;
		p[n].la = folded(line, &p[n].a);
		p[n].lb = folded(tab + 1, &p[n].b);
		p[n].ta = strdup(line);
		p[n].tb = strdup(tab + 1);
		p[n].na = (int) strlen(line);
		p[n].nb = (int) strlen(tab + 1);
		n++;
	}
	for (int what = 0; what < 5; what++)
	{
		static const char *const name[] = {"jaro_winkler in the engine", "edit_distance in the engine", "jaro_winkler of text", "edit_distance of text", "name_similarity of folded text"};
		double		least = 1e9;

		for (int run = 0; run < 7; run++)
		{
			uint32_t	work[SIMILARITY_WORK(256, 256)];
			double		t = now();

			for (size_t i = 0; i < n; i++)
				switch (what)
				{
					case 0: sum += jaro_winkler_bytes(p[i].a, p[i].la, p[i].b, p[i].lb); break;
					case 1: sum += edit_distance_bytes(p[i].a, p[i].la, p[i].b, p[i].lb); break;
					case 2: sum += jaro_winkler(p[i].ta, p[i].na, p[i].tb, p[i].nb, work); break;
					case 3: sum += edit_distance(p[i].ta, p[i].na, p[i].tb, p[i].nb, -1, work); break;
					case 4: sum += name_similarity((char *) p[i].a, p[i].la, (char *) p[i].b, p[i].lb); break;
				}
			t = now() - t;
			least = t < least ? t : least;
		}
		printf("%s\t%.1f\n", name[what], least / n * 1e9);
	}
	return sum < 0;
}
