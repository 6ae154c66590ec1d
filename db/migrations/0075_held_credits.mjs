// What is held is found without reading all credits. The second condition is always true; it keeps the index from being taken for the engine's look-ups
// by player, which do not state it.

export const up = (pgm) => {
  // Built while batches go on. It waits for the transactions that were open before it, and nobody waits for it.
  pgm.noTransaction();
  pgm.sql(
    `select set_config('milepost.lock_timeout', current_setting('lock_timeout'), false), set_config('lock_timeout', '0', false)`,
  );
  // What a build that was broken off has left.
  pgm.sql('drop index concurrently if exists milepost.credit_held');
  pgm.sql(
    `create index concurrently credit_held on milepost.credit (occurred_at, event_no) where held and occurred_at > '-infinity'`,
  );
  pgm.sql(`select set_config('lock_timeout', current_setting('milepost.lock_timeout'), false)`);
  // Which budget had not enough left, for whoever rules on it.
  pgm.sql('grant select on milepost.budget_reservation to milepost_ingest');
};

export const down = false;
