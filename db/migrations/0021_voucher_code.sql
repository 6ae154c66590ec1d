-- The codes of vouchers, sealed (src/seal.ts): worth money to whoever reads them, so the keys are with the processes, and only the API's role, which
-- shows a code to its player, may read the rows at all. Append-only.

-- claim_key: the message_key of the payment, which is the claim's.
create table milepost.voucher_code (
  bucket    smallint not null,
  claim_key uuid     not null,
  key_id    text     not null,
  sealed    bytea    not null,
  stored_at timestamptz not null,
  constraint voucher_code_pkey primary key (bucket, claim_key)
);

grant insert on milepost.voucher_code to milepost_worker;
grant select on milepost.voucher_code to milepost_api;
