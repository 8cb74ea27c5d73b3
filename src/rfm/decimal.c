/*
 * decimal.c: reads the stored digits of a numeric as an int64 at a scale, without the server's arithmetic: most amounts have two
 * decimals and fit. The layout is that of the server's numeric since 9.1 (utils/adt/numeric.c, "short" and "long" headers), which
 * pg_upgrade keeps: a 16-bit header, for the long form a 16-bit weight, then base-10000 digits, all in native byte order.
 */
#include <string.h>

#include "rfm/rfm.h"

static const int64_t power10[RFM_SCALE_MAX + 1] = {
	INT64_C(1), INT64_C(10), INT64_C(100), INT64_C(1000), INT64_C(10000), INT64_C(100000), INT64_C(1000000), INT64_C(10000000),
	INT64_C(100000000), INT64_C(1000000000), INT64_C(10000000000), INT64_C(100000000000), INT64_C(1000000000000),
	INT64_C(10000000000000), INT64_C(100000000000000), INT64_C(1000000000000000), INT64_C(10000000000000000),
	INT64_C(100000000000000000), INT64_C(1000000000000000000)
};

/* value at scale `from` becomes value at scale `to` >= from; false, and nothing changed, when it does not fit */
bool
rfm_rescale(int64_t *value, int from, int to)
{
	int64_t		v;

	if (to == from || *value == 0)
		return to <= RFM_SCALE_MAX;
	if (to > RFM_SCALE_MAX || __builtin_mul_overflow(*value, power10[to - from], &v))
		return false;
	*value = v;
	return true;
}

/* a value of that scale by the years in a span of microseconds, at least one, rounded half away from 0; false when it does not fit */
bool
rfm_yearly(int64_t value, int scale, int64_t span, int64_t *yearly)
{
	__int128	n,
				q;

	if (scale > RFM_YEARLY_SCALE)
		return false;
	n = (__int128) value * power10[RFM_YEARLY_SCALE - scale];
	q = n;
	if (span > RFM_YEAR)
	{
		if (__builtin_mul_overflow(n, (__int128) RFM_YEAR, &n))
			return false;
		q = n / span;
		n -= q * span;
		if ((n < 0 ? -n : n) * 2 >= span)
			q += value < 0 ? -1 : 1;
	}
	if (q > INT64_MAX || q < -INT64_MAX)
		return false;
	*yearly = (int64_t) q;
	return true;
}

/* RFM_OK, RFM_NAN for NaN and infinities, RFM_WIDE when it does not fit (then *scale is set and *value is not), RFM_BAD when malformed */
rfm_status
rfm_decode_numeric(const unsigned char *payload, size_t len, int64_t *value, int *scale)
{
	uint16_t	header;
	int			weight,
				dscale,
				digits;
	bool		negative;
	int64_t		v = 0;

	if (len < 2)
		return RFM_BAD;
	memcpy(&header, payload, 2);
	if ((header & 0xC000) == 0xC000)
		return RFM_NAN;
	if (header & 0x8000)
	{
		negative = (header & 0x2000) != 0;
		dscale = (header & 0x1F80) >> 7;
		weight = (header & 0x0040) ? (int) (header & 0x003F) - 64 : (int) (header & 0x003F);
		payload += 2, len -= 2;
	}
	else
	{
		int16_t		w;

		if (len < 4)
			return RFM_BAD;
		memcpy(&w, payload + 2, 2);
		negative = (header & 0xC000) == 0x4000;
		dscale = header & 0x3FFF;
		weight = w;
		payload += 4, len -= 4;
	}
	digits = (int) (len / 2);
	*scale = dscale;
	if (dscale > RFM_SCALE_MAX)
		return RFM_WIDE;
	if (digits > 0 && weight >= 0)
	{
		if (weight > 4)
			return RFM_WIDE;
		for (int i = 0; i <= weight; i++)
		{
			int16_t		d = 0;

			if (i < digits)
				memcpy(&d, payload + 2 * i, 2);
			if (__builtin_mul_overflow(v, INT64_C(10000), &v) || __builtin_add_overflow(v, (int64_t) d, &v))
				return RFM_WIDE;
		}
	}
	/* the decimals, four at a time; digits beyond the display scale do not occur */
	for (int done = 0, i = weight + 1; digits > 0 && done < dscale; done += 4, i++)
	{
		int			take = dscale - done < 4 ? dscale - done : 4;
		int16_t		d = 0;

		if (i >= 0 && i < digits)
			memcpy(&d, payload + 2 * i, 2);
		for (int k = take; k < 4; k++)
			d /= 10;
		if (__builtin_mul_overflow(v, power10[take], &v) || __builtin_add_overflow(v, (int64_t) d, &v))
			return RFM_WIDE;
	}
	*value = negative ? -v : v;
	return RFM_OK;
}

/* The short form: value has at most 19 digits and scale at most 18, so weight and scale fit its header. */
size_t
rfm_encode_numeric(unsigned char *out, int64_t value, int scale)
{
	bool		negative = value < 0;
	uint64_t	v = negative ? 0 - (uint64_t) value : (uint64_t) value,
				whole = v / (uint64_t) power10[scale],
				part = v % (uint64_t) power10[scale];
	int16_t		digit[12];
	int			groups = (scale + 3) / 4,
				lo = 12,
				hi = 12,
				weight;
	uint16_t	header;

	/* four digits at a time from the right; the last group of decimals is filled up with zeros */
	for (int i = 0; i < groups; i++)
	{
		int			take = i == 0 && scale % 4 ? scale % 4 : 4;

		digit[--lo] = (int16_t) (part % (uint64_t) power10[take] * (uint64_t) power10[4 - take]);
		part /= (uint64_t) power10[take];
	}
	for (; whole > 0; whole /= 10000)
		digit[--lo] = (int16_t) (whole % 10000);
	weight = 12 - lo - groups - 1;
	for (; lo < hi && digit[lo] == 0; lo++)
		weight--;
	while (lo < hi && digit[hi - 1] == 0)
		hi--;
	if (lo == hi)
		weight = 0, negative = false;
	header = (uint16_t) (0x8000 | (negative ? 0x2000 : 0) | (scale << 7) | (weight & 0x7F));
	memcpy(out, &header, 2);
	memcpy(out + 2, digit + lo, sizeof(int16_t) * (size_t) (hi - lo));
	return 2 + sizeof(int16_t) * (size_t) (hi - lo);
}
