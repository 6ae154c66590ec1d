// Sends traces to a collector (OTLP over HTTP). Owns the OpenTelemetry packages: they are loaded only where this file is, which is only when a
// process has been told where to send traces. A collector that is away costs spans, and nothing else.
import {
  type Context,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { readTraceParent, type TraceParent, type Tracer, useTracer } from './tracing.ts';

const KINDS = { consumer: SpanKind.CONSUMER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

export interface TracingOptions {
  /** Such as http://collector:4318/v1/traces. */
  endpoint: string;
  headers?: Readonly<Record<string, string>> | undefined;
  /** The part of traces that are sent, 0 to 1; what a producer has decided holds. */
  share: number;
  /** What this process runs, such as `ingest+worker`. */
  role: string;
  version: string;
  /** Other than over HTTP; for tests. */
  exporter?: SpanExporter;
}

/** Switches traces on. The answer switches them off and sends what is left. */
export function startTracing(options: TracingOptions): () => Promise<void> {
  const { endpoint, headers = {}, share, role, version } = options;
  const exporter = options.exporter ?? new OTLPTraceExporter({ url: endpoint, headers: { ...headers } });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'milepost',
      'service.version': version,
      'milepost.role': role,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  useTracer(tracerOf(provider, version));
  return async () => {
    useTracer(undefined);
    await provider.shutdown();
  };
}

function tracerOf(provider: TracerProvider, version: string): Tracer {
  const inner = provider.getTracer('milepost', version);
  return {
    startSpan(name, { kind, parent, links = [], attributes = {}, startedAt = performance.now() }) {
      const span = inner.startSpan(
        name,
        {
          kind: KINDS[kind],
          attributes: { ...attributes },
          links: links.flatMap((link): Link[] => {
            const context = spanContextOf(link);
            return context === undefined ? [] : [{ context }];
          }),
          startTime: wallClock(startedAt),
        },
        contextOf(parent),
      );
      return {
        traceparent: writeTraceParent(span.spanContext()),
        end({ error, attributes: more = {}, endedAt = performance.now() } = {}) {
          span.setAttributes({ ...more });
          if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
          span.end(wallClock(endedAt));
        },
      };
    },
  };
}

function contextOf(parent: TraceParent | undefined): Context {
  const context = parent === undefined ? undefined : spanContextOf(parent);
  return context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

function spanContextOf(traceparent: TraceParent): SpanContext | undefined {
  const read = readTraceParent(traceparent);
  if (read === undefined) return undefined;
  const { traceId, spanId, sampled } = read;
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

function writeTraceParent({ traceId, spanId, traceFlags }: SpanContext): TraceParent {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function wallClock(monotonic: number): number {
  return performance.timeOrigin + monotonic;
}
