/*
 * segment_workload.c FOLDER PREDICATES CUSTOMERS SEED: writes random customers (customers.tsv for COPY, customers.jsonl) and random predicates
 * in three languages (predicates.tsv: number, ours, be-tree's, jsquery's), and prints the truth: how many pairs match, and the sum of
 * predicate number times customer number over them. A predicate's selectivity lies between 0.05 and 25 %, 2 % on average.
 */
#include <math.h>

#include "segment_reverse.h"

static uint64_t state;

static double
draw(void)
{
	state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t	z = state;

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double) ((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}
static int	below(int n) { return (int) (draw() * n); }
static int	from_to(int a, int b) { return a + below(b - a + 1); }
static double normal(void) { return sqrt(-2 * log(1 - draw())) * cos(6.283185307179586 * draw()); }
static int	least(int a, int b) { return a < b ? a : b; }
static int	most(int a, int b) { return a > b ? a : b; }

static const char *const countries[] = {"FR", "DE", "IT", "ES", "BE", "NL", "PL", "PT", "AT", "CH", "GB", "IE", "SE", "DK", "FI", "CZ", "HU", "RO", "GR", "NO"};
static const char *const channels[] = {"email", "sms", "push", "post", "phone", "web", "store"};
static const double channel_share[] = {.7, .4, .3, .2, .15, .6, .5};
#define TODAY 20000

/* place i with the weight 1 / (i + shift) */
static int
zipf(int n, int shift)
{
	double		sum = 0,
				x;

	for (int i = 0; i < n; i++)
		sum += 1.0 / (i + shift);
	x = draw() * sum;
	for (int i = 0; i < n; i++)
		if ((x -= 1.0 / (i + shift)) < 0)
			return i;
	return n - 1;
}

typedef struct
{
	int			number[ATTRIBUTES];
	char		code[ATTRIBUTES][12];
	uint8_t		has_channel[7],
				has_interest[200];
} customer;

static void
postcode(char *to, int country)
{
	sprintf(to, "%s%02d%03d", countries[country], least(94, (int) (-20 * log(1 - draw()))), below(20) * 50);
}

static void
draw_customer(customer *c)
{
	int			b2b = draw() < .2,
				country = zipf(20, 1),
				n = from_to(1, 9);
	double		sex = draw();

	memset(c, 0, sizeof(*c));
	c->number[0] = least(95, most(18, (int) (45 + 16 * normal())));
	strcpy(c->code[1], sex < .52 ? "F" : sex < .98 ? "M" : "X");
	strcpy(c->code[2], countries[country]);
	postcode(c->code[3], country);
	for (int i = 4; i <= 6; i++)
		c->number[i] = from_to(1, 5);
	c->number[7] = least(200000, (int) exp(5.2 + 1.3 * normal()));
	c->number[8] = TODAY - least(1500, (int) (-180 * log(1 - draw())));
	c->number[9] = least(200, (int) exp(1.2 + normal()));
	for (int i = 0; i < 7; i++)
		c->has_channel[i] = draw() < channel_share[i];
	for (int i = 0; i < n; i++)
		c->has_interest[zipf(200, 5)] = 1;
	strcpy(c->code[12], b2b ? "B2B" : "B2C");
	c->number[13] = b2b ? least(100000, 1 + (int) exp(2.5 + 1.6 * normal())) : 0;
	c->number[14] = least(60, (int) (-5 * log(1 - draw())));
	c->number[15] = least(c->number[14], (int) (-2 * log(1 - draw())));
	strcpy(c->code[16], draw() < .8 ? "y" : "n");
}

/* ---- predicates ---- */

enum {GE, LT, EQ, IN, ANY, ALL, AND, OR, NOT};

typedef struct node
{
	int			kind,
				attribute,
				n;				/* of value or child */
	struct node *child[8];
	char		value[20][12];
} node;

static node *
new_node(int kind, int attribute)
{
	node	   *x = calloc(1, sizeof(node));

	x->kind = kind;
	x->attribute = attribute;
	return x;
}

static node *
with(node *x, const char *value)
{
	for (int i = 0; i < x->n; i++)
		if (strcmp(x->value[i], value) == 0)
			return x;
	strcpy(x->value[x->n++], value);
	return x;
}

static node *
with_number(node *x, int value)
{
	char		text[12];

	sprintf(text, "%d", value);
	return with(x, text);
}

static node *
of_two(int kind, node *a, node *b)
{
	node	   *x = new_node(kind, 0);

	x->child[x->n++] = a;
	x->child[x->n++] = b;
	return x;
}

#define ONE_OF(...) ((const int[]) {__VA_ARGS__})[below((int) (sizeof((const int[]) {__VA_ARGS__}) / sizeof(int)))]

static node *
draw_leaf(void)
{
	double		k = draw();
	node	   *x;
	int			n;
	char		text[12];

	if (k < .14)
	{
		int			a = ONE_OF(18, 25, 30, 35, 40, 45, 50, 55, 60, 65),
					b = a + ONE_OF(10, 15, 20, 25, 30);

		if (draw() < .6)
			return of_two(AND, with_number(new_node(GE, 0), a), with_number(new_node(LT, 0), b));
		return draw() < .5 ? with_number(new_node(GE, 0), a) : with_number(new_node(LT, 0), b);
	}
	if (k < .20)
		return with(new_node(EQ, 1), draw() < .5 ? "F" : "M");
	if (k < .34)
	{
		x = new_node(IN, 2);
		for (n = from_to(1, 4); n-- > 0;)
			with(x, countries[zipf(20, 1)]);
		return x;
	}
	if (k < .38)
	{
		int			country = zipf(20, 1);

		x = new_node(IN, 3);
		for (n = from_to(3, 20); n-- > 0;)
		{
			postcode(text, country);
			with(x, text);
		}
		return x;
	}
	if (k < .52)
	{
		int			a = 4 + below(3);

		if (draw() < .7)
			return with_number(new_node(GE, a), from_to(2, 5));
		x = new_node(IN, a);
		while (x->n < 2)
			with_number(x, from_to(1, 5));
		return x;
	}
	if (k < .62)
		return with_number(new_node(GE, 7), ONE_OF(50, 100, 150, 200, 250, 300, 500, 750, 1000, 2000));
	if (k < .72)
		return with_number(new_node(below(2) ? GE : LT, 8), TODAY - ONE_OF(7, 14, 30, 60, 90, 120, 180, 270, 365, 730));
	if (k < .78)
		return with_number(new_node(below(2) ? GE : LT, 9), ONE_OF(2, 3, 4, 5, 6, 8, 10));
	if (k < .83)
		return with(new_node(ANY, 10), channels[below(7)]);
	if (k < .92)
	{
		x = new_node(k < .91 ? ANY : ALL, 11);
		for (n = k < .91 ? from_to(1, 5) : 2; n-- > 0;)
		{
			sprintf(text, "i%03d", k < .91 ? zipf(200, 5) : below(30));
			with(x, text);
		}
		return x;
	}
	if (k < .95)
		return with(new_node(EQ, 12), below(3) ? "B2C" : "B2B");
	if (k < .97)
		return with_number(new_node(GE, 13), ONE_OF(5, 10, 20, 50, 100, 250));
	if (k < .99)
		return with_number(new_node(below(2) ? GE : LT, 14 + below(2)), ONE_OF(1, 2, 3, 5, 8));
	return with(new_node(EQ, 16), "y");
}

static node *
draw_predicate(void)
{
	int			n = from_to(3, 8);
	node	   *all = new_node(AND, 0);

	while (n > 0)
	{
		double		k = draw();
		node	   *x;

		if (k < .22 && n >= 2)
		{
			int			w = least(n, from_to(2, 3));

			x = new_node(OR, 0);
			while (x->n < w)
				x->child[x->n++] = draw_leaf();
			n -= w;
		}
		else
		{
			x = draw_leaf();
			if (draw() < .12)
			{
				node	   *not = new_node(NOT, 0);

				not->child[not->n++] = x;
				x = not;
			}
			n--;
		}
		all->child[all->n++] = x;
	}
	if (all->n > 3 && draw() < .12)
	{
		node	   *two = of_two(OR, new_node(AND, 0), new_node(AND, 0));

		for (int i = 0; i < all->n; i++)
		{
			node	   *half = two->child[i >= all->n / 2];

			half->child[half->n++] = all->child[i];
		}
		return two;
	}
	return all->n == 1 ? all->child[0] : all;
}

static void
free_node(node *x)
{
	for (int i = 0; x->kind >= AND && i < x->n; i++)
		free_node(x->child[i]);
	free(x);
}

/* ---- the truth ---- */

static customer *all;
static int	customers,
			words;

static int
holds(const node *x, const customer *c)
{
	int			a = x->attribute,
				found = 0;

	for (int i = 0; i < x->n; i++)
	{
		const char *v = x->value[i];

		if (attributes[a].form == NUMBER)
			found += x->kind == GE ? c->number[a] >= atoi(v) : x->kind == LT ? c->number[a] < atoi(v) : c->number[a] == atoi(v);
		else if (attributes[a].form == CODE)
			found += strcmp(c->code[a], v) == 0;
		else if (a == 11)
			found += c->has_interest[atoi(v + 1)];
		else
			for (int k = 0; k < 7; k++)
				found += c->has_channel[k] && strcmp(channels[k], v) == 0;
	}
	return x->kind == ALL ? found == x->n : found > 0;
}

/* bit by bit: who it holds for; leaves are remembered by their text */
typedef struct memo
{
	char	   *key;
	uint64_t   *bits;
} memo;
static memo memos[1 << 18];

static uint64_t *
members(const node *x)
{
	uint64_t   *bits = calloc((size_t) words, 8);

	if (x->kind >= AND)
	{
		for (int i = 0; i < x->n; i++)
		{
			uint64_t   *part = members(x->child[i]);

			for (int w = 0; w < words; w++)
				bits[w] = x->kind == NOT ? ~part[w] : i == 0 ? part[w] : x->kind == AND ? bits[w] & part[w] : bits[w] | part[w];
			free(part);
		}
	}
	else
	{
		char		key[300];
		int			len = sprintf(key, "%d %d", x->kind, x->attribute);
		uint64_t	h = 0;

		for (int i = 0; i < x->n; i++)
			len += sprintf(key + len, " %s", x->value[i]);
		for (int i = 0; i < len; i++)
			h = (h ^ (unsigned char) key[i]) * UINT64_C(0x100000001b3);
		h ^= h >> 29;
		for (h &= (1 << 18) - 1; memos[h].key && strcmp(memos[h].key, key) != 0;)
			h = (h + 1) & ((1 << 18) - 1);
		if (!memos[h].key)
		{
			memos[h].key = strdup(key);
			memos[h].bits = calloc((size_t) words, 8);
			for (int c = 0; c < customers; c++)
				if (holds(x, &all[c]))
					memos[h].bits[c / 64] |= UINT64_C(1) << (c % 64);
		}
		memcpy(bits, memos[h].bits, (size_t) words * 8);
	}
	return bits;
}

/* ---- the languages ---- */

enum {OURS, BETREE, JSQUERY};

static void
write_node(FILE *f, const node *x, int language)
{
	const char *name = attributes[x->attribute].name,
			   *quote = attributes[x->attribute].form == NUMBER ? "" : language == OURS ? "'" : "\"";

	if (x->kind == NOT)
	{
		fprintf(f, language == JSQUERY ? "NOT (" : "not (");
		write_node(f, x->child[0], language);
		fprintf(f, ")");
		return;
	}
	if (x->kind == AND || x->kind == OR)
	{
		fprintf(f, "(");
		for (int i = 0; i < x->n; i++)
		{
			if (i)
				fprintf(f, language == JSQUERY ? x->kind == AND ? " AND " : " OR " : x->kind == AND ? " and " : " or ");
			write_node(f, x->child[i], language);
		}
		fprintf(f, ")");
		return;
	}
	if (x->kind <= EQ)
	{
		fprintf(f, "%s %s %s%s%s", name, x->kind == GE ? ">=" : x->kind == LT ? "<" : "=", quote, x->value[0], quote);
		return;
	}
	fprintf(f, "%s %s %s", name, language == OURS ? x->kind == IN ? "in" : x->kind == ANY ? "has any" : "has all" : language == BETREE ? x->kind == IN ? "in" : x->kind == ANY ? "one of" : "all of" :
			x->kind == IN ? "IN" : x->kind == ANY ? "&&" : "@>", language == JSQUERY && x->kind != IN ? "[" : "(");
	for (int i = 0; i < x->n; i++)
		fprintf(f, "%s%s%s%s", i ? "," : "", quote, x->value[i], quote);
	fprintf(f, language == JSQUERY && x->kind != IN ? "]" : ")");
}

static void
write_customer(FILE *f, const customer *c, int no, int json)
{
	fprintf(f, json ? "{\"id\":%d" : "%d", no);
	for (int a = 0; a < ATTRIBUTES; a++)
	{
		int			first = 1;

		if (json)
			fprintf(f, ",\"%s\":", attributes[a].name);
		else
			fprintf(f, "\t");
		if (attributes[a].form == NUMBER)
			fprintf(f, "%d", c->number[a]);
		else if (attributes[a].form == CODE)
			fprintf(f, json ? "\"%s\"" : "%s", c->code[a]);
		else
		{
			fprintf(f, json ? "[" : "{");
			for (int k = 0; k < (a == 10 ? 7 : 200); k++)
				if (a == 10 ? c->has_channel[k] : c->has_interest[k])
				{
					if (!first)
						fprintf(f, ",");
					first = 0;
					if (a == 10)
						fprintf(f, json ? "\"%s\"" : "%s", channels[k]);
					else
						fprintf(f, json ? "\"i%03d\"" : "i%03d", k);
				}
			fprintf(f, json ? "]" : "}");
		}
	}
	fprintf(f, json ? "}\n" : "\n");
}

static FILE *
create(const char *folder, const char *name)
{
	char		path[1000];
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	if (!f)
	{
		perror(path);
		exit(1);
	}
	return f;
}

int
main(int argc, char **argv)
{
	int			wanted,
				n = 0;
	uint64_t	matches = 0,
				sum = 0;
	FILE	   *tsv,
			   *json,
			   *predicates;

	if (argc < 5)
		return 2;
	wanted = atoi(argv[2]);
	customers = atoi(argv[3]);
	words = (customers + 63) / 64;
	all = calloc((size_t) customers, sizeof(customer));
	tsv = create(argv[1], "customers.tsv");
	json = create(argv[1], "customers.jsonl");
	predicates = create(argv[1], "predicates.tsv");
	state = (uint64_t) atoll(argv[4]) + 1;
	for (int i = 0; i < customers; i++)
	{
		draw_customer(&all[i]);
		write_customer(tsv, &all[i], i + 1, 0);
		write_customer(json, &all[i], i + 1, 1);
	}
	state = (uint64_t) atoll(argv[4]) << 32;
	while (n < wanted)
	{
		node	   *p = draw_predicate();
		uint64_t   *bits = members(p);
		int			count = 0;
		double		share;

		if (customers % 64)
			bits[words - 1] &= (UINT64_C(1) << (customers % 64)) - 1;
		for (int w = 0; w < words; w++)
			count += __builtin_popcountll(bits[w]);
		share = (double) count / customers;
		if (count == 0 ? draw() < .05 : share <= .25 && draw() < .02 / share)
		{
			n++;
			matches += (uint64_t) count;
			for (int c = 0; c < customers; c++)
				if (bits[c / 64] >> (c % 64) & 1)
					sum += (uint64_t) n * (uint64_t) (c + 1);
			fprintf(predicates, "%d\t", n);
			for (int language = OURS; language <= JSQUERY; language++)
			{
				write_node(predicates, p, language);
				fprintf(predicates, language == JSQUERY ? "\n" : "\t");
			}
		}
		free(bits);
		free_node(p);
	}
	printf("truth|%d|%llu|%llu\n", wanted, (unsigned long long) matches, (unsigned long long) sum);
	return 0;
}
