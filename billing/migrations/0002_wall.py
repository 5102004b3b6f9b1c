"""The second wall, the arithmetic as CHECKs, the past made unchangeable, and usage as views over recorded spans.

What the triggers refuse, whoever asks: prices, terms and tax rates on days whose night has run; any change of an issued
invoice, its lines and taxes; an invoice issued with sums that do not add up; a month's frozen instants; numbers that go
back; and a camera's history inside a billed month, because the lines' camera-days are read from it.

Where rows are many (lines, taxes) the triggers work once a statement on its transition table: measured as free.
"""

from django.db import migrations

from tenants.security import SecureTables

CHECKS = """
ALTER TABLE billing_invoiceline ADD CONSTRAINT billing_invoiceline_net CHECK (
    net = div(2::numeric * price * camera_days * (1000000 - discount_ppm) + days::numeric * 1000000,
              2::numeric * days * 1000000));
ALTER TABLE billing_invoiceline ADD CONSTRAINT billing_invoiceline_sane CHECK (
    price >= 0 AND camera_days > 0 AND days BETWEEN 28 AND 31 AND discount_ppm <= 1000000
    AND first_day <= last_day AND (NOT is_trial OR discount_ppm = 1000000));
ALTER TABLE billing_invoicetax ADD CONSTRAINT billing_invoicetax_amount CHECK (
    amount = div(2::numeric * base * ppm + 1000000, 2000000));
"""

# Every night updates every draft: half-empty pages take the new versions beside the old ones without touching an index.
# Lines and taxes come by the hundred thousand on an ISP's first night of a month: their references are kept by triggers
# that work once a statement (below), and no index is kept that nobody searches.
BULK = """
ALTER TABLE billing_invoice SET (fillfactor = 50);
ALTER TABLE billing_invoiceline SET (fillfactor = 50);
ALTER TABLE billing_invoicetax SET (fillfactor = 50);
DO $$
DECLARE
    spare text;
BEGIN
    FOR spare IN
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
        WHERE conrelid IN ('billing_invoiceline'::regclass, 'billing_invoicetax'::regclass)
            AND contype IN ('f', 'u') AND conname NOT IN ('billing_invoiceline_once', 'billing_invoicetax_once')
        UNION ALL
        SELECT format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid IN ('billing_invoice'::regclass, 'billing_invoiceline'::regclass, 'billing_invoicetax'::regclass)
            AND i.indnatts = 1 AND a.attname = 'domain_id' AND NOT i.indisunique
    LOOP
        EXECUTE spare;
    END LOOP;
END $$;
"""

# The key of the advisory lock that the night holds: billing/services/night.py has the same number.
LOCK = """
CREATE FUNCTION billing_lock(domain bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN (20041::bigint << 32) + domain;
"""

PAST = """
CREATE FUNCTION billing_past_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    isp bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.domain_id ELSE NEW.domain_id END;
    counted date;
BEGIN
    -- A night that is under way ends first; shared, because such changes do not disturb each other.
    PERFORM pg_advisory_xact_lock_shared(billing_lock(isp));
    SELECT max(month + closed_days - 1) INTO counted FROM billing_billingperiod
        WHERE domain_id = isp AND closed_days > 0;
    IF (TG_OP <> 'DELETE' AND NEW.from_day <= counted) OR (TG_OP <> 'INSERT' AND OLD.from_day <= counted) THEN
        RAISE EXCEPTION '% of a day that was counted already (up to %) never changes', TG_TABLE_NAME, counted
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER billing_planprice_past BEFORE INSERT OR UPDATE OR DELETE ON billing_planprice
    FOR EACH ROW EXECUTE FUNCTION billing_past_stays();
CREATE TRIGGER billing_organizationterms_past BEFORE INSERT OR UPDATE OR DELETE ON billing_organizationterms
    FOR EACH ROW EXECUTE FUNCTION billing_past_stays();
CREATE TRIGGER billing_taxrate_past BEFORE INSERT OR UPDATE OR DELETE ON billing_taxrate
    FOR EACH ROW EXECUTE FUNCTION billing_past_stays();

CREATE FUNCTION billing_one_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.currency IS DISTINCT FROM (SELECT currency FROM tenants_domain WHERE id = NEW.domain_id) THEN
        RAISE EXCEPTION 'an ISP has one currency' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_planprice_currency BEFORE INSERT OR UPDATE ON billing_planprice
    FOR EACH ROW EXECUTE FUNCTION billing_one_currency();
CREATE TRIGGER billing_billingperiod_currency BEFORE INSERT OR UPDATE ON billing_billingperiod
    FOR EACH ROW EXECUTE FUNCTION billing_one_currency();

CREATE FUNCTION billing_plan_keeps_preset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a plan keeps its preset' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_plan_preset BEFORE UPDATE ON billing_plan FOR EACH ROW
    WHEN (NEW.preset_id <> OLD.preset_id OR NEW.domain_id <> OLD.domain_id)
    EXECUTE FUNCTION billing_plan_keeps_preset();

CREATE FUNCTION billing_period_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.closed_days > 0 THEN
            RAISE EXCEPTION 'a month that was counted is never removed' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.closed_days < OLD.closed_days OR OLD.closed_at IS NOT NULL
        OR (to_jsonb(NEW) - 'closed_days' - 'closed_at') <> (to_jsonb(OLD) - 'closed_days' - 'closed_at') THEN
        RAISE EXCEPTION 'the instants and the days of a month never change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_billingperiod_stays BEFORE UPDATE OR DELETE ON billing_billingperiod
    FOR EACH ROW EXECUTE FUNCTION billing_period_stays();

CREATE TRIGGER billing_nightrun_append_only BEFORE UPDATE OR DELETE ON billing_nightrun
    FOR EACH ROW EXECUTE FUNCTION perch_append_only();

CREATE FUNCTION billing_numbers_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.last_number < OLD.last_number OR NEW.year <> OLD.year OR NEW.kind <> OLD.kind THEN
        RAISE EXCEPTION 'invoice numbers never go back' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_numberseries_grows BEFORE UPDATE OR DELETE ON billing_numberseries
    FOR EACH ROW EXECUTE FUNCTION billing_numbers_grow();
"""

