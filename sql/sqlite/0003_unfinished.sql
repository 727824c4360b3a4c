-- Without the due moment this index changes twice in the life of most transactions instead of with every call.
drop index dtm_transaction_unfinished;
create index dtm_transaction_unfinished on dtm_transaction (type, status) where status not in ('succeed', 'failed');

-- What is overdue is counted here instead, without reading a row: type and status never change alone, so they cost only their width.
drop index dtm_transaction_due;
create index dtm_transaction_due on dtm_transaction (due, id, type, status) where due is not null;
