-- For the databases of branch services, not for the coordinator's: DTM's barrier table, as its SDKs expect it. They insert a row before
-- they work, in the same database transaction, and the unique key turns away what comes twice, too late or without its action.
-- The coordinator neither creates nor reads it. Database and table can be renamed with the SDK's SetBarrierTableName.
create database if not exists dtm_barrier;

create table if not exists dtm_barrier.barrier (
    id          bigint not null auto_increment primary key,
    trans_type  varchar(45) default '',
    gid         varchar(128) default '',
    branch_id   varchar(128) default '',
    op          varchar(45) default '',
    barrier_id  varchar(45) default '',
    reason      varchar(45) default '' comment 'op of the branch that inserted the row',
    create_time datetime default current_timestamp,
    update_time datetime default current_timestamp on update current_timestamp,
    unique key (gid, branch_id, op, barrier_id),
    key (create_time)
) engine = InnoDB character set utf8mb4 collate utf8mb4_bin;
