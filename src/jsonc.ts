// JSON with comments, read against a zod schema: a value, or one UserError with every problem, its path and its line and column.
// Owns how configuration errors read. It never repairs: a duplicate key or a number that would lose digits is a problem, not a guess.
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { z } from 'zod';
import { EXACT_DIGITS, exactNumber } from './digits.ts';
import { type Problem, show, UserError } from './errors.ts';
import { didYouMean } from './spelling.ts';

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;

/**
 * Reads `text` (JSON; comments and trailing commas are allowed) and checks it with `schema`. `file` names it in errors. The document's `$schema`,
 * by which editors find its JSON Schema, is no part of the value.
 * Throws a UserError: with the first error of syntax, or else with every duplicate key, or else with everything the schema objects to.
 */
export function parseJsonc<S extends z.ZodType>(text: string, schema: S, file: string): z.output<S> {
  const document = readTree(text.startsWith('\uFEFF') ? text.slice(1) : text);
  dropSchemaKey(document);
  if (document.problems.length > 0) throw problemsIn(file, document.problems);

  const result = schema.safeParse(document.value, { error: wording });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, [], document));
  throw problemsIn(file, problems);
}

/** A path as people write it: `$.triggers[0].rule`. */
export function formatPath(path: Path): string {
  let text = '$';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  }
  return text;
}

function problemsIn(file: string, problems: Problem[]): UserError {
  return new UserError(`${file}: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}`, problems);
}

function dropSchemaKey(document: Document): void {
  const { value } = document;
  if (typeof value !== 'object' || value === null || !('$schema' in value)) return;
  if (typeof value.$schema !== 'string') document.problems.push(problemAt(['$schema'], 'expected text', document));
  delete value.$schema;
}

// ---- text → value, with positions

interface Document {
  value: unknown;
  problems: Problem[];
  /** ` (line 3, column 7)` of the value at a path, of the key itself when `ofKey`; of the nearest parent when there is none. */
  position(path: Path, ofKey?: boolean): string;
}

function readTree(text: string): Document {
  const problems: Problem[] = [];
  const at = (offset: number) => {
    const before = text.slice(0, offset).split(/\r\n|\r|\n/);
    return ` (line ${before.length}, column ${(before.at(-1) as string).length + 1})`;
  };

  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(text, errors, { allowTrailingComma: true });
  } catch (error) {
    // The parser is recursive; a text of ten thousand opening brackets is somebody's mistake, not ours.
    if (!(error instanceof RangeError)) throw error;
    problems.push({ path: '$', message: 'nested too deeply to be a configuration' });
  }
  // Only the first: the parser reads on after an error, and what it then stumbles over is mostly a consequence.
  for (const error of errors.slice(0, 1)) {
    const found = text.slice(error.offset, error.offset + Math.min(error.length, 30));
    const message = `${SYNTAX[printParseErrorCode(error.error)] ?? 'not valid JSON'}${found === '' ? '' : `; found ${found}`}`;
    problems.push({ path: '$', message: `${message}${at(error.offset)}` });
  }

  const value = root === undefined || problems.length > 0 ? undefined : readValue(root, [], text, at, problems);
  return {
    value,
    problems,
    position: (path, ofKey = false) => (root === undefined ? '' : at(offsetOf(root, path, ofKey))),
  };
}

const SYNTAX: Record<string, string> = {
  InvalidSymbol: 'not JSON (text needs double quotes)',
  InvalidNumberFormat: 'not a JSON number',
  PropertyNameExpected: 'a key in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is expected here',
  CommaExpected: 'a comma is expected here',
  CloseBraceExpected: 'a closing brace } is expected here',
  CloseBracketExpected: 'a closing bracket ] is expected here',
  EndOfFileExpected: 'nothing more is expected here',
  UnexpectedEndOfComment: 'a comment is not closed',
  UnexpectedEndOfString: 'a text is not closed',
  UnexpectedEndOfNumber: 'a number is not complete',
  InvalidUnicode: 'not a valid \\u escape',
  InvalidEscapeCharacter: 'not a valid escape after a backslash',
  InvalidCharacter: 'a character that must be written as an escape',
};

