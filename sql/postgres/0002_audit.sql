-- The audit log: who changed what. Rows are only added, and deleted after their retention. request = 1: a request of an
-- application, such as a submit. detail is JSON in UTF-8.
create table dtm_audit (
    id      bigserial not null primary key,
    at      bigint not null,
    request bigint not null,
    action  text collate "C" not null,
    outcome text collate "C" not null,
    gid     text collate "C" not null,
    caller  text collate "C" not null,
    detail  bytea not null
);
create index dtm_audit_gid on dtm_audit (gid, id) where gid <> '';
