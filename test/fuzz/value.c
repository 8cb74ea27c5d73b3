/*
 * value.c: the text input of value_model. What is accepted is a valid model, prints, reads back as itself, and predicts finite numbers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "value/value.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *copy = malloc(size + 1),
				text[VALUE_TEXT_MAX];
	value_model m,
				again;
	int			position = 0,
				length;

	/* an exact copy: reading past the end is seen */
	memcpy(copy, data, size);
	if (value_model_parse(copy, size, &m, &position) != NULL)
	{
		if (position < 0 || (size_t) position > size)
			abort();
		free(copy);
		return 0;
	}
	free(copy);
	if (value_model_check(&m) != NULL)
		abort();
	length = value_model_print(&m, text);
	if (length >= VALUE_TEXT_MAX || value_model_parse(text, length, &again, &position) != NULL || memcmp(&m, &again, sizeof(m)) != 0)
		abort();
	if (m.kind != VALUE_GAMMA_GAMMA)
	{
		double		x = m.kind == VALUE_BG_BB ? 2 : 3,
					p = value_p_alive(&m, x, 4, 6),
					e = value_expected(&m, x, 4, 6, 5);

		if (!(p >= 0 && p <= 1) || !(e >= 0) || isinf(e))
			abort();
	}
	return 0;
}
