/*
 * draw.c: chance and calendar of the demo. demo_u() is splitmix64 over key, salt and seed: the same on every platform and server.
 */
#include "demo/demo.h"

#include <string.h>

static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

double
demo_u(int64_t key, int32_t salt, int64_t seed)
{
	uint64_t	h = mix((uint64_t) key ^ mix((uint64_t) salt ^ mix((uint64_t) seed)));

	return (double) (h >> 11) / 9007199254740992.0;
}

const demo_list *
demo_find(const char *kind, size_t len)
{
	for (int i = 0; i < demo_list_count; i++)
		if (strlen(demo_lists[i].kind) == len && memcmp(demo_lists[i].kind, kind, len) == 0)
			return &demo_lists[i];
	return NULL;
}

double
demo_season(int month, int day)
{
	int			d = month * 100 + day;

	if (d >= 1125 && d <= 1224)
		return 3.2;				/* before Christmas */
	if (d >= 108 && d <= 121)
		return 2.2;				/* winter sales */
	if (d >= 626 && d <= 710)
		return 2.0;				/* summer sales */
	if (month == 8)
		return 0.6;				/* everybody is at the sea */
	return 1.0;
}
