// The contract of what is for everybody: health, and the contract itself.
import { z } from 'zod';
import { defineRoute } from './route.ts';

const readiness = z
  .object({
    ready: z.boolean(),
    degraded: z
      .boolean()
      .describe('Redis is away, and reads are slower; or PostgreSQL is, and games are shown as they were.'),
    checks: z.object({
      database: z.enum(['up', 'down']),
      migrations: z.enum(['present', 'missing', 'unknown']),
      redis: z.enum(['up', 'down', 'not_configured']),
      kafka: z.enum(['reading', 'held_up', 'paused']).optional(),
    }),
    lagging: z.boolean().optional().describe('The oldest work has waited for long; players are behind.'),
    paused: z.array(z.string()).optional().describe('Topics that a person has paused.'),
    delay_seconds: z
      .object({ kafka: z.number().nullable().optional(), outbox: z.number().nullable().optional() })
      .optional()
      .describe('For how long the oldest work has waited; null while unknown.'),
  })
  .meta({ id: 'Readiness' });

const service = { method: 'get', tag: 'Service', scopes: [] } as const;

export const live = defineRoute({
  ...service,
  path: '/health/live',
  operationId: 'isLive',
  summary: 'Whether the process is there',
  answers: { 200: { description: 'It is.', schema: z.object({ live: z.literal(true) }) } },
});

export const ready = defineRoute({
  ...service,
  path: '/health/ready',
  operationId: 'isReady',
  summary: 'Whether the process can do its work now',
  answers: {
    200: { description: 'It can.', schema: readiness },
    503: { description: 'It cannot; what is wrong.', schema: readiness },
  },
});

export const document = defineRoute({
  ...service,
  path: '/api/openapi.json',
  operationId: 'getContract',
  summary: 'This contract, as OpenAPI 3.1',
  answers: { 200: { description: 'The document.', schema: z.record(z.string(), z.unknown()) } },
});

export const reference = defineRoute({
  ...service,
  path: '/api/reference',
  operationId: 'getReference',
  summary: 'This contract, for people to read',
  answers: { 200: { description: 'A page.', type: 'text/html; charset=utf-8', schema: z.string() } },
});

export const referenceFile = defineRoute({
  ...service,
  path: '/api/reference/{file}',
  operationId: 'getReferenceFile',
  summary: 'What the page of the contract consists of',
  params: z.object({ file: z.string() }),
  answers: { 200: { description: 'A script or a style sheet.', type: '*/*', schema: z.string() } },
  problems: { 404: 'The page has no such part.' },
});
