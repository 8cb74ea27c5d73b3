-- Live sources. A table of the application is attached under the name of a source, with a mapping as import_flat takes it. Changes of its rows
-- are noted by triggers in a queue (two small rows, whatever the application does), or found by a column that rises (watermark); deletions are
-- noted, or found by the keys that are gone. pull_attached brings parties and orders in by import_flat, so that everything imports do holds
-- here; rows of the other entities are written to their table as they are (attached_row says which row became which), and follow their
-- row of the application: changed or gone, what it made is taken back first; a cart, whose reminder must stay claimed, and a product, which
-- facts name, are changed in their place. A row that the mart refuses keeps none of the others back: attached_change says why.

-- What each entity writes: the columns that a mapping may name are those of the target, and the names by which lists are looked up.
CREATE FUNCTION @extschema@.attach_entities(OUT entity text, OUT target text, OUT key_columns text[], OUT must text[], OUT lookups text[]) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12 SET search_path = pg_catalog, pg_temp AS $$
	VALUES ('line', 'sales_order_line', '{order_id,line_no}'::text[], '{order,amount}'::text[], '{order,sku}'::text[]),
		('contact_point', 'contact_point', '{contact_point_id}', '{party,kind,value}', '{party}'),
		('consent', 'consent', '{purpose,channel_id,captured_at}', '{party,purpose,channel,status}', '{party,channel}'),
		('interaction', 'interaction', '{occurred_at,interaction_id}', '{party,occurred_at,channel}', '{party,channel,campaign,message}'),
		('reaction', 'reaction', '{occurred_at,kind,channel_id}', '{party,occurred_at,channel,kind}', '{party,channel,campaign}'),
		('web_event', 'web_event', '{visitor_id,session_id,occurred_at,kind}', '{visitor,occurred_at}', '{party,sku}'),
		('survey_answer', 'survey_answer', '{survey_id,question,answered_at}', '{party,survey,question,answered_at}', '{party,survey,sku,store}'),
		('service_case', 'service_case', '{case_id}', '{party,kind,opened_at}', '{party,channel,campaign,sku}'),
		('loyalty_account', 'loyalty_account', '{programme,card_no}', '{party,programme,card_no}', '{party}'),
		('product', 'product', '{product_id}', '{sku}', '{sku}'),
		('cart', 'cart', '{visitor_id,cart_id}', '{visitor}', '{party,channel,order}'),
		('cart_line', 'cart_line', '{visitor_id,cart_id,product_id,line_no}', '{cart,sku}', '{cart,sku}') $$;
COMMENT ON FUNCTION @extschema@.attach_entities() IS 'internal: the entities beside party and order that attach takes: their table, the columns that find a row again beside the party, what a mapping must name, what it may name to be looked up';

CREATE FUNCTION @extschema@.attach(mart name, entity text, relation regclass, columns jsonb) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	mapping jsonb := columns - 'watermark' - 'source' - 'deletions';
	source text := coalesce(columns ->> 'source', relation::text);
	watermark text := columns ->> 'watermark';
	deletions text := coalesce(columns ->> 'deletions', 'keep');
	key text := CASE WHEN entity = 'order' THEN columns #>> '{order,external_id}' WHEN entity = 'party' THEN columns ->> 'source_key' ELSE columns ->> 'key' END;
	kinds text := 'party, order, ' || (SELECT string_agg(e.entity, ', ') FROM @extschema@.attach_entities() e);
	d record;
	f record;
	made bigint;
