// The report of a simulation as CSV (RFC 4180) in long form: one row per figure, so that a spreadsheet or a notebook can pivot it. Pure.
import type { DifferenceReport, GameReport, Report } from './report.ts';

type Row = [game: 'draft' | 'compared' | 'difference', section: string, name: string, metric: string, value: number];

const HEADINGS = ['game', 'section', 'name', 'metric', 'value'];

export function csvOf(report: Report): string {
  const { draft, compared, differences, refusals, projection } = report;
  const rows: Row[] = [
    ['draft', 'history', '', 'events', report.events],
    ['draft', 'history', '', 'players', report.players],
    ...gameRows('draft', draft),
    ...(compared === null ? [] : gameRows('compared', compared)),
    ...(differences ?? []).flatMap(differenceRows),
    ...refusals.map((refusal): Row => {
      const { trigger_id, condition, events } = refusal;
      return ['draft', 'refusal', `${trigger_id ?? 'join'}: ${condition}`, 'events', events];
    }),
    ['draft', 'projection', '', 'window_covered', projection.window_covered],
    ...(projection.rewards ?? []).map(({ reward_type, sum }): Row => ['draft', 'projection', reward_type, 'sum', sum]),
  ];
  return [HEADINGS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function gameRows(game: Row[0], report: GameReport): Row[] {
  return [
    [game, 'players', '', 'counted', report.players_counted],
    ...report.outcomes.map(({ outcome, reason, events }): Row => {
      return [game, 'outcome', reason === null ? outcome : `${outcome} ${reason}`, 'events', events];
    }),
    ...report.steps.flatMap((step) =>
      (['players', 'share', 'claims', 'held'] as const).map(
        (metric): Row => [game, 'step', String(step.step), metric, step[metric]],
      ),
    ),
    ...report.rewards.flatMap(({ reward_type: type, per_player, ...reward }) => [
      ...(['count', 'sum', 'held_count', 'held_sum'] as const).map(
        (metric): Row => [game, 'reward', type, metric, reward[metric]],
      ),
      ...(per_player === null
        ? []
        : [
            ...(['players', 'p50', 'p90', 'p99', 'max'] as const).map(
              (metric): Row => [game, 'per_player', type, metric, per_player[metric]],
            ),
            ...per_player.histogram.map(
              ({ from, to, players }): Row => [game, 'histogram', `${type} ${from}-${to}`, 'players', players],
            ),
          ]),
    ]),
  ];
}

function differenceRows({ reward_type: type, ...sides }: DifferenceReport): Row[] {
  return (['gain', 'loss'] as const).flatMap((side): Row[] => [
    ['difference', side, type, 'players', sides[side].players],
    ['difference', side, type, 'sum', sides[side].sum],
    ...sides[side].greatest.map(
      ({ user_id, difference }): Row => [
        'difference',
        `${side}_player`,
        `${type} ${user_id}`,
        'difference',
        difference,
      ],
    ),
  ]);
}

/** A text that a spreadsheet would run as a formula is led by an apostrophe: user ids come from outside. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
