// What a route of the API is: data. Its path, who may ask, what is asked and every answer there is. From this the requests are read (api/serve.ts) and
// the OpenAPI document is written (api/openapi.ts), so that the two cannot differ. Nothing here knows how a route is answered.
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Json } from '../../src/event/event.ts';

/** What a token may allow. `bff`: a service that reads for the players it names. */
export const scopes = ['player', 'bff', 'producer', 'support', 'owner'] as const;
export type Scope = (typeof scopes)[number];

/** One of a route's answers. Without a schema it has no body. */
export interface Answer {
  description: string;
  schema?: z.ZodType;
  /** `application/json` unless given; a body of any other type is sent as it is. */
  type?: string;
  /** Headers that mean something in this answer, each with its meaning. */
  headers?: Readonly<Record<string, string>>;
}

/** The JSON body of a request. */
export interface Body<S extends z.ZodType = z.ZodType> {
  description: string;
  schema: S;
  /** False where the handler reads the value by itself: the schema is then for readers only. */
  isChecked: boolean;
  /** The record of what support and owners ask for keeps the value, which must be small; else its reason alone. */
  isRecorded?: boolean;
  example?: Json;
}

/** A failure that a route answers with, as problem+json: when, in words. */
export type ProblemStatus = 400 | 403 | 404 | 409 | 412 | 413 | 422 | 428 | 503;

export interface Route {
  method: 'get' | 'post';
  /** With parameters in braces, such as `/api/games/{game_id}`. */
  path: string;
  /** Its name in generated clients. */
  operationId: string;
  tag: string;
  summary: string;
  description?: string;
  /** A token with one of them may ask; empty: everybody, without a token. */
  scopes: readonly Scope[];
  params?: z.ZodObject;
  /** Parameters that are not named here are ignored; each may be there once. */
  query?: z.ZodObject;
  /** By their names in lower case. */
  headers?: z.ZodObject;
  body?: Body;
  answers: Readonly<Record<number, Answer>>;
  /** What it may fail with beside what every route may. */
  problems?: Readonly<Partial<Record<ProblemStatus, string>>>;
  /** Answers of 200 carry an ETag, and whoever has it already (If-None-Match) gets a 304. */
  isTagged?: boolean;
}

/** States a route. Its literal type is kept: request and answers are typed by it. */
export function defineRoute<const R extends Route>(route: R): R {
  return route;
}

type Parsed<R, Part extends 'params' | 'query' | 'headers'> =
  R extends Readonly<Record<Part, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** The parts of a request to a route, as they have been read. */
export type ParamsOf<R extends Route> = Parsed<R, 'params'>;
export type QueryOf<R extends Route> = Parsed<R, 'query'>;
export type HeadersOf<R extends Route> = Parsed<R, 'headers'>;
export type BodyOf<R extends Route> = R extends { body: { schema: infer S extends z.ZodType; isChecked: infer C } }
  ? C extends true
    ? z.output<S>
    : Json
  : undefined;

/** An answer of a route, as its handler gives it. */
export type Reply<R extends Route> = {
  [S in keyof R['answers'] & number]: {
    status: S;
    headers?: Readonly<Record<string, string>>;
  } & ContentOf<R['answers'][S]>;
}[keyof R['answers'] & number];

type ContentOf<A> = A extends { type: string }
  ? { body: string | Buffer | Readable }
  : A extends { schema: infer S extends z.ZodType }
    ? { body: Unchanging<z.output<S>> }
    : { body?: undefined };

/** What is answered is only read. */
type Unchanging<T> = T extends (infer Item)[]
  ? readonly Unchanging<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Unchanging<T[Key]> }
    : T;
