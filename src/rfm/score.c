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
 * The name of a cell, by recency and the mean of frequency and amount (rounded up); NULL when a score is above bins. The table is the
 * one in common use, drawn so that all 125 cells have a name.
 */
const char *
rfm_label_name(int value, int bins)
{
	static const char *const name[5][5] = {
		/* F and M:   1            2                      3                    4                  5 */
		{"Lost", "Lost", "At risk", "At risk", "Can't lose them"},
		{"Hibernating", "Hibernating", "At risk", "At risk", "Can't lose them"},
		{"About to sleep", "About to sleep", "Need attention", "Loyal", "Loyal"},
		{"Promising", "Potential loyalist", "Potential loyalist", "Loyal", "Loyal"},
		{"New", "Potential loyalist", "Potential loyalist", "Champions", "Champions"},
	};
	int			r = RFM_R(value),
				f = RFM_F(value),
				m = RFM_M(value);

	if (r > bins || f > bins || m > bins)
		return NULL;
	return name[of_five(r, bins) - 1][(of_five(f, bins) + of_five(m, bins) + 1) / 2 - 1];
}
