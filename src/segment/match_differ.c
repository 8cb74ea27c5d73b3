/*
 * match_differ.c: of a row that changed, the lines of the index that the old and the new values select differently (match_index.h). A value that
 * moves between the same two bounds costs a search for its place; else the lines at what lies between are walked, not bitmaps compared.
 */
#include "segment/match_private.h"

static bool
same_values(const segment_given *a, const segment_given *b)
{
	return a->is_null == b->is_null && (a->is_null || (a->n == b->n && (a->n == 0 || memcmp(a->value, b->value, a->n * sizeof(uint32_t)) == 0)));
}

static void
toggle(Word *b, const Lines *l)
{
	const uint32_t *line = l->room ? l->line.many : l->line.few;

	for (uint32_t j = 0; j < l->n; j++)
		flip(b, line[j]);
}

/* the lines that a table tells apart; false when there are none, else in *between, of n words */
static bool
tell_apart(segment_index *ix, const Table *t, const segment_given *was, const segment_given *is, Word **between, size_t n)
{
	uint32_t	low = 0,
				high = 0;
	const Value *v[2] = {NULL, NULL};
	bool		whole = t->form == SEGMENT_ANY || t->form == SEGMENT_NONE || was->is_null || is->is_null;

	if (t->form == SEGMENT_RANGES ? was->is_null && is->is_null : same_values(was, is))
		return false;
	if (!whole && t->form == SEGMENT_RANGES)
	{
		low = segment_match_place(ix, t, was);
		high = segment_match_place(ix, t, is);
		if (low == high)
			return false;
		if (low > high)
		{
			uint32_t	x = low;

			low = high;
			high = x;
		}
	}
	else if (!whole)
	{
		v[0] = was->n ? value_of(t, was->value[0]) : NULL;
		v[1] = is->n ? value_of(t, is->value[0]) : NULL;
		if ((!v[0] || !v[0]->lines.n) && (!v[1] || !v[1]->lines.n))
			return false;
	}
	if (!*between)
		*between = ix->alloc(ix->context, NULL, n * sizeof(Word));
	if (whole)
	{
		const Word *bits = segment_match_bits(ix, t, was, ix->work2, n);

		memcpy(*between, bits, n * sizeof(Word));
		bits = segment_match_bits(ix, t, is, ix->work2, n);
		for (size_t i = 0; i < n; i += WIDE)
			*(Wide *) (*between + i) ^= *(const Wide *) (bits + i);
		return true;
	}
	memset(*between, 0, n * sizeof(Word));
	for (; low < high; low++)
		toggle(*between, &t->bound[low].flips);
	for (int i = 0; i < 2; i++)
		if (v[i])
			toggle(*between, &v[i]->lines);
	return true;
}

bool
segment_index_differ(segment_index *ix, const segment_given *was, const segment_given *is, const uint8_t *changed)
{
	size_t		n = ((ix->lines + 63) / 64 + WIDE - 1) / WIDE * WIDE;
	Word	   *differ = ix->work,
			   *between = NULL,
				any = 0;

	for (int a = 0; a < ix->attributes; a++)
		for (int t = 0; changed[a] && t < ix->attribute[a].tables; t++)
		{
			bool		first = !between;

			if (!ix->attribute[a].table[t].lines || !tell_apart(ix, &ix->attribute[a].table[t], &was[a], &is[a], &between, n))
				continue;
			if (first)
				memcpy(differ, between, n * sizeof(Word));
			else
				or_into(differ, between, n);
		}
	if (!between)
		return false;
	release(ix, between);
	for (size_t i = 0; i < n; i++)
		any |= differ[i] &= ix->live[i];
	return any != 0;
}

bool
segment_index_differ_still(segment_index *ix, const segment_given *row, const uint8_t *known)
{
	size_t		n = ((ix->lines + 63) / 64 + WIDE - 1) / WIDE * WIDE;
	Word		any = 0;

	for (int a = 0; a < ix->attributes; a++)
		for (int t = 0; known[a] && t < ix->attribute[a].tables; t++)
			if (ix->attribute[a].table[t].slot < 0 && ix->attribute[a].table[t].lines)
				and_not_into(ix->work, segment_match_bits(ix, &ix->attribute[a].table[t], &row[a], ix->work2, n), n);
	for (size_t i = 0; i < n; i++)
		any |= ix->work[i];
	return any != 0;
}
