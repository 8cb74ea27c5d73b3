/*
 * match_name.c: the attributes of the index over predicates (match_index.c), and the texts that are values of each: numbered from 1 in the order in
 * which they come, found by a hash.
 */
#include "segment/match_private.h"

int
segment_index_attributes(const segment_index *ix)
{
	return ix->attributes;
}

segment_attribute_form
segment_index_attribute_form(const segment_index *ix, int attribute)
{
	return ix->attribute[attribute].form;
}

int
segment_index_attribute(segment_index *ix, segment_attribute_form form)
{
	if (ix->attributes == ix->attribute_room)
	{
		ix->attribute_room = ix->attribute_room ? ix->attribute_room * 2 : 16;
		ix->attribute = resize(ix, ix->attribute, (size_t) ix->attributes * sizeof(Attribute), (size_t) ix->attribute_room * sizeof(Attribute));
	}
	memset(&ix->attribute[ix->attributes], 0, sizeof(Attribute));
	ix->attribute[ix->attributes].form = form;
	return ix->attributes++;
}

static uint32_t
hash_bytes(const char *data, size_t len)
{
	/* FNV-1a with a last mix; names are the owner's own words, not an attacker's */
	uint64_t	h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char) data[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t) (h >> 32);
}

uint32_t
segment_index_value(segment_index *ix, int attribute, const char *data, size_t len, bool add)
{
	Attribute  *a = &ix->attribute[attribute];
	uint32_t	hash = hash_bytes(data, len),
				at,
				end;

	if (a->named + a->named / 3 >= a->slots && add)
	{
		uint32_t	slots = a->slots ? a->slots * 2 : 16;

		release(ix, a->slot);
		a->slot = get(ix, slots * sizeof(uint32_t));
		a->slots = slots;
		for (uint32_t i = 0; i < a->named; i++)
		{
			at = a->name_hash[i] & (slots - 1);
			while (a->slot[at])
				at = (at + 1) & (slots - 1);
			a->slot[at] = i + 1;
		}
	}
	if (!a->slots)
		return 0;
	for (at = hash & (a->slots - 1); a->slot[at]; at = (at + 1) & (a->slots - 1))
	{
		uint32_t	i = a->slot[at] - 1,
					from = i ? a->name_end[i - 1] : 0;

		if (a->name_hash[i] == hash && a->name_end[i] - from == len && (len == 0 || memcmp(a->names + from, data, len) == 0))
			return i + 1;
	}
	if (!add)
		return 0;
	if (a->named == a->name_room)
	{
		a->name_room += a->name_room / 4 + 16;
		a->name_end = resize(ix, a->name_end, a->named * sizeof(uint32_t), a->name_room * sizeof(uint32_t));
		a->name_hash = resize(ix, a->name_hash, a->named * sizeof(uint32_t), a->name_room * sizeof(uint32_t));
	}
	end = a->named ? a->name_end[a->named - 1] : 0;
	if (end + len > a->names_room)
	{
		a->names_room = (uint32_t) (end + len + a->names_room / 4 + 64);
		a->names = resize(ix, a->names, end, a->names_room);
	}
	if (len)
		memcpy(a->names + end, data, len);
	a->name_end[a->named] = (uint32_t) (end + len);
	a->name_hash[a->named] = hash;
	a->slot[at] = ++a->named;
	return a->named;
}

uint32_t
segment_index_values(const segment_index *ix, int attribute)
{
	return ix->attribute[attribute].named;
}

const char *
segment_index_value_name(const segment_index *ix, int attribute, uint32_t number, size_t *len)
{
	const Attribute *a = &ix->attribute[attribute];
	uint32_t	from = number > 1 ? a->name_end[number - 2] : 0;

	*len = a->name_end[number - 1] - from;
	return a->names + from;
}