INVOICES = """
CREATE FUNCTION billing_issued_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'invoice % is issued and never changes: correct it by a credit note', OLD.number
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_invoice_issued_stays BEFORE UPDATE OR DELETE ON billing_invoice FOR EACH ROW
    WHEN (OLD.status <> 'draft') EXECUTE FUNCTION billing_issued_stays();

CREATE FUNCTION billing_parts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM touched JOIN billing_invoice i ON i.id = touched.invoice_id WHERE i.status <> 'draft') THEN
        RAISE EXCEPTION 'the invoice is issued: its % never change', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

-- The reference of a line or tax to its invoice, both ways, a statement at a time: as a foreign key, checked row by row,
-- it took more time than the night itself. Row-level security holds here too: another ISP's invoice is not found.
CREATE FUNCTION billing_parts_belong() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT domain_id, invoice_id FROM touched) t
        LEFT JOIN billing_invoice i ON i.id = t.invoice_id AND i.domain_id = t.domain_id WHERE i.id IS NULL
    ) THEN
        RAISE EXCEPTION 'a row of % belongs to no invoice of its ISP', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION billing_lines_have_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT domain_id, plan_id FROM touched) t
        LEFT JOIN billing_plan p ON p.id = t.plan_id AND p.domain_id = t.domain_id WHERE p.id IS NULL
    ) THEN
        RAISE EXCEPTION 'a line names no plan of its ISP' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION billing_no_parts_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM touched JOIN billing_invoiceline l ON l.domain_id = touched.domain_id AND l.invoice_id = touched.id)
        OR EXISTS (SELECT FROM touched JOIN billing_invoicetax t ON t.domain_id = touched.domain_id AND t.invoice_id = touched.id)
    THEN
        RAISE EXCEPTION 'the invoice still has lines or taxes' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION billing_no_lines_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM touched JOIN billing_invoiceline l ON l.domain_id = touched.domain_id AND l.plan_id = touched.id) THEN
        RAISE EXCEPTION 'invoices name the plan' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_invoiceline_belongs AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_belong();
CREATE TRIGGER billing_invoicetax_belongs AFTER INSERT ON billing_invoicetax
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_belong();
CREATE TRIGGER billing_invoiceline_plan AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_lines_have_plan();
CREATE TRIGGER billing_invoice_parts AFTER DELETE ON billing_invoice
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_no_parts_left();
CREATE TRIGGER billing_plan_lines AFTER DELETE ON billing_plan
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_no_lines_left();
CREATE TRIGGER billing_invoiceline_added AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_stay();
CREATE TRIGGER billing_invoiceline_changed AFTER UPDATE ON billing_invoiceline
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_stay();
CREATE TRIGGER billing_invoiceline_removed AFTER DELETE ON billing_invoiceline
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_stay();
CREATE TRIGGER billing_invoicetax_added AFTER INSERT ON billing_invoicetax
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_stay();
CREATE TRIGGER billing_invoicetax_changed AFTER UPDATE ON billing_invoicetax
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_stay();
CREATE TRIGGER billing_invoicetax_removed AFTER DELETE ON billing_invoicetax
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_stay();

CREATE FUNCTION billing_part_keeps_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a line or tax belongs to its invoice for ever' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_invoiceline_moved BEFORE UPDATE ON billing_invoiceline FOR EACH ROW
    WHEN (NEW.invoice_id <> OLD.invoice_id OR NEW.plan_id <> OLD.plan_id OR NEW.domain_id <> OLD.domain_id)
    EXECUTE FUNCTION billing_part_keeps_invoice();
CREATE TRIGGER billing_invoicetax_moved BEFORE UPDATE ON billing_invoicetax FOR EACH ROW
    WHEN (NEW.invoice_id <> OLD.invoice_id OR NEW.domain_id <> OLD.domain_id)
    EXECUTE FUNCTION billing_part_keeps_invoice();

CREATE FUNCTION billing_sums_hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    WITH issued AS MATERIALIZED (SELECT * FROM touched WHERE status = 'issued'),
    lines AS (SELECT l.invoice_id, sum(l.net) AS net, bool_and(l.currency = i.currency) AS fits
              FROM billing_invoiceline l JOIN issued i ON i.id = l.invoice_id GROUP BY 1),
    taxes AS (SELECT t.invoice_id, sum(t.amount) AS tax, bool_and(t.base = i.net) AS fits
              FROM billing_invoicetax t JOIN issued i ON i.id = t.invoice_id GROUP BY 1)
    SELECT i.id INTO wrong FROM issued i LEFT JOIN lines l ON l.invoice_id = i.id LEFT JOIN taxes t ON t.invoice_id = i.id
    WHERE i.net IS DISTINCT FROM l.net OR i.tax <> coalesce(t.tax, 0) OR NOT l.fits OR NOT coalesce(t.fits, true) LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the sums of invoice row % do not add up', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_invoice_sums_added AFTER INSERT ON billing_invoice
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_sums_hold();
CREATE TRIGGER billing_invoice_sums_changed AFTER UPDATE ON billing_invoice
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION billing_sums_hold();
"""

