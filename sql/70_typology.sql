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
COMMENT ON AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8) IS 'k-means: k groups of rows with the least sum of squared distances to their centres that the best of ten to a hundred seedings leads to. The same seed and rows give the same model, in whatever order the rows come. NULL and NaN stand for a missing feature, which does not count. k not from 1 to 1000, infinite features, rows of other length: 22023; more than 1 GB: 54000';
CREATE AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8, options jsonb) (SFUNC = @extschema@.cluster_sample_add, STYPE = @extschema@.cluster_sample, FINALFUNC = @extschema@.cluster_sample_fit, COMBINEFUNC = @extschema@.cluster_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.kmeans(features float8[], k int4, seed int8, options jsonb) IS 'the same with options {"standardise": false, "starts": 10 to 100, "max_iterations": 300, "silhouette_rows": 2000}; another option: 22023';
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

-- ---- reports and pictures ----
CREATE FUNCTION @extschema@.cluster_profile(model @extschema@.cluster_model, features text[] DEFAULT NULL)
	RETURNS TABLE (cluster int4, size float8, share float8, feature text, centre float8, mean float8, z float8)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
	SELECT c, (@extschema@.cluster_sizes(model))[c], (@extschema@.cluster_sizes(model))[c] / @extschema@.row_count(model), coalesce(features[f], 'feature ' || f),
		(@extschema@.centres(model))[c][f], (@extschema@.feature_means(model))[f],
		((@extschema@.centres(model))[c][f] - (@extschema@.feature_means(model))[f]) / nullif((@extschema@.feature_deviations(model))[f], 0)
	FROM generate_series(1, @extschema@.cluster_count(model)) AS c, generate_series(1, array_length(@extschema@.centres(model), 2)) AS f ORDER BY c, f;
END;
COMMENT ON FUNCTION @extschema@.cluster_profile(@extschema@.cluster_model, text[]) IS 'each cluster and feature: the centre, the mean of all rows, and how many standard deviations lie between (z); the features are named as given';

CREATE FUNCTION @extschema@.kmeans_report(relation regclass, columns name[], max_k int4 DEFAULT 10, seed int8 DEFAULT 1, standardise bool DEFAULT true)
	RETURNS TABLE (k int4, inertia float8, explained float8, silhouette float8, calinski_harabasz float8, bic float8, sizes float8[], model @extschema@.cluster_model)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	features text;
BEGIN
	IF cardinality(columns) = 0 OR array_position(columns, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'columns must name at least one column, and no NULL' USING ERRCODE = '22023';
	END IF;
	SELECT string_agg(format('%I::float8', c), ', ' ORDER BY n) INTO features FROM unnest(columns) WITH ORDINALITY AS u (c, n);
	RETURN QUERY EXECUTE format($q$
		SELECT @extschema@.cluster_count(m), i, 1 - i / nullif(t, 0), @extschema@.silhouette(m), (t - i) / nullif(i, 0) * (n - k) / nullif(k - 1, 0),
			CASE WHEN i > 0 AND n > k THEN n * d * (ln(2 * pi() * i / (d * (n - k)))) + d * (n - k) - 2 * (SELECT sum(s * ln(s / n)) FROM unnest(@extschema@.cluster_sizes(m)) AS s) + (k * (d + 1)) * ln(n) END,
			@extschema@.cluster_sizes(m), m
		FROM (SELECT m, @extschema@.inertia(m) AS i, @extschema@.total_inertia(m) AS t, @extschema@.row_count(m) AS n, @extschema@.cluster_count(m)::float8 AS k, array_length(@extschema@.centres(m), 2)::float8 AS d
			FROM (SELECT unnest(@extschema@.kmeans_models(ARRAY[%s], 1, $1, $2, jsonb_build_object('standardise', $3))) AS m FROM %s) AS f) AS v ORDER BY 1 $q$, features, relation)
	USING max_k, seed, standardise;
END $$;
COMMENT ON FUNCTION @extschema@.kmeans_report(regclass, name[], int4, int8, bool) IS 'k-means of numeric columns for each k up to max_k, for the choice of k: inertia, the part of it explained, silhouette (Rousseeuw 1987: higher is better), Calinski-Harabasz index (1974: higher), BIC (spherical groups, Pelleg and Moore 2000: lower), sizes, and the model itself. The relation is read once, with the rights of the caller';

CREATE FUNCTION @extschema@.svg_cluster_profile(profile jsonb, title text DEFAULT 'Clusters: how far each centre lies from the mean of all') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	features text[];
	clusters int[];
	c record;
	body text := '';
	x0 CONSTANT numeric := 170;
	y0 CONSTANT numeric := 34;
	w CONSTANT numeric := 92;
	h CONSTANT numeric := 40;
	x numeric;
	y numeric;
BEGIN
	SELECT array_agg(d.feature ORDER BY d.n) INTO features FROM (SELECT e.feature, min(e.n) AS n FROM ROWS FROM (jsonb_to_recordset(profile) AS (feature text)) WITH ORDINALITY AS e (feature, n) WHERE e.feature IS NOT NULL GROUP BY e.feature) AS d;
	SELECT array_agg(DISTINCT d.cluster ORDER BY d.cluster) INTO clusters FROM jsonb_to_recordset(profile) AS d (cluster int) WHERE d.cluster IS NOT NULL;
	FOR c IN
		SELECT array_position(features, d.feature) AS cx, array_position(clusters, d.cluster) AS cy, d.feature, d.cluster, d.centre, d.z, s.fill, s.ink
		FROM jsonb_to_recordset(profile) AS d (cluster int, feature text, centre numeric, z numeric), LATERAL @extschema@.svg_shade(abs(d.z) / 2) AS s
		WHERE d.feature IS NOT NULL AND d.cluster IS NOT NULL ORDER BY 2, 1
	LOOP
		x := x0 + (c.cx - 1) * w;
		y := y0 + (c.cy - 1) * h;
		-- above the mean in blue, below it in orange, as deep as svg_shade has it
		body := body || format('<g><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="4" fill="%s"/></g>',
				@extschema@.svg_escape(format('cluster %s, %s: %s (z %s)', c.cluster, c.feature, c.centre, round(c.z, 2))), x, y, w - 3, h - 3,
				CASE WHEN c.z < 0 THEN (ARRAY['#fdf3ea', '#fbe3cd', '#f6cba3', '#eeac72', '#dd8644', '#b9622a', '#87421a'])[1 + least(6, floor(7 * least(abs(c.z) / 2, 1)))::int] ELSE c.fill END)
			|| @extschema@.svg_text(x + w / 2 - 1.5, y + 17, @extschema@.svg_number(c.centre), format('text-anchor="middle" font-weight="600" fill="%s"', c.ink))
			|| @extschema@.svg_text(x + w / 2 - 1.5, y + 31, CASE WHEN c.z > 0 THEN '+' ELSE '' END || round(c.z, 1), format('text-anchor="middle" font-size="11" fill="%s"', c.ink));
	END LOOP;
	FOR i IN 1..coalesce(cardinality(features), 0) LOOP
		body := body || @extschema@.svg_text(x0 + (i - 1) * w + w / 2 - 1.5, y0 - 10, CASE WHEN length(features[i]) > 13 THEN left(features[i], 12) || '…' ELSE features[i] END, 'text-anchor="middle" font-size="12"');
	END LOOP;
	FOR c IN
		SELECT array_position(clusters, d.cluster) AS cy, d.cluster, max(d.size) AS size, max(d.share) AS share FROM jsonb_to_recordset(profile) AS d (cluster int, size numeric, share numeric)
		WHERE d.cluster IS NOT NULL GROUP BY d.cluster ORDER BY d.cluster
	LOOP
		body := body || @extschema@.svg_text(x0 - 10, y0 + (c.cy - 1) * h + 17, 'cluster ' || c.cluster, 'text-anchor="end" font-weight="600"')
			|| @extschema@.svg_text(x0 - 10, y0 + (c.cy - 1) * h + 31, concat(@extschema@.svg_number(c.size), ' (' || round(100 * c.share, 1) || ' %)'), 'text-anchor="end" font-size="11" fill="#66707c"');
	END LOOP;
	RETURN @extschema@.svg_frame(x0 + coalesce(cardinality(features), 1) * w + 8, y0 + coalesce(cardinality(clusters), 1) * h + 26, title,
		body || @extschema@.svg_text(x0, y0 + coalesce(cardinality(clusters), 1) * h + 16, 'centre, and standard deviations from the mean of all', 'font-size="11.5" fill="#66707c"'));
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_cluster_profile(jsonb, text) IS 'clusters by features as SVG text, of rows [{"cluster", "size", "share", "feature", "centre", "z"}] such as cluster_profile() gives; above the mean blue, below it orange';

CREATE FUNCTION @extschema@.svg_segment_description(description jsonb, title text DEFAULT 'What sets the segment apart: test values') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	d record;
	body text := '';
	y numeric := 12;
	largest numeric;
	x0 CONSTANT numeric := 420;
	w CONSTANT numeric := 180;
BEGIN
	SELECT max(abs(e.v_test)) INTO largest FROM jsonb_to_recordset(description) AS e (v_test numeric) WHERE e.v_test NOT IN ('NaN', 'Infinity', '-Infinity');
	FOR d IN
		SELECT * FROM (
			SELECT e.variable, e.modality, e.share, e.base_share, e.v_test, row_number() OVER (ORDER BY abs(e.v_test) DESC, e.variable, e.modality) AS n
			FROM jsonb_to_recordset(description) AS e (variable text, modality text, share numeric, base_share numeric, v_test numeric)
			WHERE e.v_test NOT IN ('NaN', 'Infinity', '-Infinity')) AS ranked
		WHERE n <= 20 ORDER BY v_test DESC, variable, modality
	LOOP
		body := body || format('<g><title>%s</title><rect x="%s" y="%s" width="%s" height="16" rx="2" fill="%s"/></g>',
				@extschema@.svg_escape(format('%s: %s in the segment, %s of all, test value %s', d.variable || CASE WHEN d.modality = 'mean' THEN ', mean' ELSE ' = ' || coalesce(d.modality, 'missing') END, d.share, d.base_share, round(d.v_test, 2))),
				round(CASE WHEN d.v_test < 0 THEN x0 + w * d.v_test / greatest(largest, 0.01) ELSE x0 END, 1), y, round(greatest(abs(w * d.v_test / greatest(largest, 0.01)), 1), 1), CASE WHEN d.v_test < 0 THEN '#dd8644' ELSE '#4b88c2' END)
			|| @extschema@.svg_text(x0 - w - 12, y + 12, left(d.variable || CASE WHEN d.modality = 'mean' THEN '' ELSE ' = ' || coalesce(d.modality, '(missing)') END, 34), 'text-anchor="end"')
			|| @extschema@.svg_text(x0 + w + 12, y + 12, CASE WHEN d.modality = 'mean' THEN @extschema@.svg_number(d.share) || ' against ' || @extschema@.svg_number(d.base_share)
				ELSE round(100 * d.share, 1) || ' % against ' || round(100 * d.base_share, 1) || ' %' END, 'font-size="12" fill="#66707c"');
		y := y + 22;
	END LOOP;
	RETURN @extschema@.svg_frame(x0 + w + 190, y + 26, title, body || format('<line x1="%s" x2="%1$s" y1="6" y2="%s" stroke="#66707c"/>', x0, y)
		|| @extschema@.svg_text(x0 - 8, y + 14, 'less than among all', 'text-anchor="end" font-size="11.5" fill="#66707c"') || @extschema@.svg_text(x0 + 8, y + 14, 'more than among all', 'font-size="11.5" fill="#66707c"'));
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_segment_description(jsonb, text) IS 'the twenty largest test values of a segment as SVG text, of rows [{"variable", "modality", "share", "base_share", "v_test"}] such as describe_segment() gives';
