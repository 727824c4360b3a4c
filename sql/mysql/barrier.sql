-- For the databases of branch services, not for the coordinator's: DTM's barrier table, as its SDKs expect it. An SDK
-- inserts a row before the work, in the same database transaction. The unique key rejects a call that is repeated, too
-- late, or without its action. The coordinator neither creates nor reads it. Database and table can be renamed with the
-- SDK's SetBarrierTableName. Keys compare exactly: upper and lower case, and spaces at the end. MySQL and MariaDB have
-- different names for such a collation, and each takes the comment with its own; older ones keep utf8mb4_bin, which
-- ignores spaces at the end.
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
) engine = InnoDB row_format = dynamic character set utf8mb4 /*!50701 collate utf8mb4_bin */
/*!80017 collate utf8mb4_0900_bin */ /*M!100203 collate utf8mb4_nopad_bin */;
