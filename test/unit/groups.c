/*
 * groups.c: groups against a naive relabelling, on random pairs with and without facts that keep groups apart.
 */
#include "unit.h"
#include "mart/groups.h"

#define N 200

static uint64_t seed = 20260101;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (seed >> 33) % below;
}

int
main(void)
{
	uint32_t	parent[N];
	int64_t		fact[N];
	bool		has[N];
	Groups		g = {.parent = parent, .fact = fact, .has_fact = has, .n = N};
	int			wrong = 0,
				refused = 0;

	printf("# seed %llu\n", (unsigned long long) seed);
	for (int round = 0; round < 200; round++)
	{
		int			label[N];
		int64_t		known[N];
		int			facts = round % 3 == 0 ? 0 : 3;

		groups_init(&g);
		for (int i = 0; i < N; i++)
		{
			label[i] = i;
			known[i] = -1;
			if (facts && draw(4) == 0)
			{
				known[i] = draw(facts);
				has[i] = true;
				fact[i] = known[i];
			}
		}
		for (int p = 0; p < 150; p++)
		{
			uint32_t	a = draw(N),
						b = draw(N);
			int			la = label[a],
						lb = label[b],
						low = la < lb ? la : lb;
			int64_t		fa = -1,
						fb = -1;
			bool		join;

			for (int i = 0; i < N; i++)
			{
				if (label[i] == la && known[i] >= 0)
					fa = known[i];
				if (label[i] == lb && known[i] >= 0)
					fb = known[i];
			}
			join = la == lb || fa < 0 || fb < 0 || fa == fb;
			refused += !join;
			if (join)
				for (int i = 0; i < N; i++)
					if (label[i] == la || label[i] == lb)
						label[i] = low;
			wrong += groups_join(&g, a, b) != join;
		}
		/* labels are the smallest member, as roots are */
		for (int i = 0; i < N; i++)
			wrong += groups_root(&g, i) != (uint32_t) label[i];
	}
	CHECK(wrong == 0, "groups are those of a naive relabelling");
	CHECK(refused > 100, "facts kept groups apart %d times", refused);

	/* pairs to keep apart, against asking every pair */
	wrong = refused = 0;
	for (int round = 0; round < 50; round++)
	{
		static uint32_t parent[N], first[N], last[N], count[N];
		static int64_t fact[N];
		static bool has_fact[N];
		static Apart apart[2 * N];
		static uint32_t one[N], other[N];
		int			label[N];
		int			pairs = 1 + draw(N);
		Groups		g = {.parent = parent, .fact = fact, .has_fact = has_fact, .n = N, .apart = apart, .first = first, .last = last, .count = count};

		groups_init(&g);
		for (int i = 0; i < N; i++)
			label[i] = i;
		for (int i = 0; i < pairs; i++)
		{
			one[i] = draw(N);
			other[i] = draw(N);
			groups_keep_apart(&g, one[i], other[i]);
		}
		for (int k = 0; k < 2 * N; k++)
		{
			uint32_t	a = draw(N),
						b = draw(N);
			int			la = label[a],
						lb = label[b];
			bool		join = true;

			for (int i = 0; i < pairs && la != lb; i++)
				join &= !((label[one[i]] == la && label[other[i]] == lb) || (label[one[i]] == lb && label[other[i]] == la));
			refused += !join;
			if (join)
				for (int i = 0; i < N; i++)
					if (label[i] == la || label[i] == lb)
						label[i] = la < lb ? la : lb;
			wrong += groups_join(&g, a, b) != join;
		}
		for (int i = 0; i < N; i++)
			wrong += groups_root(&g, i) != (uint32_t) label[i];
	}
	CHECK(wrong == 0, "groups with pairs to keep apart are those of a naive relabelling");
	CHECK(refused > 100, "pairs kept groups apart %d times", refused);

	{
		int64_t		ids[] = {5, -3, 5, INT64_MAX, INT64_MIN, -3, 0};
		size_t		n = ids_sort_unique(ids, 7);

		CHECK(n == 5 && ids[0] == INT64_MIN && ids[1] == -3 && ids[2] == 0 && ids[3] == 5 && ids[4] == INT64_MAX, "ids are sorted without repeats");
		CHECK(ids_find(ids, n, 5) == 3 && ids_find(ids, n, INT64_MIN) == 0 && ids_find(ids, n, 4) == n, "ids are found");
		CHECK(ids_sort_unique(ids, 0) == 0 && ids_find(ids, 0, 1) == 0, "no ids");
	}
	return unit_done();
}
