// milepost games test
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { type Problem, UserError } from '../errors.ts';
import { readSources } from '../event/source.ts';
import { findScenarios } from '../scenarios/find.ts';
import { type EventReport, runScenario, type ScenarioResult, type Standing } from '../scenarios/run.ts';
import { type Props, propsOf, setStage } from '../scenarios/stage.ts';
import { exitCodes, print, table } from './output.ts';

/** What became of a scenario's file: it ran, or it could not be read as one. */
type Tested = { file: string; scenario: string } & (ScenarioResult | { passed: false; problems: readonly Problem[] });

export async function testGames(paths: string[], options: { json?: boolean }): Promise<void> {
  const config = readConfig();
  const props = propsOf(await readSources(join(config.GAME_CONFIGS, 'sources')));
  const tested = new Map<string, Tested>();
  for (const path of paths.length === 0 ? [config.GAME_CONFIGS] : paths) {
    const { files, gameFile } = await findScenarios(path);
    for (const file of files) {
      const one = tested.get(file) ?? (await testScenario(file, gameFile, props));
      if (one !== undefined) tested.set(file, one);
    }
  }
  const all = [...tested.values()];
  if (all.length === 0) {
    throw new UserError(
      `there are no scenarios in ${paths.join(', ') || config.GAME_CONFIGS}: write one as docs/scenarios.md shows`,
    );
  }
  const failed = all.filter(({ passed }) => !passed).length;
  if (failed > 0) process.exitCode = exitCodes.notRight;
  print(options, all, () => [...all.map(tell), `\n${summary(all.length, failed)}`].join('\n'));
}

/** Undefined when it is a scenario of another game than the one asked for. */
async function testScenario(file: string, gameFile: string | undefined, props: Props): Promise<Tested | undefined> {
  try {
    const stage = await setStage(file, props);
    if (gameFile !== undefined && stage.gameFile !== gameFile) return undefined;
    return { file, scenario: stage.title, ...runScenario(stage) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const problems = error.problems.length > 0 ? error.problems : [{ path: '', message: error.message }];
    return { file, scenario: error.message, passed: false, problems };
  }
}

function summary(scenarios: number, failed: number): string {
  if (failed === 0) return `${counted(scenarios, 'scenario')}, all as expected`;
  return `${counted(scenarios, 'scenario')}, ${failed} not as expected`;
}

function tell(tested: Tested): string {
  if (tested.passed) return `✓ ${tested.scenario}`;
  if ('problems' in tested) {
    const lines = tested.problems.map(({ path, message }) => `    ${path === '' ? '' : `${path}: `}${message}`);
    return [`✗ ${tested.scenario}`, ...lines].join('\n');
  }
  const { differences, events, standings } = tested;
  return [
    `✗ ${tested.scenario}  (${tested.file})`,
    ...differences.map(({ path, expected, found }) => `    ${path}: expected ${expected}, found ${found}`),
    '  What became of each event',
    indented(table(['', 'AT', 'EVENT', 'PLAYER', 'OUTCOME', 'ADDS', 'WHY'], events.map(eventRow))),
    '  How the players stand',
    ...standings.map((standing) => indented(standingLines(standing).join('\n'))),
  ].join('\n');
}

function eventRow({
  path,
  at,
  event_type,
  player,
  outcome,
  reason,
  replayed,
  adds,
  why,
}: EventReport): (string | number)[] {
  const words = `${outcome}${reason === null ? '' : ` (${reason})`}${replayed ? ', again' : ''}`;
  return [path, at, event_type, player, words, adds, why ?? ''];
}

function standingLines({ player, at, window, steps, rewards, explained }: Standing): string[] {
  const span = window === null ? 'no window' : `window ${window.start} to ${window.end}`;
  return [
    `${player} at ${at} (${span}): ${explained.join('; ')}`,
    `  steps: ${Object.entries(steps)
      .map(([step, state]) => `${step} ${state}`)
      .join(', ')}`,
    `  rewards: ${rewards.join(', ') || 'none'}`,
  ];
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
