/*
 * email: the normal form over every code point by its digest, and over random addresses by its properties; limits to the octet; the
 * lists in src/contact/data against the tables made from them; E.164. Texts are given in exact-size copies, so that a sanitizer sees
 * an over-read. The random numbers are of a fixed seed.
 */
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "contact/contact.h"
#include "unit.h"

/*
 * The digests of every code point's result, in the local part and in the domain. Stored values change when they do: then EMAIL_VERSION
 * must change too. They were taken with ICU 72 (Unicode 15.0).
 */
#define LOCAL_DIGEST	UINT64_C(0xffd3526e88adcb4d)
#define DOMAIN_DIGEST	UINT64_C(0x2328e90dfd4b26b2)

#define SEED UINT64_C(20260615)

static uint64_t state = SEED;

static uint32_t
random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (state >> 33) % n;
}

static email_status
parse(const char *text, size_t len, email_parsed *out)
{
	char	   *copy = malloc(len ? len : 1);
	email_status status;

	memcpy(copy, text, len);
	status = email_parse(copy, len, out);
	if (status == EMAIL_OK && out->written >= copy && out->written < copy + len)
		out->written = text + (out->written - copy);
	free(copy);
	return status;
}

static bool
is_normal(const char *text, const char *normal)
{
	email_parsed p;

	return parse(text, strlen(text), &p) == EMAIL_OK && p.normal_len == strlen(normal) && memcmp(p.normal, normal, p.normal_len) == 0;
}

static email_status
status_of(const char *text)
{
	email_parsed p;

	return parse(text, strlen(text), &p);
}

static uint64_t
add(uint64_t digest, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ (unsigned char) s[i]) * UINT64_C(0x100000001b3);
	return digest;
}

/* Does an accepted address keep its normal form when the normal form or the text as written is read again? */
static bool
is_stable(const email_parsed *p)
{
	email_parsed again;

	return parse(p->normal, p->normal_len, &again) == EMAIL_OK && again.normal_len == p->normal_len &&
		again.local_len == p->local_len && memcmp(again.normal, p->normal, p->normal_len) == 0 &&
		parse(p->written, p->written_len, &again) == EMAIL_OK && again.written_len == p->written_len &&
		again.normal_len == p->normal_len && memcmp(again.normal, p->normal, p->normal_len) == 0;
}

static void
every_code_point(void)
{
	uint64_t	local = UINT64_C(0xcbf29ce484222325),
				domain = local;
	int			unstable = 0;

	for (UChar32 c = 0; c <= 0x10FFFF; c++)
	{
		char		text[32];
		int			n = 0;
		email_parsed p;

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		text[n++] = 'a';
		U8_APPEND_UNSAFE(text, n, c);
		memcpy(text + n, "b@x.fr", 6);
		if (email_parse(text, n + 6, &p) == EMAIL_OK)
		{
			local = add(local, p.normal, p.normal_len);
			unstable += !is_stable(&p);
		}
		local = add(local, "\n", 1);
		n = 0;
		memcpy(text, "x@a", 3), n = 3;
		U8_APPEND_UNSAFE(text, n, c);
		memcpy(text + n, "b.fr", 4);
		if (email_parse(text, n + 4, &p) == EMAIL_OK)
		{
			domain = add(domain, p.normal, p.normal_len);
			unstable += !is_stable(&p);
		}
		domain = add(domain, "\n", 1);
	}
	printf("# Unicode %s, local 0x%016llx, domain 0x%016llx\n", U_UNICODE_VERSION, (unsigned long long) local, (unsigned long long) domain);
	CHECK(unstable == 0, "the normal form of every code point is its own");
	CHECK(local == LOCAL_DIGEST, "the local part of every code point has not changed");
	CHECK(domain == DOMAIN_DIGEST, "the domain of every code point has not changed");
}

