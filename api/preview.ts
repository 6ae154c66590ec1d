// POST /api/games/preview: a proposed event of the player, put through the door's own reading and judged like any other, without being kept. Owns what of
// the judgement a player may see: nothing of games that are not theirs, and of a hidden reward only that there is one.

import type { GamePreview } from '../src/engine/preview.ts';
import type { Engine } from '../src/engine/process.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import type { Normaliser } from '../src/event/normalise.ts';
import { canonicalSource } from '../src/event/source.ts';
import { archetypes } from '../src/games/archetypes/archetype.ts';
import { hasEnded } from '../src/games/claim.ts';
import { versionInForce, windowFor } from '../src/games/decide.ts';
import type { Game } from '../src/games/game.ts';
import type { Claim, ClaimStatus, Standing } from '../src/games/games.ts';
import { missedOf } from '../src/games/refusal.ts';
import { type RewardView, rewardView } from '../src/games/view.ts';
import type { Window } from '../src/games/window.ts';
import { outcomeInWords } from '../src/inbox/outcome.ts';
import { formatInstant, type Instant } from '../src/time.ts';
import { previewEvent } from './contract/games.ts';
import { inTime } from './events.ts';
import { Problem } from './problem.ts';
import type { Asked, Serve } from './serve.ts';

export function previewRoutes(
  serve: Serve,
  options: { engine: Pick<Engine, 'preview'>; normaliser: Normaliser; clock: () => Instant },
): void {
  const { engine, normaliser, clock } = options;

  serve(previewEvent, async (asked) => {
    const incoming = await eventOf(asked);
    const { result, games } = await inTime('the event', () => engine.preview(incoming));
    const { outcome, reason, replayed } = result;
    const body = {
      ...{ outcome, reason, replayed, detail: outcomeInWords(outcome, reason) },
      games: games.filter(isSeen).map((game) => gameView(game, incoming)),
    };
    return { status: 200, body };
  });

  /** What is left out does not matter to a preview: the event is of now, and of an id that nothing has. */
  async function eventOf(asked: Asked<typeof previewEvent>): Promise<IncomingEvent> {
    const { player } = asked;
    const { value } = await asked.body();
    const now = clock();
    const event = {
      event_id: `preview ${now}`,
      producer: 'preview',
      occurred_at: formatInstant(now),
      attributes: {},
      ...value,
      user_id: player,
    };
    const message = {
      bytes: Buffer.from(JSON.stringify(event)),
      origin: { transport: 'http' as const },
      receivedAt: now,
    };
    const normalised = normaliser.normalise(canonicalSource.sourceId, message);
    if (normalised.kind === 'event') return { ...normalised.event, receivedAt: now };
    throw new Problem(400, `such an event could not be read: ${normalised.parked.detail}`);
  }
}

/** Who is no member of a game does not see it, whatever else keeps the event from counting; nor does anybody before it begins. */
function isSeen({ isTheirs, reason }: GamePreview): boolean {
  return isTheirs && reason !== 'not_a_member' && reason !== 'before_window';
}

function gameView(preview: GamePreview, { event }: IncomingEvent) {
  const { timeline, outcome, reason, claims, changes, before, after } = preview;
  const game = versionInForce(timeline, event.occurred_at);
  // What a reversal takes back may have counted in an earlier window.
  const window = after === undefined ? undefined : windowFor(game, after.windowStart, [after.windowStart]);
  const shown = (standing: Standing | undefined) => progressView(game, window, standing, event.occurred_at);
  const { current, max } = shown(after?.all);
  return {
    game_id: game.config.game_id,
    title: game.config.title ?? null,
    ...{ outcome, reason, detail: outcomeInWords(outcome, reason) },
    missed: reason === 'condition_failed' ? missedOf(timeline, event) : [],
    adds: current - shown(before?.all).current,
    current_value: current,
    max_value: max,
    window_start: window === undefined ? null : formatInstant(window.start),
    steps_reached: claims.map((claim) => ({
      ...stepView(game, claim),
      held: claim.status === 'held',
      // What would be reached is not earned: of its reward is told what was promised before.
      reward: rewardOf(game, claim),
    })),
    steps_lost: changes.flatMap(({ claim, from }) =>
      claim.status === 'kept' || hasEnded(claim.status)
        ? [
            {
              ...stepView(game, claim),
              kept: claim.status === 'kept',
              reward: lostReward(game, claim, from),
            },
          ]
        : [],
    ),
  };
}

/** As the widget would show it. */
function progressView(game: Game, window: Window | undefined, standing: Standing | undefined, at: Instant) {
  if (window === undefined) return { current: 0, max: game.config.progress_state_model.max_value };
  const strategy = archetypes[game.config.game_archetype];
  return strategy.view(game, standing ?? strategy.initial(), window, at);
}

function stepView(game: Game, { step: number, stepType }: Claim) {
  return { step: number, title: stepOf(game, number)?.title ?? null, step_type: stepType };
}

function rewardOf(game: Game, { step: number }: Claim): RewardView | null {
  const step = stepOf(game, number);
  return step?.step_type === 'REWARD' ? rewardView(step.reward, undefined) : null;
}

/** What was earned, a prize out of a cookie too; of a claim that was held only what was promised. */
function lostReward(game: Game, claim: Claim, from: ClaimStatus): RewardView | null {
  if (from === 'held' || claim.reward === null) return rewardOf(game, claim);
  const { rewardType: reward_type, amount: value } = claim.reward;
  return { visibility: 'visible', reward_type, value, display_type: 'flat' };
}

function stepOf({ config }: Game, number: number) {
  return config.milestone_steps.find(({ step }) => step === number);
}
