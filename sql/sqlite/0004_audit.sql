-- The audit log: who changed what. Rows are only added, and deleted after their retention. request = 1: a request of an
-- application, such as a submit. detail is JSON. Times are milliseconds since 1970 UTC.
create table dtm_audit (
    id      integer primary key autoincrement,
    at      integer not null,
    request integer not null,
    action  text    not null,
    outcome text    not null,
    gid     text    not null,
    caller  text    not null,
    detail  blob    not null
);
create index dtm_audit_gid on dtm_audit (gid) where gid <> '';