SPANS = """
CREATE FUNCTION billing_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    isp bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.domain_id ELSE NEW.domain_id END;
    billed timestamptz;
    past tstzrange;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(billing_lock(isp));
    SELECT max(ends_at) INTO billed FROM billing_billingperiod WHERE domain_id = isp AND closed_at IS NOT NULL;
    past := tstzrange(NULL, billed);
    IF billed IS NOT NULL AND (
        (TG_OP = 'INSERT' AND NEW.during && past) OR (TG_OP = 'DELETE' AND OLD.during && past)
        OR (TG_OP = 'UPDATE' AND (NEW.during * past <> OLD.during * past OR (OLD.during && past
            AND (to_jsonb(NEW) - 'during') <> (to_jsonb(OLD) - 'during'))))
    ) THEN
        RAISE EXCEPTION 'the days before % are billed: what cameras did then never changes', billed
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER billing_history_stays BEFORE INSERT OR UPDATE OR DELETE ON devices_presetspan
    FOR EACH ROW EXECUTE FUNCTION billing_history_stays();
"""

# Change points as spans of days [first_day, end_day); what lies before the first one is there too, with nothing in it.
CHANGE_POINTS = """
CREATE VIEW billing_price_span WITH (security_invoker = true) AS
    SELECT domain_id, plan_id, amount, from_day AS first_day,
           lead(from_day, 1, 'infinity') OVER (PARTITION BY domain_id, plan_id ORDER BY from_day) AS end_day
    FROM billing_planprice
  UNION ALL
    SELECT domain_id, plan_id, NULL, '-infinity', min(from_day) FROM billing_planprice GROUP BY domain_id, plan_id;

CREATE VIEW billing_terms_span WITH (security_invoker = true) AS
    WITH agreed AS NOT MATERIALIZED (
        SELECT domain_id, organization_id, discount_ppm, trial_until, from_day,
               lead(from_day, 1, 'infinity') OVER (PARTITION BY domain_id, organization_id ORDER BY from_day) AS end_day
        FROM billing_organizationterms)
    SELECT domain_id, organization_id, 1000000 AS discount_ppm, true AS is_trial, from_day AS first_day,
           least(end_day, trial_until) AS end_day
    FROM agreed WHERE trial_until > from_day
  UNION ALL
    SELECT domain_id, organization_id, discount_ppm, false, greatest(from_day, trial_until), end_day
    FROM agreed WHERE trial_until IS NULL OR trial_until < end_day
  UNION ALL
    SELECT domain_id, organization_id, 0, false, '-infinity', min(from_day)
    FROM billing_organizationterms GROUP BY domain_id, organization_id;
"""

