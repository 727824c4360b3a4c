-- For PostgreSQL 13 or later. Times are milliseconds since 1970 UTC. A gid compares bytewise: collation "C".
--
-- Nearly every write changes due, so no update is heap-only, and each adds an entry to every index of the row. So there
-- are few indexes, and partial ones, which a finished transaction leaves.
create table dtm_transaction (
    id       bigserial not null primary key,
    gid      text collate "C" not null unique,
    type     text collate "C" not null,
    status   text collate "C" not null,
    version  bigint not null,
    owner    bigint not null,
    due      bigint null,
    created  bigint not null,
    updated  bigint not null,
    finished bigint null,
    progress bytea not null
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

-- What never changes is in a table of its own, so a status change rewrites no payload. seq 0 = the definition and the
-- branches known at insert; otherwise the version of the write that appended the branches.
create table dtm_body (
    transaction_id bigint not null,
    seq            bigint not null,
    body           bytea not null,
    primary key (transaction_id, seq)
);

-- The sweep reads (due, id); the start of a single process filters by owner.
create index dtm_transaction_due on dtm_transaction (due, id, owner) where due is not null;

-- Counts unfinished transactions.
create index dtm_transaction_unfinished on dtm_transaction (type, status, due) where status not in ('succeed', 'failed');
create index dtm_transaction_failed on dtm_transaction (id) where status = 'failed';

-- Rows are stored nearly in the order of their creation: a summary of a few pages finds a period and costs a write
-- almost nothing.
create index dtm_transaction_created on dtm_transaction using brin (created) with (pages_per_range = 32, autosummarize = on);

-- Small named values that are not transactions, such as topics. Few and rarely written. v is UTF-8: text could not hold
-- every character.
create table dtm_kv (
    id      bigserial not null primary key,
    cat     text collate "C" not null,
    k       text collate "C" not null,
    v       bytea not null,
    version bigint not null,
    created bigint not null,
    updated bigint not null,
    unique (cat, k)
);
