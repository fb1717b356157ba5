"""How the ledger's tables came to be: named steps, run in order, each once.

A new table or column is a new entry at the end. A ledger remembers the names of the steps that it has been through, so neither
the name nor the SQL of a released step changes.
"""

MIGRATIONS = {
    "documents_to_findings": """
    create table documents (
        id text primary key, path text not null, file_sha256 text not null, title text not null, text text not null,
        rights text not null, read_at real not null);
    create index documents_by_file on documents (path, file_sha256);
    create table passages (
        id text not null, document text not null references documents (id), start integer not null, end integer not null,
        heading text not null, primary key (document, start, end));
    create index passages_by_id on passages (id);
    create table requests (
        key text primary key, kind text not null, document text not null, passage text, body text not null,
        created_at real not null);
    create table responses (
        id integer primary key, request text not null references requests (key), received_at real not null,
        provider text not null, model text not null, text text not null, stop_reason text not null,
        input_tokens integer not null, output_tokens integer not null, cache_write_tokens integer not null,
        cache_read_tokens integer not null, usd real not null);
    create index responses_by_request on responses (request);
    create table voice_samples (id integer primary key, chosen_at real not null, samples text not null);
    create table builds (
        id integer primary key, started_at real not null, finished_at real, fingerprint text not null, version text,
        result text);
    create table pairs (
        build integer not null references builds (id), id text not null, kind text not null, document text not null,
        prompt text not null, response text not null, evidence text, request text, words_asked text, state text not null,
        primary key (build, id)) without rowid;
    create table findings (
        build integer not null references builds (id), pair text not null, check_name text not null,
        severity text not null, score real not null, message text not null);
    create index findings_by_pair on findings (build, pair);
    """,
    "finding_spans": "alter table findings add column span text;",
    "pair_contexts": "alter table pairs add column context text not null default '';",
    "batches_and_sendings": """
    create table batches (
        id integer primary key, remote text unique, created_at real not null, ended_at real);
    create table sent (
        id integer primary key, request text not null references requests (key), batch integer references batches (id),
        sent_at real not null, worst_usd real not null, outcome text);
    create index sent_by_request on sent (request);
    create index sent_open on sent (batch) where outcome is null;
    alter table builds add column sample integer;
    """,
    "decisions_and_queues": """
    create table decisions (
        id integer primary key, pair text not null, reviewer text not null, queue text not null, verdict text not null,
        instruction text, response text, reasons text not null, rating integer, never_say text not null,
        note text not null, taken_at real not null);
    create index decisions_by_pair on decisions (pair, id);
    create table desk (
        server text not null, queue text not null, pair text not null, content text not null, pushed_at real not null,
        retired_at real, primary key (server, queue, pair)) without rowid;
    alter table pairs add column replaces text;
    """,
    "carried_decisions": """
    alter table decisions add column carried_from integer references decisions (id);
    create index pairs_by_id on pairs (id);
    """,
    "document_readings": "alter table documents add column reading text not null default '{}';",
    "finding_reasons": "alter table findings add column reason text not null default '';",
    "earlier_pairs": "alter table pairs add column earlier text;",
    "contrasts_and_interview": """
    create table term_decisions (
        id integer primary key, term text not null, action text not null, into_term text not null, text text not null,
        who text not null, taken_at real not null);
    create table thin_terms (
        build integer not null references builds (id), position integer not null, body text not null,
        primary key (build, position)) without rowid;
    create table contrast_sets (
        build integer not null references builds (id), id text not null, term text not null, body text not null,
        primary key (build, id)) without rowid;
    create table contrast_decisions (
        id integer primary key, contrast_set text not null, reviewer text not null, verdict text not null, texts text not null,
        taken_at real not null);
    create table contrast_tasks (
        id integer primary key, term text not null, question text not null, wrong text not null, run text not null,
        rows text not null, opened_at real not null);
    create table interview (
        id integer primary key, key text not null, about text not null, kind text not null, question text not null,
        follows integer references interview (id), answer text not null, choice text not null, who text not null,
        answered_at real not null, retests integer references interview (id));
    """,
    "plans_and_shared_texts": """
    create table plans (document text primary key, identity text not null, facts text not null);
    create table shared_texts (hash text primary key, body text not null);
    create index requests_by_document on requests (document, kind);
    """,
}
"""SQL by name."""

NUMBERED = tuple(MIGRATIONS)[:10]
"""What a ledger of a version before 0.2 counts in its `user_version`, without names."""
