// `npm run openapi`: writes the contract of the API down, docs/openapi.json, and its types for a client, src/testing/openapi-types.ts. With --check it
// only compares.
import { registerHooks } from 'node:module';
import { parseArgs } from 'node:util';
import { openApiDocument } from '../../api/openapi.ts';
import { checkGenerated, writeGenerated } from './generated.ts';

// openapi-typescript builds its text with the compiler's API, which TypeScript 7 no longer has.
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'typescript' ? 'typescript-5' : specifier, context),
});
const { astToString, default: openapiTs } = await import('openapi-typescript');

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const document = openApiDocument();
const types = await openapiTs(document as unknown as Parameters<typeof openapiTs>[0]);
const files = new Map([
  ['docs/openapi.json', `${JSON.stringify(document, null, 2)}\n`],
  ['src/testing/openapi-types.ts', `// Written by \`npm run openapi\`: the API as types.\n${astToString(types)}`],
]);
if (!options.check) await writeGenerated(files);
else if (!(await checkGenerated(files, { of: 'the routes', command: 'npm run openapi' }))) process.exitCode = 1;
