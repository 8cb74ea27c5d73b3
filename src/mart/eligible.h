/*
 * eligible.h: may this party be written to, by this channel, for this campaign, at this instant? The decision alone, from what was read.
 */
#ifndef CRMSEG_ELIGIBLE_H
#define CRMSEG_ELIGIBLE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum EligibleReason
{
	ELIGIBLE_OK,
	ELIGIBLE_UNKNOWN_PARTY,
	ELIGIBLE_CLOSED,
	ELIGIBLE_DECEASED,
	ELIGIBLE_RESTRICTED,
	ELIGIBLE_NO_ADDRESS,
	ELIGIBLE_BOUNCED,
	ELIGIBLE_NO_CONSENT,
	ELIGIBLE_SUPPRESSED,
	ELIGIBLE_ALREADY_CLAIMED,
	ELIGIBLE_PAUSED,
	ELIGIBLE_QUIET_HOURS,
	ELIGIBLE_OVER_CAP,
} EligibleReason;

extern const char *eligible_reason_name(EligibleReason reason);	/* NULL for ELIGIBLE_OK */

/* the campaign and the channel at that instant */
typedef struct EligibleCampaign
{
	bool		is_running;
	bool		is_commercial;	/* else transactional: no consent needed, no caps, pauses or quiet hours */
	bool		can_solicit;
	bool		needs_opt_in;
} EligibleCampaign;

/* an address of the kind that the channel writes to, the best first: primary, then oldest */
typedef struct EligiblePoint
{
	int64_t		id;
	char		status;			/* first letter of valid, unverified, bounced, invalid, opted_out */
	bool		is_current;
	bool		is_suppressed;	/* unless this is asked for */
} EligiblePoint;

/* Is the address of this point suppressed? Asked only where it matters. */
typedef bool (*eligible_suppressed) (int point, void *arg);

/* a statement in force for the purpose and channel; point 0: for any */
typedef struct EligibleConsent
{
	int64_t		point;
	bool		is_granted;
} EligibleConsent;

typedef struct EligibleParty
{
	bool		is_closed;
	bool		is_deceased;
	bool		is_restricted;
	bool		is_paused;
	bool		is_quiet;
	bool		is_off_topic;
	bool		is_claimed;
} EligibleParty;

/*
 * Everything but the caps. On ELIGIBLE_OK *point is where to write: the first address that a consent allows (its own, or one for any if it
 * is the best of its kind; the most restrictive statement counts) and that is not suppressed: as its point says, or, where it is given, is_suppressed.
 */
extern EligibleReason eligible_decide(const EligibleCampaign *campaign, const EligibleParty *party, const EligiblePoint *points, int n_points,
									  const EligibleConsent *consents, int n_consents, eligible_suppressed is_suppressed, void *arg, int64_t *point);

#endif
