/*
 * summary.c: the purchases of one customer as a state that grows in place and merges: counts, exact sums, first and last instant, and
 * the set of days with a purchase, so that the days of two states can be united exactly. Adding and merging in any order give the
 * same state. Rows come from the aggregates in summary_fn.c, which also hold the arithmetic of amounts too wide for an int64.
 */
#include <string.h>

#include "rfm/rfm.h"

size_t
purchase_state_size(int32_t room)
{
	return offsetof(purchase_state, day) + sizeof(int32_t) * (size_t) room;
}

void
purchase_state_init(purchase_state *s, int32_t room)
{
	memset(s, 0, offsetof(purchase_state, day));
	s->version = PURCHASE_STATE_VERSION;
	s->room = room;
}

/* the UTC day of an instant */
int32_t
rfm_day_of(int64_t at)
{
	int64_t		day = at / RFM_USECS_PER_DAY;

	return (int32_t) (at % RFM_USECS_PER_DAY < 0 ? day - 1 : day);
}

int32_t
rfm_find_day(const int32_t *day, int32_t n, int32_t key, bool *found)
{
	int32_t		lo = 0,
				hi = n;

	if (n == 0 || day[n - 1] < key)	/* orders mostly come in the order of time */
		lo = hi;
	while (lo < hi)
	{
		int32_t		mid = lo + (hi - lo) / 2;

		if (day[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < n && day[lo] == key;
	return lo;
}

/* the four amounts of s at `scale`, into out; false when one does not fit */
static bool
amounts_at(const purchase_state *s, int scale, int64_t out[4])
{
	out[0] = s->gross, out[1] = s->returned, out[2] = s->largest, out[3] = s->first_day;
	for (int i = 0; i < 4; i++)
		if (!rfm_rescale(&out[i], s->scale, scale))
			return false;
	return true;
}

/* One order of `value` at `scale` on `day`. Anything but RFM_OK leaves s as it was. */
rfm_status
purchase_state_add(purchase_state *s, int64_t at, int32_t day, int64_t value, int scale)
{
	int64_t		sum[4];
	int			common = scale > s->scale ? scale : s->scale;
	int32_t		place;
	bool		found;

	if (!amounts_at(s, common, sum) || !rfm_rescale(&value, scale, common))
		return RFM_WIDE;
	if (value < 0)
	{
		if (__builtin_sub_overflow(sum[1], value, &sum[1]))
			return RFM_WIDE;
		if (s->returns == INT64_MAX)
			return RFM_LIMIT;
		s->returns++;
	}
	else
	{
		if (__builtin_add_overflow(sum[0], value, &sum[0]))
			return RFM_WIDE;
		if (s->purchases == INT64_MAX)
			return RFM_LIMIT;
		place = rfm_find_day(s->day, s->days, day, &found);
		if (!found && s->days == s->room)
			return s->days >= RFM_DAYS_MAX ? RFM_LIMIT : RFM_FULL;
		if (value > sum[2])
			sum[2] = value;
		if (place == 0)
			sum[3] = found ? sum[3] + value : value;
		if (!found)
		{
			memmove(s->day + place + 1, s->day + place, sizeof(int32_t) * (size_t) (s->days - place));
			s->day[place] = day;
			s->days++;
		}
		if (s->purchases == 0 || at < s->first_at)
			s->first_at = at;
		if (s->purchases == 0 || at > s->last_at)
			s->last_at = at;
		s->purchases++;
	}
	s->scale = (int16_t) common;
	s->gross = sum[0], s->returned = sum[1], s->largest = sum[2], s->first_day = sum[3];
	return RFM_OK;
}

int32_t
rfm_union_days(int32_t *out, const int32_t *a, int32_t na, const int32_t *b, int32_t nb)
{
	int32_t		i = 0,
				j = 0,
				n = 0;

	while (i < na || j < nb)
	{
		int32_t		d = j == nb || (i < na && a[i] <= b[j]) ? a[i] : b[j];

		i += i < na && a[i] == d;
		j += j < nb && b[j] == d;
		if (out)
			out[n] = d;
		n++;
	}
	return n;
}

rfm_status
purchase_state_merge(purchase_state *s, const purchase_state *other, int32_t *need)
{
	int64_t		sum[4],
				more[4],
				purchases,
				returns;
	int			common = s->scale > other->scale ? s->scale : other->scale;
	int32_t		n,
				i,
				j;

	if (!amounts_at(s, common, sum) || !amounts_at(other, common, more) ||
		__builtin_add_overflow(sum[0], more[0], &sum[0]) || __builtin_add_overflow(sum[1], more[1], &sum[1]))
		return RFM_WIDE;
	if (__builtin_add_overflow(s->purchases, other->purchases, &purchases) || __builtin_add_overflow(s->returns, other->returns, &returns))
		return RFM_LIMIT;
	n = rfm_union_days(NULL, s->day, s->days, other->day, other->days);
	*need = n;
	if (n > RFM_DAYS_MAX)
		return RFM_LIMIT;
	if (n > s->room)
		return RFM_FULL;
	if (other->purchases > 0)
	{
		if (s->purchases == 0)
		{
			sum[3] = more[3];
			s->first_at = other->first_at, s->last_at = other->last_at;
		}
		else
		{
			if (other->day[0] == s->day[0])
				sum[3] += more[3];
			else if (other->day[0] < s->day[0])
				sum[3] = more[3];
			if (other->first_at < s->first_at)
				s->first_at = other->first_at;
			if (other->last_at > s->last_at)
				s->last_at = other->last_at;
		}
		if (more[2] > sum[2])
			sum[2] = more[2];
	}
	/* unite from the end, in place: the place written is never before the place read */
	i = s->days - 1, j = other->days - 1;
	for (int32_t k = n - 1; j >= 0; k--)
	{
		if (i >= 0 && s->day[i] >= other->day[j])
		{
			j -= s->day[i] == other->day[j];
			s->day[k] = s->day[i--];
		}
		else
			s->day[k] = other->day[j--];
	}
	s->days = n;
	s->purchases = purchases, s->returns = returns;
	s->scale = (int16_t) common;
	s->gross = sum[0], s->returned = sum[1], s->largest = sum[2], s->first_day = sum[3];
	return RFM_OK;
}
