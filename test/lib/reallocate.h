/*
 * reallocate.h: the allocator that a core is given by its unit tests and fuzz targets: malloc's, where a size of 0 gives the block back.
 */
#ifndef CRMSEG_REALLOCATE_H
#define CRMSEG_REALLOCATE_H

#include <stdlib.h>

static inline void *
reallocate(void *context, void *old, size_t size)
{
	(void) context;
	if (!size)
	{
		free(old);
		return NULL;
	}
	return realloc(old, size);
}

#endif
