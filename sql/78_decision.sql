-- May we, should we, by which channel: eligibility of a party, the best channel, audiences reserved among many workers, what a campaign
-- brought. (The tables are those of sql/mart/09_campaign.sql and 11_behaviour.sql, the views those of 15_decision.sql.)

CREATE FUNCTION @extschema@.eligible(mart name, party bigint, channel text, campaign bigint, at timestamptz DEFAULT now(), OUT ok boolean, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_eligible' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.eligible(name, bigint, text, bigint, timestamptz) IS 'may this party be written to, by this channel, for this campaign, at this instant? The reason when not, the first that holds of: unknown_party, closed (the party, or the campaign is not running), deceased, no_address, bounced, no_consent, suppressed, already_claimed, paused, quiet_hours, over_cap (a cap of NULL is no rule, of 0 is never). A transactional campaign (is_commercial false) needs no consent and knows no pause, quiet hours or cap, but suppression, bounces and refusals hold. 22023 for an unknown channel or campaign';

CREATE FUNCTION @extschema@.eligible_point(mart name, party bigint, channel text, campaign bigint, at timestamptz, OUT ok boolean, OUT reason text, OUT contact_point_id bigint)
	AS 'MODULE_PATHNAME', 'crmseg_eligible_point' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.eligible_point(name, bigint, text, bigint, timestamptz) IS 'as eligible, with the contact point to write to';
