// Patterns of rules: regular expressions in RE2's syntax. Whoever writes a game may write one, and it runs for every event, so the engine has
// no backtracking, and the pattern's size and the text it looks at are bounded. Never hand a pattern to JavaScript's own engine.
import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';
import { limits } from '../limits.ts';

/** A pattern that has been read. */
export type Pattern = RE2JS;

/**
 * Reads a pattern.
 * @throws RangeError saying what is wrong with it, where, and the mend.
 */
export function readPattern(text: string): Pattern {
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new RangeError(wording(text, error));
  }
  const size = pattern.programSize();
  if (size > limits.patternSize) {
    throw new RangeError(`it unfolds to ${size} steps, ${limits.patternSize} are allowed; repeat less`);
  }
  return pattern;
}

/** Whether the pattern is found somewhere in the text; `^` and `$` tie it to the ends. Nothing is found in a text over the limit. */
export function isFound(pattern: Pattern, text: string): boolean {
  return text.length <= limits.patternTextChars && pattern.test(text);
}

function wording(text: string, error: RE2JSException): string {
  if (!(error instanceof RE2JSSyntaxException)) return error.message;
  const part = error.getPattern();
  if (part === null || part === text) return error.getDescription();
  // The engine says what it stumbled over, not where; that is told only when it can be one place.
  const at = text.indexOf(part);
  const isOnePlace = at !== -1 && text.indexOf(part, at + 1) === -1;
  return `${error.getDescription()}, ${JSON.stringify(part)}${isOnePlace ? ` at character ${at + 1}` : ''}`;
}
