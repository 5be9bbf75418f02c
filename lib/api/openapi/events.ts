import { absoluteUri, mediaType, uriReference } from '../../core/event/event.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { JsonSchema } from './json-schema.ts';

/** The forms of an event, as `lib/core/event/forms.ts` reads them by hand so that data stays letter by letter. */

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const characters = { type: 'string', minLength: 1, maxLength: 1024 } as const;
const time = { type: 'string', format: 'date-time' } as const;

/** The attributes of CloudEvents 1.0, each a member of the JSON forms and a `ce-` header of the binary mode. */
const attributes = {
  id: { ...characters, description: 'With the source it is what makes the event one and the same.' },
  source: {
    ...characters,
    pattern: uriReference.source,
    description: 'Where it comes from: a URI reference.',
  },
  type: { ...characters, description: 'What has happened, such as `order.placed`.' },
  subject: { ...characters, description: 'What it is about; the key of the order on an ordered topic.' },
  time: { ...time, description: 'When it happened; now when left out.' },
  datacontenttype: { ...characters, pattern: mediaType.source, description: 'The media type of the data.' },
  dataschema: { ...characters, pattern: absoluteUri.source, description: 'An absolute URI.' },
} as const satisfies Readonly<Record<string, JsonSchema>>;

const { id, source, type, subject } = attributes;
const orNull = ({ description, ...schema }: JsonSchema): JsonSchema => ({
  description,
  anyOf: [schema, { type: 'null' }],
});

const cloudEvent = {
  type: 'object',
  description: 'A CloudEvents 1.0 event. Further members are extension attributes.',
  required: ['specversion', 'id', 'source', 'type'],
  properties: {
    specversion: { const: '1.0' },
    id,
    source,
    type,
    subject: orNull(attributes.subject),
    time: orNull(attributes.time),
    datacontenttype: orNull(attributes.datacontenttype),
    dataschema: orNull(attributes.dataschema),
    data: { description: 'Anything; it is delivered letter by letter.' },
    data_base64: { type: ['string', 'null'], contentEncoding: 'base64' },
  },
  propertyNames: { pattern: '^([a-z0-9]{1,64}|data_base64)$' },
  additionalProperties: { type: ['string', 'integer', 'boolean', 'null'], maxLength: 1024 },
  not: { required: ['data', 'data_base64'] },
} as const satisfies JsonSchema;

const shorthand = {
  type: 'object',
  description: 'An event in short: the bus fills in what is left out.',
  required: ['type'],
  properties: {
    type,
    data: { description: 'Anything; it is delivered letter by letter.' },
    id: { ...id, description: 'Made by the bus when left out.' },
    source: {
      ...source,
      description:
        '`/applications/<application of the key>` when left out. No other application may be named so.',
    },
    subject,
    time: attributes.time,
    delaySeconds: {
      type: 'number',
      minimum: 0,
      maximum: bus.delaySecondsMax,
      description: 'It is delivered so much later.',
    },
    deliverAt: { ...time, description: 'It is delivered then; at once when that is past.' },
  },
  additionalProperties: false,
  not: { required: ['delaySeconds', 'deliverAt'] },
} as const satisfies JsonSchema;

const target = {
  topic: { ...ref('Name'), description: 'The topic to publish to; or give a receiver.' },
  receiver: { ...ref('Name'), description: 'The one receiver to invoke.' },
};
const oneTarget = { oneOf: [{ required: ['topic'] }, { required: ['receiver'] }] };

/** One event of a transaction: its target beside what the event is, in one of the two forms. */
export const transactionEvent: JsonSchema = {
  ...oneTarget,
  anyOf: [
    { ...shorthand, properties: { ...shorthand.properties, ...target } },
    {
      ...cloudEvent,
      properties: { ...cloudEvent.properties, ...target },
    },
  ],
};

const batchOf = (name: string): JsonSchema => ({
  type: 'array',
  items: ref(name),
  minItems: 1,
  maxItems: bus.requestEventsMax,
});

export const eventSchemas: Readonly<Record<string, JsonSchema>> = {
  CloudEvent: cloudEvent,
  CloudEvents: batchOf('CloudEvent'),
  EventShorthand: shorthand,
  EventShorthands: batchOf('EventShorthand'),
};

/** The headers of the binary mode (CloudEvents HTTP binding 1.0.2, section 3.1), and what each says. */
export const binaryHeaders: Readonly<Record<string, string>> = {
  'ce-specversion': 'Binary mode: `1.0`. The body is the data, and `content-type` is its media type.',
  ...Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => name !== 'datacontenttype')
      .map(([name, { description }]) => [
        `ce-${name}`,
        `Binary mode: ${description} Percent-encoded where it is not ASCII.`,
      ]),
  ),
};

const exampleEvent = {
  specversion: '1.0',
  id: '1001-placed',
  source: '/shop',
  type: 'order.placed',
  subject: '1001',
  time: '2026-01-31T12:00:00Z',
  datacontenttype: 'application/json',
  data: { orderId: '1001', total: 12.5 },
};

/** Examples of the forms; the acceptance tests send them to the running bus. */
export const eventExamples = {
  shorthand: {
    one: { value: { type: 'order.placed', data: { orderId: '1001', total: 12.5 } } },
    delayed: { value: [{ type: 'order.reminded', data: { orderId: '1001' }, delaySeconds: 3600 }] },
  },
  structured: { one: { value: exampleEvent } },
  batched: { some: { value: [exampleEvent, { ...exampleEvent, id: '1001-paid', type: 'order.paid' }] } },
  binary: { one: { value: { orderId: '1001', total: 12.5 } } },
} as const;
