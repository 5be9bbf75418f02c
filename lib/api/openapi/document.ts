import { batched, structured } from '../../core/event/forms.ts';
import { type ErrorCode, errorCodes, statusOf, titleOf } from '../../core/kernel/errors.ts';
import {
  bodyTypesOf,
  type DescribedCall,
  errorsOf,
  isEvents,
  needsOf,
  pathParameters,
  tags,
} from '../call.ts';
import type { Parameters } from '../parameters.ts';
import { answerSchemas } from './answers.ts';
import { binaryHeaders, eventExamples } from './events.ts';
import type { JsonSchema } from './json-schema.ts';
import { requestNameOf, requestSchemas } from './requests.ts';

/** The OpenAPI 3.1 document of the HTTP API: made from the entries of its calls and the schemas that they parse with. */

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: unknown) => ({ 'application/json': { schema } });
const problem = 'application/problem+json';
/** What API Gateway answers by itself, before any function. */
const gateway = json(ref('GatewayMessage'));

/** Statuses by which API Gateway may answer for the bus. */
const ofGateway: readonly number[] = [413, 429, 500, 503];

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } & JsonSchema;
  readonly [member: string]: unknown;
}

type Schemas = Readonly<Record<string, JsonSchema>>;

export function openApiDocument(calls: readonly DescribedCall[]): OpenApiDocument {
  const schemas = { ...requestSchemas(), ...answerSchemas(), ...problemSchemas };
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const call of calls) {
    paths[call.path] ??= parametersOf(call.path);
    (paths[call.path] ?? {})[call.method.toLowerCase()] = operationOf(call, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Busbar',
      version: '1',
      summary: 'An event bus over HTTP.',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The bus that serves this document.' }],
    security: [{ key: [] }],
    tags: Object.entries(tags).map(([name, text]) => ({ name, description: text })),
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'bbk_…',
          description:
            'The key of an application, or, where `GET /v1/sign-in` names a provider, the ID token of a person. Who may invoke the keys function makes the first key. A person of several applications names one in the header `busbar-application`.',
        },
      },
      schemas,
      responses: sharedResponses(),
    },
  };
}

const description = `Names match \`[a-z0-9][a-z0-9-]{0,47}\`. Fields that are not known are refused by name. Bodies are JSON in
UTF-8 that names no member twice. An error is a problem document (RFC 9457) with a \`code\` that does not change and a
\`detail\` that says how to solve it: \`unknown_route\` (404) and \`method_not_allowed\` (405) for what is not in here.
Answers may get more members; leave alone those that you do not know.`;

/** What stands in the path is the same for each of its methods. */
function parametersOf(path: string): Record<string, JsonSchema> {
  const names = pathParameters(path);
  if (names.length === 0) return {};
  const parameters = names.map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'id' ? { type: 'string', minLength: 1 } : ref('Name'),
  }));
  return { parameters: parameters as unknown as JsonSchema };
}

function operationOf(call: DescribedCall, schemas: Schemas): JsonSchema {
  const parameters = [
    ...parametersIn('query', call.query ?? {}),
    ...parametersIn('header', call.headers ?? {}),
    ...(takesEveryForm(call) ? eventHeaders : []),
    ...(call.revalidates === true ? ifNoneMatch : []),
  ];
  return {
    operationId: operationId(call.summary),
    summary: call.summary,
    ...(call.description !== undefined && { description: call.description }),
    tags: [call.tag],
    ...(parameters.length > 0 && { parameters }),
    ...(call.body !== undefined && { requestBody: bodyOf(call, schemas) }),
    responses: responsesOf(call),
    // OpenAPI lets a scheme without scopes of its own list what a call requires.
    security: call.caller === 'anyone' ? [] : [{ key: needsOf(call) === 'nothing' ? [] : [needsOf(call)] }],
  };
}

const takesEveryForm = ({ body }: DescribedCall) =>
  body !== undefined && isEvents(body) && body.events === 'every form';

/** `List the topics` is `listTheTopics`. */
const operationId = (summary: string) =>
  summary
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, ' ')
    .trim()
    .replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase());

const parametersIn = (
  place: string,
  parameters: { readonly [name: string]: Omit<Parameters[string], 'read'> },
) =>
  Object.entries(parameters).map(([name, { text, schema, required = false }]) => ({
    name,
    in: place,
    description: text,
    required,
    schema,
  }));

const eventHeaders = parametersIn(
  'header',
  Object.fromEntries(
    Object.entries({
      ...binaryHeaders,
      traceparent: 'A W3C trace context, for events that bring none.',
    }).map(([name, text]) => [name, { text, schema: { type: 'string' } }]),
  ),
);

const ifNoneMatch = parametersIn('header', {
  'if-none-match': {
    text: 'The `ETag` of an earlier response: 304 without a body when nothing has changed.',
    schema: { type: 'string' },
  },
});
const etagHeader = {
  etag: { description: 'Stands for this response in `If-None-Match`.', schema: { type: 'string' } },
};

function bodyOf(call: DescribedCall, schemas: Schemas): JsonSchema {
  const name = requestNameOf(call);
  if (name === undefined) return eventsBody;
  const { required, oneOf, allOf } = schemas[name] ?? {};
  return {
    // An empty body is an empty object, which will do where no field must be there.
    required: [required, oneOf, allOf].some((demand) => demand !== undefined),
    content: Object.fromEntries(
      bodyTypesOf(call.method).map((type) => [type, { schema: ref(name), example: call.example }]),
    ),
  };
}

