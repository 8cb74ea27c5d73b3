/*
 * typology.c: the text input of cluster_model. What is accepted is a valid model, prints, reads back as itself, and has a nearest centre.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "typology/typology.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *copy = malloc(size + 1),
			   *text,
			   *again;
	cluster_model m = {0},
				other = {0};
	size_t		position = 0,
				length,
				bytes;
	int			k,
				d;
	double		squared,
			   *row;

	/* an exact copy: reading past the end is seen */
	copy = realloc(copy, size > 0 ? size : 1);
	memcpy(copy, data, size);
	if (cluster_text_shape(copy, size, &k, &d, &position) != NULL)
	{
		if (position > size)
			abort();
		free(copy);
		return 0;
	}
	if (k < 1 || k > CLUSTER_MAX_K || d < 1 || d > CLUSTER_MAX_FEATURES)
		abort();
	bytes = CLUSTER_NUMBERS(k, d) * sizeof(double);
	m.k = other.k = k;
	m.d = other.d = d;
	m.number = malloc(bytes);
	other.number = malloc(bytes);
	row = calloc(d, sizeof(double));
	if (cluster_text_parse(copy, size, &m, &position) == NULL)
	{
		if (cluster_model_check(&m) != NULL)
			abort();
		text = malloc(cluster_text_room(&m));
		again = malloc(cluster_text_room(&m));
		length = cluster_text_print(&m, text);
		if (length >= cluster_text_room(&m) || cluster_text_shape(text, length, &k, &d, &position) != NULL || k != m.k || d != m.d ||
			cluster_text_parse(text, length, &other, &position) != NULL || memcmp(m.number, other.number, bytes) != 0 ||
			cluster_text_print(&other, again) != length || memcmp(text, again, length) != 0)
			abort();
		k = cluster_nearest(&m, row, &squared);
		if (k < 0 || k >= m.k || !(squared >= 0))
			abort();
		free(text);
		free(again);
	}
	else if (position > size)
		abort();
	free(row);
	free(m.number);
	free(other.number);
	free(copy);
	return 0;
}
