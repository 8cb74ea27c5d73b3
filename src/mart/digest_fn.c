/*
 * digest_fn.c: suppression_digest(key, value): HMAC-like digest of an address, SHA-256 within SHA-256, each under its half of the key. In C, for the key
 * comes from a query, and a function in SQL whose argument is a query is planned anew for each address.
 */
#include "compat.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "mart/digest.h"

PG_FUNCTION_INFO_V1(crmseg_suppression_digest);

#define HALF 64					/* bytes of the inner key; what is behind them is the outer one */

static void
sha256(pg_cryptohash_ctx *c, const void *head, size_t head_size, const void *body, size_t body_size, uint8 *digest)
{
	if (pg_cryptohash_init(c) < 0 || pg_cryptohash_update(c, head, head_size) < 0 || pg_cryptohash_update(c, body, body_size) < 0 ||
		pg_cryptohash_final(c, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a digest: %s", pg_cryptohash_error(c));
}

bytea *
suppression_digest(const bytea *key, const text *value)
{
	size_t		size = VARSIZE_ANY_EXHDR(key),
				half = Min(size, HALF);
	const char *bytes = VARDATA_ANY(value);
	int			length = VARSIZE_ANY_EXHDR(value);
	char	   *utf8 = pg_server_to_any(bytes, length, PG_UTF8);
	bytea	   *digest = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	uint8		inner[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *c = pg_cryptohash_create(PG_SHA256);

	if (c == NULL)
		elog(ERROR, "could not compute a digest: %s", pg_cryptohash_error(c));
	if (utf8 != bytes)
		length = (int) strlen(utf8);
	sha256(c, VARDATA_ANY(key), half, utf8, length, inner);
	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	sha256(c, VARDATA_ANY(key) + half, size - half, inner, sizeof inner, (uint8 *) VARDATA(digest));
	pg_cryptohash_free(c);
	return digest;
}

Datum
crmseg_suppression_digest(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(suppression_digest(PG_GETARG_BYTEA_PP(0), PG_GETARG_TEXT_PP(1)));
}
