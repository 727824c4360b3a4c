-- The tags of transactions, to find them by. A tag is "key:value"; a key has no colon, so the form is unique. Text
-- compares bytewise. A transaction without tags has no row here. The primary key deletes and tests the tags of one
-- transaction; the index finds the transactions of a tag, the newest first.
create table dtm_tag (
    transaction_id integer not null,
    tag            text    not null,
    primary key (transaction_id, tag)
) without rowid;

create index dtm_tag_tag on dtm_tag (tag, transaction_id);
