/*
 * score.c: the value '5-4-3' and the eleven usual names of its cells.
 */
#include "rfm/rfm.h"

bool
rfm_is_valid(int value)
{
	return value >= 111 && value <= 999 && RFM_F(value) > 0 && RFM_M(value) > 0;
}

/* 'r-f-m', or 'rfm' as the integer has it, blanks around */
rfm_status
rfm_parse(const char *s, size_t len, int16_t *value)
{
	char		digit[3];
	size_t		n = 0;

	while (len > 0 && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r'))
		s++, len--;
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t' || s[len - 1] == '\n' || s[len - 1] == '\r'))
		len--;
	if (len == 5 && s[1] == '-' && s[3] == '-')
		digit[0] = s[0], digit[1] = s[2], digit[2] = s[4];
	else if (len == 3)
		digit[0] = s[0], digit[1] = s[1], digit[2] = s[2];
	else
		return RFM_BAD;
	for (n = 0; n < 3; n++)
		if (digit[n] < '1' || digit[n] > '9')
			return RFM_BAD;
	*value = RFM_PACK(digit[0] - '0', digit[1] - '0', digit[2] - '0');
	return RFM_OK;
}

/* a score of `bins` on the scale of five: the lowest stays the lowest and the highest the highest; of one bin, the middle */
static int
of_five(int score, int bins)
{
	if (bins == 5)
		return score;
	if (bins == 1)
		return 3;
	return 1 + ((score - 1) * 8 + bins - 1) / (2 * (bins - 1));
}

/*
 * The name of a cell, by recency and the mean of frequency and amount (rounded up). The table is the one in common use, drawn so that
 * all 125 cells have a name; five and three groups join the eleven.
 */
const char *
rfm_label_name(int value, int bins, int groups)
{
	enum {CHAMPIONS, LOYAL, POTENTIAL, NEW, PROMISING, ATTENTION, SLEEPY, AT_RISK, DEAR, HIBERNATING, LOST};
	static const char *const name[][3] = {
		[CHAMPIONS] = {"Champions", "Best", "Active"},
		[LOYAL] = {"Loyal", "Loyal", "Active"},
		[POTENTIAL] = {"Potential loyalist", "Loyal", "Active"},
		[NEW] = {"New", "New", "Active"},
		[PROMISING] = {"Promising", "New", "Active"},
		[ATTENTION] = {"Need attention", "At risk", "Slipping"},
		[SLEEPY] = {"About to sleep", "At risk", "Slipping"},
		[AT_RISK] = {"At risk", "At risk", "Slipping"},
		[DEAR] = {"Can't lose them", "At risk", "Slipping"},
		[HIBERNATING] = {"Hibernating", "Lost", "Lost"},
		[LOST] = {"Lost", "Lost", "Lost"},
	};
	static const unsigned char cell[5][5] = {
		/* F and M: 1		2			3			4			5 */
		{LOST,			LOST,		AT_RISK,	AT_RISK,	DEAR},
		{HIBERNATING,	HIBERNATING, AT_RISK,	AT_RISK,	DEAR},
		{SLEEPY,		SLEEPY,		ATTENTION,	LOYAL,		LOYAL},
		{PROMISING,		POTENTIAL,	POTENTIAL,	LOYAL,		LOYAL},
		{NEW,			POTENTIAL,	POTENTIAL,	CHAMPIONS,	CHAMPIONS},
	};
	int			r = RFM_R(value),
				f = RFM_F(value),
				m = RFM_M(value);

	if (r > bins || f > bins || m > bins)
		return NULL;
	return name[cell[of_five(r, bins) - 1][(of_five(f, bins) + of_five(m, bins) + 1) / 2 - 1]][groups == 11 ? 0 : groups == 5 ? 1 : 2];
}
