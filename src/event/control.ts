// Control events: event types that change Milepost's own state instead of counting in games. Owns which there are. A source may send one only when its
// configuration allows the control by name; every other source's is parked.

/** What may be controlled, and the reserved event types that do it. */
export const controlEvents = {
  cohorts: ['cohort_changed'],
  holds: ['hold_released', 'hold_voided'],
  cookies: ['cookie_opened'],
  players: ['player_merged', 'player_unmerged'],
} as const;

export type Control = keyof typeof controlEvents;

export const controls = Object.keys(controlEvents) as [Control, ...Control[]];

/** The control that an event type stands for; undefined for all others. */
export function controlOf(eventType: string): Control | undefined {
  return controls.find((control) => (controlEvents[control] as readonly string[]).includes(eventType));
}

/** Event types that reverse. They need no permission: every producer takes back what it has sent. Besides them every event that names an original reverses. */
export const reversalTypes: readonly string[] = ['payment_reversed', 'event_reversed'];
