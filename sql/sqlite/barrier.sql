-- For the databases of branch services, not for the coordinator's: DTM's barrier table. A service inserts a row before
-- it works, in the same database transaction, and the unique key turns away what comes twice, too late or without its
-- action. The coordinator neither creates nor reads it. SQLite has no schemas: tell the SDK the table is called
-- barrier.
create table if not exists barrier (
    id          integer primary key,
    trans_type  text default '',
    gid         text default '',
    branch_id   text default '',
    op          text default '',
    barrier_id  text default '',
    reason      text default '',
    create_time text default current_timestamp,
    update_time text default current_timestamp,
    unique (gid, branch_id, op, barrier_id)
);
