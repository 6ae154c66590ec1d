// Traces: how long what took, and what it was caused by, across processes. Off unless a process has been told where to send them
// (opentelemetry.ts); then `tracer()` is undefined, and whoever would trace does nothing. Player ids are in no span.

/** A span's place in its trace, as a W3C `traceparent` header has it: what is carried from one process to the next. */
export type TraceParent = string;

export interface SpanOptions {
  /** consumer: takes what was sent earlier; client: calls another service. */
  kind: 'consumer' | 'client' | 'internal';
  /** Its cause; absent: a trace begins. What is not a traceparent is no cause. */
  parent?: TraceParent | undefined;
  /** Others that it deals with. */
  links?: readonly TraceParent[];
  attributes?: Readonly<Record<string, string | number | boolean>>;
  /** By performance.now(); absent: now. */
  startedAt?: number;
}

export interface Span {
  readonly traceparent: TraceParent;
  /** `error`: it failed, in words that hold nothing private. `endedAt`: by performance.now(). */
  end(how?: { error?: string; attributes?: SpanOptions['attributes']; endedAt?: number }): void;
}

export interface Tracer {
  startSpan(name: string, options: SpanOptions): Span;
}

/** Reads a traceparent; undefined for what is none. Producers send anything. */
export function readTraceParent(text: string): { traceId: string; spanId: string; sampled: boolean } | undefined {
  const [, traceId, spanId, flags] =
    /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

let active: Tracer | undefined;

/** Where spans go; undefined when traces are off. */
export function tracer(): Tracer | undefined {
  return active;
}

/** Switches traces on, or off. */
export function useTracer(other: Tracer | undefined): void {
  active = other;
}
