/*
 * arith.c: what conditions count with: anniversaries, distances on the earth, the places of parties in samples, the distance of names.
 */
#include <math.h>
#include <string.h>

#include "segment/segment.h"

/* days since 2000-01-01 and back, after Howard Hinnant's algorithms */
static int64_t
days_of(int64_t y, int m, int d)
{
	int64_t		era,
				yoe,
				doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 - 10957;
}

static void
civil_of(int64_t z, int64_t *y, int *m, int *d)
{
	int64_t		era,
				doe,
				yoe,
				doy,
				mp;

	z += 719468 + 10957;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int) (doy - (153 * mp + 2) / 5 + 1);
	*m = (int) (mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

static bool
leap(int64_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static int64_t
anniversary_in(int64_t year, int m, int d)
{
	return days_of(year, m, m == 2 && d == 29 && !leap(year) ? 28 : d);
}

int32_t
segment_next_anniversary(int32_t day, int32_t from)
{
	int64_t		y,
				fy;
	int			m,
				d,
				fm,
				fd;
	int64_t		year;

	civil_of(day, &y, &m, &d);
	civil_of(from, &fy, &fm, &fd);
	year = fy > y ? fy : y + 1;
	if (anniversary_in(year, m, d) < from)
		year++;
	return (int32_t) anniversary_in(year, m, d);
}

int32_t
segment_last_anniversary(int32_t day, int32_t upto, bool *any)
{
	int64_t		y,
				uy;
	int			m,
				d,
				um,
				ud;
	int64_t		year;

	civil_of(day, &y, &m, &d);
	civil_of(upto, &uy, &um, &ud);
	year = uy;
	if (anniversary_in(year, m, d) > upto)
		year--;
	*any = year > y;
	return (int32_t) anniversary_in(year, m, d);
}

double
segment_distance(double lat1, double lon1, double lat2, double lon2)
{
	const double degree = 3.14159265358979323846 / 180;
	double		dlat = (lat2 - lat1) * degree / 2,
				dlon = (lon2 - lon1) * degree / 2,
				a = sin(dlat) * sin(dlat) + cos(lat1 * degree) * cos(lat2 * degree) * sin(dlon) * sin(dlon);

	return 2 * 6371.0088 * asin(sqrt(a > 1 ? 1 : a));
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012) */
#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIPROUND \
	do { \
		v0 += v1; v1 = ROTL(v1, 13); v1 ^= v0; v0 = ROTL(v0, 32); v2 += v3; v3 = ROTL(v3, 16); v3 ^= v2; \
		v0 += v3; v3 = ROTL(v3, 21); v3 ^= v0; v2 += v1; v1 = ROTL(v1, 17); v1 ^= v2; v2 = ROTL(v2, 32); \
	} while (0)

static uint64_t
siphash(const char *s, size_t len, uint64_t k0, uint64_t k1)
{
	uint64_t	v0 = k0 ^ UINT64_C(0x736f6d6570736575),
				v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
				v2 = k0 ^ UINT64_C(0x6c7967656e657261),
				v3 = k1 ^ UINT64_C(0x7465646279746573);

	for (size_t i = 0; i <= len; i += 8)
	{
		uint64_t	word = 0;

		for (size_t b = 0; b < 8 && i + b < len; b++)
			word |= (uint64_t) (unsigned char) s[i + b] << (8 * b);
		if (i + 8 > len)
			word |= (uint64_t) (len & 0xff) << 56;
		v3 ^= word;
		SIPROUND;
		SIPROUND;
		v0 ^= word;
	}
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

uint32_t
segment_bucket(const char *key, size_t key_len, const char *seed, size_t seed_len)
{
	uint64_t	k0 = siphash(seed, seed_len, 0, 0),
				k1 = siphash(seed, seed_len, 1, 0);

	/* the high bits scaled down: no bucket is larger than another by more than one part in 2^44 */
	return (uint32_t) (((unsigned __int128) siphash(key, key_len, k0, k1) * SEGMENT_BUCKETS) >> 64);
}

/* optimal string alignment: insertion, deletion, change, swap of neighbours; three rows, ended early */
int
segment_name_distance(const char *a, size_t alen, const char *b, size_t blen, int at_most)
{
	int			row[3][SEGMENT_NAME_MAX + 2];
	int		   *before = row[0],
			   *last = row[1],
			   *now = row[2];

	if (alen > SEGMENT_NAME_MAX || blen > SEGMENT_NAME_MAX)
		return at_most + 1;
	for (size_t j = 0; j <= blen; j++)
		last[j] = (int) j;
	for (size_t i = 1; i <= alen; i++)
	{
		int			best = now[0] = (int) i,
				   *t;

		for (size_t j = 1; j <= blen; j++)
		{
			int			v = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < v)
				v = last[j] + 1;
			if (now[j - 1] + 1 < v)
				v = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < v)
				v = before[j - 2] + 1;
			now[j] = v;
			if (v < best)
				best = v;
		}
		if (best > at_most)
			return at_most + 1;
		t = before, before = last, last = now, now = t;
	}
	return last[blen];
}
