-- The audit log: who changed what. Rows are only added, and deleted after their retention. request = 1: a request of an
-- application, such as a submit. detail is JSON in UTF-8. Every key ends with the id, so a page is read in order.
create table if not exists dtm_audit (
    id      bigint not null auto_increment,
    at      bigint not null,
    request bigint not null,
    action  varbinary(135) not null,
    outcome varbinary(135) not null,
    gid     varbinary(384) not null,
    caller  varbinary(384) not null,
    detail  longblob not null,
    primary key (id),
    key dtm_audit_gid (gid)
) engine = InnoDB row_format = dynamic;
