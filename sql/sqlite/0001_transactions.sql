-- One row per transaction, with what changes. Text compares bytewise in SQLite, so gids need no collation. Times are
-- milliseconds since 1970 UTC.
create table dtm_transaction (
    id       integer primary key,
    gid      text    not null unique,
    type     text    not null,
    status   text    not null,
    version  integer not null,
    owner    integer not null,
    due      integer null,
    created  integer not null,
    updated  integer not null,
    finished integer null,
    progress blob    not null
);

-- What never changes is in a table of its own, so a status change rewrites no payload. seq 0 = the definition and the
-- branches known at insert; otherwise the version of the write that appended the branches.
create table dtm_body (
    transaction_id integer not null,
    seq            integer not null,
    body           blob    not null,
    primary key (transaction_id, seq)
) without rowid;

-- Every index of a rowid table ends with the rowid, so this one also serves "order by due, id".
create index dtm_transaction_due on dtm_transaction (due) where due is not null;
create index dtm_transaction_created on dtm_transaction (created);
create index dtm_transaction_failed on dtm_transaction (id) where status = 'failed';

-- id first: the calls of a dead process are paged by id, and owner is filtered within the index.
create index dtm_transaction_owner on dtm_transaction (id, owner) where owner <> 0;
