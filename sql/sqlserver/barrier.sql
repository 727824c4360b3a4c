-- For the databases of branch services, not for the coordinator's: DTM's barrier table, as its SDKs expect it. An SDK
-- inserts a row before the work, in the same database transaction. The unique key rejects a call that is repeated, too
-- late, or without its action; it must ignore duplicates instead of failing. The coordinator neither creates nor reads
-- it. DTM's own script creates the table in a separate database: with that one, set the SDK's table name to
-- dtm_barrier.dbo.barrier.
if schema_id('dtm_barrier') is null exec('create schema dtm_barrier');

if object_id('dtm_barrier.barrier') is null
create table dtm_barrier.barrier (
    id          bigint identity not null primary key,
    trans_type  nvarchar(45) not null default '',
    gid         nvarchar(128) collate Latin1_General_100_BIN2 not null default '',
    branch_id   nvarchar(128) collate Latin1_General_100_BIN2 not null default '',
    op          nvarchar(45) collate Latin1_General_100_BIN2 not null default '',
    barrier_id  nvarchar(45) collate Latin1_General_100_BIN2 not null default '',
    reason      nvarchar(45) not null default '',
    create_time datetime2(0) not null default sysutcdatetime(),
    update_time datetime2(0) not null default sysutcdatetime(),
    constraint uniq_barrier unique (gid, branch_id, op, barrier_id) with (ignore_dup_key = on)
);
