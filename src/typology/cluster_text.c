/*
 * cluster_text.c: a cluster model as text, 'kmeans(centres={{1,2},{3,4}}, sizes={10,20}, ...)': the centres, then what the fit says of
 * itself, all as name=value. The parser takes the parts in any order and is strict about everything else; the printer writes what it reads.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "typology/typology.h"

#define MAX_NUMBERS 1000000

/* ---------- rules ---------- */

/* all known (1), all unknown (0), or neither (-1) */
static int
known(const double *v, size_t n)
{
	size_t		unknown = 0;

	for (size_t i = 0; i < n; i++)
		unknown += isnan(v[i]) != 0;
	return unknown == 0 ? 1 : unknown == n ? 0 : -1;
}

/* the only NaN is the usual one, and zero has no sign: equal models are equal bytes */
static bool
canonical(double v)
{
	double		unknown = NAN;

	return isnan(v) ? memcmp(&v, &unknown, sizeof(v)) == 0 : v != 0 || !signbit(v);
}

static bool
not_negative(double v)
{
	return canonical(v) && (isnan(v) || (v >= 0 && v <= DBL_MAX));
}

const char *
cluster_model_check(const cluster_model *m)
{
	if (m->k < 1 || m->k > CLUSTER_MAX_K || m->d < 1 || m->d > CLUSTER_MAX_FEATURES || (size_t) m->k * m->d > MAX_NUMBERS)
		return "There are from 1 to 1000 centres of 1 to 1000 features each.";
	for (size_t i = 0; i < (size_t) m->k * m->d; i++)
		if (!(fabs(m->number[i]) <= CLUSTER_MAX_VALUE) || !canonical(m->number[i]))
			return "Each feature of a centre is a number from -1e140 to 1e140.";
	for (int j = 0; j < m->d; j++)
		if (!canonical(CLUSTER_MEAN(m)[j]) || fabs(CLUSTER_MEAN(m)[j]) > CLUSTER_MAX_VALUE || !not_negative(CLUSTER_DEVIATION(m)[j]))
			return "A mean is a number from -1e140 to 1e140, a deviation is not below zero.";
	for (int c = 0; c < m->k; c++)
		if (!not_negative(CLUSTER_SIZE(m)[c]) || !not_negative(CLUSTER_WITHIN(m)[c]))
			return "A size and the sum of squares of a cluster are not below zero.";
	if (known(CLUSTER_MEAN(m), m->d) < 0 || known(CLUSTER_DEVIATION(m), m->d) < 0 || known(CLUSTER_SIZE(m), m->k) < 0 || known(CLUSTER_WITHIN(m), m->k) < 0)
		return "Means, deviations, sizes and sums of squares are all known or all unknown.";
	if (m->standardised != 0 && m->standardised != 1)
		return "Features are standardised or not.";
	if (m->standardised && known(CLUSTER_DEVIATION(m), m->d) != 1)
		return "A model of standardised features says their deviations.";
	if (!not_negative(m->rows) || !not_negative(m->ignored) || !not_negative(m->inertia) || !not_negative(m->total))
		return "Rows and sums of squares are not below zero.";
	if (!canonical(m->silhouette) || fabs(m->silhouette) > 1)
		return "A silhouette is from -1 to 1.";
	if (m->iterations < 0 || m->status < 0 || m->status >= CLUSTER_STATUS_ALL)
		return "There is no such status.";
	return NULL;
}

/* ---------- writing ---------- */

static size_t
print_number(char *out, double v)
{
	for (int digits = 15; digits < 17; digits++)
	{
		int			n = snprintf(out, 32, "%.*g", digits, v);

		if (strtod(out, NULL) == v)
			return n;
	}
	return snprintf(out, 32, "%.17g", v);
}

static size_t
print_array(char *out, const double *v, size_t n)
{
	char	   *p = out;

	for (size_t i = 0; i < n; i++)
	{
		*p++ = i == 0 ? '{' : ',';
		p += print_number(p, v[i]);
	}
	*p++ = '}';
	return p - out;
}

size_t
cluster_text_room(const cluster_model *m)
{
	return (CLUSTER_NUMBERS(m->k, m->d) + 16) * 28 + 512;
}