# width_bucket counts the midnights an instant has passed: a search in the frozen array, exact whatever the zone does.
# OFFSET 0 has each span's days computed once and not at every place that names them; conditions still reach the spans.
COURSE = """
CREATE VIEW billing_course WITH (security_invoker = true) AS
    SELECT c.domain_id, c.period_id, c.month, c.days_of_month, c.closed_days, c.camera_id, c.camera_name,
           c.camera_title, c.organization_id, c.preset_id, c.is_open, plan.id AS plan_id, price.amount AS price,
           coalesce(terms.discount_ppm, 0) AS discount_ppm, coalesce(terms.is_trial, false) AS is_trial,
           greatest(c.first_day, price.first_day, terms.first_day) AS first_day,
           least(c.end_day, price.end_day, terms.end_day) AS end_day
    FROM (
        SELECT p.domain_id, p.id AS period_id, p.month, p.days AS days_of_month, p.closed_days, s.camera_id,
               s.camera_name, s.camera_title, s.organization_id, s.preset_id, upper_inf(s.during) AS is_open,
               d.first_day, d.end_day
        FROM billing_billingperiod p
        JOIN devices_presetspan s ON s.domain_id = p.domain_id AND s.during && tstzrange(p.begins_at, p.ends_at)
        CROSS JOIN LATERAL (
            SELECT p.month + CASE WHEN lower(s.during) <= p.begins_at THEN 0
                                  ELSE width_bucket(lower(s.during), p.midnights) END AS first_day,
                   p.month + CASE WHEN upper(s.during) < p.ends_at THEN width_bucket(upper(s.during), p.midnights)
                                  ELSE p.days END AS end_day
            OFFSET 0
        ) d
    ) c
    LEFT JOIN billing_plan plan ON plan.domain_id = c.domain_id AND plan.preset_id = c.preset_id
    LEFT JOIN billing_price_span price ON price.domain_id = c.domain_id AND price.plan_id = plan.id
        AND price.first_day < c.end_day AND price.end_day > c.first_day
    LEFT JOIN billing_terms_span terms ON terms.domain_id = c.domain_id AND terms.organization_id = c.organization_id
        AND terms.first_day < c.end_day AND terms.end_day > c.first_day
    WHERE greatest(c.first_day, price.first_day, terms.first_day) < least(c.end_day, price.end_day, terms.end_day);

CREATE VIEW billing_usage WITH (security_invoker = true) AS
    SELECT domain_id, period_id, month, days_of_month, camera_id, camera_name, camera_title, organization_id, preset_id,
           plan_id, price, discount_ppm, is_trial, first_day, least(end_day, month + closed_days) AS end_day,
           least(end_day, month + closed_days) - first_day AS days
    FROM billing_course WHERE first_day < month + closed_days;

CREATE VIEW billing_usage_day WITH (security_invoker = true) AS
    SELECT domain_id, period_id, month, first_day + n AS day, camera_id, camera_name, camera_title, organization_id,
           preset_id, plan_id, price, discount_ppm, is_trial
    FROM billing_usage CROSS JOIN generate_series(0, 30) AS n WHERE n < days;
"""

UNDO = """
DROP VIEW billing_usage_day, billing_usage, billing_course, billing_terms_span, billing_price_span;
DROP TRIGGER billing_history_stays ON devices_presetspan;
DROP FUNCTION billing_history_stays, billing_past_stays, billing_one_currency, billing_plan_keeps_preset,
    billing_period_stays, billing_numbers_grow, billing_issued_stays, billing_parts_stay, billing_part_keeps_invoice,
    billing_sums_hold, billing_parts_belong, billing_lines_have_plan, billing_no_parts_left, billing_no_lines_left CASCADE;
DROP FUNCTION billing_lock;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_first"), ("devices", "0002_wall"), ("tenants", "0002_wall")]

    operations = [
        SecureTables(
            "Plan",
            "PlanPrice",
            "OrganizationPlan",
            "OrganizationTerms",
            "TaxRate",
            "BillingPeriod",
            "NightRun",
            "NumberSeries",
            "Invoice",
            "InvoiceLine",
            "InvoiceTax",
        ),
        migrations.RunSQL(CHECKS + BULK, migrations.RunSQL.noop),
        migrations.RunSQL(
            LOCK + PAST + INVOICES + SPANS + CHANGE_POINTS + COURSE,
            UNDO,
        ),
    ]
