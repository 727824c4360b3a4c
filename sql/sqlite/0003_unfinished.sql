-- Without the due moment the index changes twice in the life of most transactions instead of with every call; what is overdue is
-- counted by dtm_transaction_due.
drop index dtm_transaction_unfinished;
create index dtm_transaction_unfinished on dtm_transaction (type, status) where status not in ('succeed', 'failed');
