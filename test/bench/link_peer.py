"""link_peer.py records.csv.gz truth.csv.gz: Splink on DuckDB, for test/bench/link.sh: cleaned, trained without labels, clustered; pairwise F1 of its clusters
over all true pairs at its usual threshold and at the one that is best for it, chosen with the truth in hand. Prints one line."""
import logging
import resource
import sys
import time

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

logging.disable(logging.WARNING)
con = duckdb.connect()
con.execute("SET threads = 2")
start = time.time()
con.execute(f"""CREATE TABLE records AS SELECT rec_id AS unique_id,
	nullif(trim(lower(strip_accents(coalesce(first_name, regexp_extract(full_name, '^(.*) [^ ]+$', 1))))), '') AS first_name,
	nullif(trim(lower(strip_accents(coalesce(last_name, regexp_extract(full_name, '([^ ]+)$', 1))))), '') AS last_name,
	nullif(lower(strip_accents(company)), '') AS company,
	CAST(coalesce(try_strptime(birth_date, '%Y-%m-%d'), try_strptime(birth_date, '%d/%m/%Y'), try_strptime(birth_date, '%d.%m.%Y')) AS DATE)::VARCHAR AS birth_date,
	lower(trim(email)) AS email, right(regexp_replace(phone, '[^0-9]', '', 'g'), 9) AS phone, lower(strip_accents(address)) AS address,
	upper(replace(postcode, ' ', '')) AS postcode, reg_no
	FROM read_csv('{sys.argv[1]}', header = true, all_varchar = true)""")
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[
        cl.JaroWinklerAtThresholds("first_name", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("last_name", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("company", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("birth_date", [1, 2]),
        cl.LevenshteinAtThresholds("email", [2]).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("phone", [1]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("address", [0.9]).configure(term_frequency_adjustments=True),
        cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("reg_no", [1]),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("email"), block_on("phone"), block_on("reg_no"), block_on("company"), block_on("first_name", "last_name"), block_on("last_name", "birth_date"),
        block_on("first_name", "birth_date"), block_on("birth_date", "postcode"), block_on("last_name", "postcode"), block_on("address", "postcode")],
)
linker = Linker("records", settings, db_api=DuckDBAPI(con)) if not hasattr(DuckDBAPI, "register") else Linker(DuckDBAPI(con).register("records"), settings)
train = linker.training
train.estimate_probability_two_random_records_match([block_on("email", "last_name"), block_on("phone", "first_name")], recall=0.4)
train.estimate_u_using_random_sampling(max_pairs=1e6)
for rule in (block_on("email"), block_on("phone"), block_on("first_name", "last_name")):
    train.estimate_parameters_using_expectation_maximisation(rule)
pairs = linker.inference.predict(threshold_match_probability=0.01)
truth = con.execute(f"SELECT rec_id, entity_id FROM read_csv('{sys.argv[2]}', header = true, all_varchar = true)").fetchall()
entity = dict(truth)


def f1(threshold):
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=threshold).as_record_list()
    both, found, true = {}, {}, {}
    for r in clusters:
        e = entity[str(r["unique_id"])]
        both[r["cluster_id"], e] = both.get((r["cluster_id"], e), 0) + 1
        found[r["cluster_id"]] = found.get(r["cluster_id"], 0) + 1
        true[e] = true.get(e, 0) + 1
    b, f, t = (sum(n * (n - 1) / 2 for n in x.values()) for x in (both, found, true))
    return 2 * b / (f + t)


at95 = f1(0.95)
seconds = time.time() - start
best = max(at95, *(f1(t) for t in (0.3, 0.5, 0.7, 0.9, 0.99, 0.999)))
print(f"{seconds * 1000:.0f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} {at95:.4f} {best:.4f}")
