/*
 * link_normal.c: what happens to a row as it comes in: every value is brought to the form in which it is compared and put into its
 * dictionary. What needs to know all rows (which name is a given name, which domains are common) waits for link_settle.
 */
#include "match/link_private.h"

const char *const link_kind_name[LINK_KINDS] = {
	"given_name", "family_name", "maiden_name", "full_name", "organisation_name", "date", "email", "phone", "address", "postal_code", "city",
	"country", "sex", "registry_number", "code", "text", "source", "ignored"
};


link_engine *
link_start(const link_memory *memory, int ncolumns, const link_kind *kinds, const char *const *names)
{
	link_engine *e = memory->alloc(memory->context, sizeof *e);
	int			dates = 0,
				lines = 0;

	memset(e, 0, sizeof *e);
	e->memory = *memory;
	e->used = sizeof *e;
	e->ncolumns = ncolumns;
	e->rest_extra = -1;
	link_words_make(e);
	e->waiting = link_alloc(e, sizeof(link_waiting) * WAITING_ROOM);
	e->waiting_text = link_alloc(e, WAITING_TEXT + SIMILARITY_PAD);
	for (int i = 0; i < ncolumns; i++)
	{
		link_column *c = &e->column[i];

		c->kind = kinds[i];
		c->name = names[i];
		c->extra = -1;
		e->has[kinds[i]] = true;
		if ((kinds[i] == LINK_CODE || kinds[i] == LINK_TEXT || kinds[i] == LINK_SEX || (kinds[i] == LINK_DATE && dates++ > 0)) &&
			e->nextra < LINK_MAX_EXTRAS)
		{
			e->extra_kind[e->nextra] = kinds[i];
			e->extra_name[e->nextra] = names[i];
			c->extra = e->nextra++;
		}
		lines += kinds[i] == LINK_ADDRESS;
	}
	if (lines > 1 && e->nextra < LINK_MAX_EXTRAS)
	{
		e->extra_kind[e->nextra] = LINK_TEXT;
		e->extra_name[e->nextra] = "address_line";
		e->rest_extra = e->nextra++;
	}
	return e;
}

bool
link_usable(const link_engine *e)
{
	return e->has[LINK_GIVEN_NAME] || e->has[LINK_FAMILY_NAME] || e->has[LINK_FULL_NAME] || e->has[LINK_ORGANISATION_NAME] ||
		e->has[LINK_DATE] || e->has[LINK_EMAIL] || e->has[LINK_PHONE] || e->has[LINK_ADDRESS] || e->has[LINK_REGISTRY_NUMBER] ||
		e->has[LINK_CODE] || e->has[LINK_TEXT];
}

