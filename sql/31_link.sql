-- Which records are of one person or organisation: the linkage engine over any relation. (src/match/link*.c; docs/identity.md has the model)
CREATE FUNCTION @extschema@.link_records(records regclass, id_column name, columns jsonb, threshold float8 DEFAULT 0.5, other regclass DEFAULT NULL, model jsonb DEFAULT NULL)
	RETURNS TABLE (left_id text, right_id text, match_weight float8, match_probability float8)
	AS 'MODULE_PATHNAME', 'crmseg_link_records' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;
COMMENT ON FUNCTION @extschema@.link_records(regclass, name, jsonb, float8, regclass, jsonb) IS 'pairs of records of one party, of a table or view, or between two of them (other), with log2 of the odds and the probability; columns is {"column": "kind"} (docs/identity.md lists the kinds), threshold the least probability, model what train_records gave, else learned from the records. Reads with the rights of the caller. 42703 unknown column, 22023 unknown kind or no usable column, 22004 null id, 23505 id twice. Fellegi and Sunter 1969; Winkler 1988, 1990, 1992; Enamorado et al. 2019';

CREATE FUNCTION @extschema@.cluster_records(records regclass, id_column name, columns jsonb, threshold float8 DEFAULT 0.5, other regclass DEFAULT NULL, model jsonb DEFAULT NULL)
	RETURNS TABLE (record_id text, cluster_id text)
	AS 'MODULE_PATHNAME', 'crmseg_cluster_records' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;
COMMENT ON FUNCTION @extschema@.cluster_records(regclass, name, jsonb, float8, regclass, jsonb) IS 'every record with the least id of its party: arguments and errors as link_records. Clusters grow best pair first, and what contradicts (given names, dates of birth) keeps them apart. With other, ids of the first relation begin with a:, of the second with b:';

CREATE FUNCTION @extschema@.cluster_quality(records regclass, id_column name, columns jsonb, threshold float8 DEFAULT 0.5, other regclass DEFAULT NULL, model jsonb DEFAULT NULL, size_guard int DEFAULT 20)
	RETURNS TABLE (cluster_id text, size bigint, links bigint, density float8, weakest_weight float8, weakest_probability float8, weakest_left text, weakest_right text, held_by bigint, over_guard bool)
	AS 'MODULE_PATHNAME', 'crmseg_cluster_quality' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 10000;
COMMENT ON FUNCTION @extschema@.cluster_quality(regclass, name, jsonb, float8, regclass, jsonb, int) IS 'each cluster of cluster_records with two records and more: how many, how many of its pairs are links by themselves and the share of all its pairs (density), the weakest edge that holds it together (the lightest of its heaviest spanning tree; log2 of the odds, probability, both records), by how many pairs the two halves are held that fall apart without it (1: a bridge), and whether it has more than size_guard records. Arguments and errors as link_records; 22023 for a size_guard below 1';

CREATE FUNCTION @extschema@.resolve_records(records regclass, id_column name, columns jsonb, threshold float8, other regclass DEFAULT NULL, model jsonb DEFAULT NULL, at_least float8 DEFAULT 0.01, order_column name DEFAULT NULL,
	OUT record_ids bigint[], OUT clusters bigint[], OUT left_ids bigint[], OUT right_ids bigint[], OUT weights float8[], OUT cluster_ids bigint[], OUT sizes bigint[], OUT links bigint[], OUT held_by bigint[],
	OUT weakest_left bigint[], OUT weakest_right bigint[], OUT weakest float8[])
	AS 'MODULE_PATHNAME', 'crmseg_resolve_records' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.resolve_records(regclass, name, jsonb, float8, regclass, jsonb, float8, name) IS 'internal: cluster_records (record_ids, clusters), link_records from at_least on (left_ids, right_ids, weights) and cluster_quality (cluster_ids and what follows) in one run, of records whose ids are numbers, as arrays; order_column holds what samples are drawn and ties are broken by, in place of the id';

