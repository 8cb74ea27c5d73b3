/*
 * model_text.c: a model as text, 'bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)', what the fit says of itself after the parameters,
 * all as name=value. The parser takes the parts in any order and is strict about everything else; the printer writes what it reads.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value/value.h"

static const struct
{
	const char *name;
	int			params;
	const char *param[VALUE_MAX_PARAMS];
	int			boundaries;		/* the bits of status that can hold */
}			family[] = {
	[VALUE_BG_NBD] = {"bg_nbd", 4, {"r", "alpha", "a", "b"}, 0x00fc},
	[VALUE_MBG_NBD] = {"mbg_nbd", 4, {"r", "alpha", "a", "b"}, 0x00fc},
	[VALUE_PARETO_NBD] = {"pareto_nbd", 4, {"r", "alpha", "s", "beta"}, 0x00fc},
	[VALUE_GAMMA_GAMMA] = {"gamma_gamma", 3, {"p", "q", "v"}, 0x0b00},
	[VALUE_BG_BB] = {"bg_bb", 4, {"alpha", "beta", "gamma", "delta"}, 0x04fc}
};
#define FAMILIES ((int) (sizeof(family) / sizeof(family[0])))

static const struct
{
	const char *name;
	int			bit;
}			finding[] = {
	{"converged", VALUE_CONVERGED},
	{"not_converged", VALUE_NOT_CONVERGED},
	{"no_repeats", VALUE_NO_REPEATS},
	{"no_dropout", VALUE_NO_DROPOUT},
	{"equal_rates", VALUE_EQUAL_RATES},
	{"equal_dropout", VALUE_EQUAL_DROPOUT},
	{"polarised_dropout", VALUE_POLARISED_DROPOUT},
	{"certain_dropout", VALUE_CERTAIN_DROPOUT},
	{"equal_amounts", VALUE_EQUAL_AMOUNTS},
	{"equal_customers", VALUE_EQUAL_CUSTOMERS},
	{"polarised_rates", VALUE_POLARISED_RATES},
	{"unbounded_amounts", VALUE_UNBOUNDED_AMOUNTS}
};
#define FINDINGS ((int) (sizeof(finding) / sizeof(finding[0])))

int
value_param_count(int kind)
{
	return kind > 0 && kind < FAMILIES ? family[kind].params : 0;
}

const char *
value_kind_name(int kind)
{
	return kind > 0 && kind < FAMILIES ? family[kind].name : NULL;
}

const char *
value_param_name(int kind, int i)
{
	return family[kind].param[i];
}

double
value_aic(const value_model *m)
{
	return 2 * value_param_count(m->kind) - 2 * m->log_likelihood;
}

void
value_model_clear(value_model *m, int kind)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	for (int i = 0; i < VALUE_MAX_PARAMS; i++)
	{
		m->param[i] = i < value_param_count(kind) ? NAN : 0;
		m->se[i] = NAN;
	}
	m->log_likelihood = m->nbd_aic = m->customers = m->ignored = m->unit = NAN;
}

/* one form for each model: the only NaN is the usual one, and zero has no sign */
static bool
is_canonical(const value_model *m)
{
	double		number[(sizeof(value_model) - offsetof(value_model, param)) / sizeof(double)],
				unknown = NAN;

	memcpy(number, (const char *) m + offsetof(value_model, param), sizeof(number));
	for (size_t i = 0; i < sizeof(number) / sizeof(double); i++)
		if (isnan(number[i]) ? memcmp(&number[i], &unknown, sizeof(double)) != 0 : number[i] == 0 && signbit(number[i]))
			return false;
	return true;
}

