// The contract, served: as OpenAPI, and as a page for people. The page's scripts are files of a package of ours; it fetches nothing from elsewhere.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { document, reference, referenceFile } from './contract/service.ts';
import { openApiDocument } from './openapi.ts';
import { Problem } from './problem.ts';
import type { Serve } from './serve.ts';

/** Where the page's package lies, and which of its files are served. */
const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const TYPES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'start.js': 'text/javascript; charset=utf-8',
};

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Milepost: the API</title>
<link rel="stylesheet" href="reference/swagger-ui.css">
<div id="contract"></div>
<script src="reference/swagger-ui-bundle.js"></script>
<script src="reference/start.js"></script>
</html>
`;
const START = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#contract', deepLinking: true, defaultModelsExpandDepth: 0 });\n`;

/** It runs its own scripts and asks its own API; its pictures are in its style sheet. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

export function referenceRoutes(serve: Serve): void {
  const contract = openApiDocument() as unknown as Record<string, unknown>;

  serve(document, async () => ({ status: 200, body: contract }));

  serve(reference, async () => ({ status: 200, headers: { 'Content-Security-Policy': POLICY }, body: PAGE }));

  serve(referenceFile, async ({ params: { file } }) => {
    const type = Object.hasOwn(TYPES, file) ? TYPES[file] : undefined;
    if (type === undefined) throw new Problem(404, 'the reference has no such part');
    const body = file === 'start.js' ? START : await readFile(join(folder, file));
    return { status: 200, headers: { 'Content-Type': type, 'Cache-Control': 'public, max-age=3600' }, body };
  });
}
