-- The tags of transactions, to find them by. A tag is "key:value"; a key has no colon, so the form is unique. A
-- transaction without tags has no row here. The primary key deletes and tests the tags of one transaction; the index
-- finds the transactions of a tag, the newest first.
create table dtm_tag (
    transaction_id bigint not null,
    tag            text collate "C" not null,
    primary key (transaction_id, tag)
);
create index dtm_tag_tag on dtm_tag (tag, transaction_id);
