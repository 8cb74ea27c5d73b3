-- Typologies and what tells their groups apart: k-means, association, the description of a segment. (src/typology)

-- ---- cluster_model ----
CREATE TYPE @extschema@.cluster_model;
CREATE FUNCTION @extschema@.cluster_model_in(cstring) RETURNS @extschema@.cluster_model
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_model_in(cstring) IS 'text to cluster_model: kmeans(centres={{1,2},{3,4}}), perhaps what the fit says of itself; else 22P02';
CREATE FUNCTION @extschema@.cluster_model_out(@extschema@.cluster_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_model_out(@extschema@.cluster_model) IS 'cluster_model to text, the shortest decimals that read back as the same numbers';
CREATE FUNCTION @extschema@.cluster_model_recv(internal) RETURNS @extschema@.cluster_model
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_model_recv(internal) IS 'bytes to cluster_model; another version, or numbers that no model has: 22P03';
CREATE FUNCTION @extschema@.cluster_model_send(@extschema@.cluster_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_model_send(@extschema@.cluster_model) IS 'cluster_model to bytes, the first of which is the version';
CREATE TYPE @extschema@.cluster_model (INPUT = @extschema@.cluster_model_in, OUTPUT = @extschema@.cluster_model_out, RECEIVE = @extschema@.cluster_model_recv, SEND = @extschema@.cluster_model_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = external);
COMMENT ON TYPE @extschema@.cluster_model IS 'the groups that a k-means found: centres in the units of the features, sizes, sums of squares, silhouette, status. Its text is its input';
CREATE FUNCTION @extschema@.cluster_model_lt(@extschema@.cluster_model, @extschema@.cluster_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_lt(@extschema@.cluster_model, @extschema@.cluster_model) IS 'support function of the operator < of cluster_model';
CREATE OPERATOR @extschema@.< (LEFTARG = @extschema@.cluster_model, RIGHTARG = @extschema@.cluster_model, FUNCTION = @extschema@.cluster_model_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR @extschema@.< (@extschema@.cluster_model, @extschema@.cluster_model) IS 'sorts before: by number of centres and features, then their numbers, then what the fit says';
CREATE FUNCTION @extschema@.cluster_model_le(@extschema@.cluster_model, @extschema@.cluster_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_le(@extschema@.cluster_model, @extschema@.cluster_model) IS 'support function of the operator <= of cluster_model';
CREATE OPERATOR @extschema@.<= (LEFTARG = @extschema@.cluster_model, RIGHTARG = @extschema@.cluster_model, FUNCTION = @extschema@.cluster_model_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.cluster_model, @extschema@.cluster_model) IS 'sorts before or is equal: by number of centres and features, then their numbers, then what the fit says';
CREATE FUNCTION @extschema@.cluster_model_eq(@extschema@.cluster_model, @extschema@.cluster_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_eq(@extschema@.cluster_model, @extschema@.cluster_model) IS 'support function of the operator = of cluster_model';
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.cluster_model, RIGHTARG = @extschema@.cluster_model, FUNCTION = @extschema@.cluster_model_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR @extschema@.= (@extschema@.cluster_model, @extschema@.cluster_model) IS 'equal: by number of centres and features, then their numbers, then what the fit says';
CREATE FUNCTION @extschema@.cluster_model_ne(@extschema@.cluster_model, @extschema@.cluster_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_ne(@extschema@.cluster_model, @extschema@.cluster_model) IS 'support function of the operator <> of cluster_model';
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.cluster_model, RIGHTARG = @extschema@.cluster_model, FUNCTION = @extschema@.cluster_model_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.cluster_model, @extschema@.cluster_model) IS 'not equal: by number of centres and features, then their numbers, then what the fit says';
CREATE FUNCTION @extschema@.cluster_model_ge(@extschema@.cluster_model, @extschema@.cluster_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_ge(@extschema@.cluster_model, @extschema@.cluster_model) IS 'support function of the operator >= of cluster_model';
CREATE OPERATOR @extschema@.>= (LEFTARG = @extschema@.cluster_model, RIGHTARG = @extschema@.cluster_model, FUNCTION = @extschema@.cluster_model_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.cluster_model, @extschema@.cluster_model) IS 'sorts after or is equal: by number of centres and features, then their numbers, then what the fit says';
CREATE FUNCTION @extschema@.cluster_model_gt(@extschema@.cluster_model, @extschema@.cluster_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_gt(@extschema@.cluster_model, @extschema@.cluster_model) IS 'support function of the operator > of cluster_model';
CREATE OPERATOR @extschema@.> (LEFTARG = @extschema@.cluster_model, RIGHTARG = @extschema@.cluster_model, FUNCTION = @extschema@.cluster_model_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR @extschema@.> (@extschema@.cluster_model, @extschema@.cluster_model) IS 'sorts after: by number of centres and features, then their numbers, then what the fit says';
CREATE FUNCTION @extschema@.cluster_model_cmp(@extschema@.cluster_model, @extschema@.cluster_model) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_cmp(@extschema@.cluster_model, @extschema@.cluster_model) IS 'btree support of cluster_model: by number of centres and features, then their numbers, then what the fit says';
CREATE FUNCTION @extschema@.cluster_model_hash(@extschema@.cluster_model) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_hash(@extschema@.cluster_model) IS 'hash support of cluster_model';
CREATE FUNCTION @extschema@.cluster_model_hash_extended(@extschema@.cluster_model, int8) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_cluster_model_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.cluster_model_hash_extended(@extschema@.cluster_model, int8) IS 'seeded hash support of cluster_model, for hash partitions';
CREATE OPERATOR CLASS @extschema@.cluster_model_ops DEFAULT FOR TYPE @extschema@.cluster_model USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.cluster_model_cmp(@extschema@.cluster_model, @extschema@.cluster_model);
CREATE OPERATOR CLASS @extschema@.cluster_model_ops DEFAULT FOR TYPE @extschema@.cluster_model USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.cluster_model_hash(@extschema@.cluster_model), FUNCTION 2 @extschema@.cluster_model_hash_extended(@extschema@.cluster_model, int8);
CREATE CAST (@extschema@.cluster_model AS text) WITH INOUT AS ASSIGNMENT;

-- ---- reading a model; clusters are counted from 1 ----
CREATE FUNCTION @extschema@.centres(@extschema@.cluster_model) RETURNS float8[]
	AS 'MODULE_PATHNAME', 'crmseg_cluster_centres' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.centres(@extschema@.cluster_model) IS 'the centres as an array of two dimensions: centres(m)[2][1] is the first feature of the second cluster; in the units of the features';
CREATE FUNCTION @extschema@.cluster_count(@extschema@.cluster_model) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_cluster_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_count(@extschema@.cluster_model) IS 'how many clusters there are: k, or fewer when there are fewer distinct rows';
CREATE FUNCTION @extschema@.fit_status(@extschema@.cluster_model) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_cluster_status' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.fit_status(@extschema@.cluster_model) IS 'converged; not_converged (max_iterations were not enough); given (not fitted)';
CREATE FUNCTION @extschema@.cluster_numbers(@extschema@.cluster_model, which int4) RETURNS float8[]
	AS 'MODULE_PATHNAME', 'crmseg_cluster_numbers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_numbers(@extschema@.cluster_model, which int4) IS 'what the functions below read: 0 sizes, 1 sums of squares, 2 means, 3 deviations; NULL when unknown';
CREATE FUNCTION @extschema@.cluster_number(@extschema@.cluster_model, which int4) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_cluster_number' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_number(@extschema@.cluster_model, which int4) IS 'what the functions below read: 0 rows, 1 ignored, 2 inertia, 3 total, 4 silhouette, 5 iterations, 6 standardised; NULL when unknown';
CREATE FUNCTION @extschema@.cluster_sizes(@extschema@.cluster_model) RETURNS float8[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_numbers($1, 0);
COMMENT ON FUNCTION @extschema@.cluster_sizes(@extschema@.cluster_model) IS 'how many rows (sum of weights) each cluster has; NULL when the model was not fitted';
CREATE FUNCTION @extschema@.cluster_inertias(@extschema@.cluster_model) RETURNS float8[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_numbers($1, 1);
COMMENT ON FUNCTION @extschema@.cluster_inertias(@extschema@.cluster_model) IS 'the sum of squared distances of the rows of each cluster to its centre';
CREATE FUNCTION @extschema@.feature_means(@extschema@.cluster_model) RETURNS float8[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_numbers($1, 2);
COMMENT ON FUNCTION @extschema@.feature_means(@extschema@.cluster_model) IS 'the mean of each feature over all rows';
CREATE FUNCTION @extschema@.feature_deviations(@extschema@.cluster_model) RETURNS float8[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_numbers($1, 3);
COMMENT ON FUNCTION @extschema@.feature_deviations(@extschema@.cluster_model) IS 'the standard deviation of each feature over all rows (that of the population)';
CREATE FUNCTION @extschema@.row_count(@extschema@.cluster_model) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_number($1, 0);
COMMENT ON FUNCTION @extschema@.row_count(@extschema@.cluster_model) IS 'how many rows (sum of weights) were clustered';
CREATE FUNCTION @extschema@.ignored_rows(@extschema@.cluster_model) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_number($1, 1);
COMMENT ON FUNCTION @extschema@.ignored_rows(@extschema@.cluster_model) IS 'how many rows had no known feature and were left out';
CREATE FUNCTION @extschema@.inertia(@extschema@.cluster_model) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_number($1, 2);
COMMENT ON FUNCTION @extschema@.inertia(@extschema@.cluster_model) IS 'the sum of squared distances of all rows to their centres, in standard deviations when the features were standardised';
CREATE FUNCTION @extschema@.total_inertia(@extschema@.cluster_model) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_number($1, 3);
COMMENT ON FUNCTION @extschema@.total_inertia(@extschema@.cluster_model) IS 'the same to one centre for all rows: 1 - inertia / total_inertia is what the clusters explain';
CREATE FUNCTION @extschema@.silhouette(@extschema@.cluster_model) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_number($1, 4);
COMMENT ON FUNCTION @extschema@.silhouette(@extschema@.cluster_model) IS 'the mean silhouette (Rousseeuw 1987) of at most silhouette_rows complete rows, from -1 to 1; NULL with one cluster';
CREATE FUNCTION @extschema@.iterations(@extschema@.cluster_model) RETURNS int8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_number($1, 5)::int8;
COMMENT ON FUNCTION @extschema@.iterations(@extschema@.cluster_model) IS 'how many times the rows were assigned until none changed';
CREATE FUNCTION @extschema@.is_standardised(@extschema@.cluster_model) RETURNS bool
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN @extschema@.cluster_number($1, 6) = 1;
COMMENT ON FUNCTION @extschema@.is_standardised(@extschema@.cluster_model) IS 'whether distances are in standard deviations of each feature';
CREATE FUNCTION @extschema@.nearest_cluster(@extschema@.cluster_model, features float8[]) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_nearest_cluster' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.nearest_cluster(@extschema@.cluster_model, features float8[]) IS 'the cluster, counted from 1, whose centre is nearest; NULL and NaN features do not count, NULL when none is known. Another number of features: 22023';
CREATE FUNCTION @extschema@.cluster_distance(@extschema@.cluster_model, features float8[]) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_cluster_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_distance(@extschema@.cluster_model, features float8[]) IS 'the distance to the nearest centre, in standard deviations when the model is standardised';

-- ---- the state of the k-means aggregates ----
CREATE TYPE @extschema@.cluster_sample;
CREATE FUNCTION @extschema@.cluster_sample_in(cstring) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_in(cstring) IS 'the hexadecimal form of the bytes of a state';
CREATE FUNCTION @extschema@.cluster_sample_out(@extschema@.cluster_sample) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_out(@extschema@.cluster_sample) IS 'the bytes of a state, in hexadecimal';
CREATE FUNCTION @extschema@.cluster_sample_recv(internal) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_recv(internal) IS 'bytes to cluster_sample; another version or impossible numbers: 22P03';
CREATE FUNCTION @extschema@.cluster_sample_send(@extschema@.cluster_sample) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_send(@extschema@.cluster_sample) IS 'cluster_sample to bytes, the first of which is the version';
CREATE TYPE @extschema@.cluster_sample (INPUT = @extschema@.cluster_sample_in, OUTPUT = @extschema@.cluster_sample_out, RECEIVE = @extschema@.cluster_sample_recv, SEND = @extschema@.cluster_sample_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE @extschema@.cluster_sample IS 'the state of the k-means aggregates: their rows and what is asked of them, 8 bytes a feature, at most 1 GB';
CREATE FUNCTION @extschema@.cluster_sample_merge(@extschema@.cluster_sample, @extschema@.cluster_sample) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_merge' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_merge(@extschema@.cluster_sample, @extschema@.cluster_sample) IS 'both samples as one; gathered for different k-means: 22023';
CREATE FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int8) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int8) IS 'transition function of kmeans: features, k, seed; a row whose array is NULL is left out';
CREATE FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int8, jsonb) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int8, jsonb) IS 'the same with options, which are read at the first row';
CREATE FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int8, float8, jsonb) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int8, float8, jsonb) IS 'the same for as many rows as the weight says';
CREATE FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], float8[]) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_add_start' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], float8[]) IS 'transition function of kmeans from given centres, which are read at the first row';
CREATE FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], float8[], float8, jsonb) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_add_start' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], float8[], float8, jsonb) IS 'the same for as many rows as the weight says, with options';
CREATE FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int4, int8, jsonb) RETURNS @extschema@.cluster_sample
	AS 'MODULE_PATHNAME', 'crmseg_cluster_sample_add_range' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_add(@extschema@.cluster_sample, float8[], int4, int4, int8, jsonb) IS 'transition function of kmeans_models: features, from k, to k, seed, options';
CREATE FUNCTION @extschema@.cluster_sample_fit(@extschema@.cluster_sample) RETURNS @extschema@.cluster_model
	AS 'MODULE_PATHNAME', 'crmseg_kmeans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_fit(@extschema@.cluster_sample) IS 'final function of kmeans; NULL when no row has a known feature';
CREATE FUNCTION @extschema@.cluster_sample_fit_all(@extschema@.cluster_sample) RETURNS @extschema@.cluster_model[]
	AS 'MODULE_PATHNAME', 'crmseg_kmeans_models' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cluster_sample_fit_all(@extschema@.cluster_sample) IS 'final function of kmeans_models: one model for each k';

-- ---- the aggregates ----
CREATE AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8) (SFUNC = @extschema@.cluster_sample_add, STYPE = @extschema@.cluster_sample, FINALFUNC = @extschema@.cluster_sample_fit, COMBINEFUNC = @extschema@.cluster_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8) IS 'k-means: k groups of rows with the least sum of squared distances to their centres that the best of ten seedings leads to. The same seed and rows give the same model, in whatever order the rows come. NULL and NaN stand for a missing feature, which does not count. k not from 1 to 1000, infinite features, rows of other length: 22023; more than 1 GB: 54000';
CREATE AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8, options jsonb) (SFUNC = @extschema@.cluster_sample_add, STYPE = @extschema@.cluster_sample, FINALFUNC = @extschema@.cluster_sample_fit, COMBINEFUNC = @extschema@.cluster_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8, options jsonb) IS 'the same with options {"standardise": false, "starts": 10, "max_iterations": 300, "silhouette_rows": 2000}; another option: 22023';
CREATE AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8, weight float8, options jsonb) (SFUNC = @extschema@.cluster_sample_add, STYPE = @extschema@.cluster_sample, FINALFUNC = @extschema@.cluster_sample_fit, COMBINEFUNC = @extschema@.cluster_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8, weight float8, options jsonb) IS 'the same, each row as many times as its weight says';
CREATE AGGREGATE @extschema@.kmeans(features float8[], start float8[]) (SFUNC = @extschema@.cluster_sample_add, STYPE = @extschema@.cluster_sample, FINALFUNC = @extschema@.cluster_sample_fit, COMBINEFUNC = @extschema@.cluster_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.kmeans(features float8[], start float8[]) IS 'k-means from given centres, ARRAY[[1, 2], [3, 4]]: Lloyds iteration until no row changes its group; the clusters keep the order of the centres';
CREATE AGGREGATE @extschema@.kmeans(features float8[], start float8[], weight float8, options jsonb) (SFUNC = @extschema@.cluster_sample_add, STYPE = @extschema@.cluster_sample, FINALFUNC = @extschema@.cluster_sample_fit, COMBINEFUNC = @extschema@.cluster_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.kmeans(features float8[], start float8[], weight float8, options jsonb) IS 'the same, each row as many times as its weight says, with options';
CREATE AGGREGATE @extschema@.kmeans_models(features float8[], from_k int4, to_k int4, seed int8, options jsonb) (SFUNC = @extschema@.cluster_sample_add, STYPE = @extschema@.cluster_sample, FINALFUNC = @extschema@.cluster_sample_fit_all, COMBINEFUNC = @extschema@.cluster_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.kmeans_models(features float8[], from_k int4, to_k int4, seed int8, options jsonb) IS 'one k-means for each k, of rows gathered once: for the choice of k, see kmeans_report';

-- ---- what goes with what; each reads the relation once, with the rights of the caller ----
CREATE FUNCTION @extschema@.association(relation regclass, target name)
	RETURNS TABLE (variable name, measure text, strength float8, p_value float8, n int8)
	AS 'MODULE_PATHNAME', 'crmseg_association' LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 50;
COMMENT ON FUNCTION @extschema@.association(relation regclass, target name) IS 'how strongly every other column goes with target, the strongest first. Two categories: cramers_v (chi-square test) and mutual_information (in nats, G test); numbers of categories: correlation_ratio (eta squared, F test); two numbers: pearson, spearman. Whole numbers of at most 20 values are read both ways, times as seconds; arrays, JSON and columns that the caller may not read are left out. Rows in which either is missing do not count (n). NULL where nothing can be measured: constants, identifiers. A target of more than 1000 categories: 22023';
CREATE FUNCTION @extschema@.describe_segment(relation regclass, condition text)
	RETURNS TABLE (variable name, modality text, share float8, base_share float8, lift float8, v_test float8, p_value float8)
	AS 'MODULE_PATHNAME', 'crmseg_describe_segment' LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 200;
COMMENT ON FUNCTION @extschema@.describe_segment(relation regclass, condition text) IS 'what sets the rows that meet the condition (an SQL expression, run with the rights of the caller) apart from all rows: the share of each modality with its exact hypergeometric p-value, and the mean of numbers (modality mean; share and base_share are the means), by test value, the over-represented first. modality NULL: the value is missing. No row meets it: no rows. Not one expression: 42601';
CREATE FUNCTION @extschema@.describe_segment(relation regclass, condition text, false_discovery_rate float8)
	RETURNS TABLE (variable name, modality text, share float8, base_share float8, lift float8, v_test float8, p_value float8, adjusted_p_value float8, members int8, rows int8)
	AS 'MODULE_PATHNAME', 'crmseg_describe_segment' LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 50;
COMMENT ON FUNCTION @extschema@.describe_segment(relation regclass, condition text, false_discovery_rate float8) IS 'the same, only what holds at this false discovery rate (Benjamini and Hochberg 1995) among all modalities and means; with adjusted p-values, and how many members and rows have the modality (for a mean: a known value). A rate not from 0 to 1: 22023';

-- ---- two typologies, or two categories, of any types: aggregates over pairs; their state, a bytea, counts the pairs ----
CREATE FUNCTION @extschema@.contingency_add(bytea, "any", "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_contingency_add' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.contingency_add(bytea, "any", "any") IS 'transition function: one more pair of values, compared by their text; a pair with a NULL is not counted; bytes that are no state: 22P03';
CREATE FUNCTION @extschema@.contingency_merge(bytea, bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_contingency_merge' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.contingency_merge(bytea, bytea) IS 'combine function: the pairs of both states';
CREATE FUNCTION @extschema@.contingency_adjusted_rand(bytea) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_adjusted_rand' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.contingency_adjusted_rand(bytea) IS 'final function of adjusted_rand_index';
CREATE FUNCTION @extschema@.contingency_cramers_v(bytea) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_cramers_v' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.contingency_cramers_v(bytea) IS 'final function of cramers_v; more than 4 million cells: 54000';
CREATE FUNCTION @extschema@.contingency_mutual_information(bytea) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_mutual_information' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.contingency_mutual_information(bytea) IS 'final function of mutual_information; more than 4 million cells: 54000';
CREATE AGGREGATE @extschema@.adjusted_rand_index("any", "any") (SFUNC = @extschema@.contingency_add, STYPE = bytea, FINALFUNC = @extschema@.contingency_adjusted_rand, COMBINEFUNC = @extschema@.contingency_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.adjusted_rand_index("any", "any") IS 'how well two typologies of the same rows agree (Hubert and Arabie 1985): 1 when they are one, about 0 when they have nothing to do with each other; rows without a group in either do not count; NULL without rows';
CREATE AGGREGATE @extschema@.cramers_v("any", "any") (SFUNC = @extschema@.contingency_add, STYPE = bytea, FINALFUNC = @extschema@.contingency_cramers_v, COMBINEFUNC = @extschema@.contingency_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.cramers_v("any", "any") IS 'how strongly two categories go together (Cramer 1946), from 0 to 1; NULL when one of them is constant';
CREATE AGGREGATE @extschema@.mutual_information("any", "any") (SFUNC = @extschema@.contingency_add, STYPE = bytea, FINALFUNC = @extschema@.contingency_mutual_information, COMBINEFUNC = @extschema@.contingency_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.mutual_information("any", "any") IS 'what one category says of another, in nats (Shannon 1948); NULL when one of them is constant';
