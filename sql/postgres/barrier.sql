-- For the databases of branch services, not for the coordinator's: DTM's barrier table, as its SDKs expect it. An SDK
-- inserts a row before the work, in the same database transaction. The unique constraint rejects a call that is
-- repeated, too late, or without its action. The coordinator neither creates nor reads it. The SDKs name the
-- constraint: keep its name, and the schema unless the SDK is configured with another one.
create schema if not exists dtm_barrier;

create table if not exists dtm_barrier.barrier (
    id          bigserial primary key,
    trans_type  varchar(45) default '',
    gid         varchar(128) default '',
    branch_id   varchar(128) default '',
    op          varchar(45) default '',
    barrier_id  varchar(45) default '',
    reason      varchar(45) default '',
    create_time timestamp(0) with time zone default current_timestamp,
    update_time timestamp(0) with time zone default current_timestamp,
    constraint uniq_barrier unique (gid, branch_id, op, barrier_id)
);
