// Standings as they are stored: two numbers that anybody can read in SQL, and beside them what folding needs beyond these.
import type { Progress, Standing } from './games.ts';

/** The column progress.state; null where the numbers say it all. */
export interface StandingState {
  all: [counted: Standing['counted'], detail: Standing['detail']];
  /** Left out while nothing is held. */
  cleared?: StandingState['all'];
}

export function stateOf({ all, cleared }: Pick<Progress, 'all' | 'cleared'>): StandingState | null {
  if ([all, cleared].every(({ counted, detail }) => counted === null && detail === null)) return null;
  const state: StandingState = { all: [all.counted, all.detail] };
  if (cleared !== all) state.cleared = [cleared.counted, cleared.detail];
  return state;
}

export function standingsOf(
  value: number,
  clearedValue: number,
  state: StandingState | null,
): Pick<Progress, 'all' | 'cleared'> {
  const all = standing(value, state?.all);
  const apart = state === null ? clearedValue !== value : state.cleared !== undefined;
  return { all, cleared: apart ? standing(clearedValue, state?.cleared) : all };
}

function standing(value: number, state: StandingState['all'] | undefined): Standing {
  const [counted, detail] = state ?? [null, null];
  return { value, counted, detail };
}
