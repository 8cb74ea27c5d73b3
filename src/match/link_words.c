/*
 * link_words.c: the words that the linkage engine knows (titles, street types, legal forms, countries) and the spelling key of a name.
 * All words are folded. Lists are separated by spaces; they are searched by length and text, which is fast enough once a distinct value.
 */
#include "match/link_private.h"

static const struct
{
	int			flag;
	const char *words;
}			lists[] = {
	{LINK_WORD_TITLE, "m mr mrs ms miss mme mlle monsieur madame mademoiselle mister dr docteur doctor prof professeur professor sir "
	"lady herr frau fraulein hr fr dipl ing mx me maitre sr sra srta senor senora don dona sig signor signora dott dhr mevr mevrouw"},
	{LINK_WORD_STREET, "rue r av ave avenue bd bld blvd boul boulevard place pl allee allees all chemin chem che ch impasse imp route rte "
	"cours quai square sq passage pass ruelle sentier faubourg fbg cite residence res voie esplanade rond "
	"street st road rd lane ln drive dr close cl crescent cres court ct terrace ter tce way gardens gdns grove gr "
	"parade pde circuit cct highway hwy strasse str weg platz gasse ufer damm via viale piazza corso "
	"calle avenida avda paseo plaza rua travessa straat laan plein de du des la le les l d of the bis quater n no nr num numero"},
	{LINK_WORD_FLAT, "flat bat batiment apt app appt appartement apartment apartement etage esc escalier unit suite wohnung whg top "
	"floor porte interno scala piso door"},
	{LINK_WORD_CITY, "saint sainte st ste la le les l de du des sur sous en cedex the"}
};

#define SLOTS 1024

/* link_words_make: the lists as one table by hash, made once an engine */
void
link_words_make(link_engine *e)
{
	e->word = link_zalloc(e, sizeof(link_word) * SLOTS);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		for (const char *p = lists[i].words; *p;)
		{
			size_t		k = strcspn(p, " ");
			uint64_t	h = link_hash(p, k);
			uint32_t	at = h & (SLOTS - 1);

			while (e->word[at].flags && e->word[at].hash != h)
				at = (at + 1) & (SLOTS - 1);
			e->word[at].hash = h;
			e->word[at].flags |= lists[i].flag;
			p += k + (p[k] == ' ');
		}
}

/* link_word_flags: which lists a folded word stands in */
int
link_word_flags(const link_engine *e, const char *s, size_t n)
{
	uint64_t	h;

	if (n > 12)
		return 0;
	h = link_hash(s, n);
	for (uint32_t at = h & (SLOTS - 1); e->word[at].flags; at = (at + 1) & (SLOTS - 1))
		if (e->word[at].hash == h)
			return e->word[at].flags;
	return 0;
}

static const struct
{
	const char *written,
			   *form;
}			legal[] = {
	{"sarl", "sarl"}, {"sas", "sas"}, {"sasu", "sasu"}, {"sa", "sa"}, {"eurl", "eurl"}, {"sci", "sci"}, {"snc", "snc"}, {"scop", "scop"},
	{"selarl", "selarl"}, {"scp", "scp"}, {"earl", "earl"}, {"gaec", "gaec"}, {"gie", "gie"}, {"ltd", "ltd"}, {"limited", "ltd"}, {"plc", "plc"},
	{"llp", "llp"}, {"llc", "llc"}, {"inc", "inc"}, {"incorporated", "inc"}, {"corp", "corp"}, {"corporation", "corp"}, {"co", ""},
	{"company", ""}, {"cie", ""}, {"compagnie", ""}, {"gmbh", "gmbh"}, {"mbh", ""}, {"kg", "kg"}, {"ag", "ag"}, {"ug", "ug"}, {"ek", "ek"},
	{"ev", "ev"}, {"ohg", "ohg"}, {"gbr", "gbr"}, {"kgaa", "kgaa"}, {"se", "se"}, {"spa", "spa"}, {"srl", "srl"}, {"sl", "sl"}, {"slu", "sl"},
	{"bv", "bv"}, {"nv", "nv"}, {"bvba", "bvba"}, {"sprl", "sprl"}, {"ab", "ab"}, {"as", "as"}, {"aps", "aps"}, {"oy", "oy"}, {"oyj", "oy"},
	{"pty", "pty"}, {"lda", "lda"}, {"ltda", "lda"}
};

const char *
link_legal_form(const char *s, size_t n)
{
	if (n > 12)
		return NULL;
	for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
		if (strlen(legal[i].written) == n && memcmp(legal[i].written, s, n) == 0)
			return legal[i].form;
	return NULL;
}

