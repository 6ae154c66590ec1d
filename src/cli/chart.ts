// Bars of text, as wide as the terminal allows.

/** The widest that a chart gets, and how wide it is where there is no terminal. */
const WIDEST = 100;
const ELSEWHERE = 80;

/** How many columns a text may take. */
export function columns(): number {
  return Math.min(process.stdout.columns ?? ELSEWHERE, WIDEST);
}

export interface Bar {
  /** What stands before it, one text per column. */
  labels: readonly string[];
  value: number;
}

/** A line per bar; the longest bar ends at the last column. Each label column is aligned to the right. */
export function chart(bars: readonly Bar[], width: number = columns()): string[] {
  const widths = (bars[0]?.labels ?? []).map((_, column) =>
    Math.max(...bars.map(({ labels }) => (labels[column] as string).length)),
  );
  const room = Math.max(1, width - widths.reduce((sum, label) => sum + label + 2, 0));
  const most = Math.max(0, ...bars.map(({ value }) => value));
  return bars.map(({ labels, value }) => {
    const text = labels.map((label, column) => `${label.padStart(widths[column] as number)}  `).join('');
    return `${text}${bar(most === 0 ? 0 : value / most, room)}`.trimEnd();
  });
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Something that is there is never drawn as nothing. */
function bar(share: number, room: number): string {
  const filled = share === 0 ? 0 : Math.max(1, Math.round(share * room * 8));
  return '█'.repeat(Math.floor(filled / 8)) + (eighths[filled % 8] as string);
}
