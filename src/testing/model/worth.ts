// The model's progression modes: what an event is worth by one trigger, before caps. Decimals are fractions of whole numbers.
import { fieldValue, type Happening } from './rule.ts';

export interface Progression {
  mode: string;
  value?: number | undefined;
  field?: string | undefined;
  scale?: number | undefined;
  rounding?: string | undefined;
  max_per_event?: number | undefined;
  weights?: Readonly<Record<string, number>> | undefined;
  bands?: readonly { at_least: number; adds: number }[] | undefined;
  otherwise?: number | undefined;
}

export interface Worth {
  amount: number;
  /** What a value of mode unique is told apart by; null for other modes. */
  distinct: string | null;
}

/** What an event is worth; nothing is 0. */
export function worthOf(progression: Progression, event: Happening, zone: string): Worth {
  const found = progression.field === undefined ? null : fieldValue(event, progression.field, zone);
  switch (progression.mode) {
    case 'increment_by_constant':
      return { amount: progression.value as number, distinct: null };
    case 'increment_by_attribute': {
      if (typeof found !== 'number' || found <= 0) return { amount: 0, distinct: null };
      const amount = wholeOf(times(fractionOf(found), fractionOf(progression.scale as number)), progression.rounding);
      const most = progression.max_per_event;
      return { amount: most !== undefined && amount > most ? most : amount, distinct: null };
    }
    case 'weighted': {
      let amount = progression.otherwise ?? 0;
      for (const [text, weight] of Object.entries(progression.weights ?? {})) if (text === found) amount = weight;
      for (const { at_least, adds } of progression.bands ?? []) {
        if (typeof found === 'number' && found >= at_least) amount = adds;
      }
      return { amount, distinct: null };
    }
    case 'unique': {
      const isValue = found !== null && found !== '' && typeof found !== 'object';
      return isValue
        ? { amount: progression.value ?? 1, distinct: JSON.stringify(found) }
        : { amount: 0, distinct: null };
    }
    default:
      throw new Error(`the model does not know the mode ${progression.mode}`);
  }
}

interface Fraction {
  over: bigint;
  under: bigint;
}

/** The decimal that a number is written as: 1200.05 is 120005 / 100. */
function fractionOf(number: number): Fraction {
  const [digits = '', exponent = '0'] = String(number).split('e');
  const [whole = '', places = ''] = digits.split('.');
  const power = Number(exponent) - places.length;
  const over = BigInt(whole + places);
  return power < 0 ? { over, under: 10n ** BigInt(-power) } : { over: over * 10n ** BigInt(power), under: 1n };
}

function times(a: Fraction, b: Fraction): Fraction {
  return { over: a.over * b.over, under: a.under * b.under };
}

function wholeOf({ over, under }: Fraction, rounding: string | undefined): number {
  const down = over / under;
  // Twice the rest against the whole: half_up goes up from the middle on.
  const rest = (over - down * under) * 2n;
  const goesUp = rounding === 'up' ? rest > 0n : rounding === 'half_up' ? rest >= under : false;
  return Number(down) + (goesUp ? 1 : 0);
}
