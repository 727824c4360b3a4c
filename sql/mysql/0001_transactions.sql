-- For MySQL 8 and MariaDB 10.6 or later. Schema changes commit by themselves there, so every step must bear being repeated.
-- Times are milliseconds since 1970 UTC.
--
-- A gid compares bytewise. varbinary is the one type that does so everywhere: utf8mb4_bin takes 'a' and 'a ' for the same, and the
-- collations that do not are named differently in MySQL and MariaDB. 384 bytes = 128 UTF-16 characters in UTF-8.
create table if not exists dtm_transaction (
    id       bigint not null auto_increment,
    gid      varbinary(384) not null,
    type     varchar(12) character set ascii collate ascii_bin not null,
    status   varchar(12) character set ascii collate ascii_bin not null,

    -- What the index below is for: "type status" while unfinished, "failed", null once it has succeeded.
    state    varchar(25) character set ascii collate ascii_bin null,
    version  bigint not null,
    owner    bigint not null,
    due      bigint null,
    created  bigint not null,
    updated  bigint not null,
    finished bigint null,
    progress longblob not null,
    primary key (id),
    unique key dtm_transaction_gid (gid),

    -- The sweep reads (due, id). The rest is what the rare readers of this index filter by: what a dead process left, how many are
    -- overdue. A write that changes one of these columns changes due as well, so they cost nothing but their width.
    key dtm_transaction_due (due, id, owner, status, type),

    -- Only ever appended to.
    key dtm_transaction_created (created),

    -- Counts the unfinished and lists the failed, without partial indexes, which MySQL has not. Every key ends in the id, so a page of
    -- the failed is read in order. Two changes in the life of most transactions; a column of its own because an indexed generated one
    -- saves nothing and is a younger feature.
    key dtm_transaction_state (state)
) engine = InnoDB row_format = dynamic;

-- What never changes, away from the row that does: a status change rewrites no payload.
-- seq 0 = the definition and the branches known at insert; else the version of the write that appended the branches.
create table if not exists dtm_body (
    transaction_id bigint not null,
    seq            bigint not null,
    body           longblob not null,
    primary key (transaction_id, seq)
) engine = InnoDB row_format = dynamic;

-- Small named values that are not transactions, such as topics. Few and rarely written. v is UTF-8.
create table if not exists dtm_kv (
    id      bigint not null auto_increment,
    cat     varbinary(135) not null,
    k       varbinary(384) not null,
    v       longblob not null,
    version bigint not null,
    created bigint not null,
    updated bigint not null,
    primary key (id),
    unique key dtm_kv_key (cat, k)
) engine = InnoDB row_format = dynamic;
