/*
 * decay.c: powers of two with a fraction for an exponent, in fixed point: the fraction's bits choose among 2^(1/2), 2^(1/4), ...
 */
#include "mart/decay.h"

/* 2^(2^-k) for k = 1, 2, ... with 62 bits after the point, rounded */
static const uint64_t root_of_two[] = {
	0x5a827999fcef3242ULL, 0x4c1bf828c6dc54b8ULL, 0x45cae0f1f545eb73ULL, 0x42d561b3e6243d8aULL, 0x4166c34c5615d0ecULL, 0x40b268f9de0183baULL,
	0x4058f6a7ecccd5b6ULL, 0x402c6be96af2fb58ULL, 0x4016321b687027a8ULL, 0x400b18178ba33b14ULL, 0x40058bce410147e8ULL, 0x4002c5d7bff71dafULL,
	0x400162e807ee7e5bULL, 0x4000b1730df6a524ULL, 0x400058b9497b8152ULL, 0x40002c5c955dd701ULL, 0x4000162e46d6f26cULL, 0x40000b1722757b1bULL,
	0x4000058b90fd3e0cULL, 0x400002c5c86f3f26ULL, 0x40000162e433c79bULL, 0x400000b17218edd0ULL, 0x40000058b90c3968ULL, 0x4000002c5c860d54ULL,
	0x400000162e4302d2ULL, 0x4000000b17218073ULL, 0x400000058b90bffcULL, 0x40000002c5c85fefULL, 0x4000000162e42ff3ULL, 0x40000000b17217f9ULL,
	0x4000000058b90bfcULL, 0x400000002c5c85feULL, 0x40000000162e42ffULL, 0x400000000b17217fULL, 0x40000000058b90c0ULL, 0x4000000002c5c860ULL,
	0x400000000162e430ULL, 0x4000000000b17218ULL, 0x400000000058b90cULL, 0x40000000002c5c86ULL, 0x4000000000162e43ULL, 0x40000000000b1721ULL,
	0x4000000000058b91ULL, 0x400000000002c5c8ULL, 0x40000000000162e4ULL, 0x400000000000b172ULL, 0x40000000000058b9ULL, 0x4000000000002c5dULL,
};

uint64_t
decay_mantissa(int64_t days, int32_t half_life, int64_t *exponent)
{
	int64_t		q = days / half_life;
	int64_t		r = days % half_life;
	uint64_t	m = UINT64_C(1) << 62;

	if (r < 0)
	{
		r += half_life;
		q--;
	}
	for (int k = 0; r != 0 && k < (int) (sizeof root_of_two / sizeof root_of_two[0]); k++)
	{
		r *= 2;
		if (r >= half_life)
		{
			r -= half_life;
			m = (uint64_t) (((unsigned __int128) m * root_of_two[k]) >> 62);
		}
	}
	*exponent = q;
	return m;
}
