// Numbers as they are written, before anything has rounded them: whether a double keeps all their digits.

/** A decimal number of at most this many significant digits is a double of its own: it survives being read, compared and written. */
export const EXACT_DIGITS = 15;

/**
 * The number that a decimal text (as in JSON) denotes, or undefined when a double would lose digits: it has more than 15 of them, lies beyond
 * ±2^53, or so near to 0 that it would vanish.
 */
export function exactNumber(text: string): number | undefined {
  const digits = significantDigits(text);
  const value = Number(text);
  const size = Math.abs(value);
  const exact = digits === 0 || (digits <= EXACT_DIGITS && size <= Number.MAX_SAFE_INTEGER && size >= 1e-300);
  return exact ? value : undefined;
}

/** The digits from the first to the last that is not zero. One pass: a number may be as long as a message. */
function significantDigits(text: string): number {
  let digits = 0;
  let upToLast = 0;
  for (const character of text) {
    if (character === 'e' || character === 'E') break;
    if (character < '0' || character > '9' || (character === '0' && digits === 0)) continue;
    digits++;
    if (character !== '0') upToLast = digits;
  }
  return upToLast;
}

/** A decimal, exactly: digits / 10^places. */
export interface Decimal {
  digits: bigint;
  places: number;
}

/** A number with at most 15 significant digits is written by JavaScript as the decimal it came from: 1200.5 is 12005 with 1 place. */
export function decimalOf(value: number): Decimal {
  const [, whole = '', fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const places = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 };
}

/** The number that a decimal of at most 15 significant digits denotes. */
export function fromDecimal({ digits, places }: Decimal): number {
  return Number(`${digits}e-${places}`);
}