size_t
cluster_text_print(const cluster_model *m, char *out)
{
	char	   *p = out + sprintf(out, "kmeans(centres={");
	const struct
	{
		const char *name;
		const double *v;
		size_t		n;
	}			array[] = {{"sizes", CLUSTER_SIZE(m), m->k}, {"within", CLUSTER_WITHIN(m), m->k}, {"mean", CLUSTER_MEAN(m), m->d}, {"deviation", CLUSTER_DEVIATION(m), m->d}};
	const struct
	{
		const char *name;
		double		v;
	}			number[] = {{"rows", m->rows}, {"ignored", m->ignored}, {"inertia", m->inertia}, {"total", m->total}, {"silhouette", m->silhouette}};

	for (int c = 0; c < m->k; c++)
	{
		if (c > 0)
			*p++ = ',';
		p += print_array(p, CLUSTER_CENTRE(m, c), m->d);
	}
	*p++ = '}';
	for (int i = 0; i < 4; i++)
		if (!isnan(array[i].v[0]))
		{
			p += sprintf(p, ", %s=", array[i].name);
			p += print_array(p, array[i].v, array[i].n);
		}
	if (m->standardised)
		p += sprintf(p, ", standardised=true");
	for (int i = 0; i < 5; i++)
		if (!isnan(number[i].v))
		{
			p += sprintf(p, ", %s=", number[i].name);
			p += print_number(p, number[i].v);
		}
	if (m->seed != 0)
		p += sprintf(p, ", seed=%lld", (long long) m->seed);
	if (m->iterations != 0)
		p += sprintf(p, ", iterations=%lld", (long long) m->iterations);
	if (m->status != 0)
		p += sprintf(p, ", status=%s", m->status == CLUSTER_CONVERGED ? "converged" : "not_converged");
	*p++ = ')';
	*p = '\0';
	return p - out;
}

/* ---------- reading ---------- */

typedef struct reader
{
	const char *at,
			   *end;
} reader;

