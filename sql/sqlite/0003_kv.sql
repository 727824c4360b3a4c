-- Replaces the steps 2 and 3 of early builds: a database at version 1 or 2 gets to version 3 with it, one at version 3
-- skips it.

-- Small named values that are not transactions, such as topics. Few and rarely written; text compares bytewise.
-- autoincrement: an id is never used twice, so paging by id never meets the successor of a deleted value.
create table if not exists dtm_kv (
    id      integer primary key autoincrement,
    cat     text    not null,
    k       text    not null,
    v       text    not null,
    version integer not null,
    created integer not null,
    updated integer not null,
    unique (cat, k)
);

-- Counts unfinished transactions without reading a row. Not by due moment, so it changes twice in the life of most
-- transactions instead of with every call.
drop index if exists dtm_transaction_unfinished;
create index dtm_transaction_unfinished on dtm_transaction (type, status) where status not in ('succeed', 'failed');

-- Counts overdue transactions without reading a row. Type and status never change without due, so they cost only their
-- width.
drop index dtm_transaction_due;
create index dtm_transaction_due on dtm_transaction (due, id, type, status) where due is not null;
