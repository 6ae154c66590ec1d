-- An error without what it says of one player or payment: every word with a digit or an @ becomes #, but for numbers of three digits, which are HTTP
-- statuses. So errors of one kind are one kind, and views may show them.
create or replace function milepost.dba_error_shape(p_error text) returns text
language sql immutable parallel safe
return left(regexp_replace(p_error, '\m(?!\d{3}\M)[[:alnum:]_.@:+/-]*[\d@][[:alnum:]_.@:+/-]*', '#', 'g'), 120);
grant execute on function milepost.dba_error_shape to milepost_dba;