function readValue(node: Node, path: Path, text: string, at: (offset: number) => string, problems: Problem[]): unknown {
  if (node.type === 'array') {
    return (node.children ?? []).map((child, index) => readValue(child, [...path, index], text, at, problems));
  }
  if (node.type === 'number') {
    const digits = text.slice(node.offset, node.offset + node.length);
    if (exactNumber(digits) === undefined) {
      const message = `${digits} cannot be kept exactly (more than ${EXACT_DIGITS} digits, or too large); write it as text or round it`;
      problems.push({ path: formatPath(path), message: `${message}${at(node.offset)}` });
    }
    return node.value;
  }
  if (typeof node.value === 'string' && (node.value.includes('\0') || !node.value.isWellFormed())) {
    const message = 'holds the character NUL or half of a surrogate pair, which cannot be stored; leave it out';
    problems.push({ path: formatPath(path), message: `${message}${at(node.offset)}` });
  }
  if (node.type !== 'object') return node.value;

  const object: Record<string, unknown> = {};
  const seen = new Map<string, number>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children as [Node, Node];
    const key = keyNode.value as string;
    const first = seen.get(key);
    if (first !== undefined) {
      const message = `the key ${JSON.stringify(key)} is written twice, first${at(first)} and again${at(keyNode.offset)}`;
      problems.push({ path: formatPath([...path, key]), message: `${message}; keep one` });
    } else if (key === '__proto__') {
      const message = 'the key "__proto__" is not allowed';
      problems.push({ path: formatPath([...path, key]), message: `${message}${at(keyNode.offset)}` });
    } else {
      seen.set(key, keyNode.offset);
      object[key] = readValue(valueNode, [...path, key], text, at, problems);
    }
  }
  return object;
}

function offsetOf(root: Node, path: Path, ofKey: boolean): number {
  let node = root;
  let keyOffset = root.offset;
  for (const key of path) {
    const child =
      typeof key === 'number'
        ? node.children?.[key]
        : node.children?.find((property) => property.children?.[0]?.value === key);
    const value = node.type === 'object' ? child?.children?.[1] : child;
    if (child === undefined || value === undefined) return node.offset;
    keyOffset = child.offset;
    node = value;
  }
  return ofKey ? keyOffset : node.offset;
}

// ---- what the schema objects to → problems

/** Words for what zod reports. One line per unknown key, so that each becomes its own problem. */
const wording: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const allowed = keysOf(issue.inst);
      return issue.keys
        .map((key) => `unknown key ${JSON.stringify(key)}${didYouMean(key, allowed)}${allowedOnes(allowed)}`)
        .join('\n');
    }
    case 'invalid_type':
      return issue.input === undefined
        ? `missing; ${kind(issue.expected)} is required`
        : `expected ${kind(issue.expected)}`;
    case 'invalid_value':
      return `${issue.input === undefined ? 'missing; ' : ''}${valuesIn(issue.values, issue.input)}`;
    case 'too_small':
    case 'too_big': {
      const [bound, word] =
        issue.code === 'too_small'
          ? [issue.minimum, issue.inclusive === false ? 'more than' : 'at least']
          : [issue.maximum, issue.inclusive === false ? 'less than' : 'at most'];
      const units = { string: ['character', 'characters'], array: ['entry', 'entries'] }[issue.origin as string];
      if (units === undefined) return `must be ${word} ${bound}`;
      return `must have ${word} ${bound} ${units[bound === 1 ? 0 : 1]}`;
    }
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `must match ${issue.pattern}` : `expected text in the format ${issue.format}`;
    case 'invalid_union': {
      const options = (issue.options ?? []) as readonly unknown[];
      if (options.length === 0) return 'matches none of the allowed forms';
      const found = (issue.input as Record<string, unknown>)[issue.discriminator as string];
      return `${found === undefined ? 'missing; ' : ''}${valuesIn(options, found)}`;
    }
    default:
      return undefined;
  }
};

