// Changes of cohorts as events of a batch: what they do to the events beside them, and what is refused.
import { describe, expect, test } from 'vitest';
import type { Json } from '../event/event.ts';
import { given, member } from '../testing/given.ts';
import { at, type EventOptions, makeEvent, makeGame, upiPayment } from '../testing/make.ts';
import { COHORT_CHANGED, readChange } from './change.ts';

const early = makeGame({ cohort_id: 'early', milestone_steps: [2] });

const changed = (attributes: Record<string, Json>, options: EventOptions = {}) =>
  makeEvent({ type: COHORT_CHANGED, attributes: { cohort_id: 'early', ...attributes }, ...options });

describe('given a game of the cohort early', () => {
  test('when a player enters it, then later events count, earlier ones do not, also in the same batch', () => {
    given(early)
      .when(
        upiPayment(1, { occurred: '05-12' }),
        changed({ member: true }, { occurred: '05-11' }),
        upiPayment(1, { occurred: '05-10' }),
        upiPayment(1, { occurred: '05-11' }),
      )
      .thenBooks({
        outcomes: [
          'not_in_cohort (not_a_member)',
          'applied (cohort_changed)',
          'not_in_cohort (not_a_member)',
          'applied',
        ],
        progress: 1,
      });
  });

  test('when a player leaves it, then events from that instant on do not count', () => {
    given(early, member('early'))
      .when(
        changed({ member: false }, { occurred: '05-11' }),
        upiPayment(1, { occurred: '05-11' }),
        upiPayment(1, { occurred: '05-10' }),
      )
      .thenBooks({ outcomes: ['applied (cohort_changed)', 'not_in_cohort (not_a_member)', 'applied'], progress: 1 });
  });

  test('when they are in it until an instant, then that instant is outside', () => {
    given(early)
      .when(
        changed({ member: true, until: '2026-05-12T12:00:00Z' }, { occurred: '05-11' }),
        upiPayment(1, { occurred: at('05-12') - 1 }),
        upiPayment(1, { occurred: '05-12' }),
      )
      .thenBooks({ outcomes: ['applied (cohort_changed)', 'applied', 'not_in_cohort (not_a_member)'] });
  });

  test('when they are out of it until an instant, then they are in it from there on', () => {
    given(early, member('early'))
      .when(
        changed({ member: false, until: '2026-05-12T12:00:00Z' }, { occurred: '05-11' }),
        upiPayment(1, { occurred: '05-11' }),
        upiPayment(1, { occurred: '05-12' }),
      )
      .thenBooks({ outcomes: ['applied (cohort_changed)', 'not_in_cohort (not_a_member)', 'applied'] });
  });

  test('when the end arrives before the beginning, then both hold', () => {
    given(early)
      .when(changed({ member: false }, { occurred: '05-12' }), changed({ member: true }, { occurred: '05-10' }))
      .when(upiPayment(1, { occurred: '05-11' }), upiPayment(1, { occurred: '05-12' }))
      .thenBooks({ outcomes: ['applied', 'not_in_cohort (not_a_member)'] });
  });

  test('when both are stated of one instant, then the player is out, whichever came first', () => {
    for (const order of [
      [true, false],
      [false, true],
    ]) {
      given(early)
        .when(...order.map((word) => changed({ member: word }, { occurred: '05-10' })))
        .when(upiPayment(1, { occurred: '05-11' }))
        .thenBooks({ outcomes: ['not_in_cohort (not_a_member)'] });
    }
  });

  test('a change may lie ahead: it names the instant from which it holds', () => {
    given(early)
      .when(
        changed({ member: true }, { occurred: '05-20', received: '05-10' }),
        upiPayment(1, { occurred: '05-19' }),
        upiPayment(1, { occurred: '05-20' }),
      )
      .thenBooks({ outcomes: ['applied (cohort_changed)', 'not_in_cohort (not_a_member)', 'applied'] });
  });

  test('a repeat is a repeat, and a change of another player is not theirs', () => {
    const entry = changed({ member: true }, { user: 'U2' });
    given(early)
      .when(entry, entry, upiPayment(1))
      .thenBooks({
        outcomes: ['applied (cohort_changed)', 'applied (cohort_changed) again', 'not_in_cohort (not_a_member)'],
      });
  });
});

test('no game can count such an event', () => {
  expect(() => makeGame({ triggers: [{ event_type: COHORT_CHANGED }] })).toThrow('is reserved');
  expect(() => makeGame({ join: { event_type: COHORT_CHANGED } })).toThrow('is reserved');
});

describe('what is refused', () => {
  test.each<[Record<string, Json>, string]>([
    [{ member: true, cohort_id: 'everyone' }, 'attributes.cohort_id: everyone is reserved'],
    [{ member: true, cohort_id: 'has space' }, 'attributes.cohort_id: "has space" is no cohort'],
    [{ member: true, cohort_id: 'x'.repeat(129) }, 'is no cohort'],
    [{ member: true, cohort_id: null }, 'attributes.cohort_id: expected text; found null'],
    [{ member: 'yes' }, 'attributes.member: expected true or false; found "yes"'],
    [{}, 'attributes.member: expected true or false; found nothing'],
    [{ member: true, until: 'tomorrow' }, 'attributes.until: expected a time with an offset'],
    [{ member: true, until: 1_790_000_000_000 }, 'attributes.until: expected a time with an offset'],
    [{ member: true, until: '2026-05-10T12:00:00Z' }, 'attributes.until: must lie after occurred_at'],
  ])('%j', (attributes, problem) => {
    const event = changed(attributes, { occurred: '05-10' });
    expect(readChange(event.event)).toMatchObject({ problem: expect.stringContaining(problem) });
    given(makeGame({ cohort_id: 'early' }))
      .when(event, upiPayment(1))
      .thenBooks({ outcomes: ['rejected (cohort_change_invalid)', 'not_in_cohort (not_a_member)'] });
  });

  test('attributes that nobody knows are passed over', () => {
    expect(readChange(changed({ member: true, changed_by: 'asha', note: { x: 1 } }).event)).toMatchObject({
      statements: [{ cohortId: 'early', member: true }],
    });
  });
});
