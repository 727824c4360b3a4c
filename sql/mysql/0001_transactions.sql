-- For MySQL 8 and MariaDB 10.6 or later. Schema changes commit implicitly, so every step must be repeatable. Times are
-- milliseconds since 1970 UTC.
--
-- A gid compares bytewise. Only varbinary does so everywhere: for utf8mb4_bin 'a' and 'a ' are equal, and the
-- collations that distinguish them have different names in MySQL and MariaDB. 384 bytes = 128 UTF-16 characters in
-- UTF-8.
create table if not exists dtm_transaction (
    id       bigint not null auto_increment,
    gid      varbinary(384) not null,
    type     varchar(12) character set ascii collate ascii_bin not null,
    status   varchar(12) character set ascii collate ascii_bin not null,

    -- For the index below: "type status" while unfinished, "failed", null once it has succeeded.
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

    -- The sweep reads (due, id). Rare queries filter by the rest: the calls of a dead process, the number of overdue
    -- transactions. A write that changes one of these columns changes due as well, so they cost only their width.
    key dtm_transaction_due (due, id, owner, status, type),

    -- Only ever appended to.
    key dtm_transaction_created (created),

    -- Counts unfinished and lists failed transactions without partial indexes, which MySQL lacks. Every key ends with
    -- the id, so a page of failed transactions is read in order. It changes twice in the life of most transactions. An
    -- indexed generated column would save nothing.
    key dtm_transaction_state (state)
) engine = InnoDB row_format = dynamic;

-- What never changes is in a table of its own, so a status change rewrites no payload. seq 0 = the definition and the
-- branches known at insert; otherwise the version of the write that appended the branches.
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
