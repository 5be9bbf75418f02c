/**
 * What makes a document one of OpenAPI 3.1, as far as this bus uses it, written from the specification
 * (https://spec.openapis.org/oas/v3.1.0). Members that it does not know are refused: an unknown one is a mistake here.
 */
const strings = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
const closed = (properties: object, ...required: string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const map = (of: object) => ({ type: 'object', additionalProperties: of });
const list = (of: object) => ({ type: 'array', items: of });
const def = (name: string) => ({ $ref: `#/$defs/${name}` });
const orReference = (name: string) => ({
  if: { type: 'object', required: ['$ref'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: closed(strings('$ref', 'summary', 'description'), '$ref'),
  else: def(name),
});

export const openApi31 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...closed(
    {
      openapi: { pattern: '^3\\.1\\.\\d+$' },
      info: closed(
        {
          ...strings('title', 'version', 'summary', 'description', 'termsOfService'),
          license: {
            ...closed(strings('name', 'identifier', 'url'), 'name'),
            not: { required: ['identifier', 'url'] },
          },
        },
        'title',
        'version',
      ),
      servers: list(closed(strings('url', 'description'), 'url')),
      security: list(def('securityRequirement')),
      tags: { ...list(closed(strings('name', 'description'), 'name')), uniqueItems: true },
      paths: { type: 'object', patternProperties: { '^/': def('pathItem') }, additionalProperties: false },
      components: closed({
        schemas: { ...map(def('schema')), propertyNames: { pattern: '^[a-zA-Z0-9._-]+$' } },
        responses: map(orReference('response')),
        securitySchemes: map(def('securityScheme')),
      }),
    },
    'openapi',
    'info',
    'paths',
  ),
  $defs: {
    // Of draft 2020-12; each is checked by its meta-schema.
    schema: { type: ['object', 'boolean'] },
    securityRequirement: map(list({ type: 'string' })),
    securityScheme: closed(
      { type: { const: 'http' }, ...strings('scheme', 'bearerFormat', 'description') },
      'type',
      'scheme',
    ),
    pathItem: closed({
      ...strings('summary', 'description'),
      parameters: { ...list(orReference('parameter')), uniqueItems: true },
      ...Object.fromEntries(
        ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'].map((method) => [
          method,
          def('operation'),
        ]),
      ),
    }),
    operation: closed({
      ...strings('summary', 'description', 'operationId'),
      tags: list({ type: 'string' }),
      parameters: { ...list(orReference('parameter')), uniqueItems: true },
      requestBody: orReference('requestBody'),
      responses: {
        type: 'object',
        minProperties: 1,
        patternProperties: { '^[1-5](\\d\\d|XX)$': orReference('response') },
        properties: { default: orReference('response') },
        additionalProperties: false,
      },
      deprecated: { type: 'boolean' },
      security: list(def('securityRequirement')),
    }),
    parameter: {
      ...closed(
        {
          ...strings('name', 'description'),
          in: { enum: ['query', 'header', 'path', 'cookie'] },
          required: { type: 'boolean' },
          schema: def('schema'),
          example: {},
        },
        'name',
        'in',
        'schema',
      ),
      allOf: [
        {
          if: { properties: { in: { const: 'path' } } },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
          then: { required: ['required'], properties: { required: { const: true } } },
        },
        {
          // These three are no parameters, whatever stands there (section 4.8.12.1).
          not: {
            properties: {
              in: { const: 'header' },
              name: { pattern: '^(?i:accept|content-type|authorization)$' },
            },
          },
        },
      ],
    },
    requestBody: closed(
      { ...strings('description'), content: def('content'), required: { type: 'boolean' } },
      'content',
    ),
    content: {
      ...map(closed({ schema: def('schema'), example: {}, examples: map(def('example')) })),
      propertyNames: { pattern: '^[^/]+/[^/]+$' },
    },
    example: closed({ ...strings('summary', 'description', 'externalValue'), value: {} }),
    response: closed(
      { ...strings('description'), headers: map(def('header')), content: def('content') },
      'description',
    ),
    header: closed(
      { ...strings('description'), required: { type: 'boolean' }, schema: def('schema') },
      'schema',
    ),
  },
} as const;