static void
random_addresses(void)
{
	static const char *const pieces[] = {"a", "B", "é", "E\xCC\x81", "ß", "ẞ", "ﬁ", "Σ", ".", "..", "-", "--", "xn--", "xn--mnchen-3ya", "@", "＠", "﹫", "\"", "\\", "\\\"", " ", "\xC2\xA0", "\xE2\x80\x8B", "(", ")", "<", ">",
		"mailto:", "%40", "%2B", "%", "?", "+", "1", "．", "。", "[", "]", "_", "\xEF\xBB\xBF", "\xFF", "\xC3", "\x01", "İ", "ا", "א", "\xE2\x80\x8D", "क्", "℀", "…", "🙂", "gmail.com", "x.fr", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ﷺ"};
	int			accepted = 0,
				unstable = 0;

	for (int round = 0; round < 400000; round++)
	{
		char		text[400];
		size_t		n = 0;
		int			count = 1 + random_below(6);
		email_parsed p;

		for (int i = 0; i < count; i++)
		{
			const char *piece = pieces[random_below(sizeof pieces / sizeof pieces[0])];

			memcpy(text + n, piece, strlen(piece));
			n += strlen(piece);
		}
		if (round % 2)
			memcpy(text + n, "@b.x.fr", 7), n += 7;
		if (parse(text, n, &p) != EMAIL_OK)
			continue;
		accepted++;
		if (!is_stable(&p) || p.local_len > EMAIL_LOCAL_MAX || p.normal_len > EMAIL_NORMAL_MAX || p.written_len > EMAIL_WRITTEN_MAX)
		{
			unstable++;
			printf("# %.*s\n", (int) n, text);
		}
	}
	CHECK(accepted > 20000, "%d of the random addresses are accepted", accepted);
	CHECK(unstable == 0, "the normal form of a random address is its own, within the limits (seed %llu)", (unsigned long long) SEED);
}

static void
limits(void)
{
	char		text[1200];
	email_parsed p;

	for (int n = 63; n <= 65; n++)
	{
		memset(text, 'a', n);
		strcpy(text + n, "@x.fr");
		CHECK(status_of(text) == (n <= 64 ? EMAIL_OK : EMAIL_LOCAL_TOO_LONG), "a local part of %d octets", n);
		text[0] = '"', text[1] = ' ', text[n - 1] = '"';
		CHECK(status_of(text) == (n <= 64 ? EMAIL_OK : EMAIL_LOCAL_TOO_LONG), "a quoted local part of %d octets", n);
		memcpy(text, "x@", 2);
		memset(text + 2, 'b', n);
		strcpy(text + 2 + n, ".fr");
		CHECK(status_of(text) == (n <= 63 ? EMAIL_OK : EMAIL_LABEL_TOO_LONG), "a label of %d octets", n);
	}
	for (int n = 253; n <= 256; n++)
	{
		memset(text, 'b', n);
		memcpy(text, "x@", 2);
		for (int i = 40; i < n - 10; i += 40)
			text[i] = '.';
		text[n] = 0;
		CHECK(status_of(text) == (n <= 254 ? EMAIL_OK : n == 255 ? EMAIL_TOO_LONG : EMAIL_DOMAIN_TOO_LONG), "an address of %d octets", n);
	}
	memset(text, ' ', sizeof text);
	memcpy(text + 600, "j@x.fr", 6);
	CHECK(parse(text, sizeof text, &p) == EMAIL_OK && p.written_len == 6, "white space is no part of the length");
	CHECK(parse("", 0, &p) == EMAIL_EMPTY, "nothing");
	CHECK(parse("\0", 1, &p) == EMAIL_EMPTY && parse("a\0b@x.fr", 8, &p) == EMAIL_CONTROL, "a zero byte");
	CHECK(parse("a\xC3@x.fr", 7, &p) == EMAIL_NOT_UTF8 && parse("a@x\xED\xA0\x80.fr", 9, &p) == EMAIL_NOT_UTF8, "what is not UTF-8");
	CHECK(is_normal("\"A\\@B\"@X.FR", "\"a@b\"@x.fr") && is_normal("\"\xEF\xBC\x82\"@x.fr", "\"\\\"\"@x.fr"), "quotation marks and escapes");
	CHECK(status_of("\"a@x.fr") == EMAIL_LOCAL_QUOTE && status_of("\"a\\") == EMAIL_LOCAL_QUOTE && status_of("\"") == EMAIL_LOCAL_QUOTE && status_of("\"\"") == EMAIL_NO_AT, "quotation marks that do not close");
	for (int i = 0; i < EMAIL_STATUS_COUNT; i++)
		for (int j = 0; j <= i; j++)
			if (email_reason(i) == NULL || email_detail(i) == NULL || (i != j && strcmp(email_reason(i), email_reason(j)) == 0))
				CHECK(0, "status %d has a reason of its own and a detail", i);
}

/* Calls a function with every line of a list; the text after # is no part of it. */
static int
each_line(const char *file, void (*call) (char *line))
{
	char		path[100],
				line[200];
	FILE	   *f;
	int			count = 0;

	snprintf(path, sizeof path, "src/contact/data/%s", file);
	f = fopen(path, "r");
	if (f == NULL)
	{
		CHECK(0, "%s can be read from %s", path, "the project's folder");
		return 0;
	}
	while (fgets(line, sizeof line, f))
	{
		line[strcspn(line, "#\n")] = 0;
		if (line[0] == 0)
			continue;
		call(line);
		count++;
	}
	fclose(f);
	return count;
}

static int	missing;
static char suggested[EMAIL_DOMAIN_MAX];

static bool
suggests(const char *domain, const char *right)
{
	size_t		len;

	if (!email_suggest_domain(domain, strlen(domain), suggested, &len))
		return right == NULL;
	return right != NULL && len == strlen(right) && memcmp(suggested, right, len) == 0;
}

static bool
is_domain(const char *domain)
{
	char		normal[EMAIL_DOMAIN_MAX];
	size_t		len;

	return email_domain_normal(domain, strlen(domain), normal, sizeof normal, &len) == EMAIL_OK && len == strlen(domain) && memcmp(normal, domain, len) == 0;
}

static void
in_disposable(char *line)
{
	missing += !email_is_disposable(line, strlen(line)) || !is_domain(line);
}

static void
in_free_mail(char *line)
{
	missing += !email_is_free_mail(line, strlen(line)) || !is_domain(line) || !suggests(line, NULL);
}

static void
in_roles(char *line)
{
	line[strcspn(line, "*")] = 0;
	missing += !email_is_role(line, strlen(line));
}

static void
in_country_ends(char *line)
{
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
		missing += !email_is_country_end(word, strlen(word)) || strlen(word) != 2;
}

static void
in_typos(char *line)
{
	char	   *right = strchr(line, ' '),
				wrong[64];

	*right++ = 0;
	snprintf(wrong, sizeof wrong, "%s%s", line[0] == '.' ? "some-name" : "", line);
	if (line[0] != '.')
		missing += !suggests(wrong, right) || !email_is_free_mail(right, strlen(right));
	else
		missing += !email_suggest_domain(wrong, strlen(wrong), suggested, &(size_t) {0});
	if (missing)
		printf("# %s\n", wrong);
}

static void
in_providers(char *line)
{
	static const char *const locals[] = {"a", "a.b-c_d", "a.b+c", "a-b+c-d", "+a", "-a", "a+", "a.+b", "_", "\"a.b+c\"", "\"a b\""};
	char	   *rest = strchr(line, ' ');
	const email_rule *rule;

	*rest = 0;
	rule = email_provider_rule(line, strlen(line));
	missing += rule == NULL || !is_domain(line) || !suggests(line, NULL);
	for (size_t i = 0; rule && i < sizeof locals / sizeof locals[0]; i++)
	{
		char		address[200],
					once[EMAIL_CANONICAL_MAX],
					twice[EMAIL_CANONICAL_MAX];
		size_t		n,
					m,
					at;
		email_parsed p;

		snprintf(address, sizeof address, "%s@%s", locals[i], line);
		if (parse(address, strlen(address), &p) != EMAIL_OK)
			continue;
		n = email_canonical(p.normal, p.normal_len, rule, once);
		at = email_domain_begin(once, n);
		m = email_canonical(once, n, email_provider_rule(once + at, n - at), twice);
		missing += parse(once, n, &p) != EMAIL_OK || n != p.normal_len || m != n || memcmp(once, twice, n) != 0;
	}
}

static void
lists(void)
{
	static const struct
	{
		const char *file;
		void		(*call) (char *line);
		int			at_least;
	}			list[] = {{"disposable.txt", in_disposable, 5000}, {"free_mail.txt", in_free_mail, 800}, {"well_known.txt", in_free_mail, 100}, {"roles.txt", in_roles, 400}, {"cctlds.txt", in_country_ends, 5},
	{"typos.txt", in_typos, 80}, {"providers.txt", in_providers, 200}};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
	{
		int			count;

		missing = 0;
		count = each_line(list[i].file, list[i].call);
		CHECK(count > list[i].at_least && missing == 0, "%s: all of %d lines are in the tables", list[i].file, count);
	}
	CHECK(!email_is_disposable("x", 1) && !email_is_disposable("", 0) && !email_is_disposable("mailinator.co", 13) && !email_is_disposable("ailinator.com", 13) && !email_is_free_mail("gmail.com\naol.com", 17), "what is in no list");
	CHECK(suggests("gmial.com", "gmail.com") && suggests("orange.ft", "orange.fr") && suggests("com", NULL) && suggests("", NULL) && suggests("free.de", NULL), "suggestions");
}

static void
phones(void)
{
	static const struct
	{
		const char *text;
		phone_status status;
	}			cases[] = {{"+33612345678", PHONE_OK}, {" +1234567\t", PHONE_OK}, {"+123456789012345", PHONE_OK}, {"+33612345678;ext=1", PHONE_OK}, {"+33612345678;ext=12345678901234567890", PHONE_OK},
	{"+33612345678;ext=123456789012345678901", PHONE_TOO_LONG}, {"+33612345678;ext=", PHONE_NOT_E164}, {"+33612345678;EXT=1", PHONE_NOT_E164}, {"+33612345678;ext=1 2", PHONE_NOT_E164}, {"+33612345678 x1", PHONE_NOT_E164},
	{"+123456", PHONE_TOO_SHORT}, {"+1234567890123456", PHONE_TOO_LONG}, {"+", PHONE_TOO_SHORT}, {"", PHONE_EMPTY}, {" ", PHONE_EMPTY}, {"33612345678", PHONE_NOT_E164}, {"++33612345678", PHONE_NOT_E164},
	{"+0123456789", PHONE_INVALID_COUNTRY_CODE}, {"+2101234567", PHONE_INVALID_COUNTRY_CODE}, {"+2801234567", PHONE_INVALID_COUNTRY_CODE}, {"+9991234567", PHONE_INVALID_COUNTRY_CODE}, {"+3831234567", PHONE_OK}, {"+9981234567", PHONE_OK}};
	int			codes = 0;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		size_t		len = strlen(cases[i].text);
		char	   *copy = malloc(len ? len : 1);
		const char *s = memcpy(copy, cases[i].text, len);

		CHECK(phone_read_e164(&s, &len) == cases[i].status, "'%s' is %s", cases[i].text, phone_reason(cases[i].status));
		free(copy);
	}
	for (int c = 0; c < 1000; c++)
	{
		char		text[16];
		const char *s = text;
		size_t		len = snprintf(text, sizeof text, "+%03d1234567", c);

		codes += phone_read_e164(&s, &len) == PHONE_OK;
	}
	CHECK(codes == 809, "of the thousand first three digits %d begin with a country code", codes);
	for (int i = 0; i < PHONE_STATUS_COUNT; i++)
		if (phone_reason(i) == NULL || phone_detail(i) == NULL)
			CHECK(0, "status %d has a reason and a detail", i);
}

int
main(void)
{
	limits();
	every_code_point();
	random_addresses();
	lists();
	phones();
	return unit_done();
}