const char *
value_model_check(const value_model *m)
{
	int			n = value_param_count(m->kind);

	if (n == 0)
		return "There is no such family of models.";
	for (int i = 0; i < VALUE_MAX_PARAMS; i++)
	{
		/* a rate of purchase of zero and a dropout of zero are limits that a fit may reach */
		bool		zero = m->param[i] == 0 &&
			((m->kind <= VALUE_PARETO_NBD && (i == 0 || i == 2)) || (m->kind == VALUE_BG_BB && (i == 0 || i == 2)));

		if (i < n && !zero && !(m->param[i] >= 1e-50 && m->param[i] <= 1e50))
			return "Each parameter is a number from 1e-50 to 1e50 (r and the dropout's first may be zero).";
		if (i >= n && (m->param[i] != 0 || !isnan(m->se[i])))
			return "This family has fewer parameters.";
		if (!isnan(m->se[i]) && !(m->se[i] >= 0 && m->se[i] <= DBL_MAX))
			return "A standard error is not below zero.";
	}
	if ((m->status & ~(VALUE_CONVERGED | VALUE_NOT_CONVERGED | family[m->kind].boundaries)) != 0 ||
		((m->status & VALUE_CONVERGED) != 0 && m->status != VALUE_CONVERGED))
		return "This status does not go with this family.";
	if (isinf(m->log_likelihood) || isinf(m->nbd_aic))
		return "A log-likelihood is a finite number.";
	if (!isnan(m->nbd_aic) && m->kind > VALUE_PARETO_NBD)
		return "Only models with an NBD inside are compared with it.";
	if (!isnan(m->customers) && !(m->customers >= 0 && m->customers <= DBL_MAX))
		return "The number of customers is not below zero.";
	if (!isnan(m->ignored) && !(m->ignored > 0 && m->ignored <= DBL_MAX))
		return "The number of ignored customers is above zero.";
	if (!isnan(m->unit) && !(m->unit >= 1 && m->unit <= 1e18))
		return "The unit of time is from a microsecond to about 30000 years.";
	if (!is_canonical(m))
		return "A number is not in its one form.";
	return NULL;
}

/* the shortest decimals that read back as the same number */
static int
print_number(char *out, double v)
{
	for (int digits = 6; digits < 17; digits++)
	{
		int			n = snprintf(out, 32, "%.*g", digits, v);

		if (strtod(out, NULL) == v)
			return n;
	}
	return snprintf(out, 32, "%.17g", v);
}

int
value_status_print(int status, char *out)
{
	char	   *p = out;

	*p = '\0';
	if (status == 0)
		return sprintf(p, "given");
	for (int i = 0; i < FINDINGS; i++)
		if (status & finding[i].bit)
			p += sprintf(p, "%s%s", p > out ? "+" : "", finding[i].name);
	return (int) (p - out);
}

