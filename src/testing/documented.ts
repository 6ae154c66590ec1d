// Whether an answer of the API is one that its contract has: the status, the type and every field of the body. Every answer that a test gets is looked at,
// so what the document says is tried wherever the API is.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../api/openapi.ts';

const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document as unknown as Record<string, unknown>, 'contract');
const validators = new Map<string, ValidateFunction>();

interface Content {
  content?: Record<string, unknown>;
}

/** What the contract does not have of an answer, in a sentence. Undefined: it is as documented, or no route of the contract was asked. */
export function undocumented(
  method: string,
  path: string,
  answer: { status: number; headers: Headers; body: unknown },
): string | undefined {
  const template = templateOf(new URL(path, 'http://api').pathname);
  if (template === undefined) return undefined;
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = (document.paths as Record<string, Record<string, { responses: Record<string, Content> }>>)[
    template
  ]?.[verb];
  if (operation === undefined) return undefined;
  const asked = `${method} ${template}`;
  const found = operation.responses[answer.status];
  // Node refuses what is no HTTP before any route is asked.
  if (found === undefined) return answer.status === 431 ? undefined : `${asked} has no answer ${answer.status}`;
  const type = answer.headers.get('content-type')?.split(';')[0];
  const types = Object.keys(found.content ?? {});
  if (type === undefined || method === 'HEAD') {
    return types.length === 0 || method === 'HEAD' ? undefined : `${asked} answers ${answer.status} without a body`;
  }
  const key = types.find((known) => known === '*/*' || known.split(';')[0] === type);
  if (key === undefined) return `${asked} has no answer ${answer.status} of type ${type}`;
  if (!type.endsWith('json')) return undefined;
  const validate = validatorOf(['paths', template, verb, 'responses', String(answer.status), 'content', key, 'schema']);
  if (validate(answer.body)) return undefined;
  return `${asked} answered ${answer.status} with what is not documented: ${ajv.errorsText(validate.errors)}`;
}

function validatorOf(place: readonly string[]): ValidateFunction {
  const pointer = place.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `contract#/${pointer}` });
  validators.set(pointer, known);
  return known;
}

/** The path of the contract that serves this one: the one with the fewest parameters. */
function templateOf(pathname: string): string | undefined {
  const segments = pathname.split('/');
  return Object.keys(document.paths ?? {})
    .filter((template) => {
      const parts = template.split('/');
      return (
        parts.length === segments.length &&
        parts.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index]))
      );
    })
    .sort((a, b) => a.split('{').length - b.split('{').length)[0];
}
