/*
 * decay.c: weights that decay against the library's exp2 and against their own laws.
 */
#include "unit.h"
#include "mart/decay.h"

#include <math.h>

int
main(void)
{
	int			wrong = 0,
				unruly = 0;
	int64_t		e,
				f;

	for (int64_t half_life = 1; half_life <= 36500; half_life = half_life * 3 / 2 + 1)
		for (int64_t days = -20000; days <= 20000; days += 37)
		{
			uint64_t	m = decay_mantissa(days, (int32_t) half_life, &e);
			double		want = exp2((double) days / half_life - e);
			double		have = (double) m / 4611686018427387904.0;

			wrong += fabs(have - want) > 1e-11 * want || m >> 62 != 1;
			/* half a half-life later is twice the weight, exactly */
			unruly += decay_mantissa(days + half_life, (int32_t) half_life, &f) != m || f != e + 1;
			/* and no day weighs less than the day before */
			if (half_life > 1)
			{
				uint64_t	next = decay_mantissa(days + 1, (int32_t) half_life, &f);

				unruly += f < e || (f == e && next <= m);
			}
		}
	CHECK(wrong == 0, "weights are those of exp2");
	CHECK(unruly == 0, "a half-life later the weight is double, and weights rise day by day");
	CHECK(decay_mantissa(0, 180, &e) == UINT64_C(1) << 62 && e == 0, "the landmark weighs one");
	CHECK(decay_mantissa(90, 180, &e) == UINT64_C(6521908912666391106) && e == 0, "half a half-life weighs the square root of two");
	return unit_done();
}
