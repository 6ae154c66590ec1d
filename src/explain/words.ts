// Explanations as text, for support on the command line. Owns nothing but their layout: what they say comes from explain.ts and trace.ts.
import { type Explanation, inWords, type RewardEntry, rewardInWords } from './explain.ts';
import type { ParkedMention } from './find.ts';
import type { PlayerSummary } from './player.ts';
import type { GameTrace } from './trace.ts';

export function describeExplanation(explanation: Explanation): string {
  const { event_id, producer, user_id, answer, arrived, event, recomputed, games, changed, error } = explanation;
  const from = arrived.origin === null ? '' : `, from ${arrived.origin} (source ${arrived.source})`;
  const lines = [
    `${event_id} from ${producer}, player ${user_id}`,
    '',
    answer,
    '',
    `  outcome   ${inWords(explanation)}${recomputed === null ? '' : agreement(recomputed)}`,
    ...(recomputed?.differences ?? []).map((difference) => `  differs   ${difference}`),
    `  received  ${arrived.received_at}${from}; repeats of it changed nothing and are not kept`,
  ];
  if (event === null) lines.push('  payload   older than retention: no longer stored');
  else {
    lines.push(
      `  occurred  ${event.occurred_at}, ${event.event_type}`,
      `  payload   ${JSON.stringify({ attributes: event.attributes, correlation: event.correlation })}`,
    );
  }
  for (const { received_at, origin } of arrived.conflicts) {
    lines.push(`  conflict  ${received_at}, from ${origin}: the same id with other content, which changed nothing`);
  }
  for (const { judged_at, from: was, to, by, reason } of arrived.judged_again) {
    lines.push(
      `  again     ${judged_at}: ${was} → ${to}${by === null ? ', delivered again' : `, by ${by}: ${reason}`}`,
    );
  }
  if (error !== null) lines.push(`  error     ${error}`);
  for (const game of games) lines.push('', ...describeGame(game));
  for (const { game_id, step, amount, reward_type, status, reward } of changed.claims) {
    const pays = amount === null ? 'pays nothing by itself' : `${amount} ${reward_type}`;
    lines.push('', `  claim     step ${step} of ${game_id}: ${pays}, ${status}`, ...describeReward(reward));
  }
  for (const { game_id, step, from: was, to, changed_at } of changed.transitions) {
    lines.push(`  claim     step ${step} of ${game_id}: ${was} → ${to} at ${changed_at}`);
  }
  return lines.join('\n');
}

function agreement({ agrees, outcome, reason }: NonNullable<Explanation['recomputed']>): string {
  return agrees ? '; judged again it comes to the same' : `; JUDGED AGAIN IT COMES TO ${inWords({ outcome, reason })}`;
}

function describeGame(game: GameTrace): string[] {
  const lines = [`  ${game.game_id}, version ${game.version}: ${inWords(game)}`];
  if (game.window !== null) {
    const { start, end, accepted_until } = game.window;
    lines.push(`    window    from ${start} to ${end}, accepted until ${accepted_until}`);
  }
  if (game.status !== 'active') lines.push(`    status    ${game.status}`);
  const { cohort_id, member, memberships } = game.cohort;
  if (cohort_id !== 'everyone') {
    const since = memberships.map(({ from, until }) => `from ${from}${until === null ? '' : ` until ${until}`}`);
    lines.push(
      `    cohort    ${cohort_id}: ${member ? 'a member' : 'not a member'}${since.length === 0 ? '' : ` (member ${since.join(', ')})`}`,
    );
  }
  if (game.joined_at !== null) {
    lines.push(`    joined    ${game.joined_at.length === 0 ? 'not yet' : game.joined_at.join(', ')}`);
  }
  for (const { trigger_id, matches, failed, worth } of game.triggers) {
    const what = matches ? `matches${worth === null ? '' : `, worth ${worth}`}` : `does not match: ${failed?.in_words}`;
    lines.push(
      `    ${trigger_id === null ? 'joining  ' : 'trigger  '} ${trigger_id === null ? '' : `${trigger_id} `}${what}`,
    );
  }
  if (game.frm !== null)
    lines.push(`    flagged   ${JSON.stringify(game.frm.flag)}: this game says ${game.frm.policy}`);
  if (game.progress !== null) {
    const { before, after, max, unit, in_words } = game.progress;
    lines.push(
      `    progress  ${before} → ${after} of ${max} ${unit}`,
      ...in_words.map((words) => `              ${words}`),
    );
  }
  return lines;
}

function describeReward(reward: RewardEntry | null): string[] {
  if (reward === null) return [];
  return [
    `  reward    by ${reward.service}: ${rewardInWords(reward)}`,
    ...reward.calls.map(({ attempt, started_at, result, error }) => {
      return `            ${started_at}  attempt ${attempt}: ${result}${error === null ? '' : `, ${error}`}`;
    }),
    ...reward.retries.map(({ retried_at, retried_by, reason }) => {
      return `            ${retried_at}  tried again by ${retried_by}: ${reason}`;
    }),
  ];
}

export function describePlayer({ user_id, cohorts, games, claims }: PlayerSummary): string {
  const lines = [`player ${user_id}`];
  for (const { cohort_id, from, until } of cohorts) {
    lines.push(`  cohort    ${cohort_id}, from ${from}${until === null ? '' : ` until ${until}`}`);
  }
  for (const { game_id, window_start, value, cleared, max, unit, in_words } of games) {
    const held = cleared < value ? `, ${value - cleared} of it held` : '';
    lines.push(`  progress  ${game_id}, window ${window_start}: ${value} of ${max} ${unit}${held}`);
    lines.push(...in_words.map((words) => `            ${words}`));
  }
  for (const { game_id, step, amount, reward_type, status, payment, claimed_at } of claims) {
    const pays = amount === null ? '' : `, ${amount} ${reward_type}`;
    lines.push(
      `  claim     ${claimed_at}  step ${step} of ${game_id}${pays}: ${status}${payment === null ? '' : `, payment ${payment}`}`,
    );
  }
  return lines.join('\n');
}

export function describeMention({ parked_no, received_at, source, reason, detail, event_id }: ParkedMention): string {
  const since = event_id === null ? '' : `; read since, as ${event_id}`;
  return `message ${parked_no} of ${source}, received ${received_at}, mentions it and could not be read (${reason}: ${detail})${since}`;
}
