// milepost inbox show
import { COHORT_CHANGED, readChange } from '../cohorts/change.ts';
import { readConfig } from '../config.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { type FoundEvent, findEvents } from '../inbox/find.ts';
import { formatInstant } from '../time.ts';
import { withDatabase } from './database.ts';
import { exitCodes, print } from './output.ts';

export async function showEvent(eventId: string, options: { json?: boolean }): Promise<void> {
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => findEvents(db, eventId));
  if (found.length === 0) process.exitCode = exitCodes.notRight;
  const document = found.map((event) => ({
    ...event,
    received_at: formatInstant(event.received_at),
    occurred_at: event.occurred_at === null ? null : formatInstant(event.occurred_at),
  }));
  print(options, document, () =>
    found.length === 0
      ? `No event ${eventId} has arrived. A message that could not be read is parked, not stored as an event.`
      : found.map(describe).join('\n\n'),
  );
}

function describe(event: FoundEvent): string {
  const lines = [
    `${event.event_id} from ${event.producer}, player ${event.user_id}`,
    `  outcome   ${event.outcome}${event.reason === null ? '' : ` (${event.reason})`}`,
    `  received  ${formatInstant(event.received_at)}`,
  ];
  if (event.occurred_at !== null) {
    lines.push(
      `  occurred  ${formatInstant(event.occurred_at)}`,
      `  type      ${event.event_type}`,
      `  source    ${event.source}, ${event.origin}`,
    );
  }
  for (const credit of event.credits) {
    const held = credit.held ? ', held' : '';
    lines.push(
      `  credit    +${credit.amount} in ${credit.game_id} by ${credit.trigger_id} (version ${credit.version}${held})`,
    );
  }
  for (const claim of event.claims) {
    const reward = claim.reward_type === null ? 'no reward' : `${claim.amount} ${claim.reward_type}`;
    lines.push(`  claim     step ${claim.step} of ${claim.game_id}: ${reward}, ${claim.status}`);
  }
  const problem = problemOf(event);
  if (problem !== undefined) lines.push(`  problem   ${problem}`);
  if (event.error !== null) lines.push(`  error     ${event.error}`);
  if (event.conflicts > 0)
    lines.push(`  conflicts ${event.conflicts} deliveries under this id had another content and changed nothing`);
  if (event.payload !== null) lines.push(`  payload   ${JSON.stringify(event.payload)}`);
  return lines.join('\n');
}

/** What is not right with a change of a cohort. */
function problemOf({ event_type, occurred_at, payload }: FoundEvent): string | undefined {
  if (event_type !== COHORT_CHANGED || occurred_at === null || payload === null) return undefined;
  const change = readChange({ occurred_at, ...(payload as Pick<CanonicalEvent, 'attributes'>) });
  return 'problem' in change ? change.problem : undefined;
}
