// Errors a person can act on. A UserError says what failed, where, the value found and what to do; it is shown without a stack trace.

/** One thing wrong with an input: where (a path or a field), what was found, and the mend. */
export interface Problem {
  /** Such as `$.triggers[0].rule.conditions[1].op`; empty when the input as a whole is meant. */
  path: string;
  message: string;
}

/** An error caused by what was given (a file, an argument, an environment variable), not by Milepost. */
export class UserError extends Error {
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[] = []) {
    super(message);
    this.name = 'UserError';
    this.problems = problems;
  }
}

/** A service that does not answer, or refuses us: nothing that was given needs to be mended, unless its address. */
export class OutOfReach extends Error {}

/** Something that cannot be, whatever a user or a service does: waiting does not mend it, and the process has to end. */
export class Defect extends Error {}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** A found value as an error shows it: short, and never a whole object. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