function problemsOf(issue: Issue, parent: Path, document: Document): Problem[] {
  const path = [...parent, ...(issue.path as (string | number)[])];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const lines = issue.message.split('\n');
      return issue.keys.map((key, index) => ({
        path: formatPath([...path, key]),
        message: `${lines[index] ?? issue.message}${document.position([...path, key], true)}`,
      }));
    }
    case 'invalid_key':
      return issue.issues.map((inner) => ({
        path: formatPath(path),
        message: `the key ${show(path.at(-1))}: ${inner.message}${document.position(path, true)}`,
      }));
    case 'invalid_union': {
      const forms = issue.errors.filter((form) => form.length > 0);
      const nearest = nearestForm(forms);
      if (nearest !== undefined) return nearest.flatMap((inner) => problemsOf(inner, path, document));
      const words = [...new Set(forms.flat().map(expectation))].join(', or ');
      if (words === '' || !forms.every(isOfType)) return [problemAt(path, issue.message, document)];
      const isMissing = valueAt(document.value, path) === undefined;
      const message = isMissing ? `missing; ${words} is required` : `expected ${words}`;
      return [problemAt(path, message, document)];
    }
    default:
      return [problemAt(path, issue.message, document)];
  }
}

/** What one form of a union expects. Unions word their forms before our wording can. */
function expectation(issue: Issue): string {
  return issue.code === 'invalid_type' ? kind(issue.expected) : issue.message.replace(/^expected /, '');
}

function problemAt(path: Path, message: string, document: Document): Problem {
  const value = valueAt(document.value, path);
  const found = value === undefined || message.includes(show(value)) ? '' : `; found ${show(value)}`;
  return { path: formatPath(path), message: `${message}${found}${document.position(path)}` };
}

/** Of the forms of a union, the one that the writer most likely meant: the one whose type fits, with the fewest problems; undefined of equals. */
function nearestForm(forms: Issue[][]): Issue[] | undefined {
  if (forms.length === 1) return forms[0];
  const [best, next] = forms
    .filter((form) => !isOfType(form))
    .map((form) => ({ form, problems: form.filter(({ message }) => !message.includes('did you mean')).length }))
    .sort((a, b) => a.problems - b.problems);
  return best?.problems === next?.problems ? undefined : best?.form;
}

/** Whether a form objects to the value as a whole, and not to something in it. */
function isOfType(form: Issue[]): boolean {
  return form.every((issue) => issue.path.length === 0 && issue.code !== 'unrecognized_keys');
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

function keysOf(schema: unknown): string[] {
  const shape = (schema as { _zod?: { def?: { shape?: Record<string, unknown> } } } | undefined)?._zod?.def?.shape;
  return Object.keys(shape ?? {});
}

function allowedOnes(allowed: string[]): string {
  return allowed.length === 0 ? '' : `; allowed: ${allowed.join(', ')}`;
}

function valuesIn(allowed: readonly unknown[], found: unknown): string {
  if (allowed.length === 1) return `must be ${show(allowed[0])}`;
  return `expected one of ${allowed.map(show).join(', ')}${suggestion(found, allowed)}`;
}

function suggestion(found: unknown, allowed: readonly unknown[]): string {
  return typeof found === 'string'
    ? didYouMean(
        found,
        allowed.filter((value) => typeof value === 'string'),
      )
    : '';
}

function kind(expected: string): string {
  const kinds: Record<string, string> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    tuple: 'a list',
    object: 'an object',
    record: 'an object',
    null: 'null',
    never: 'nothing',
  };
  return kinds[expected] ?? expected;
}
