/*
 * link_apart.c: clusters whose records have different dates are parted by them, for whom two dates are never one party: the date that most records
 * have keeps those without one, each other date is a cluster of its own. It follows from the cluster alone, whatever the order in which its records came.
 */
#include "match/link_private.h"

uint32_t
link_date_of(const link_engine *e, uint32_t row)
{
	const link_record *r = &e->record[row];

	return (r->flags & RECORD_DATE_OTHER) ? 0 : r->date;
}

/* cluster: of every row the least row of its cluster, before and after */
void
link_part_by_date(const link_engine *e, uint32_t *cluster)
{
	link_engine *w = (link_engine *) e;
	uint32_t	n = e->n;
	uint32_t   *end = link_zalloc(w, sizeof(uint32_t) * (n + 2)),
			   *member = link_alloc(w, sizeof(uint32_t) * (n + 1));

	for (uint32_t i = 0; i < n; i++)
		end[cluster[i] + 1]++;
	for (uint32_t i = 0; i < n; i++)
		end[i + 1] += end[i];
	for (uint32_t i = 0; i < n; i++)
		member[end[cluster[i]]++] = i;
	/* ends have moved on: the members of c are from end[c - 1] to end[c] now, in the order of rows */
	for (uint32_t c = 0, from = 0; c < n; from = end[c++])
	{
		uint32_t	to = end[c],
					main = 0,
					first_main = UINT32_MAX;
		int			most = 0;
		bool		differ = false;

		if ((c & 0xffff) == 0)
			link_look(w);
		for (uint32_t i = from; i < to; i++)
		{
			uint32_t	d = link_date_of(e, member[i]);

			if (d && main && d != main)
				differ = true;
			if (d && !main)
				main = d;
		}
		if (!differ)
			continue;
		/* of as many records each, the earlier date; a large cluster is counted by its first records */
		main = 0;
		for (uint32_t i = from; i < to && i < from + 1000; i++)
		{
			uint32_t	d = link_date_of(e, member[i]);
			int			k = 0;

			for (uint32_t j = from; d && j < to && j < from + 1000; j++)
				k += link_date_of(e, member[j]) == d;
			if (d && (k > most || (k == most && d < main)))
			{
				most = k;
				main = d;
			}
		}
		for (uint32_t i = from; i < to; i++)
		{
			uint32_t	d = link_date_of(e, member[i]),
						k;

			if (d == 0 || d == main)
			{
				if (first_main == UINT32_MAX)
					first_main = member[i];
				cluster[member[i]] = first_main;
				continue;
			}
			for (k = from; link_date_of(e, member[k]) != d; k++)
				;
			cluster[member[i]] = member[k];
		}
	}
	link_free(w, member, sizeof(uint32_t) * (n + 1));
	link_free(w, end, sizeof(uint32_t) * (n + 2));
}
