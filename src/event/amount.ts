// Amounts: major units of a currency (rupees), never rounded. Owns what is a valid amount and how other notations become one exactly.

import { EXACT_DIGITS, exactNumber } from '../digits.ts';
import { show } from '../errors.ts';

/** The currency of an amount whose event names none. */
const DEFAULT_CURRENCY = 'INR';

/** The largest amount in minor units: as many digits as a number keeps exactly, in every notation. */
const MAX_MINOR = 10 ** EXACT_DIGITS - 1;

const decimalsOf = new Map<string, number>();

/** The decimals of a currency (INR 2, JPY 0, KWD 3); undefined when `code` is not three letters. */
export function currencyDecimals(code: string): number | undefined {
  const known = decimalsOf.get(code);
  if (known !== undefined) return known;
  if (!/^[A-Z]{3}$/.test(code)) return undefined;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: code });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  decimalsOf.set(code, decimals);
  return decimals;
}

/** What is wrong with an amount in the given currency (null or undefined: rupees), or undefined when it is right. */
export function amountProblem(value: unknown, currency: unknown): string | undefined {
  if (typeof value !== 'number') return 'expected a number in major units, such as 1200.5';
  if (!(value >= 0)) return 'must not be negative';
  const code = currency ?? DEFAULT_CURRENCY;
  const decimals = typeof code === 'string' ? currencyDecimals(code) : undefined;
  if (decimals === undefined) return `its currency ${show(code)} is not three capital letters, such as INR`;
  const scale = 10 ** decimals;
  const minor = Math.round(value * scale);
  if (minor > MAX_MINOR) return `is too large: ${EXACT_DIGITS} digits in minor units are the most`;
  // Exact within EXACT_DIGITS: a value with more decimals is not the double nearest to a whole number of minor units.
  if (minor / scale !== value) return `has more than ${decimals} decimals (${code})`;
  return undefined;
}

/** Paise, as a whole number or its text, in rupees: 120050 → 1200.5. Undefined when they are not whole or have too many digits. */
export function fromPaise(value: unknown): number | undefined {
  const paise = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof paise !== 'number' || !Number.isInteger(paise) || Math.abs(paise) > MAX_MINOR) return undefined;
  // Exact: division rounds to the double nearest to the true quotient, the same that the decimal text denotes.
  return paise / 100;
}

const DECIMAL_TEXT = /^-?(?:\d+|\d{1,3}(?:,\d{2,3})*,\d{3})(?:\.\d+)?$/;

/** `1200.50`, `1,200.50` or `1,00,000` as a number. Undefined for anything else, and when a number could not keep all its digits. */
export function fromDecimalText(value: unknown): number | undefined {
  if (typeof value !== 'string' || !DECIMAL_TEXT.test(value)) return undefined;
  return exactNumber(value.replaceAll(',', ''));
}