int
value_model_print(const value_model *m, char *out)
{
	char	   *p = out;
	int			n = value_param_count(m->kind);

#define TEXT(t) (p += sprintf(p, "%s", t))
#define NUMBER(name, v) do { if (!isnan(v)) { p += sprintf(p, ", %s=", name); p += print_number(p, v); } } while (0)
	p += sprintf(p, "%s(", family[m->kind].name);
	for (int i = 0; i < n; i++)
	{
		p += sprintf(p, "%s%s=", i ? ", " : "", family[m->kind].param[i]);
		p += print_number(p, m->param[i]);
	}
	for (int i = 0; i < n; i++)
	{
		char		name[16];

		snprintf(name, sizeof(name), "se_%s", family[m->kind].param[i]);
		NUMBER(name, m->se[i]);
	}
	NUMBER("log_likelihood", m->log_likelihood);
	NUMBER("aic", value_aic(m));
	NUMBER("nbd_aic", m->nbd_aic);
	NUMBER("customers", m->customers);
	NUMBER("ignored", m->ignored);
	if (!isnan(m->unit))
	{
		bool		days = fmod(m->unit, 864e8) == 0;

		TEXT(", unit=");
		p += print_number(p, days ? m->unit / 864e8 : m->unit / 1e6);
		TEXT(days ? " days" : " seconds");
	}
	if (m->status != 0)
	{
		TEXT(", status=");
		p += value_status_print(m->status, p);
		/* a model with more parameters than the data can pay for */
		if (m->nbd_aic < value_aic(m))
			TEXT(", prefer=nbd");
	}
	TEXT(")");
	return (int) (p - out);
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

/* a word of at most 31 small letters and underscores */
static bool
read_word(reader *r, char *word)
{
	int			n = 0;

	while (r->at < r->end && ((*r->at >= 'a' && *r->at <= 'z') || *r->at == '_') && n < 31)
		word[n++] = *r->at++;
	word[n] = '\0';
	return n > 0;
}

static bool
read_sign(reader *r, char sign)
{
	skip_space(r);
	if (r->at < r->end && *r->at == sign)
	{
		r->at++;
		return true;
	}
	return false;
}

/* decimal digits with sign, point and exponent: no hexadecimal, no infinity */
static bool
read_number(reader *r, double *v)
{
	char		copy[64];
	int			n = 0;
	char	   *stop;

	while (r->at + n < r->end && n < 63 && r->at[n] != '\0' && strchr("0123456789+-.eE", r->at[n]) != NULL)
	{
		copy[n] = r->at[n];
		n++;
	}
	copy[n] = '\0';
	if (n == 0)
		return false;
	*v = strtod(copy, &stop);
	if (stop != copy + n || !isfinite(*v))
		return false;
	if (*v == 0)
		*v = 0;
	r->at += n;
	return true;
}

static const struct
{
	const char *name;
	double		microseconds;
}			time_unit[] = {
	{"second", 1e6}, {"minute", 6e7}, {"hour", 36e8}, {"day", 864e8}, {"week", 6048e8}
};

static bool
read_unit(reader *r, double *unit)
{
	char		word[32];
	double		v;
	size_t		length;

	if (!read_number(r, &v))
		return false;
	skip_space(r);
	if (!read_word(r, word))
		return false;
	length = strlen(word);
	if (length > 1 && word[length - 1] == 's')
		word[length - 1] = '\0';
	for (int i = 0; i < 5; i++)
		if (strcmp(word, time_unit[i].name) == 0)
		{
			*unit = nearbyint(v * time_unit[i].microseconds);
			return true;
		}
	return false;
}

static bool
read_status(reader *r, int *status)
{
	do
	{
		char		word[32];
		int			i = 0;

		skip_space(r);
		if (!read_word(r, word))
			return false;
		while (i < FINDINGS && strcmp(word, finding[i].name) != 0)
			i++;
		if (i == FINDINGS || (*status & finding[i].bit))
			return false;
		*status |= finding[i].bit;
	} while (read_sign(r, '+'));
	return true;
}

/* NULL, or a sentence; *position is the byte where it went wrong */
const char *
value_model_parse(const char *text, size_t length, value_model *m, int *position)
{
	reader		r = {text, text + length};
	char		word[32];
	int			kind = 0,
				n;
	bool		aic = false,
				prefer = false;
	const char *wrong;

#define FAIL(sentence) do { *position = (int) (r.at - text); return sentence; } while (0)
	skip_space(&r);
	if (!read_word(&r, word))
		FAIL("A model begins with the name of its family.");
	for (int i = 1; i < FAMILIES; i++)
		if (strcmp(word, family[i].name) == 0)
			kind = i;
	if (kind == 0)
		FAIL("The families are bg_nbd, mbg_nbd, pareto_nbd, gamma_gamma and bg_bb.");
	value_model_clear(m, kind);
	n = family[kind].params;
	if (!read_sign(&r, '('))
		FAIL("The parameters stand in parentheses.");
	do
	{
		double	   *slot = NULL,
					ignored = NAN;

		skip_space(&r);
		if (!read_word(&r, word))
			FAIL("The name of a parameter is missing.");
		for (int i = 0; i < n; i++)
		{
			if (strcmp(word, family[kind].param[i]) == 0)
				slot = &m->param[i];
			if (strncmp(word, "se_", 3) == 0 && strcmp(word + 3, family[kind].param[i]) == 0)
				slot = &m->se[i];
		}
		if (strcmp(word, "log_likelihood") == 0)
			slot = &m->log_likelihood;
		else if (strcmp(word, "customers") == 0)
			slot = &m->customers;
		else if (strcmp(word, "ignored") == 0)
			slot = &m->ignored;
		else if (strcmp(word, "nbd_aic") == 0)
			slot = &m->nbd_aic;
		else if (strcmp(word, "aic") == 0 && !aic)
		{
			/* follows from the log-likelihood */
			slot = &ignored;
			aic = true;
		}
		if (!read_sign(&r, '='))
			FAIL("A name is followed by = and its value.");
		skip_space(&r);
		if (strcmp(word, "unit") == 0 && isnan(m->unit))
		{
			if (!read_unit(&r, &m->unit))
				FAIL("The unit of time is a number of seconds, minutes, hours, days or weeks.");
		}
		else if (strcmp(word, "status") == 0 && m->status == 0)
		{
			if (!read_status(&r, &m->status))
				FAIL("There is no such status.");
		}
		else if (strcmp(word, "prefer") == 0 && !prefer)
		{
			prefer = true;
			if (!read_word(&r, word) || strcmp(word, "nbd") != 0)
				FAIL("What may be preferred is nbd.");
		}
		else if (slot == NULL || !isnan(*slot))
			FAIL("There is no such parameter in this family, or it stands there twice.");
		else if (!read_number(&r, slot))
			FAIL("A value must be a finite decimal number.");
	} while (read_sign(&r, ','));
	if (!read_sign(&r, ')'))
		FAIL("A comma or the closing parenthesis is missing.");
	skip_space(&r);
	if (r.at < r.end)
		FAIL("Nothing may follow the closing parenthesis.");
	for (int i = 0; i < n; i++)
		if (isnan(m->param[i]))
			FAIL("A parameter of the family is missing.");
	if ((wrong = value_model_check(m)) != NULL)
		FAIL(wrong);
	return NULL;
}
