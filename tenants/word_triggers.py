"""The triggers that keep the words of rows (see `tenants.words`), for migrations.

They work a statement at a time, so that an import of thousands costs one statement more and not one more a line.
"""

from __future__ import annotations

from tenants.words import LONGEST, SEPARATORS

# The words of texts; of letters followed by digits ("cam12") the digits count as a word too.
WORDS = rf"""
CREATE FUNCTION perch_words(texts text[]) RETURNS TABLE (word text) LANGUAGE sql STABLE AS $$
    WITH parts AS (
        SELECT left(part, {LONGEST}) AS part FROM unnest(texts) AS given (body),
            regexp_split_to_table(lower(left(body, 1000)), '{SEPARATORS}') AS part
        WHERE part <> ''
    )
    SELECT part FROM parts UNION SELECT substring(part FROM '^[^0-9]+([0-9]+)$') FROM parts
    WHERE part ~ '^[^0-9]+[0-9]+$'
$$"""

# The same with every ending of at least four letters.
TAILS = rf"""
CREATE FUNCTION perch_tails(texts text[]) RETURNS TABLE (word text) LANGUAGE sql STABLE AS $$
    SELECT word FROM perch_words(texts) UNION
    SELECT substr(part, beginning) FROM unnest(texts) AS given (body),
        regexp_split_to_table(lower(left(body, {LONGEST})), '{SEPARATORS}') AS part,
        generate_series(2, length(part) - 3) AS beginning
$$"""


def keep(table: str, words: str, reference: str, *, texts: str, tails: str = "") -> str:
    """Keep the words of the columns `texts`, and of `tails` all endings too; both are lists parted by commas. Words of
    rows that are there already are written at once, ISP by ISP, because nobody sees the rows of all."""
    split = f"SELECT word FROM perch_words(ARRAY[{_of('r', texts)}]::text[])"
    if tails:
        split += f" UNION SELECT word FROM perch_tails(ARRAY[{_of('r', tails)}]::text[])"
    every = f"{texts}, {tails}" if tails else texts
    fill = (
        f"INSERT INTO {words} (domain_id, {reference}, word)"
        f" SELECT r.domain_id, r.id, w.word FROM {{rows}} r CROSS JOIN LATERAL ({split}) w"
    )
    changed = (
        "(SELECT n.* FROM fresh n JOIN stale o ON o.id = n.id"
        f" WHERE ROW({_of('n', every)}) IS DISTINCT FROM ROW({_of('o', every)}))"
    )
    return f"""
CREATE FUNCTION {words}_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {fill.format(rows="fresh")};
    RETURN NULL;
END $$;
CREATE FUNCTION {words}_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM {words} w USING {changed} c WHERE w.domain_id = c.domain_id AND w.{reference} = c.id;
    {fill.format(rows=changed)};
    RETURN NULL;
END $$;
CREATE TRIGGER {words}_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION {words}_insert();
CREATE TRIGGER {words}_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION {words}_update();
DO $do$
DECLARE isp bigint;
BEGIN
    FOR isp IN SELECT id FROM tenants_domain LOOP
        PERFORM set_config('app.domain_id', isp::text, true);
        {fill.format(rows=table)};
    END LOOP;
    PERFORM set_config('app.domain_id', '', true);
END $do$"""


def drop(words: str) -> str:
    """Take the triggers away."""
    return f"DROP FUNCTION {words}_insert CASCADE; DROP FUNCTION {words}_update CASCADE"


def _of(alias: str, names: str) -> str:
    return ", ".join(f"{alias}.{name.strip()}" for name in names.split(","))
