-- Small named values that are not transactions, such as topics. Few and rarely written; text compares bytewise. autoincrement: an id
-- is never used twice, so that paging by id does not meet the successor of a deleted value.
create table dtm_kv (
    id      integer primary key autoincrement,
    cat     text    not null,
    k       text    not null,
    v       text    not null,
    version integer not null,
    created integer not null,
    updated integer not null,
    unique (cat, k)
);

-- Counts the unfinished without reading a row, however many wait: dtm_transaction_due knows neither their type nor their status, nor
-- those without a due moment.
create index dtm_transaction_unfinished on dtm_transaction (type, status, due) where status not in ('succeed', 'failed');
