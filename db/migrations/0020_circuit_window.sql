-- What a circuit has seen within a short time: it opens not only after failures in a row, but also where too large a part of all results fails.

-- window_from: when the window began that counts results now, with a failure; null when none does. It ends by time, and the next failure begins another.
alter table milepost.circuit
  add column window_from     timestamptz,
  add column window_results  integer not null default 0,
  add column window_failures integer not null default 0,
  add constraint circuit_window_check check (window_failures between 0 and window_results and (window_from is null) = (window_results = 0));
