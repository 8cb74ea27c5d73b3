/*
 * digest.h: the digest by which suppressed addresses are known.
 */
#ifndef CRMSEG_MART_DIGEST_H
#define CRMSEG_MART_DIGEST_H

#include "postgres.h"

/* Both may have short headers and are not toasted. */
extern bytea *suppression_digest(const bytea *key, const text *value);

#endif