BEGIN
	IF entity IS NULL OR relation IS NULL OR columns IS NULL OR jsonb_typeof(columns) <> 'object' THEN
		RAISE EXCEPTION 'entity, relation and columns must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF entity NOT IN ('party', 'order') AND NOT EXISTS (SELECT FROM @extschema@.attach_entities() e WHERE e.entity = attach.entity) THEN
		RAISE EXCEPTION 'a source cannot be attached as "%"', entity USING ERRCODE = 'invalid_parameter_value', HINT = format('It can as %s.', kinds);
	ELSIF deletions NOT IN ('keep', 'cancel', 'erase') THEN
		RAISE EXCEPTION 'deletions are to keep, cancel or erase, not "%"', deletions USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT a.attname INTO key FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = key AND a.attnum > 0 AND NOT a.attisdropped;
	IF key IS NULL THEN
		RAISE EXCEPTION 'the columns name no key: % must be a column of %', CASE entity WHEN 'order' THEN 'order.external_id' WHEN 'party' THEN 'source_key' ELSE 'key' END, relation USING ERRCODE = 'invalid_parameter_value';
	ELSIF watermark IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = watermark AND a.attnum > 0 AND NOT a.attisdropped) THEN
		RAISE EXCEPTION '% has no column "%"', relation, watermark USING ERRCODE = 'undefined_column';
	ELSIF watermark IS NULL AND EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND c.relkind NOT IN ('r', 'p')) THEN
		RAISE EXCEPTION 'changes of % cannot be noted by triggers: it is not a table', relation USING ERRCODE = 'wrong_object_type', HINT = 'Name a "watermark", a column that rises with every change.';
	END IF;
	SELECT e.* INTO d FROM @extschema@.attach_entities() e WHERE e.entity = attach.entity;
	IF FOUND THEN
		mapping := mapping - 'key';
		IF NOT mapping ?& d.must THEN
			RAISE EXCEPTION 'the columns of % must name %', entity, array_to_string(d.must, ', ') USING ERRCODE = 'invalid_parameter_value';
		END IF;
		FOR f IN SELECT j.key AS name, CASE WHEN jsonb_typeof(j.value) = 'object' THEN j.value ->> 'column' ELSE j.value #>> '{}' END AS from_column, j.value FROM jsonb_each(mapping) j LOOP
			IF f.name <> ALL (d.lookups) AND f.name NOT IN ('visitor', 'session')
					AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = format('%s.%I', m, d.target)::regclass AND a.attname = f.name AND a.attnum > 0 AND NOT a.attisdropped) THEN
				RAISE EXCEPTION '% has no "%"', entity, f.name USING ERRCODE = 'invalid_parameter_value', HINT = format('Columns of %s, or %s.', d.target, array_to_string(d.lookups, ', '));
			ELSIF f.from_column IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = f.from_column AND a.attnum > 0 AND NOT a.attisdropped) THEN
				RAISE EXCEPTION '% has no column "%"', relation, f.from_column USING ERRCODE = 'undefined_column';
			END IF;
		END LOOP;
	END IF;
	EXECUTE format('INSERT INTO %s.attachment AS a (relation, entity, source, key_column, mapping, watermark, deletions) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (relation, entity) DO UPDATE SET source = excluded.source, key_column = excluded.key_column, mapping = excluded.mapping, watermark = excluded.watermark,
			deletions = excluded.deletions, seen = NULL RETURNING attachment_id', m)
		INTO made USING relation, entity, source, key, mapping, watermark, deletions;
	EXECUTE format('INSERT INTO %s.source (name, kind) VALUES ($1, ''system'') ON CONFLICT (name) DO NOTHING', m) USING source;
	IF watermark IS NULL THEN
		FOR i IN 1 .. 4 LOOP
			PERFORM @extschema@.follow_statements(relation, format('crmseg_attached_%s_%s', made, i)::name, (ARRAY['insert', 'update', 'delete', 'truncate'])[i], format('%s.note_attached(%L, %L)', m, made, key));
		END LOOP;
	END IF;
	RETURN made;
END $$;
COMMENT ON FUNCTION @extschema@.attach(name, text, regclass, jsonb) IS 'makes a live table of the application a source of the mart. As party or order, columns is a mapping as import_flat takes it; as line, contact_point, consent, interaction, reaction, web_event, survey_answer, service_case, loyalty_account, product, cart or cart_line it says which column goes where, {"key": "id", "party": "customer_id", "kind": {"value": "email"}, "value": "mail"}: key identifies a row, party is the key of the record in the source (order that of an order), channel, campaign, sku, store, survey are looked up by name; the visitor of a cart is what its cookie says, cart the key of an attached cart of the same source. With "source" (its name in the mart), "watermark" (a column that rises with every change; without one, triggers on the table note changes and deletions) and "deletions": keep (the record stays), cancel (its orders are cancelled) or erase (the party is erased), for party and order; what a row of another entity made always goes with it, and a consent is withdrawn. pull_attached, or maintain, brings the rows in, at first all. Returns the number of the attachment; needs TRIGGER on the table. 22023 for another entity, a key that is no column or a mapping that lacks something, 42703 for an unknown column, 42809 for a view or foreign table without a watermark';

CREATE FUNCTION @extschema@.detach_source(mart name, attachment bigint) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	rel regclass;
BEGIN
	EXECUTE format('DELETE FROM %s.attachment a WHERE a.attachment_id = $1 RETURNING a.relation', m) INTO rel USING attachment;
	IF rel IS NULL THEN
		RAISE EXCEPTION 'there is no attachment %', attachment USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF EXISTS (SELECT FROM pg_class c WHERE c.oid = rel) THEN
		FOR i IN 1 .. 4 LOOP
			EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', format('crmseg_attached_%s_%s', attachment, i), rel);
		END LOOP;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.detach_source(name, bigint) IS 'ends an attachment: its triggers go, what it brought stays. 22023 when there is none';

CREATE FUNCTION @extschema@.pull_entity(mart name, attachment bigint, source smallint, gone text[], picked bigint[]) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	a record;
	d record;
	f record;
	taken bigint;
	zone text;
	sent record;
	fields text := '';
	list text := '';
	joins text := '';
	lost text := '';
	ref text;
	visitors uuid[];
	carts bigint[];
BEGIN
	EXECUTE format('SELECT t.* FROM %s.attachment t WHERE t.attachment_id = $1', m) INTO a USING attachment;
	SELECT e.* INTO d FROM @extschema@.attach_entities() e WHERE e.entity = a.entity;
	EXECUTE format('SELECT s.time_zone FROM %s.datamart s', m) INTO zone;
	PERFORM set_config('timezone', zone, true);	-- instants of the application without one are local ones of the mart
	-- what the rows made before goes, of rows that are gone and of rows that come again
	IF a.entity = 'consent' THEN
		EXECUTE format('SELECT @extschema@.set_consent($1, k.party_id, k.ref ->> ''purpose'', h.name, ''withdrawn'') FROM %1$s.attached_row k JOIN %1$s.channel h ON h.channel_id = (k.ref ->> ''channel_id'')::smallint
			WHERE k.attachment_id = $2 AND k.row_key = ANY ($3)', m) USING mart, attachment, gone;
	ELSIF a.entity = 'product' THEN
		EXECUTE format('UPDATE %1$s.product t SET on_sale = daterange(CASE WHEN lower(t.on_sale) < current_date THEN lower(t.on_sale) END, current_date) FROM %1$s.attached_row k
			WHERE k.attachment_id = $1 AND k.row_key = ANY ($2) AND t.product_id = (k.ref ->> ''product_id'')::integer AND (upper_inf(t.on_sale) IS NOT FALSE OR upper(t.on_sale) > current_date)', m) USING attachment, gone;
	ELSE
		IF a.entity = 'web_event' THEN
			EXECUTE format('UPDATE %1$s.web_session s SET events = greatest(s.events - x.n, 0), product_views = greatest(s.product_views - x.p, 0), clicks = greatest(s.clicks - x.c, 0), cart_adds = greatest(s.cart_adds - x.a, 0)
				FROM (SELECT (k.ref ->> ''visitor_id'')::uuid AS visitor_id, (k.ref ->> ''session_id'')::bigint AS session_id, count(*) AS n, count(*) FILTER (WHERE k.ref ->> ''kind'' = ''product'') AS p,
					count(*) FILTER (WHERE k.ref ->> ''kind'' = ''click'') AS c, count(*) FILTER (WHERE k.ref ->> ''kind'' = ''cart_add'') AS a FROM %1$s.attached_row k WHERE k.attachment_id = $1
					AND (k.row_key = ANY ($2) OR k.row_key IN (SELECT r.%2$I::text FROM pg_temp.crmseg_pulled r)) GROUP BY 1, 2) x WHERE s.visitor_id = x.visitor_id AND s.session_id = x.session_id', m, a.key_column)
				USING attachment, gone;
		END IF;
		SELECT string_agg(format('t.%1$I = (k.ref ->> %1$L)::%2$s', c, format_type(t.atttypid, t.atttypmod)), ' AND ') INTO lost
			FROM unnest(d.key_columns) c JOIN pg_attribute t ON t.attrelid = format('%s.%I', m, d.target)::regclass AND t.attname = c;
		EXECUTE format('DELETE FROM %1$s.%2$I t USING %1$s.attached_row k WHERE k.attachment_id = $1 AND (k.row_key = ANY ($2)%3$s) AND %4$s%5$s', m, d.target,
			CASE WHEN a.entity <> 'cart' THEN format(' OR k.row_key IN (SELECT r.%I::text FROM pg_temp.crmseg_pulled r)', a.key_column) END, lost,
			CASE WHEN a.entity NOT IN ('web_event', 'cart', 'cart_line') THEN ' AND t.party_id = k.party_id' END) USING attachment, gone;
	END IF;
	IF a.entity = 'cart_line' THEN
		EXECUTE format('SELECT array_agg((k.ref ->> ''visitor_id'')::uuid), array_agg((k.ref ->> ''cart_id'')::bigint) FROM %s.attached_row k WHERE k.attachment_id = $1 AND k.row_key = ANY ($2)', m) INTO visitors, carts USING attachment, gone;
	END IF;
	EXECUTE format('DELETE FROM %s.attached_row k WHERE k.attachment_id = $1 AND k.row_key = ANY ($2)', m) USING attachment, gone;
	GET DIAGNOSTICS taken = ROW_COUNT;
	EXECUTE format('CREATE TEMPORARY TABLE crmseg_gone ON COMMIT DROP AS SELECT k.row_key, k.party_id, k.ref FROM %s.attached_row k WHERE k.attachment_id = $1 AND k.row_key IN (SELECT r.%I::text FROM pg_temp.crmseg_pulled r)', m, a.key_column) USING attachment;
	EXECUTE format('DELETE FROM %s.attached_row k USING pg_temp.crmseg_gone g WHERE k.attachment_id = $1 AND k.row_key = g.row_key', m) USING attachment;
	-- each field of the mapping: a column of the application or a constant, a name to be looked up or the value itself
	FOR f IN SELECT j.key AS name, CASE WHEN jsonb_typeof(j.value) = 'object' AND NOT j.value ? 'column' THEN format('%L', j.value ->> 'value') ELSE format('r.%I', coalesce(j.value ->> 'column', j.value #>> '{}')) END AS expression,
			t.atttypid::regtype::text AS type, CASE WHEN t.attnotnull AND NOT (a.entity = 'cart' AND t.attname = 'created_at') THEN pg_get_expr(e.adbin, e.adrelid) END AS otherwise FROM jsonb_each(a.mapping) j
			LEFT JOIN pg_attribute t ON t.attrelid = format('%s.%I', m, d.target)::regclass AND t.attname = j.key AND t.attnum > 0 AND NOT t.attisdropped
			LEFT JOIN pg_attrdef e ON e.adrelid = t.attrelid AND e.adnum = t.attnum ORDER BY 1 LOOP
		IF f.name = 'party' THEN
			joins := joins || format(' %s JOIN %s.source_record y ON y.source_id = $1 AND y.external_id = %s::text', CASE WHEN a.entity IN ('web_event', 'cart') THEN 'LEFT' END, m, f.expression);
			fields := fields || ', y.party_id';
			list := list || ', party_id';
		ELSIF f.name = 'order' AND a.entity = 'cart' THEN
			fields := fields || format(', (SELECT min(o.order_id) FROM %s.sales_order o WHERE o.source_id = $1 AND o.external_id = %s::text) AS order_id', m, f.expression);
			list := list || ', order_id';
		ELSIF f.name = 'cart' THEN
			joins := joins || format(' JOIN (SELECT k.row_key, (k.ref ->> ''visitor_id'')::uuid AS visitor_id, (k.ref ->> ''cart_id'')::bigint AS cart_id FROM %1$s.attached_row k JOIN %1$s.attachment t ON t.attachment_id = k.attachment_id
				AND t.entity = ''cart'' AND t.source = %3$L) c ON c.row_key = %2$s::text', m, f.expression, a.source);
			fields := fields || ', c.visitor_id, c.cart_id';
			list := list || ', visitor_id, cart_id';
		ELSIF f.name = 'order' THEN
			joins := joins || format(' JOIN %s.sales_order o ON o.source_id = $1 AND o.external_id = %s::text', m, f.expression);
			fields := fields || ', o.party_id, o.order_id, o.ordered_at';
			list := list || ', party_id, order_id, ordered_at';
		ELSIF f.name = 'visitor' THEN
			fields := fields || format(', @extschema@.visitor_id(%s::text) AS visitor_id', f.expression);
			list := list || ', visitor_id';
		ELSIF f.name = 'sku' AND a.entity = 'product' THEN
			fields := fields || format(', %s::text AS sku', f.expression);
			list := list || ', sku';
		ELSIF f.name = 'sku' AND a.entity = ANY ('{line,web_event,cart_line}') THEN
			EXECUTE format('INSERT INTO %s.product (sku, name) SELECT DISTINCT %s::text, %2$s::text FROM pg_temp.crmseg_pulled r WHERE %2$s IS NOT NULL ON CONFLICT (sku) DO NOTHING', m, f.expression);
			fields := fields || format(', (SELECT q.product_id FROM %s.product q WHERE q.sku = %s::text) AS product_id', m, f.expression);
			list := list || ', product_id';
		ELSIF f.name = ANY (d.lookups) THEN
			fields := fields || format(', (SELECT min(q.%2$I) FROM %1$s.%3$I q WHERE q.%4$I = %5$s::text) AS %2$I', m, CASE f.name WHEN 'sku' THEN 'product_id' ELSE f.name || '_id' END,
				CASE f.name WHEN 'sku' THEN 'product' ELSE f.name END, CASE f.name WHEN 'sku' THEN 'sku' WHEN 'store' THEN 'code' WHEN 'message' THEN 'subject' ELSE 'name' END, f.expression);
			list := list || CASE f.name WHEN 'sku' THEN ', product_id' ELSE format(', %I', f.name || '_id') END;
		ELSIF f.name <> 'session' THEN
			-- nothing said is what the table takes for it
			fields := fields || format(CASE WHEN f.otherwise IS NULL THEN ', (%s)::%s AS %I' ELSE ', coalesce((%s)::%s, %4$s) AS %3$I' END, f.expression, f.type, f.name, f.otherwise);
			list := list || format(', %I', f.name);
		END IF;
	END LOOP;
	EXECUTE format('CREATE TEMPORARY TABLE crmseg_row ON COMMIT DROP AS SELECT r.%I::text AS row_key%s FROM pg_temp.crmseg_pulled r%s', a.key_column, fields, joins) USING source;
	-- keys that the table would number itself are given here, so that each row finds its own again
	IF a.entity = 'contact_point' THEN
		EXECUTE format('ALTER TABLE pg_temp.crmseg_row ADD contact_point_id bigint, ADD value_norm text, ADD source_id smallint');
		EXECUTE format('UPDATE pg_temp.crmseg_row r SET source_id = $1, contact_point_id = nextval(pg_get_serial_sequence(%1$L, ''contact_point_id'')), value_norm = CASE r.kind
			WHEN ''email'' THEN @extschema@.canonical((@extschema@.try_email(r.value)).email, (SELECT s.email_rules FROM %2$s.datamart s)) WHEN ''phone'' THEN (@extschema@.try_phone(r.value, (SELECT s.default_phone_region FROM %2$s.datamart s))).phone::text
			WHEN ''postal'' THEN @extschema@.address_key(r.value) ELSE @extschema@.fold(r.value) END', m || '.contact_point', m) USING source;
		EXECUTE 'DELETE FROM pg_temp.crmseg_row r WHERE r.value_norm IS NULL OR r.value_norm = ''''';
		EXECUTE format('DELETE FROM pg_temp.crmseg_row r WHERE EXISTS (SELECT FROM %s.contact_point c WHERE c.party_id = r.party_id AND c.kind = r.kind AND c.value_norm = r.value_norm)
			OR EXISTS (SELECT FROM pg_temp.crmseg_row o WHERE o.party_id = r.party_id AND o.kind = r.kind AND o.value_norm = r.value_norm AND o.contact_point_id < r.contact_point_id)', m);
		list := list || ', contact_point_id, value_norm, source_id';
	ELSIF a.entity = 'line' AND NOT a.mapping ? 'line_no' THEN
		EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD line_no integer';
		-- a row that comes again keeps its number, the others go on from the highest
		EXECUTE format('UPDATE pg_temp.crmseg_row r SET line_no = n.line_no FROM (SELECT x.row_key, coalesce((g.ref ->> ''line_no'')::integer, (SELECT coalesce(max(l.line_no), 0) FROM %s.sales_order_line l
				WHERE l.party_id = x.party_id AND l.order_id = x.order_id) + (SELECT coalesce(max((o.ref ->> ''line_no'')::integer), 0) FROM pg_temp.crmseg_gone o WHERE (o.ref ->> ''order_id'')::bigint = x.order_id)
				+ row_number() OVER (PARTITION BY x.order_id ORDER BY x.row_key)::integer) AS line_no FROM pg_temp.crmseg_row x LEFT JOIN pg_temp.crmseg_gone g ON g.row_key = x.row_key AND (g.ref ->> ''order_id'')::bigint = x.order_id) n
			WHERE n.row_key = r.row_key', m);
		list := list || ', line_no';
	ELSIF a.entity = 'cart_line' AND NOT a.mapping ? 'line_no' THEN
		-- so do the lines of one product in a cart
		EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD line_no integer';
		EXECUTE format('WITH g AS (SELECT o.row_key, (o.ref ->> ''visitor_id'')::uuid AS visitor_id, (o.ref ->> ''cart_id'')::bigint AS cart_id, (o.ref ->> ''product_id'')::integer AS product_id, (o.ref ->> ''line_no'')::integer AS line_no FROM pg_temp.crmseg_gone o)
			UPDATE pg_temp.crmseg_row r SET line_no = n.line_no FROM (SELECT x.row_key, coalesce(k.line_no, greatest((SELECT max(l.line_no) FROM %s.cart_line l WHERE l.visitor_id = x.visitor_id AND l.cart_id = x.cart_id AND l.product_id = x.product_id),
					(SELECT max(o.line_no) FROM g o WHERE o.visitor_id = x.visitor_id AND o.cart_id = x.cart_id AND o.product_id = x.product_id), 0)
				+ row_number() OVER (PARTITION BY x.visitor_id, x.cart_id, x.product_id ORDER BY x.row_key)::integer) AS line_no
				FROM pg_temp.crmseg_row x LEFT JOIN g k ON k.row_key = x.row_key AND k.visitor_id = x.visitor_id AND k.cart_id = x.cart_id AND k.product_id = x.product_id) n
			WHERE n.row_key = r.row_key', m);
		list := list || ', line_no';
	ELSIF a.entity IN ('interaction', 'service_case') AND NOT a.mapping ? (CASE a.entity WHEN 'interaction' THEN 'interaction_id' ELSE 'case_id' END) THEN
		EXECUTE format('ALTER TABLE pg_temp.crmseg_row ADD %1$I bigint', CASE a.entity WHEN 'interaction' THEN 'interaction_id' ELSE 'case_id' END);
		EXECUTE format('UPDATE pg_temp.crmseg_row r SET %1$I = coalesce((SELECT (g.ref ->> %1$L)::bigint FROM pg_temp.crmseg_gone g WHERE g.row_key = r.row_key), nextval(pg_get_serial_sequence(%2$L, %1$L)))',
			CASE a.entity WHEN 'interaction' THEN 'interaction_id' ELSE 'case_id' END, format('%s.%I', m, d.target));
		list := list || CASE a.entity WHEN 'interaction' THEN ', interaction_id' ELSE ', case_id' END;
	ELSIF a.entity = 'cart' THEN
		-- a cart that comes again is the same one, whatever its cookie is now
		EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD cart_id bigint';
		EXECUTE format('UPDATE pg_temp.crmseg_row r SET cart_id = n.cart_id, visitor_id = n.visitor_id FROM (SELECT x.row_key, coalesce((g.ref ->> ''cart_id'')::bigint, nextval(pg_get_serial_sequence(%L, ''cart_id''))) AS cart_id,
			coalesce((g.ref ->> ''visitor_id'')::uuid, x.visitor_id) AS visitor_id FROM pg_temp.crmseg_row x LEFT JOIN pg_temp.crmseg_gone g ON g.row_key = x.row_key) n WHERE n.row_key = r.row_key', m || '.cart');
		list := list || ', cart_id';
		IF NOT a.mapping ? 'updated_at' THEN
			EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD updated_at timestamptz DEFAULT now()';
			list := list || ', updated_at';
		END IF;
		IF NOT a.mapping ? 'created_at' THEN
			EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD created_at timestamptz';
			list := list || ', created_at';
		END IF;
		EXECUTE 'UPDATE pg_temp.crmseg_row r SET created_at = r.updated_at WHERE r.created_at IS NULL';
	ELSIF a.entity = 'reaction' THEN
		-- to the last message before it by that channel, of that campaign where one is named
		EXECUTE format('ALTER TABLE pg_temp.crmseg_row ADD interaction_id bigint, ADD interaction_at timestamptz%s', CASE WHEN a.mapping ? 'campaign' THEN '' ELSE ', ADD campaign_id integer' END);
		EXECUTE format('UPDATE pg_temp.crmseg_row r SET interaction_id = i.interaction_id, interaction_at = i.occurred_at FROM (SELECT x.row_key, i.* FROM pg_temp.crmseg_row x CROSS JOIN LATERAL (SELECT i.interaction_id, i.occurred_at
			FROM %s.interaction i WHERE i.party_id = x.party_id AND i.occurred_at <= x.occurred_at AND i.channel_id = x.channel_id AND i.direction = ''o'' AND (x.campaign_id IS NULL OR i.campaign_id = x.campaign_id)
			ORDER BY i.occurred_at DESC, i.interaction_id DESC LIMIT 1) i) i WHERE i.row_key = r.row_key', m);
		list := replace(list, ', campaign_id', '') || ', interaction_id, interaction_at';
	END IF;
	IF a.entity = 'consent' THEN
		FOR sent IN EXECUTE format('SELECT r.row_key, r.party_id, r.purpose, r.channel_id, h.name AS channel, r.status, %s AS at, %s AS method FROM pg_temp.crmseg_row r LEFT JOIN %s.channel h ON h.channel_id = r.channel_id ORDER BY 7, r.row_key',
				CASE WHEN a.mapping ? 'captured_at' THEN 'coalesce(r.captured_at, now())' ELSE 'now()' END, CASE WHEN a.mapping ? 'method' THEN 'r.method' ELSE 'NULL::text' END, m) LOOP
			PERFORM @extschema@.set_consent(mart, sent.party_id, sent.purpose, sent.channel, sent.status, sent.at, source => a.source, method => sent.method);
		END LOOP;
		IF NOT a.mapping ? 'captured_at' THEN
			EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD captured_at timestamptz DEFAULT now()';
		END IF;
	ELSIF a.entity = 'web_event' THEN
		PERFORM @extschema@.pull_visits(mart, a.source, a.mapping);
		EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD session_id bigint';
		EXECUTE format('UPDATE pg_temp.crmseg_row r SET session_id = e.session_id%s FROM %s.web_event e WHERE e.visitor_id = r.visitor_id AND e.occurred_at = r.occurred_at%s', CASE WHEN a.mapping ? 'kind' THEN ', kind = e.kind' ELSE '' END, m,
			CASE WHEN a.mapping ? 'page' THEN ' AND e.page IS NOT DISTINCT FROM r.page' ELSE '' END);
		IF NOT a.mapping ? 'kind' THEN
			EXECUTE format('ALTER TABLE pg_temp.crmseg_row ADD kind text DEFAULT %L', CASE WHEN a.mapping ? 'sku' THEN 'product' ELSE 'page' END);
		END IF;
	ELSIF a.entity = 'cart' THEN
		-- who it is, and the order it became, is not unlearnt; nor when it was begun
		SELECT string_agg(CASE WHEN c IN ('party_id', 'order_id') THEN format('%1$I = coalesce(excluded.%1$I, t.%1$I)', c) WHEN c = 'created_at' THEN 'created_at = least(t.created_at, excluded.created_at)' ELSE format('%1$I = excluded.%1$I', c) END, ', ') INTO lost
			FROM unnest(string_to_array(substr(list, 3), ', ')) c WHERE c NOT IN ('visitor_id', 'cart_id');
		EXECUTE format('INSERT INTO %1$s.cart AS t (%2$s) SELECT %2$s FROM pg_temp.crmseg_row ON CONFLICT (visitor_id, cart_id) DO UPDATE SET %3$s', m, substr(list, 3), lost);
	ELSIF a.entity = 'product' THEN
		-- one that is known by its row may have another sku now
		EXECUTE format('UPDATE %s.product t SET sku = r.sku FROM pg_temp.crmseg_row r JOIN pg_temp.crmseg_gone g ON g.row_key = r.row_key WHERE t.product_id = (g.ref ->> ''product_id'')::integer AND t.sku <> r.sku', m);
		IF NOT a.mapping ? 'name' THEN
			EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD name text';
			list := list || ', name';
		END IF;
		SELECT string_agg(CASE WHEN c = 'name' AND NOT a.mapping ? 'name' THEN 'name = t.name' ELSE format('%1$I = excluded.%1$I', c) END, ', ') INTO lost FROM unnest(string_to_array(substr(list, 3), ', ')) c WHERE c <> 'sku';
		EXECUTE format('INSERT INTO %1$s.product AS t (%2$s) SELECT %3$s FROM pg_temp.crmseg_row ON CONFLICT (sku) DO UPDATE SET %4$s%5$s', m, substr(list, 3), regexp_replace(substr(list, 3), '\mname\M', 'coalesce(name, sku)'), lost,
			-- what was out of the range is in it again
			CASE WHEN NOT a.mapping ? 'on_sale' THEN ', on_sale = CASE WHEN upper(t.on_sale) <= current_date THEN daterange(lower(t.on_sale), NULL) ELSE t.on_sale END' END);
		EXECUTE 'ALTER TABLE pg_temp.crmseg_row ADD product_id integer';
		EXECUTE format('UPDATE pg_temp.crmseg_row r SET product_id = q.product_id FROM %s.product q WHERE q.sku = r.sku', m);
	ELSE
		EXECUTE format('INSERT INTO %1$s.%2$I (%3$s) SELECT %3$s FROM pg_temp.crmseg_row', m, d.target, substr(list, 3));
	END IF;
	SELECT string_agg(format('%L, r.%I', c, c), ', ') INTO ref FROM unnest(d.key_columns) c;
	EXECUTE format('INSERT INTO %s.attached_row (attachment_id, row_key, party_id, ref) SELECT $1, r.row_key, %s, jsonb_build_object(%s) FROM pg_temp.crmseg_row r
		ON CONFLICT (attachment_id, row_key) DO UPDATE SET party_id = excluded.party_id, ref = excluded.ref', m, CASE WHEN a.entity IN ('web_event', 'product', 'cart_line') OR (a.entity = 'cart' AND NOT a.mapping ? 'party') THEN 'NULL' ELSE 'r.party_id' END, ref) USING attachment;
	-- an order whose total is a constant, since nobody states it, follows its lines
	IF a.entity = 'line' THEN
		EXECUTE format('UPDATE %1$s.sales_order o SET amount = n.amount FROM (SELECT x.party_id, x.order_id, (SELECT coalesce(sum(l.amount), 0) FROM %1$s.sales_order_line l WHERE l.party_id = x.party_id AND l.order_id = x.order_id) AS amount
			FROM (SELECT r.party_id, r.order_id FROM pg_temp.crmseg_row r UNION SELECT g.party_id, (g.ref ->> ''order_id'')::bigint FROM pg_temp.crmseg_gone g) x) n
			WHERE o.party_id = n.party_id AND o.order_id = n.order_id AND o.amount <> n.amount AND EXISTS (SELECT FROM %1$s.attachment t WHERE t.source = $1 AND t.entity = ''order'' AND t.mapping #> ''{order,amount}'' ? ''value'')', m) USING a.source;
	END IF;
	-- so does a cart whose worth nobody states
	IF a.entity = 'cart_line' THEN
		EXECUTE format('UPDATE %1$s.cart c SET amount = n.amount FROM (SELECT x.visitor_id, x.cart_id, (SELECT coalesce(sum(l.quantity * l.unit_price), 0) FROM %1$s.cart_line l WHERE l.visitor_id = x.visitor_id AND l.cart_id = x.cart_id) AS amount
			FROM (SELECT r.visitor_id, r.cart_id FROM pg_temp.crmseg_row r UNION SELECT (g.ref ->> ''visitor_id'')::uuid, (g.ref ->> ''cart_id'')::bigint FROM pg_temp.crmseg_gone g UNION SELECT * FROM unnest($2, $3)) x) n
			WHERE c.visitor_id = n.visitor_id AND c.cart_id = n.cart_id AND c.amount <> n.amount AND NOT EXISTS (SELECT FROM %1$s.attachment t WHERE t.source = $1 AND t.entity = ''cart'' AND t.mapping ? ''amount'')', m) USING a.source, visitors, carts;
	END IF;
	-- rows whose party or order is not known yet wait for the next time
	IF picked IS NOT NULL THEN
		EXECUTE format('DELETE FROM %s.attached_change c WHERE c.change_id = ANY ($1)', m) USING picked;
	END IF;
	EXECUTE format('INSERT INTO %1$s.attached_change (attachment_id, row_key) SELECT $1, p.k FROM (SELECT r.%2$I::text AS k FROM pg_temp.crmseg_pulled r) p
		WHERE $2 AND NOT EXISTS (SELECT FROM pg_temp.crmseg_row r WHERE r.row_key = p.k)', m, a.key_column) USING attachment, a.entity <> 'contact_point';
	EXECUTE 'DROP TABLE pg_temp.crmseg_row, pg_temp.crmseg_gone';
	RETURN taken;
END $$;
COMMENT ON FUNCTION @extschema@.pull_entity(name, bigint, smallint, text[], bigint[]) IS 'internal: writes the rows that pull_attached took from an attached table (pg_temp.crmseg_pulled) to the table of their entity, takes back what they made before and what rows that are gone made; returns the latter';

CREATE FUNCTION @extschema@.pull_visits(mart name, source text, mapping jsonb) RETURNS bigint
	LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT @extschema@.import_flat(mart, source, 'pg_temp.crmseg_pulled'::regclass, jsonb_strip_nulls(jsonb_build_object('source_key', mapping -> 'party', 'visit', mapping - 'party'))) $$;
COMMENT ON FUNCTION @extschema@.pull_visits(name, text, jsonb) IS 'internal: web events of an attached table, by the import of web logs, which finds their sessions';

CREATE FUNCTION @extschema@.pull_rows(mart name, attachment bigint, source smallint, gone text[], picked bigint[], OUT taken bigint, OUT refused bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	key text;
	keys text[];
	low integer[] := '{1}';
	high integer[];
	l integer;
	h integer;
	words text;
BEGIN
	refused := 0;
	BEGIN
		taken := @extschema@.pull_entity(mart, attachment, source, gone, picked);
		RETURN;
	EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
		NULL;
	END;
	-- some row is refused: it is looked for by halves, and the others are taken
	EXECUTE format('SELECT t.key_column FROM %s.attachment t WHERE t.attachment_id = $1', m) INTO key USING attachment;
	EXECUTE 'ALTER TABLE pg_temp.crmseg_pulled RENAME TO crmseg_pulled_all';
	EXECUTE 'CREATE TEMPORARY TABLE crmseg_pulled ON COMMIT DROP AS SELECT * FROM pg_temp.crmseg_pulled_all LIMIT 0';
	taken := @extschema@.pull_entity(mart, attachment, source, gone, picked);
	EXECUTE format('SELECT array_agg(DISTINCT r.%1$I::text) FROM pg_temp.crmseg_pulled_all r WHERE r.%1$I IS NOT NULL', key) INTO keys;
	high := ARRAY[coalesce(cardinality(keys), 0)];
	WHILE cardinality(low) > 0 LOOP
		l := low[cardinality(low)];
		h := high[cardinality(high)];
		low := low[:cardinality(low) - 1];
		high := high[:cardinality(high) - 1];
		CONTINUE WHEN h < l;
		EXECUTE 'TRUNCATE pg_temp.crmseg_pulled';
		EXECUTE format('INSERT INTO pg_temp.crmseg_pulled SELECT * FROM pg_temp.crmseg_pulled_all r WHERE r.%I::text = ANY ($1)', key) USING keys[l:h];
		BEGIN
			PERFORM @extschema@.pull_entity(mart, attachment, source, '{}', NULL);
		EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
			IF l = h THEN
				refused := refused + 1;
				-- a message may show the value, which may name somebody: values stand in quotes in those of class 22
				GET STACKED DIAGNOSTICS words = MESSAGE_TEXT;
				EXECUTE format('INSERT INTO %s.attached_change (attachment_id, row_key, refused_at, code, reason) VALUES ($1, $2, clock_timestamp(), $3, $4)', m)
					USING attachment, keys[l], SQLSTATE, CASE WHEN SQLSTATE ~ '^22(?!023)' THEN regexp_replace(words, '".*"', '"…"') ELSE words END;
			ELSE
				low := low || ARRAY[(l + h) / 2 + 1, l];
				high := high || ARRAY[h, (l + h) / 2];
			END IF;
		END;
	END LOOP;
	EXECUTE 'DROP TABLE pg_temp.crmseg_pulled_all';
END $$;
COMMENT ON FUNCTION @extschema@.pull_rows(name, bigint, smallint, text[], bigint[]) IS 'internal: pull_entity, and where the mart refuses a row, all the others: that one is noted in attached_change with the reason';

CREATE FUNCTION @extschema@.pull_one(mart name, attachment bigint, OUT import_id bigint, OUT rows_read bigint, OUT deleted bigint, OUT refused bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	a record;
	picked bigint[];
	reached text;
	gone text[];
	src smallint;
	p bigint;
BEGIN
	EXECUTE format('SELECT a.* FROM %s.attachment a WHERE a.attachment_id = $1 FOR UPDATE', m) INTO a USING attachment;
	IF a.attachment_id IS NULL THEN
		RAISE EXCEPTION 'there is no attachment %', attachment USING ERRCODE = 'invalid_parameter_value';
	ELSIF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = a.relation) THEN
		RAISE EXCEPTION 'the table of attachment % is gone', attachment USING ERRCODE = 'undefined_table', HINT = format('SELECT crmseg.detach_source(%L, %s) ends it; what it brought stays.', mart, attachment);
	END IF;
	IF to_regclass('pg_temp.crmseg_pulled') IS NOT NULL THEN
		EXECUTE 'DROP TABLE pg_temp.crmseg_pulled';
	END IF;
	EXECUTE format('SELECT s.source_id FROM %s.source s WHERE s.name = $1', m) INTO src USING a.source;
	-- what the triggers noted, and the rows that wait for their customer
	EXECUTE format('SELECT coalesce(array_agg(c.change_id), ''{}'') FROM %s.attached_change c WHERE c.attachment_id = $1 AND c.refused_at IS NULL', m) INTO picked USING a.attachment_id;
	IF a.watermark IS NOT NULL THEN
		-- rows that are not older than the last ones seen: equal ones come again and change nothing
		EXECUTE format('CREATE TEMPORARY TABLE crmseg_pulled ON COMMIT DROP AS SELECT r.* FROM %1$s r WHERE %2$L IS NULL OR r.%3$I >= %2$L OR r.%4$I::text IN (SELECT c.row_key FROM %5$s.attached_change c WHERE c.change_id = ANY ($1))',
			a.relation, a.seen, a.watermark, a.key_column, m) USING picked;
		EXECUTE format('SELECT max(r.%I)::text FROM pg_temp.crmseg_pulled r', a.watermark) INTO reached;
		EXECUTE format('SELECT coalesce(array_agg(x.external_id), ''{}'') FROM %s x WHERE x.source_id = $1 AND NOT EXISTS (SELECT FROM %s r WHERE r.%I::text = x.external_id)',
			CASE a.entity WHEN 'order' THEN format('(SELECT o.source_id, o.external_id FROM %s.sales_order o WHERE o.status <> ''cancelled'')', m) WHEN 'party' THEN m || '.source_record'
				ELSE format('(SELECT $1 AS source_id, k.row_key AS external_id FROM %s.attached_row k WHERE k.attachment_id = %s)', m, a.attachment_id) END, a.relation, a.key_column)
			INTO gone USING src;
	ELSE
		EXECUTE format('CREATE TEMPORARY TABLE crmseg_pulled ON COMMIT DROP AS SELECT r.* FROM %s r WHERE $1 IS NULL OR r.%I::text IN (SELECT c.row_key FROM %s.attached_change c WHERE c.change_id = ANY ($2))',
			a.relation, a.key_column, m) USING a.seen, picked;
		EXECUTE format('SELECT coalesce(array_agg(DISTINCT c.row_key), ''{}'') FROM %s.attached_change c WHERE c.change_id = ANY ($1) AND NOT EXISTS (SELECT FROM %s r WHERE r.%I::text = c.row_key)',
			m, a.relation, a.key_column) INTO gone USING picked;
		reached := 'all';
	END IF;
	-- what was refused and comes again, or went, is no longer so
	EXECUTE format('DELETE FROM %s.attached_change c WHERE c.attachment_id = $1 AND c.refused_at IS NOT NULL
		AND (c.row_key IN (SELECT r.%I::text FROM pg_temp.crmseg_pulled r) OR c.row_key = ANY ($2) OR $3)', m, a.key_column) USING a.attachment_id, gone, a.seen IS NULL;
	EXECUTE 'SELECT count(*) FROM pg_temp.crmseg_pulled' INTO rows_read;
	deleted := 0;
	refused := 0;
	IF a.entity NOT IN ('party', 'order') THEN
		SELECT t.taken, t.refused INTO deleted, refused FROM @extschema@.pull_rows(mart, a.attachment_id, src, gone, picked) t;
	ELSE
		IF rows_read > 0 THEN
			import_id := @extschema@.import_flat(mart, a.source, 'pg_temp.crmseg_pulled'::regclass, a.mapping);
			SELECT r.rejected INTO refused FROM @extschema@.import_report(mart, import_id) r;
		END IF;
		IF a.deletions <> 'keep' AND cardinality(gone) > 0 THEN
			IF a.entity = 'order' THEN
				EXECUTE format('UPDATE %s.sales_order o SET status = ''cancelled'' WHERE o.source_id = $1 AND o.external_id = ANY ($2) AND o.status <> ''cancelled''', m) USING src, gone;
				GET DIAGNOSTICS deleted = ROW_COUNT;
			ELSIF a.deletions = 'cancel' THEN
				EXECUTE format('UPDATE %1$s.sales_order o SET status = ''cancelled'' FROM %1$s.source_record r WHERE r.source_id = $1 AND r.external_id = ANY ($2)
					AND o.party_id = r.party_id AND o.source_id = $1 AND o.status <> ''cancelled''', m) USING src, gone;
				GET DIAGNOSTICS deleted = ROW_COUNT;
			ELSE
				-- a party that other records speak of too is not erased: this record alone goes
				FOR p IN EXECUTE format('DELETE FROM %s.source_record r WHERE r.source_id = $1 AND r.external_id = ANY ($2) RETURNING r.party_id', m) USING src, gone LOOP
					deleted := deleted + 1;
					EXECUTE format('SELECT $1 WHERE NOT EXISTS (SELECT FROM %s.source_record r WHERE r.party_id = $1)', m) INTO p USING p;
					IF p IS NOT NULL THEN
						PERFORM @extschema@.erase_party(mart, p);
					END IF;
				END LOOP;
			END IF;
		END IF;
		EXECUTE format('DELETE FROM %s.attached_change c WHERE c.change_id = ANY ($1)', m) USING picked;
	END IF;
	EXECUTE format('UPDATE %s.attachment a SET seen = coalesce($2, a.seen), pulled_at = clock_timestamp(), failure = NULL WHERE a.attachment_id = $1', m) USING a.attachment_id, reached;
	EXECUTE 'DROP TABLE pg_temp.crmseg_pulled';
END $$;
COMMENT ON FUNCTION @extschema@.pull_one(name, bigint) IS 'internal: pull_attached for one attachment';

CREATE FUNCTION @extschema@.pull_attached(mart name, attachment bigint DEFAULT NULL) RETURNS TABLE (attachment_id bigint, import_id bigint, rows_read bigint, deleted bigint, refused bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	a record;
	words text;
BEGIN
	IF attachment IS NOT NULL THEN
		RETURN QUERY SELECT attachment, p.* FROM @extschema@.pull_one(mart, attachment) p;
		RETURN;
	END IF;
	FOR a IN EXECUTE format('SELECT a.attachment_id, a.relation FROM %s.attachment a ORDER BY a.attachment_id', m) LOOP
		BEGIN
			RETURN QUERY SELECT a.attachment_id, p.* FROM @extschema@.pull_one(mart, a.attachment_id) p;
		EXCEPTION WHEN OTHERS THEN
			-- a table that cannot be read keeps none of the others back
			GET STACKED DIAGNOSTICS words = MESSAGE_TEXT;
			RAISE WARNING 'attachment % failed: %', a.attachment_id, words USING ERRCODE = SQLSTATE;
			EXECUTE format('UPDATE %s.attachment a SET failure = $2 WHERE a.attachment_id = $1', m) USING a.attachment_id, SQLSTATE;
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.pull_attached(name, bigint) IS 'brings in what changed in the attached tables since the last time, by import_flat, and what was deleted from them; one attachment or all. Returns the import, the rows read, the deletions of each, and the rows that the mart refused: why stands in attached_change (those of party and order in import_reject), and they come again when they change there, or when refused_at is set to NULL. Of all, an attachment that fails is told by a warning and in attachment.failure, and the others go on. 22023 for an unknown attachment';

