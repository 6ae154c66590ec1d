// Explanations as text, for support on the command line. Owns nothing but their layout: what they say comes from explain.ts and trace.ts.

import { correctionBy } from '../engine/correct.ts';
import type { Debt } from './debts.ts';
import type { EventName } from './event-name.ts';
import { type Explanation, inWords } from './explain.ts';
import type { ParkedMention } from './find.ts';
import type { PlayerSummary } from './player.ts';
import { type ClaimEntry, type RewardEntry, stateInWords, statusInWords, takeBackInWords } from './reward.ts';
import type { RulingTrace } from './ruling.ts';
import type { GameTrace } from './trace.ts';

export function describeExplanation(explanation: Explanation): string {
  const {
    event_id,
    producer,
    user_id,
    person,
    answer,
    arrived,
    erased_at,
    event,
    recomputed,
    games,
    ruling,
    changed,
    error,
  } = explanation;
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
  if (erased_at !== null) lines.push(`  payload   gone since somebody was erased, ${erased_at}`);
  else if (event === null) lines.push('  payload   no longer stored');
  else {
    lines.push(
      `  occurred  ${event.occurred_at}, ${event.event_type}`,
      `  payload   ${JSON.stringify({ attributes: event.attributes, correlation: event.correlation })}`,
    );
  }
  if (person !== undefined) lines.push(`  person    then one with ${person.join(', ')}`);
  for (const { received_at, origin } of arrived.conflicts) {
    lines.push(`  conflict  ${received_at}, from ${origin}: the same id with other content, which changed nothing`);
  }
  for (const { judged_at, from: was, to, by, reason } of arrived.judged_again) {
    lines.push(
      `  again     ${judged_at}: ${was} → ${to}${by === null ? ', delivered again' : `, by ${by}: ${reason}`}`,
    );
  }
  const { corrects, corrected_as } = explanation.correction;
  if (corrects !== null) lines.push(`  corrects  ${nameInWords(corrects)}`);
  if (corrected_as !== null) lines.push(`  corrected ${nameInWords(corrected_as)} takes its place`);
  if (error !== null) lines.push(`  error     ${error}`);
  const { opening } = explanation;
  if (opening !== null) {
    const from = opening.prizes.map(({ prize_id, weight, left }) => {
      return `${prize_id} (weight ${weight}${left === null ? '' : `, ${left} left`})`;
    });
    lines.push(`  drawn     ${opening.prize_id ?? 'nothing'}, from ${from.join(', ')}`);
  }
  for (const game of games) lines.push('', ...describeGame(game));
  for (const game of ruling?.games ?? []) lines.push(...describeRuled(game));
  for (const { game_id, trigger_id, amount, corrections } of changed.credits) {
    let counted = amount;
    for (const { by, kind, corrected_at, amount: now, remaining } of corrections) {
      const rest = remaining === null || remaining === 0 ? '' : `, ${remaining} of its amount left`;
      lines.push(
        `  ${kind.padEnd(9)} ${corrected_at}, by ${by.map(nameInWords).join(', ')}: ${trigger_id} in ${game_id} ${counted} → ${now}${rest}`,
      );
      counted = now;
    }
  }
  for (const { game_id, trigger_id, event_id, kind, before, amount, remaining } of changed.ruled) {
    const rest = remaining === null || remaining === 0 ? '' : `, ${remaining} of its amount left`;
    lines.push(`  credit    ${trigger_id} of ${event_id} in ${game_id}: ${kind}, ${before.amount} → ${amount}${rest}`);
  }
  for (const claim of [...changed.claims, ...changed.transitions, ...changed.undone])
    lines.push('', ...describeClaim(claim));
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

function describeRuled({ game_id, progress }: RulingTrace['games'][number]): string[] {
  if (progress === null) return [];
  const { before, after, max, unit } = progress;
  return [`  progress  ${game_id}: ${before} → ${after} of ${max} ${unit}`];
}

function describeClaim(claim: ClaimEntry): string[] {
  const { game_id, step, account, amount, reward_type, status, history, opening, reward, take_back, kept_back, debts } =
    claim;
  const pays = amount === null ? '' : `${amount} ${reward_type}, `;
  return [
    `  claim     step ${step} of ${game_id}${under(account)}: ${pays}${statusInWords(status, amount !== null)}`,
    ...history.map(({ from, to, changed_at, event_id, producer }) => {
      const by = event_id === null ? '' : `, by ${producer === null ? event_id : nameInWords({ event_id, producer })}`;
      return `            ${changed_at}${by}: ${from} → ${to}`;
    }),
    ...(opening === null ? [] : [`  prize     ${opening.prize_id ?? 'none was left'}`]),
    ...kept_back.map(({ amount: part, step: of, game_id: game, account: owing, event_id }) => {
      return `  kept back ${part} ${reward_type} for step ${of} of ${game}${under(owing)}${event_id === null ? '' : `, taken back by ${event_id}`}`;
    }),
    ...describeReward('reward', reward, (entry) => stateInWords(entry, claim.time_zone)),
    ...describeReward('take back', take_back, (entry) => takeBackInWords(entry, claim.time_zone)),
    ...debts.map(describeDebt),
  ];
}

function describeReward(name: string, reward: RewardEntry | null, inWords: (reward: RewardEntry) => string): string[] {
  if (reward === null) return [];
  const { service, amount, lowered_from } = reward;
  const lowered = lowered_from === null ? '' : ` (lowered from ${lowered_from} by its budget)`;
  return [
    `  ${name.padEnd(9)} ${amount}${lowered} by ${service}: ${inWords(reward)}`,
    ...reward.calls.map(({ attempt, started_at, result, error }) => {
      return `            ${started_at}  attempt ${attempt}: ${result}${error === null ? '' : `, ${error}`}`;
    }),
    ...reward.retries.map(({ retried_at, retried_by, reason }) => {
      return `            ${retried_at}  tried again by ${retried_by}: ${reason}`;
    }),
  ];
}

/** Under which account of the person something stands. */
function under(account: string | undefined): string {
  return account === undefined ? '' : `, under ${account}`;
}

/** An event by its id, which says whose it is but for corrections: they have the id of what they correct. */
export function nameInWords({ event_id, producer }: EventName): string {
  return correctionBy(producer) === undefined ? event_id : `${event_id} from ${producer}`;
}

function describeDebt({
  reward_type,
  amount,
  left,
  state,
  since,
  step,
  game_id,
  account,
  made_up_by,
  ...debt
}: Debt): string {
  const of = `step ${step} of ${game_id}${under(account)}${debt.event_id === null ? '' : `, taken back by ${debt.event_id}`}`;
  if (state === 'waiting')
    return `  debt      ${amount} ${reward_type} for ${of}: counts once that is known to have been paid`;
  if (state === 'void') return `  debt      none for ${of}: nothing of it was paid`;
  const made = made_up_by.map(({ amount: part, step: by, game_id: game, account: paying, at, event_id }) => {
    return `${part} by step ${by} of ${game}${under(paying)} on ${at}${event_id === null ? '' : ` (${event_id})`}`;
  });
  const stands = state === 'settled' ? 'settled' : `${left} left`;
  return `  debt      ${since}  ${amount} ${reward_type} for ${of}: ${stands}${made.length === 0 ? '' : `, made up for ${made.join(', ')}`}`;
}

export function describePlayer({ user_id, person, cohorts, games, claims, debts }: PlayerSummary): string {
  const lines = [`player ${user_id}`];
  if (person !== undefined) {
    const others = person.filter((account) => account !== user_id);
    lines.push(`  person    one with ${others.join(', ')}; ${person[0]} counts for all`);
  }
  for (const { cohort_id, from, until } of cohorts) {
    lines.push(`  cohort    ${cohort_id}, from ${from}${until === null ? '' : ` until ${until}`}`);
  }
  for (const { game_id, window_start, value, cleared, max, unit, in_words } of games) {
    const held = cleared < value ? `, ${value - cleared} of it held` : '';
    lines.push(`  progress  ${game_id}, window ${window_start}: ${value} of ${max} ${unit}${held}`);
    lines.push(...in_words.map((words) => `            ${words}`));
  }
  for (const { game_id, step, account, amount, reward_type, status, payment, paid, kept_back, claimed_at } of claims) {
    const pays = amount === null ? '' : `, ${amount} ${reward_type}`;
    const kept = kept_back === 0 ? '' : `, ${kept_back} of it kept back for debts`;
    const of = paid === null || paid + kept_back === amount ? '' : ` of ${paid}`;
    const state = payment === null ? '' : `, payment${of} ${payment}`;
    lines.push(
      `  claim     ${claimed_at}  step ${step} of ${game_id}${under(account)}${pays}: ${statusInWords(status, amount !== null)}${kept}${state}`,
    );
  }
  lines.push(...debts.map(describeDebt));
  const owed = Map.groupBy(
    debts.filter(({ state }) => state === 'owed'),
    ({ reward_type }) => reward_type,
  );
  for (const [type, own] of owed) {
    lines.push(`  owes      ${own.reduce((sum, { left }) => sum + left, 0)} ${type}`);
  }
  return lines.join('\n');
}

export function describeMention({ parked_no, received_at, source, reason, detail, event_id }: ParkedMention): string {
  const since = event_id === null ? '' : `; read since, as ${event_id}`;
  return `message ${parked_no} of ${source}, received ${received_at}, mentions it and could not be read (${reason}: ${detail})${since}`;
}
