// The model's calendars: clocks as Intl shows them (India's by plain addition), windows found by looking at one boundary after the other.
// Shares nothing with src/time-zone.ts and src/games/window.ts.

/** What the clocks of a zone show, as text that sorts: `2026-05-01 05:30:00.000`. */
export function wallOf(zone: string, at: number): string {
  if (zone === 'Asia/Kolkata') return new Date(at + 5.5 * HOUR).toISOString().replace('T', ' ').slice(0, -1);
  let clock = clocks.get(zone);
  if (clock === undefined) {
    // Sweden writes 2026-05-01 05:30:00.
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(zone, clock);
  }
  return `${clock.format(at)}.${String(at - Math.floor(at / 1_000) * 1_000).padStart(3, '0')}`;
}

/** `2026-05-01`. */
export function dateOf(zone: string, at: number): string {
  return wallOf(zone, at).slice(0, 10);
}

/** The date some days later. */
export function daysLater(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 24 * HOUR).toISOString().slice(0, 10);
}

/** How many days the second date lies after the first. */
export function daysBetween(first: string, second: string): number {
  return (Date.parse(second) - Date.parse(first)) / (24 * HOUR);
}

/** `monday`. */
export function weekdayOf(date: string): string {
  const names = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
  return names[new Date(date).getUTCDay()] as string;
}

/** A stretch of time: `until` is the first instant that is not in it. */
export interface Stretch {
  from: number;
  until: number;
}

/** Where a game's windows are, as its owner writes it. */
export interface WindowConfig {
  start: string;
  end: string;
  recurrence?: string | undefined;
  from_join?: string | undefined;
  grace?: string | undefined;
}

/** The whole of a game; an end that is written to the second lasts that whole second. */
export function gameStretch({ start, end }: WindowConfig): Stretch {
  return { from: Date.parse(start), until: end.includes('.') ? Date.parse(end) + 1 : Date.parse(end) + 1_000 };
}

/** Every window of a game, one after the other. */
export function windowsOf(config: WindowConfig, zone: string): Stretch[] {
  const known = JSON.stringify([config, zone]);
  let windows = allWindows.get(known);
  if (windows === undefined) {
    windows = cutWindows(config, zone);
    allWindows.set(known, windows);
  }
  return windows;
}

/** The window that begins with a join. */
export function windowOfJoin(config: WindowConfig, zone: string, join: number): Stretch {
  const [, number, unit] = /(\d+)(.)$/.exec(config.from_join ?? '') as unknown as [string, string, string];
  const days = Number(number) * (unit === 'W' ? 7 : 1);
  const [date, time] = wallOf(zone, join).split(' ') as [string, string];
  const end = unit === 'H' ? join + Number(number) * HOUR : firstShowing(zone, `${daysLater(date, days)} ${time}`);
  return { from: join, until: Math.min(end, gameStretch(config).until) };
}

/** How long after a window its events are still taken. */
export function graceOf({ grace = 'PT72H' }: WindowConfig): number {
  const hours = { H: 1, D: 24, W: 7 * 24 }[grace.slice(-1)] as number;
  return Number(/\d+/.exec(grace)?.[0]) * hours * HOUR;
}

const HOUR = 3_600_000;
const MINUTE = 60_000;
const clocks = new Map<string, Intl.DateTimeFormat>();
const allWindows = new Map<string, Stretch[]>();
const showings = new Map<string, number>();

function cutWindows(config: WindowConfig, zone: string): Stretch[] {
  const { from, until } = gameStretch(config);
  if (config.recurrence === undefined) return [{ from, until }];
  const [date, time] = wallOf(zone, from).split(' ') as [string, string];
  const windows: Stretch[] = [];
  let begin = from;
  for (let number = 1; begin < until; number++) {
    const next = firstShowing(zone, `${recurring(date, config.recurrence, number)} ${time}`);
    windows.push({ from: begin, until: Math.min(next, until) });
    begin = next;
  }
  return windows;
}

/** The date of a game's window by its number, from 0. */
function recurring(first: string, recurrence: string, number: number): string {
  if (recurrence === 'daily') return daysLater(first, number);
  if (recurrence === 'weekly') return daysLater(first, 7 * number);
  if (recurrence === 'monthly') return monthsLater(first, number);
  if (recurrence === 'quarterly') return monthsLater(first, 3 * number);
  return daysLater(first, number * Number(recurrence.slice(1, -1)) * (recurrence.endsWith('W') ? 7 : 1));
}

/** The same day of a later month, or the last one that the month has. */
function monthsLater(date: string, months: number): string {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const index = year * 12 + month - 1 + months;
  const prefix = `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`;
  for (let candidate = day; ; candidate--) {
    const text = `${prefix}-${String(candidate).padStart(2, '0')}`;
    const parsed = new Date(text);
    if (!Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text)) return text;
  }
}

/**
 * The first instant at which the clocks of a zone show this or more: of a time shown twice the earlier one, of a time skipped the end of the gap.
 * It watches the clock, minute by minute.
 */
function firstShowing(zone: string, wall: string): number {
  const key = `${zone} ${wall}`;
  const known = showings.get(key);
  if (known !== undefined) return known;
  let at = Date.parse(`${wall.replace(' ', 'T')}Z`) - 15 * HOUR;
  while (wallOf(zone, at) < wall) at += MINUTE;
  let before = at - MINUTE;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (wallOf(zone, middle) < wall) before = middle;
    else at = middle;
  }
  showings.set(key, at);
  return at;
}