static const struct
{
	const char *name,
			   *iso;
}			country[] = {
	{"france", "fr"}, {"fra", "fr"}, {"frankreich", "fr"}, {"francia", "fr"}, {"germany", "de"}, {"deutschland", "de"}, {"allemagne", "de"}, {"deu", "de"},
	{"ger", "de"}, {"united kingdom", "gb"}, {"uk", "gb"}, {"great britain", "gb"}, {"royaume uni", "gb"}, {"england", "gb"}, {"scotland", "gb"},
	{"wales", "gb"}, {"gbr", "gb"}, {"grande bretagne", "gb"}, {"angleterre", "gb"}, {"vereinigtes konigreich", "gb"}, {"grossbritannien", "gb"},
	{"spain", "es"}, {"espagne", "es"}, {"espana", "es"}, {"spanien", "es"}, {"esp", "es"}, {"italy", "it"}, {"italie", "it"}, {"italia", "it"},
	{"italien", "it"}, {"ita", "it"}, {"belgium", "be"}, {"belgique", "be"}, {"belgie", "be"}, {"belgien", "be"}, {"bel", "be"},
	{"switzerland", "ch"}, {"suisse", "ch"}, {"schweiz", "ch"}, {"svizzera", "ch"}, {"che", "ch"}, {"netherlands", "nl"}, {"pays bas", "nl"},
	{"nederland", "nl"}, {"niederlande", "nl"}, {"holland", "nl"}, {"nld", "nl"}, {"austria", "at"}, {"autriche", "at"}, {"osterreich", "at"},
	{"aut", "at"}, {"luxembourg", "lu"}, {"luxemburg", "lu"}, {"lux", "lu"}, {"portugal", "pt"}, {"prt", "pt"}, {"ireland", "ie"}, {"irlande", "ie"},
	{"irl", "ie"}, {"poland", "pl"}, {"pologne", "pl"}, {"polska", "pl"}, {"united states", "us"}, {"usa", "us"}, {"etats unis", "us"},
	{"canada", "ca"}, {"can", "ca"}, {"australia", "au"}, {"australie", "au"}, {"aus", "au"}, {"sweden", "se"}, {"sverige", "se"}, {"suede", "se"},
	{"denmark", "dk"}, {"danmark", "dk"}, {"danemark", "dk"}, {"norway", "no"}, {"norge", "no"}, {"finland", "fi"}, {"suomi", "fi"}
};

const char *
link_country(const char *folded, size_t n)
{
	for (size_t i = 0; i < sizeof country / sizeof *country; i++)
		if (strlen(country[i].name) == n && memcmp(country[i].name, folded, n) == 0)
			return country[i].iso;
	return NULL;
}

/*
 * link_skeleton: one key for the common spellings of one sound in French, English and German names: eau, au = o; ph = f; th = t; ck = k;
 * y = i; ai = e; sch, ch = s; qu, c = k; z = s; w = v; a final er = e; doubled letters once. s is a folded name without spaces.
 */
int
link_skeleton(const char *s, int n, char *out)
{
	int			k = 0;

#define AT(i) ((i) < n ? s[i] : 0)
	for (int i = 0; i < n;)
	{
		char		c = s[i],
					put;
		int			step = 1;

		if (c == 'e' && AT(i + 1) == 'a' && AT(i + 2) == 'u')
			put = 'o', step = 3;
		else if (c == 'a' && AT(i + 1) == 'u')
			put = 'o', step = 2;
		else if (c == 'p' && AT(i + 1) == 'h')
			put = 'f', step = 2;
		else if (c == 't' && AT(i + 1) == 'h')
			put = 't', step = 2;
		else if (c == 'c' && AT(i + 1) == 'k')
			put = 'k', step = 2;
		else if (c == 'a' && (AT(i + 1) == 'i' || AT(i + 1) == 'y'))
			put = 'e', step = 2;
		else if (c == 's' && AT(i + 1) == 'c' && AT(i + 2) == 'h')
			put = 's', step = 3;
		else if (c == 'c' && AT(i + 1) == 'h')
			put = 's', step = 2;
		else if (c == 'q' && AT(i + 1) == 'u')
			put = 'k', step = 2;
		else if (c == 'e' && AT(i + 1) == 'r' && i + 2 == n && n > 3)
			put = 'e', step = 2;
		else
			put = c == 'y' ? 'i' : c == 'c' || c == 'q' ? 'k' : c == 'z' ? 's' : c == 'w' ? 'v' : c;
		if (k == 0 || out[k - 1] != put)
			out[k++] = put;
		i += step;
	}
#undef AT
	return k;
}
