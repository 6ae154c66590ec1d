// Compares two large collections line by line. Owns a report a person can read: which lines one side lacks, not two lists of thousands.

const SHOWN = 8;

/** Fails unless both hold the same lines, each as often, in any order. */
export function expectSameLines(what: string, actual: Iterable<object>, expected: Iterable<object>): void {
  const missing = countsOf(expected);
  const surplus: string[] = [];
  for (const line of actual) {
    const key = keyOf(line);
    const count = missing.get(key) ?? 0;
    if (count === 0) surplus.push(key);
    else if (count === 1) missing.delete(key);
    else missing.set(key, count - 1);
  }
  if (missing.size === 0 && surplus.length === 0) return;
  throw new Error(
    `${what}: not the same\n${report('expected and not found', [...missing.keys()])}${report('found and not expected', surplus)}`,
  );
}

function countsOf(lines: Iterable<object>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1);
  return counts;
}

/** The same for lines with the same fields, whatever the order of these. */
function keyOf(line: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(line).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function report(heading: string, keys: string[]): string {
  if (keys.length === 0) return '';
  const more = keys.length > SHOWN ? `\n  … and ${keys.length - SHOWN} more` : '';
  return `${heading}:\n${keys
    .toSorted()
    .slice(0, SHOWN)
    .map((key) => `  ${key}`)
    .join('\n')}${more}\n`;
}
