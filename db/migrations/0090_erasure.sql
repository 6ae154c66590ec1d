-- A person may ask to be erased. Their ledgers stay, under a pseudonym; whose they were is remembered by a digest alone, so that events from before
-- the erasure that come again begin nothing anew (docs/decisions/0090).
do $$
begin
  begin
    create role milepost_erase nologin;
  exception when duplicate_object or unique_violation then
    null; -- made by another database of this server, perhaps at this very moment
  end;
  if not pg_has_role(current_user, 'milepost_erase', 'usage') then
    grant milepost_erase to current_user;
  end if;
end
$$;
grant usage on schema milepost to milepost_erase;

-- Without it nobody can try user ids against the digests: those who may read it are the two who have to.
create table milepost.erasure_salt (
  one  boolean not null default true,
  salt bytea   not null,
  constraint erasure_salt_pkey primary key (one),
  constraint erasure_salt_one_check check (one)
);
insert into milepost.erasure_salt (salt) values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- Who has been erased. player_id: as whom they have come back since, if they have.
create table milepost.erased_user (
  bucket    smallint not null,
  digest    bytea    not null,
  erased_at timestamptz not null,
  player_id bigint,
  constraint erased_user_pkey primary key (bucket, digest),
  constraint erased_user_digest_check check (octet_length(digest) = 32)
);
create unique index erased_user_returned on milepost.erased_user (player_id, bucket) where player_id is not null;

-- Each erasure, by the player that was left under a pseudonym. Not ended: it was broken off, and the same command goes on with it.
create table milepost.erasure (
  bucket    smallint not null,
  player_id bigint   not null,
  digest    bytea    not null,
  begun_at  timestamptz not null,
  ended_at  timestamptz,
  constraint erasure_pkey primary key (bucket, player_id)
);

grant select on milepost.erasure_salt to milepost_ingest, milepost_erase;
grant select on milepost.erased_user to milepost_ingest, milepost_api, milepost_support, milepost_worker, milepost_owner, milepost_erase;
grant update (player_id) on milepost.erased_user to milepost_ingest;
grant insert, update (erased_at, player_id) on milepost.erased_user to milepost_erase;
grant select on milepost.erasure to milepost_support, milepost_api, milepost_worker, milepost_owner;
grant select, insert, update (ended_at) on milepost.erasure to milepost_erase;

-- Names and texts, column by column; no amount, no status, no number of the ledgers.
grant select on
  milepost.player, milepost.event_key, milepost.event_failure, milepost.event_conflict, milepost.inbox, milepost.credit, milepost.credit_correction,
  milepost.claim, milepost.progress, milepost.ruling, milepost.outbox, milepost.dispatch_attempt, milepost.outbox_retry, milepost.outbox_conclusion,
  milepost.parked_message, milepost.parked_resolution, milepost.reprocess_run, milepost.rebuild_change, milepost.audit,
  milepost.definitions, milepost.game, milepost.game_version, milepost.game_status_change
  to milepost_erase;
grant select (bucket, claim_key) on milepost.voucher_code to milepost_erase;
grant update (user_id) on milepost.player to milepost_erase;
grant update (event_id, content_hash) on milepost.event_key to milepost_erase;
grant update (event_id, payment_id, transaction_id, distinct_value) on milepost.credit to milepost_erase;
grant update (state, version, updated_at) on milepost.progress to milepost_erase;
grant update (event_id, original_event_id, payment_id) on milepost.ruling to milepost_erase;
grant update (body, state, last_error, answer) on milepost.outbox to milepost_erase;
grant update (request, answer, error) on milepost.dispatch_attempt to milepost_erase;
grant update (error, reason) on milepost.outbox_retry to milepost_erase;
grant update (error, reason) on milepost.outbox_conclusion to milepost_erase;
grant update (event_id) on milepost.parked_resolution to milepost_erase;
grant update (wanted, reason) on milepost.reprocess_run to milepost_erase;
grant update (progress_before, progress_after) on milepost.rebuild_change to milepost_erase;
grant update (subject, reason, details) on milepost.audit to milepost_erase;
grant insert on milepost.audit to milepost_erase;
grant delete on milepost.event_failure, milepost.event_conflict, milepost.voucher_code, milepost.parked_message to milepost_erase;