static void
skip_space(reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool
take(reader *r, char c)
{
	skip_space(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* a word of at most 31 small letters and underscores */
static bool
take_word(reader *r, char *word)
{
	int			n = 0;

	skip_space(r);
	for (; r->at < r->end && n < 31 && ((*r->at >= 'a' && *r->at <= 'z') || *r->at == '_'); r->at++)
		word[n++] = *r->at;
	word[n] = '\0';
	return n > 0;
}

static bool
take_number(reader *r, double *v)
{
	char		copy[64],
			   *rest;
	int			n = 0;

	skip_space(r);
	for (; r->at + n < r->end && n < 63 && r->at[n] != '\0' && strchr("0123456789.eE+-", r->at[n]) != NULL; n++)
		copy[n] = r->at[n];
	copy[n] = '\0';
	*v = strtod(copy, &rest) + 0.0;
	if (n == 0 || *rest != '\0' || !isfinite(*v))
		return false;
	r->at += n;
	return true;
}

static bool
take_whole(reader *r, int64_t *v)
{
	uint64_t	sum = 0,
				most;
	bool		minus;
	int			n = 0;

	skip_space(r);
	minus = r->at < r->end && *r->at == '-';
	r->at += minus;
	most = (uint64_t) INT64_MAX + minus;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, n++)
	{
		uint64_t	digit = *r->at - '0';

		if (sum > (most - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*v = minus ? (int64_t) (0 - sum) : (int64_t) sum;
	return n > 0;
}

/* {1,2,3}; out may be NULL: only counted. *n is how many there may be, and becomes how many there are */
static bool
take_array(reader *r, double *out, size_t *n)
{
	size_t		most = *n;

	*n = 0;
	if (!take(r, '{'))
		return false;
	do
	{
		double		v;

		if (*n == most || !take_number(r, &v))
			return false;
		if (out != NULL)
			out[*n] = v;
		++*n;
	} while (take(r, ','));
	return take(r, '}');
}

#define PARTS 13
static const char *const part_name[PARTS] = {"centres", "sizes", "within", "mean", "deviation", "rows", "ignored", "inertia", "total", "silhouette", "seed", "iterations", "status"};

/* both passes: without m the numbers are counted, with it they are kept */
static const char *
read_model(const char *text, size_t length, int *k, int *d, cluster_model *m, size_t *position)
{
	reader		r = {text, text + length};
	unsigned	seen = 0;
	bool		standard_seen = false;
	char		word[32];
	const char *wrong = NULL;

#define WRONG(t) do { wrong = (t); goto done; } while (0)
	if (!take_word(&r, word) || strcmp(word, "kmeans") != 0)
		WRONG("A cluster model begins with kmeans.");
	if (!take(&r, '('))
		WRONG("An opening parenthesis is missing.");
	do
	{
		int			part = 0;
		size_t		n = MAX_NUMBERS;

		if (!take_word(&r, word) || !take(&r, '='))
			WRONG("Each part is name=value.");
		if (strcmp(word, "standardised") == 0)
		{
			if (standard_seen)
				WRONG("A part is there twice.");
			standard_seen = true;
			if (!take_word(&r, word) || (strcmp(word, "true") != 0 && strcmp(word, "false") != 0))
				WRONG("standardised is true or false.");
			if (m != NULL)
				m->standardised = word[0] == 't';
			continue;
		}
		while (part < PARTS && strcmp(word, part_name[part]) != 0)
			part++;
		if (part == PARTS)
			WRONG("There is no part of this name.");
		if (seen & 1u << part)
			WRONG("A part is there twice.");
		seen |= 1u << part;
		if (part == 0)
		{
			int			rows = 0;

			if (!take(&r, '{'))
				WRONG("Centres are written {{1,2},{3,4}}.");
			do
			{
				n = CLUSTER_MAX_FEATURES;
				if (rows == CLUSTER_MAX_K || !take_array(&r, m != NULL ? m->number + (size_t) rows * m->d : NULL, &n))
					WRONG("Centres are written {{1,2},{3,4}}, at most 1000 of at most 1000 features.");
				if (rows > 0 && n != (size_t) *d)
					WRONG("All centres have the same number of features.");
				*d = (int) n;
				rows++;
			} while (take(&r, ','));
			*k = rows;
			if (!take(&r, '}'))
				WRONG("A closing brace is missing.");
		}
		else if (part < 5)
		{
			double	   *to = m == NULL ? NULL : part == 1 ? CLUSTER_SIZE(m) : part == 2 ? CLUSTER_WITHIN(m) : part == 3 ? CLUSTER_MEAN(m) : CLUSTER_DEVIATION(m);
			size_t		want = m == NULL ? MAX_NUMBERS : part < 3 ? (size_t) m->k : (size_t) m->d;

			n = want;
			if (!take_array(&r, to, &n) || (m != NULL && n != want))
				WRONG(part < 3 ? "There is one number for each centre, as in {1,2}." : "There is one number for each feature, as in {1,2}.");
		}
		else if (part < 10)
		{
			double		v;

			if (!take_number(&r, &v))
				WRONG("A number is expected.");
			if (m != NULL)
				*(part == 5 ? &m->rows : part == 6 ? &m->ignored : part == 7 ? &m->inertia : part == 8 ? &m->total : &m->silhouette) = v;
		}
		else if (part < 12)
		{
			int64_t		v;

			if (!take_whole(&r, &v))
				WRONG("A whole number is expected.");
			if (m != NULL)
				*(part == 10 ? &m->seed : &m->iterations) = v;
		}
		else
		{
			if (!take_word(&r, word) || (strcmp(word, "converged") != 0 && strcmp(word, "not_converged") != 0 && strcmp(word, "given") != 0))
				WRONG("The status is converged, not_converged or given.");
			if (m != NULL)
				m->status = word[0] == 'c' ? CLUSTER_CONVERGED : word[0] == 'n' ? CLUSTER_NOT_CONVERGED : 0;
		}
	} while (take(&r, ','));
	if (!take(&r, ')'))
		WRONG("A comma or the closing parenthesis is missing.");
	skip_space(&r);
	if (r.at != r.end)
		WRONG("Something follows the closing parenthesis.");
	if (!(seen & 1))
		WRONG("The centres are missing: kmeans(centres={{1,2},{3,4}}).");
done:
	*position = r.at - text;
	return wrong;
}

const char *
cluster_text_shape(const char *text, size_t length, int *k, int *d, size_t *position)
{
	*k = *d = 0;
	return read_model(text, length, k, d, NULL, position);
}

/* m->k and m->d as the first pass found them, m->number with room for all */
const char *
cluster_text_parse(const char *text, size_t length, cluster_model *m, size_t *position)
{
	int			k = m->k,
				d = m->d;
	const char *wrong;

	m->status = m->standardised = 0;
	m->seed = m->iterations = 0;
	m->rows = m->ignored = m->inertia = m->total = m->silhouette = NAN;
	for (size_t i = 0; i < CLUSTER_NUMBERS(k, d); i++)
		m->number[i] = NAN;
	wrong = read_model(text, length, &k, &d, m, position);
	return wrong != NULL ? wrong : cluster_model_check(m);
}
