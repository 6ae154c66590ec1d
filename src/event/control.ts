// Control events: event types that change Milepost's own state instead of counting in games. Owns which there are. A source may send one only when its
// configuration allows the control by name; every other source's is parked.

/** What may be controlled, and the reserved event type that does it. */
export const controlEvents = { cohorts: 'cohort_changed' } as const;

export type Control = keyof typeof controlEvents;

export const controls = Object.keys(controlEvents) as [Control, ...Control[]];

/** The control that an event type stands for; undefined for all others. */
export function controlOf(eventType: string): Control | undefined {
  return controls.find((control) => controlEvents[control] === eventType);
}
