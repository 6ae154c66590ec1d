// The report of a simulation for people: sentences, tables, and bars.

import { counted } from '../counted.ts';
import { formatMoment } from '../definitions/moment.ts';
import { meanings } from '../scenarios/outcome.ts';
import type { GameReport, Report, RewardReport, SideReport, StepReport } from '../simulate/report.ts';
import { zoneOf } from '../time-zone.ts';
import { chart } from './chart.ts';
import { table } from './output.ts';

/** A value found more rarely says nothing: amounts are all different. */
const NOTEWORTHY = 0.01;

export function describeReport(report: Report): string {
  return [
    heading(report),
    steps(report),
    rewards(report),
    ...report.draft.rewards.flatMap((reward) => distribution(reward)),
    ...differences(report),
    outcomes(report),
    ...refusals(report),
    projection(report),
  ].join('\n\n');
}

const number = (value: number): string => value.toLocaleString('en');
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const signed = (value: number): string => `${value > 0 ? '+' : ''}${number(value)}`;

function heading({ game_id, range, time_zone, events, players, compared, seconds, events_per_second }: Report): string {
  const zone = zoneOf(time_zone);
  const moment = (text: string): string => formatMoment(Date.parse(text), zone);
  const against =
    compared === null
      ? 'There is no such game yet to compare it with; --against names another.'
      : `Compared with ${compared.label}.`;
  return [
    `${game_id}, tried on ${counted(events, 'event')} of ${counted(players, 'player')}`,
    `that occurred from ${moment(range.from)} until ${moment(range.to)}.`,
    `${against} Nothing was written. ${seconds.toFixed(1)} s, ${number(events_per_second)} events/s.`,
  ].join('\n');
}

function steps({ draft, compared }: Report): string {
  const others = new Map(compared?.steps.map((step) => [step.step, step]));
  const bars = draft.steps.map((step) => {
    const other = others.get(step.step);
    const labels = [
      String(step.step),
      payOf(step),
      number(step.players),
      percent(step.share),
      ...(compared === null ? [] : [other === undefined ? 'new' : signed(step.players - other.players)]),
    ];
    return { labels, value: step.players };
  });
  const titles = ['STEP', 'PAYS', 'PLAYERS', 'SHARE', ...(compared === null ? [] : ['CHANGE'])];
  return [
    `Players who reach each step, of ${number(draft.players_counted)} of whom an event counted`,
    ...chart([{ labels: titles, value: 0 }, ...bars]),
  ].join('\n');
}

function payOf({ step_type, value, reward_type }: StepReport): string {
  if (step_type === 'FORTUNE_COOKIE') return 'cookie';
  return value === null ? 'nothing' : `${number(value)} ${reward_type}`;
}

function rewards({ draft, compared }: Report): string {
  const before = (type: string): RewardReport | undefined =>
    compared?.rewards.find(({ reward_type }) => reward_type === type);
  const gone = (compared?.rewards ?? []).filter(
    ({ reward_type }) => !draft.rewards.some((reward) => reward.reward_type === reward_type),
  );
  const none = { count: 0, sum: 0, held_count: 0, held_sum: 0, per_player: null };
  const rows = [...draft.rewards, ...gone.map(({ reward_type }) => ({ reward_type, ...none }))].map((reward) => {
    const { reward_type, count, sum, held_sum } = reward;
    const other = before(reward_type)?.sum ?? 0;
    const change = compared === null ? [] : [number(other), signed(sum - other)];
    return [reward_type, number(count), number(sum), number(held_sum), ...change];
  });
  if (rows.length === 0) return 'It pays no rewards.';
  const headings = ['TYPE', 'REWARDS', 'COST', 'HELD BY FRM', ...(compared === null ? [] : ['COMPARED', 'CHANGE'])];
  return table(headings, rows);
}

