/*
 * Predicates from outside. The first byte says what: a text, whose canonical form must be a fixed point of text and bytes, or bytes,
 * which must be refused or be the very bytes of the tree they give.
 */
#include <stdlib.h>
#include <string.h>

#include "segment/segment.h"

#define ENSURE(c) do { if (!(c)) __builtin_trap(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* pieces in a chain, all freed at the end */
typedef struct piece
{
	struct piece *next;
	size_t		pad;
} piece;

static void *
take(void *context, size_t size)
{
	piece	  **head = context,
			   *p = malloc(sizeof(piece) + size);

	p->next = *head;
	*head = p;
	return p + 1;
}

static bool
utf8(const char *s, size_t n)
{
	/* the server has seen to it that a text is UTF-8; here letters stand for all of it */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char) s[i] >= 0x80 || s[i] == 0)
			return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	piece	   *head = NULL;
	segment_allocator memory = {take, &head};
	segment_error error;
	segment_node *n,
			   *m;
	size_t		len,
				bytes,
				again;
	char	   *copy,
			   *s;
	uint8_t    *b,
			   *c;

	if (size < 1)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
	{
		n = segment_decode_checked((uint8_t *) copy, size - 1, memory, &error);
		if (n)
		{
			b = segment_encode(n, memory, &bytes);
			ENSURE(bytes == size - 1 && memcmp(b, copy, bytes) == 0);
		}
		n = segment_decode((uint8_t *) copy, size - 1, memory);
		if (n)
			segment_print(n, memory, &len);
	}
	else if (utf8(copy, size - 1) && (n = segment_parse(copy, size - 1, memory, &error)) != NULL)
	{
		s = segment_print(n, memory, &len);
		b = segment_encode(n, memory, &bytes);
		m = segment_parse(s, len, memory, &error);
		ENSURE(m != NULL);
		c = segment_encode(m, memory, &again);
		ENSURE(again == bytes && memcmp(b, c, bytes) == 0);
		ENSURE(segment_decode_checked(b, bytes, memory, &error) != NULL);
	}
	free(copy);
	while (head)
	{
		piece	   *next = head->next;

		free(head);
		head = next;
	}
	return 0;
}
