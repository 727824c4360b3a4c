-- The tags of transactions, to find them by. A tag is "key:value" in UTF-8; a key has no colon, so the form is unique.
-- 64 + 1 + 128 UTF-16 characters. A transaction without tags has no row here. The primary key deletes and tests the
-- tags of one transaction; the other key finds the transactions of a tag, the newest first.
create table if not exists dtm_tag (
    transaction_id bigint not null,
    tag            varbinary(579) not null,
    primary key (transaction_id, tag),
    key dtm_tag_tag (tag, transaction_id)
) engine = InnoDB row_format = dynamic;