/* no more than n bytes, ending where a character ends */
static size_t
whole(const char *s, size_t n, size_t most)
{
	if (n <= most)
		return n;
	n = most;
	while (n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* a date that says something: what systems write when they know none is left out */
static uint32_t
birth_date(const char *s, size_t n, uint32_t *other)
{
	uint32_t	d = link_read_date(s, n, other);

	if (d == 0 || !date_is_default_day(d >> 9, d >> 5 & 15, d & 31))
		return d;
	*other = 0;
	return 0;
}

static uint32_t
put_extra(link_engine *e, int x, const char *s, size_t n)
{
	char		t[LINK_FOLD_ROOM];
	int			k = 0,
				m;

	switch (e->extra_kind[x])
	{
		case LINK_DATE:
			{
				uint32_t	other,
							d = birth_date(s, n, &other);

				return d == 0 ? 0 : link_intern(e, &e->extras[x], (const char *) &d, sizeof d);
			}
		case LINK_SEX:
			{
				m = link_fold(s, n, t);
				if (m == 0)
					return 0;
				k = t[0] == 'm' || t[0] == 'h' || t[0] == '1' ? 'm' : t[0] == 'f' || t[0] == 'w' || t[0] == '2' ? 'f' : 0;
				/* monsieur, mister; madame, mademoiselle, mrs */
				if (k == 'm' && m > 1 && (t[1] == 'm' || t[1] == 'l' || (m > 3 && t[1] == 'a' && t[2] == 'd') ||
										  (m > 2 && t[1] == 'r' && t[2] == 's') || (m == 2 && t[1] == 's') || (t[1] == 'i' && m > 3 && t[3] == 's' && t[2] == 's')))
					k = 'f';
				t[0] = (char) k;
				return k == 0 ? 0 : link_intern(e, &e->extras[x], t, 1);
			}
		default:
			m = link_fold(s, n, t);
			if (link_is_nothing(t, m))
				return 0;
			if (e->extra_kind[x] == LINK_CODE)
			{
				for (int i = 0; i < m; i++)
					if (t[i] != ' ')
						t[k++] = t[i];
				m = k;
			}
			return link_intern(e, &e->extras[x], t, m);
	}
}

/* link_value: one value of the row that is being read */
void
link_value(link_engine *e, int column, const char *s, size_t n)
{
	const link_column *c = &e->column[column];
	int			k = c->kind;

	while (n > 0 && (*s == ' ' || *s == '\t'))
		s++, n--;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	if (n == 0 || k == LINK_IGNORED)
		return;
	e->any_now = true;
	n = whole(s, n, LINK_TEXT_MAX);
	if (c->extra >= 0)
	{
		e->extra_now[c->extra] = put_extra(e, c->extra, s, n);
		return;
	}
	if (k == LINK_ADDRESS && e->length[k] > 0 && e->rest_extra >= 0)
	{
		/* several lines: a number belongs to the street, the first line with letters is it, the others are compared by themselves */
		bool		letters = false;

		for (int i = 0; i < e->length[k]; i++)
			if ((e->text[k][i] | 32) >= 'a')
				letters = true;
		if (letters)
		{
			n = whole(s, n, LINK_TEXT_MAX - e->rest_length);
			memcpy(e->rest + e->rest_length, s, n);
			e->rest_length += (int) n;
			return;
		}
		e->text[k][e->length[k]++] = ' ';
		n = whole(s, n, LINK_TEXT_MAX - e->length[k]);
	}
	else if (e->length[k] > 0)
	{
		/* a second column of addresses or numbers */
		if ((k != LINK_EMAIL && k != LINK_PHONE) || n + 1 > (size_t) (LINK_TEXT_MAX - e->length[k]))
			return;
		e->text[k][e->length[k]++] = '|';
	}
	link_copy(e->text[k] + e->length[k], s, n);
	e->length[k] += (int) n;
}

/* the first of several values, parted by ; , | or / between spaces; how far on the next one begins, 0 when there is none */
static int
one_of(const char *s, int n, const char **one, int *one_n)
{
	for (int i = 0; i < n; i++)
		if (s[i] == ';' || s[i] == ',' || s[i] == '|' || s[i] == '\n' || (s[i] == '/' && i > 0 && i + 1 < n && s[i - 1] == ' ' && s[i + 1] == ' '))
		{
			int			to = i;

			if (i == 0)
			{
				/* nothing before it */
				int			r = one_of(s + 1, n - 1, one, one_n);

				return r > 0 ? r + 1 : 0;
			}
			while (to > 0 && s[to - 1] == ' ')
				to--;
			*one = s;
			*one_n = to;
			i++;
			while (i < n && s[i] == ' ')
				i++;
			return i < n ? i : 0;
		}
	*one = s;
	*one_n = n;
	return 0;
}

/*
 * link_order: where ids tell when a record came, samples and ties would depend on it. Rows of one key stand as they were read, and equal ids
 * are then not found out.
 */
void
link_order(link_engine *e, const char *s, size_t n)
{
	e->order_now = link_hash(s, n);
	e->ordered_now = true;
}

/* link_by_text: nothing may depend on the order in which rows are read */
void
link_by_text(link_engine *e)
{
	e->by_text = true;
}

/* link_row: ends a row. The id is the caller's, unique on its side. */
uint32_t
link_row(link_engine *e, const char *id, size_t n, int side)
{
	link_record *r;
	char		t[LINK_FOLD_ROOM];
	const char *country = NULL,
			   *found = NULL;
	int			k;
	uint32_t	len = (uint32_t) n;
	bool		comma,
				said = false;	/* the row names a country */
	char		end[2] = {0};	/* the country at the end of the e-mail's domain */
	int			first = 0,
				last = 0,
				next,
				one_n;
	const char *one;

#define RAW(kind) e->text[kind], e->length[kind]
	if (e->n + 1 > e->room)
	{
		uint32_t	room = e->room ? e->room + e->room / 2 : 1024;

		e->record = link_grow(e, e->record, sizeof(link_record) * e->room, sizeof(link_record) * room);
		if (e->nextra)
			e->extra = link_grow(e, e->extra, sizeof(uint32_t) * e->nextra * e->room, sizeof(uint32_t) * e->nextra * room);
		e->room = room;
	}
	if (e->ids_used + n + 8 > e->ids_room)
	{
		size_t		room = (e->ids_room ? e->ids_room + e->ids_room / 2 : 8192) + n;

		e->ids = link_grow(e, e->ids, e->ids_room, room);
		e->ids_room = room;
	}
	r = &e->record[e->n];
	memset(r, 0, sizeof *r);
	r->id = (uint32_t) (e->ids_used / 4);
	memcpy(e->ids + e->ids_used, &len, 4);
	memcpy(e->ids + e->ids_used + 4, id, n);
	e->ids_used += (4 + n + 3) & ~(size_t) 3;
	r->hash = link_mix(e->ordered_now ? e->order_now : link_hash(id, n), side + 1);
	e->ordered_now = false;
	if (side)
	{
		r->flags |= RECORD_SIDE;
		e->two_sides = true;
	}
	for (int x = 0; x < e->nextra; x++)
		e->extra[(size_t) e->n * e->nextra + x] = e->extra_now[x];
	memset(e->extra_now, 0, sizeof e->extra_now);
	if (e->any_now)
	{
		if (e->length[LINK_COUNTRY])
		{
			k = link_fold(RAW(LINK_COUNTRY), t);
			country = k == 2 && !(t[0] == 'u' && t[1] == 'k') ? t : link_country(t, k);
			if (!country && k > 0)
				country = t;
			if (country)
			{
				uint32_t	c = link_intern(e, &e->countries, country, country == t ? k : 2);

				r->country = link_small(c, 0);
				country = e->countries.v[c].length > 1 ? link_text(&e->countries, c) : NULL;
				said = true;
			}
		}
		if (e->length[LINK_SOURCE])
		{
			uint32_t	c = link_intern(e, &e->sources, RAW(LINK_SOURCE));

			r->source = link_small(c, 255);
		}
		if (e->length[LINK_ORGANISATION_NAME])
			link_put_company(e, r, RAW(LINK_ORGANISATION_NAME));
		if (!(r->flags & RECORD_ORG))
		{
			if (e->length[LINK_GIVEN_NAME])
				first = link_put_name(e, RAW(LINK_GIVEN_NAME), offsetof(link_record, first), WAITING_FIRST);
			if (e->length[LINK_FAMILY_NAME])
				last = link_put_name(e, RAW(LINK_FAMILY_NAME), offsetof(link_record, last), WAITING_LAST);
			if (e->length[LINK_MAIDEN_NAME])
				link_put_name(e, RAW(LINK_MAIDEN_NAME), offsetof(link_record, maiden), WAITING_LAST);
			if (e->length[LINK_FULL_NAME] && first == 0 && last == 0 && link_put_full(e, RAW(LINK_FULL_NAME), &comma))
				r->flags |= RECORD_FULL | (comma ? RECORD_COMMA : 0);
		}
		if (e->length[LINK_DATE])
		{
			uint32_t	other;

			r->date = birth_date(RAW(LINK_DATE), &other);
			if (other)
				r->flags |= RECORD_DATE_OTHER;
		}
		if (e->length[LINK_EMAIL])
		{
			bool		nameless = !(r->flags & RECORD_ORG) && !(r->flags & RECORD_FULL) && (first <= 1 || last == 0);
			const char *s = e->text[LINK_EMAIL];
			int			left = e->length[LINK_EMAIL];
			bool		main = false;

			do
			{
				next = one_of(s, left, &one, &one_n);
				/* a comma typed for a dot */
				if (next > 0 && !memchr(s + next, '@', left - next))
				{
					one = s;
					one_n = left;
					next = 0;
				}
				if (main)
					link_more_value(e, LINK_EMAIL, one, one_n, NULL);
				else if (next == 0 || memchr(one, '@', one_n))
				{
					link_put_email(e, r, one, one_n, nameless, end);
					main = true;
				}
				s += next, left -= next;
			} while (next > 0);
		}
		if (e->length[LINK_PHONE])
		{
			char		o[24];
			int			flags;
			const char *c = country ? country : end[0] ? end : NULL;
			const char *s = e->text[LINK_PHONE];
			int			left = e->length[LINK_PHONE];
			bool		main = false;

			do
			{
				next = one_of(s, left, &one, &one_n);
				if (main)
					link_more_value(e, LINK_PHONE, one, one_n, c ? c : found);
				else if ((k = link_phone(one, one_n, c, o, &flags, &found)) > 0)
				{
					link_wait(e, &e->phones, o, k, offsetof(link_record, phone), WAITING_PLAIN, 0, flags);
					main = true;
				}
				s += next, left -= next;
			} while (next > 0);
		}
		if (!said)
		{
			/* else the phone's prefix or the e-mail's end says it */
			char		c[2] = {0};

			if (found)
				memcpy(c, found, 2);
			else
				memcpy(c, end, 2);
			if (c[0])
			{
				uint32_t	x = link_intern(e, &e->countries, c, 2);

				r->country = link_small(x, 0);
				country = link_text(&e->countries, x);
			}
		}
		if (e->length[LINK_POSTAL_CODE])
			link_put_postcode(e, r, country, RAW(LINK_POSTAL_CODE));
		if (e->length[LINK_CITY])
		{
			k = link_fold(RAW(LINK_CITY), t);
			link_put_city(e, r, t, k);
		}
		if (e->length[LINK_ADDRESS])
			link_put_address(e, r, country, RAW(LINK_ADDRESS));
		if (e->length[LINK_REGISTRY_NUMBER])
			link_put_registry(e, r, RAW(LINK_REGISTRY_NUMBER));
		if (e->rest_length)
			e->extra[(size_t) e->n * e->nextra + e->rest_extra] = put_extra(e, e->rest_extra, e->rest, e->rest_length);
		memset(e->length, 0, sizeof e->length);
		e->rest_length = 0;
		e->any_now = false;
	}
	return e->n++;
#undef RAW
}