function distribution({ reward_type, per_player }: RewardReport): string[] {
  if (per_player === null) return [];
  const { players, p50, p90, p99, max, histogram } = per_player;
  const percentiles = [p50, p90, p99, max].map(number);
  const bars = histogram.map(({ from, to, players: count }) => ({
    labels: [from === to ? number(from) : `${number(from)} – ${number(to)}`, number(count)],
    value: count,
  }));
  return [
    [
      `${reward_type} per player, over ${number(players)} who get any: half get ${percentiles[0]} at most, 90 % ${percentiles[1]}, 99 % ${percentiles[2]}, the most ${percentiles[3]}`,
      ...chart([{ labels: [reward_type, 'PLAYERS'], value: 0 }, ...bars]),
    ].join('\n'),
  ];
}

function differences(report: Report): string[] {
  const { differences: all, compared } = report;
  if (all === null || compared === null) return [];
  if (all.length === 0) return [`Nobody gains or loses anything against ${compared.label}.`];
  return all.map(({ reward_type, gain, loss }) =>
    [
      `${reward_type}: ${side(gain, 'gain', reward_type)}; ${side(loss, 'lose', reward_type)}.`,
      ...(gain.players + loss.players === 0
        ? []
        : [
            table(
              ['MOST', 'PLAYER', 'DRAFT', 'COMPARED', 'DIFFERENCE'],
              [...rowsOf('gain', gain), ...rowsOf('loss', loss)],
            ),
          ]),
    ].join('\n'),
  );
}

function side({ players, sum }: SideReport, verb: 'gain' | 'lose', type: string): string {
  if (players === 0) return `nobody ${verb}s`;
  return `${counted(players, 'player')} ${verb}${players === 1 ? 's' : ''} ${number(sum)} ${type}`;
}

function rowsOf(word: string, { greatest }: SideReport): (string | number)[][] {
  return greatest.map(({ user_id, draft, compared, difference }) => [
    word,
    user_id,
    number(draft),
    number(compared),
    signed(difference),
  ]);
}

function outcomes({ draft, compared }: Report): string {
  const keyOf = ({ outcome, reason }: GameReport['outcomes'][number]): string => `${outcome} ${reason ?? ''}`;
  const others = new Map(compared?.outcomes.map((entry) => [keyOf(entry), entry]));
  const keys = new Set(draft.outcomes.map(keyOf));
  const all = [
    ...draft.outcomes,
    ...[...others].filter(([key]) => !keys.has(key)).map(([, entry]) => ({ ...entry, events: 0 })),
  ];
  return table(
    ['OUTCOME', 'EVENTS', ...(compared === null ? [] : ['COMPARED']), 'WHY'],
    all.map((entry) => [
      entry.outcome,
      number(entry.events),
      ...(compared === null ? [] : [number(others.get(keyOf(entry))?.events ?? 0)]),
      meaningOf(entry.reason),
    ]),
  );
}

function meaningOf(reason: string | null): string {
  if (reason === null) return '';
  return (meanings as Readonly<Record<string, string>>)[reason] ?? 'it could not be judged';
}

function refusals({ refusals: all }: Report): string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ trigger_id, condition, events, found, found_events }) => [
    number(events),
    trigger_id ?? 'join',
    condition,
    found_events < events * NOTEWORTHY ? 'many values' : `${JSON.stringify(found)} (${number(found_events)})`,
  ]);
  return [
    `The conditions that took no event of these (an event counts once for each trigger of its type)\n${table(
      ['EVENTS', 'TRIGGER', 'ASKS THAT', 'FOUND MOST OFTEN'],
      rows,
    )}`,
  ];
}

function projection({ projection: { window_covered, rewards: sums, formula, limit } }: Report): string {
  if (sums === null) {
    return window_covered >= 1
      ? 'The range covers the whole window: there is nothing to project.'
      : 'The range covers nothing of the window: nothing can be projected.';
  }
  const words = sums.map(({ sum, reward_type }) => `${number(sum)} ${reward_type}`).join(' and ') || 'nothing';
  return (
    `The range covers ${percent(window_covered)} of the window. The whole would cost ${words} if it went on like this\n` +
    `(${formula}; ${limit}).`
  );
}
