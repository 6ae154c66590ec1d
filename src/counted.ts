// Numbers in sentences.

/** A number of things, as sentences say it: `1 message`, `2,000 messages`. */
export function counted(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`;
}
