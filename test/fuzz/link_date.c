/*
 * link_date: any bytes as a date of a record. What is read is a real day, the other reading has the same numbers with day and month
 * swapped, and the ISO form of what was read is read as the same day and as nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/link.h"

#define ENSURE(condition) do { if (!(condition)) abort(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *copy = malloc(size ? size : 1);
	uint32_t	other,
				again,
				d;

	memcpy(copy, data, size);
	d = link_read_date(copy, size, &other);
	free(copy);
	ENSURE(d != 0 || other == 0);
	if (d)
	{
		char		iso[32];
		int			y = d >> 9,
					m = d >> 5 & 15,
					day = d & 31;

		ENSURE(y >= 1000 && y <= 2999 && m >= 1 && m <= 12 && day >= 1 && day <= 31);
		ENSURE(other == 0 || other == (d & ~511u) + ((unsigned) day << 5) + m);
		snprintf(iso, sizeof iso, "%04d-%02d-%02d", y, m, day);
		ENSURE(link_read_date(iso, 10, &again) == d && again == 0);
	}
	return 0;
}
