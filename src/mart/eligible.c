/*
 * eligible.c: the order in which reasons not to write are given: what ends everything, then where, then whether allowed, then when.
 */
#include "mart/eligible.h"

#include <stddef.h>

const char *
eligible_reason_name(EligibleReason reason)
{
	static const char *const names[] = {NULL, "unknown_party", "closed", "deceased", "restricted", "no_address", "bounced", "no_consent", "suppressed",
	"already_claimed", "paused", "quiet_hours", "over_cap"};

	return names[reason];
}

static bool
is_usable(const EligiblePoint *p)
{
	return p->is_current && (p->status == 'v' || p->status == 'u');
}

EligibleReason
eligible_decide(const EligibleCampaign *campaign, const EligibleParty *party, const EligiblePoint *points, int n_points,
				const EligibleConsent *consents, int n_consents, eligible_suppressed is_suppressed, void *arg, int64_t *point)
{
	bool		refused = false,
				granted = !campaign->needs_opt_in || !campaign->is_commercial,
				usable = false,
				allowed = false,
				bounced = false,
				opted_out = false;

	*point = 0;
	if (party->is_closed || !campaign->is_running)
		return ELIGIBLE_CLOSED;
	if (party->is_deceased)
		return ELIGIBLE_DECEASED;
	if (party->is_restricted)
		return ELIGIBLE_RESTRICTED;
	if (!campaign->can_solicit || n_points == 0)
		return ELIGIBLE_NO_ADDRESS;
	for (int i = 0; i < n_consents; i++)
		if (consents[i].point == 0)
		{
			refused |= !consents[i].is_granted;
			granted |= consents[i].is_granted;
		}
	for (int i = 0; i < n_points; i++)
	{
		bool		is_best = !usable;
		bool		may = false,
					may_not = refused;

		bounced |= points[i].status == 'b';
		opted_out |= points[i].status == 'o';
		if (!is_usable(&points[i]))
			continue;
		usable = true;
		for (int k = 0; k < n_consents; k++)
			if (consents[k].point == points[i].id)
			{
				may |= consents[k].is_granted;
				may_not |= !consents[k].is_granted;
			}
		if (may_not || !(may || (granted && is_best)))
			continue;
		allowed = true;
		if (*point == 0 && !(is_suppressed ? is_suppressed(i, arg) : points[i].is_suppressed))
			*point = points[i].id;
	}
	if (!usable)
		return bounced ? ELIGIBLE_BOUNCED : opted_out ? ELIGIBLE_NO_CONSENT : ELIGIBLE_NO_ADDRESS;
	if (!allowed)
		return ELIGIBLE_NO_CONSENT;
	if (*point == 0)
		return ELIGIBLE_SUPPRESSED;
	if (party->is_claimed)
		return ELIGIBLE_ALREADY_CLAIMED;
	if (!campaign->is_commercial)
		return ELIGIBLE_OK;
	if (party->is_off_topic)
		return ELIGIBLE_NO_CONSENT;
	if (party->is_paused)
		return ELIGIBLE_PAUSED;
	if (party->is_quiet)
		return ELIGIBLE_QUIET_HOURS;
	return ELIGIBLE_OK;
}