const eventsBody: JsonSchema = {
  required: false,
  description:
    'Events in one of four forms. In the binary mode of CloudEvents the attributes are `ce-` headers, and the body, of any media type, is the data.',
  content: {
    'application/json': {
      schema: { anyOf: [ref('EventShorthand'), ref('EventShorthands')] },
      examples: eventExamples.shorthand,
    },
    [structured]: { schema: ref('CloudEvent'), examples: eventExamples.structured },
    [batched]: { schema: ref('CloudEvents'), examples: eventExamples.batched },
    '*/*': { schema: {}, examples: eventExamples.binary },
  },
};

function responsesOf(call: DescribedCall): JsonSchema {
  const responses: Record<string, JsonSchema> = {};
  for (const [status, answer] of Object.entries(call.responses)) {
    const done = answer === null ? {} : { content: json(ref(answer)) };
    const headers = call.revalidates === true ? { headers: etagHeader } : {};
    responses[status] = { description: doneTexts[status] ?? 'It is done.', ...headers, ...done };
  }
  if (call.revalidates === true) responses[304] = { description: 'It has not changed.', headers: etagHeader };
  const codes = errorsOf(call);
  const statuses = new Set([...codes.map(statusOf), ...ofGateway]);
  for (const status of [...statuses].sort((one, other) => one - other)) {
    const own = [...new Set(codes)].filter((code) => statusOf(code) === status).sort();
    // What every call has is described once.
    responses[status] = shared.includes(status)
      ? { $ref: `#/components/responses/${status}` }
      : refusalOf(status, own);
  }
  return responses;
}

const shared: readonly number[] = [401, 429, 500, 503];
const sharedResponses = (): Schemas => ({
  401: refusalOf(401, ['unauthorized']),
  429: refusalOf(429, ['quota_exceeded', 'too_many_wrong_keys']),
  500: refusalOf(500, ['internal']),
  503: refusalOf(503, ['unavailable']),
});

function refusalOf(status: number, own: readonly ErrorCode[]): JsonSchema {
  return {
    description: own.length === 0 ? (gatewayTexts[status] ?? '') : `${own.map(titleOf).join('. ')}.`,
    ...(retryable.includes(status) && { headers: { 'retry-after': retryAfter } }),
    content: {
      ...(own.length > 0 && { [problem]: { schema: problemOf(status, own) } }),
      ...(status === 429 && {
        [problem]: { schema: { anyOf: [ref('Overloaded'), problemOf(status, own)] } },
      }),
      ...(ofGateway.includes(status) && gateway),
    },
  };
}

const doneTexts: Readonly<Record<string, string>> = {
  201: 'It was made.',
  202: 'It was taken; what follows goes on.',
};
const gatewayTexts: Readonly<Record<number, string>> = {
  413: 'The request is larger than API Gateway or Lambda take.',
  429: 'Too many requests at a time: try again later.',
};
const retryable: readonly number[] = [409, 429, 503];
const retryAfter = {
  description: 'In so many seconds it may be tried again.',
  schema: { type: 'integer', minimum: 0 },
};

const problemOf = (status: number, codes: readonly ErrorCode[]) => ({
  ...ref('Problem'),
  properties: { status: { const: status }, code: { enum: codes } },
});

const problemSchemas: Schemas = {
  Problem: {
    type: 'object',
    description: 'A problem document (RFC 9457).',
    required: ['type', 'title', 'status', 'detail', 'code'],
    properties: {
      type: { type: 'string', pattern: '^urn:busbar:problem:[a-z_]+$' },
      title: { type: 'string' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string', description: 'The cause, and how to solve it.' },
      code: { enum: errorCodes, description: 'It does not change.' },
      errors: { type: 'array', items: ref('FieldError'), description: 'The fields that were wrong.' },
      events: {
        description: 'What became of each event of a publish; or which events have an ambiguous id.',
        anyOf: [
          { type: 'array', items: ref('PublishedEvent') },
          { type: 'array', items: { type: 'object', required: ['source'] } },
        ],
      },
      breaking: {
        type: 'object',
        description: 'Which of the latest events the new schema would refuse.',
        required: ['events', 'refused', 'samples'],
        properties: {
          events: { type: 'integer', minimum: 0, description: 'How many were looked at.' },
          refused: { type: 'integer', minimum: 1 },
          samples: {
            type: 'array',
            items: {
              type: 'object',
              required: ['id', 'source', 'type', 'publishedAt', 'errors'],
              properties: {
                id: { type: 'string' },
                source: { type: 'string' },
                type: { type: 'string' },
                publishedAt: { type: 'string', format: 'date-time' },
                errors: { type: 'array', items: ref('FieldError') },
              },
            },
          },
        },
      },
      state: { type: 'string', description: 'How the transaction was decided.' },
      redrive: { ...ref('Redrive'), description: 'The one that is running.' },
      quota: { type: 'string', description: 'The quota that is used up.' },
      application: { type: 'string', description: 'The application whose quota it is.' },
      limit: { type: 'integer', minimum: 0, description: 'How much the quota allows.' },
    },
  },
  GatewayMessage: {
    type: 'object',
    description: 'What API Gateway answers by itself.',
    required: ['message'],
    properties: { message: { type: 'string' } },
  },
  Overloaded: {
    type: 'object',
    description: 'The local target refuses to be published to while it cannot keep up.',
    required: ['type', 'title', 'status', 'detail', 'code'],
    properties: { status: { const: 429 }, code: { const: 'overloaded' } },
  },
};