CREATE FUNCTION @extschema@.mixed_records(record_ids bigint[], clusters bigint[], placed bigint[], parties bigint[], was_records bigint[], was_clusters bigint[], was_parties bigint[], fresh bigint[],
	OUT mixed bigint[], OUT mixed_clusters bigint[], OUT touched bigint[], OUT still bigint[], OUT still_groups bigint[])
	AS 'MODULE_PATHNAME', 'crmseg_mixed_records' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.mixed_records(bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]) IS 'internal: the records whose party has records of several clusters, or whose cluster has records of several parties, with their clusters; the parties of which something is new since was_records, was_clusters and was_parties, or that have a record of fresh, with those that hang together with them; the other parties of mixed records, and which of them hang together. placed and parties tell the party of each record. 22023 when arrays that belong together differ in length';

CREATE FUNCTION @extschema@.changed_places(record_ids bigint[], clusters bigint[], placed bigint[], parties bigint[], was_records bigint[], was_clusters bigint[], was_parties bigint[])
	RETURNS TABLE (record_id bigint, cluster_id bigint, party_id bigint, is_now boolean)
	AS 'MODULE_PATHNAME', 'crmseg_changed_places' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.changed_places(bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]) IS 'internal: the records whose cluster or party is not what it was: as it is (is_now), and as it was. 22023 when arrays that belong together differ in length';

CREATE FUNCTION @extschema@.placed_pairs(left_ids bigint[], right_ids bigint[], weights float8[], doubt float8, placed bigint[], parties bigint[])
	RETURNS TABLE (bits integer, pairs bigint, one_party bigint, left_id bigint, right_id bigint, match_weight float8, match_probability float8)
	AS 'MODULE_PATHNAME', 'crmseg_placed_pairs' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10000;
COMMENT ON FUNCTION @extschema@.placed_pairs(bigint[], bigint[], float8[], float8, bigint[], bigint[]) IS 'internal: how many pairs of records have each weight, in whole bits, and how many of them are of one party (left_id is null); and the pairs of two parties with a probability of doubt and more. placed and parties tell the party of each record. 22023 when arrays that belong together differ in length';

CREATE FUNCTION @extschema@.explain_blocking(records regclass, id_column name, columns jsonb)
	RETURNS TABLE (rule text, blocks bigint, pairs bigint, largest_block bigint, skipped bigint)
	AS 'MODULE_PATHNAME', 'crmseg_explain_blocking' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 20;
COMMENT ON FUNCTION @extschema@.explain_blocking(regclass, name, jsonb) IS 'how candidate pairs come about: for each rule the blocks of two records and more, the pairs that no earlier rule brought, the largest block, and the blocks over the rule''s cap, which are skipped. Arguments and errors as link_records';

CREATE FUNCTION @extschema@.train_records(records regclass, id_column name, columns jsonb, other regclass DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'crmseg_train_records' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.train_records(regclass, name, jsonb, regclass) IS 'the model learned from a relation without labels, for the argument model of link_records: per comparison and level m (one party), h (one household), u (unrelated), and how frequent the thousand most frequent names, organisations and postal codes are. All of it may be edited; a frequency that is given stands in place of the one counted. Arguments and errors as link_records';

CREATE FUNCTION @extschema@.explain_match(a jsonb, b jsonb, columns jsonb, model jsonb DEFAULT NULL)
	RETURNS TABLE (comparison text, left_value text, right_value text, level text, m float8, u float8, term_frequency float8, weight float8, running float8)
	AS 'MODULE_PATHNAME', 'crmseg_explain_match' LANGUAGE C STABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.explain_match(jsonb, jsonb, jsonb, jsonb) IS 'why two records, given as {"column": value}, are or are not one party: a row for each comparison with its level, log2 weight and the sum so far, which begins with the prior. Without a model what is usual is taken. 22023 for a record, columns or model that cannot be read';
