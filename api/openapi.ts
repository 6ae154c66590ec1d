// The contract as an OpenAPI 3.1 document, for people, clients and tests. Written from the routes alone; adds what every route has in common.

import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { limits } from '../src/limits.ts';
import { contract } from './contract/contract.ts';
import type { Answer, Route } from './contract/route.ts';
import { problem } from './contract/shapes.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

const REQUEST_ID = { 'X-Request-Id': "Names the request: the caller's own where it is usable." };

export function openApiDocument(): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of contract) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  return createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Milepost',
        version: '1',
        description:
          'Games of players, events, administration. JSON in UTF-8; times are ISO 8601. Fields may be added to answers. Every failure is application/problem+json (RFC 9457).',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [...new Set(contract.map(({ tag }) => tag))].map((name) => ({ name })),
      paths,
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'A JWT of the configured issuer; its claim scope holds what the route takes.',
          },
        },
      },
    },
    { reused: 'inline' },
  );
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const { operationId, tag, summary, description, scopes, params, query, body } = route;
  const headers = z.object({ ...route.headers?.shape, ...commonHeaders(route) });
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: scopes.map((scope) => ({ token: [scope] })),
    requestParams: {
      ...(params === undefined ? {} : { path: params }),
      ...(query === undefined ? {} : { query }),
      ...(Object.keys(headers.shape).length === 0 ? {} : { header: headers }),
    },
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            description: body.description,
            required: true,
            content: {
              'application/json': {
                schema: body.schema,
                ...(body.example === undefined ? {} : { example: body.example }),
              },
            },
          },
        }),
    responses: { ...answersOf(route), ...problemsOf(route) } as ZodOpenApiResponsesObject,
  };
}

function commonHeaders({ scopes, isTagged }: Route): Record<string, z.ZodType> {
  return {
    ...(scopes.includes('bff')
      ? {
          'x-player-id': z
            .string()
            .optional()
            .describe('The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one.'),
        }
      : {}),
    ...(isTagged ? { 'if-none-match': z.string().optional().describe('Tags of answers that the caller has.') } : {}),
  };
}

function answersOf(route: Route): Record<string, unknown> {
  const tagged = route.isTagged ? { ETag: 'Changes when something has happened, not with time alone.' } : {};
  const answers = Object.entries(route.answers).map(([status, answer]: [string, Answer]) => {
    const { description, schema, type = 'application/json', headers } = answer;
    return [
      status,
      {
        description,
        headers: headersOf({ ...REQUEST_ID, ...headers, ...(status === '200' ? tagged : {}) }),
        ...(schema === undefined ? {} : { content: { [type]: { schema } } }),
      },
    ];
  });
  if (route.isTagged) {
    answers.push([
      '304',
      { description: 'The caller has it already (If-None-Match).', headers: headersOf({ ...REQUEST_ID, ...tagged }) },
    ]);
  }
  return Object.fromEntries(answers);
}

/** What every route may fail with, and what this one may besides. */
function problemsOf(route: Route): Record<string, unknown> {
  const { scopes, params, query, headers, body, problems } = route;
  const reads = [params, query, headers, body].some((part) => part !== undefined);
  const words: Record<number, string> = {
    ...(reads || scopes.includes('bff') ? { 400: 'Something in the request is not right; nothing was done.' } : {}),
    ...(scopes.length > 0
      ? {
          401: 'There is no token, or it is not accepted; WWW-Authenticate says which.',
          403: 'The token lacks the scope.',
        }
      : {}),
    ...(body === undefined
      ? {}
      : {
          413: `The body has more than ${limits.httpBodyBytes} bytes, or too many entries.`,
          415: 'The body is not plain JSON.',
        }),
    ...(scopes.includes('player') || scopes.includes('producer')
      ? { 429: 'This player or producer asks too often; Retry-After says when to come back.' }
      : {}),
    414: `Path and query have more than ${limits.httpTargetBytes} characters.`,
    500: 'Something went wrong inside; request_id names the entry in the log.',
    ...(scopes.length > 0
      ? { 503: 'The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back.' }
      : {}),
    ...problems,
  };
  return Object.fromEntries(
    Object.entries(words)
      .filter(([status]) => !(Number(status) in route.answers))
      .map(([status, description]) => [
        status,
        {
          description,
          headers: headersOf({ ...REQUEST_ID, ...PROBLEM_HEADERS[status] }),
          content: { 'application/problem+json': { schema: problem } },
        },
      ]),
  );
}

const PROBLEM_HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'What is wrong with the token.' },
  403: {},
  429: { 'Retry-After': 'Seconds after which to come back.' },
  503: { 'Retry-After': 'Seconds after which to come back.' },
};

function headersOf(headers: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}
