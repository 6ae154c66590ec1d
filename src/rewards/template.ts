// Fills the texts of a configured service with what is known of a message: `{amount}`, `order {key}`. Pure. A text that is nothing but one placeholder
// becomes the value itself, so that numbers stay numbers; inside other text, and in paths, a value is written out.
import type { Json } from '../event/event.ts';

export type Fields = Readonly<Record<string, string | number | boolean>>;

/** A placeholder, or a brace that is meant as one. */
const PART = /\{\{|\}\}|\{([^{}]*)\}/g;

/** The names in braces, in the order in which they stand; also wrong ones. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PART)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** All texts in a document. */
export function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The document with its texts filled. Throws where a field is not known: reading the configuration has seen to it that all are. */
export function fill(value: Json, fields: Fields): Json {
  if (typeof value === 'string') {
    const [only] = placeholdersIn(value);
    return only !== undefined && value === `{${only}}` ? fieldOf(fields, only) : fillText(value, fields, String);
  }
  if (Array.isArray(value)) return value.map((part) => fill(part, fields));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fill(part, fields)]));
}

/** A path or query with its placeholders filled: no value can be more than one part of it. */
export function fillPath(path: string, fields: Fields): string {
  return fillText(path, fields, (value) => {
    const text = String(value);
    // A part of dots alone would be taken for a step up.
    return /^\.+$/.test(text) ? text.replaceAll('.', '%2E') : encodeURIComponent(text);
  });
}

function fillText(text: string, fields: Fields, write: (value: Fields[string]) => string): string {
  return text.replaceAll(PART, (whole: string, name: string | undefined) =>
    name === undefined ? whole.charAt(0) : write(fieldOf(fields, name)),
  );
}

function fieldOf(fields: Fields, name: string): Fields[string] {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined) throw new Error(`nothing is known of {${name}}`);
  return value;
}
