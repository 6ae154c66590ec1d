// The list of archetypes. The compiler asks for a strategy for each one that the configuration schema names.
import type { Archetype } from '../config.ts';
import { calendarGrid } from './calendar-grid.ts';
import { checklist } from './checklist.ts';
import { numericCounter } from './numeric-counter.ts';
import type { Strategy } from './strategy.ts';
import { streak } from './streak.ts';

export const archetypes: Record<Archetype, Strategy> = {
  NUMERIC_COUNTER: numericCounter,
  CHECKLIST: checklist,
  STREAK: streak,
  CALENDAR_GRID: calendarGrid,
};
