import type * as z from 'zod';
import type { Principal } from '../core/access/access.ts';
import type { Need } from '../core/access/decide.ts';
import type { EventRequest } from '../core/event/forms.ts';
import type { ErrorCode } from '../core/kernel/errors.ts';
import type { AnswerName } from './openapi/answers.ts';
import type { Parameters, ParameterValues } from './parameters.ts';

/**
 * What a call of the HTTP API is. Each is described once, in the file of its noun: the router, the OpenAPI document and
 * the tables of docs/api.md are made from that entry.
 */

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
/** Such as `GET /v1/topics/{topic}`. */
export type CallName = `${Method} /v1/${string}`;

export const tags = {
  Bus: 'Whether it is there, and what it can do.',
  Applications: 'Teams that produce and consume, and their keys.',
  Audit: 'Who changed what, and who was refused.',
  Topics: 'Named streams of events, and who is subscribed to them.',
  Access: 'What topics there are, who may use them, and how others ask for it.',
  Hold: 'Topics that store their events for a while, and release them in order.',
  Receivers: 'Consumers: an endpoint with its own queues, policy and secret.',
  Publish: 'Events to every subscriber of a topic, or to one receiver.',
  Events: 'What became of an event; delayed events until they leave.',
  Schedules: 'An event again and again.',
  Transactions: 'Half messages: events that wait for the commit of their producer.',
  Refused: 'What the bus took over and cannot publish as it is.',
  Statistics: 'How much came and went, and how fast.',
  'Dead letters': 'What could not be delivered, with its cause.',
} as const;
export type Tag = keyof typeof tags;

/** `anyone` needs no key. `owner` is an application that owns what the call names, or an admin. */
export type Caller = 'anyone' | 'application' | 'owner';

/** `publish` and `invoke` are of the topic and the receiver that the path names. */
export type Needs = Extract<Need, string> | 'publish' | 'invoke';

/**
 * A body whose events keep their data letter by letter: the use case reads its bytes. The schema is for the document;
 * without one the body is events in any of their forms.
 */
export interface EventsBody {
  readonly events: z.ZodType | 'every form';
}
type Body = z.ZodType | EventsBody;

/** A response without a body is null; a PUT responds with 201 when it created something, else with 200. */
type Responses = Readonly<Partial<Record<200 | 201 | 202, AnswerName> & { 204: null }>>;

/** Everything about a call except who carries it out. */
export interface Description {
  /** A short sentence, which also makes the name of the call in generated clients. */
  readonly summary: string;
  /** What else there is to say, in Markdown. */
  readonly description?: string;
  readonly tag: Tag;
  readonly caller: Caller;
  /** What it needs of the role and scopes of a key; see `needsOf` for when it is left out. */
  readonly needs?: Needs;
  /** Whether it changes something, where its method says otherwise: each one but `GET` does. */
  readonly changes?: boolean;
  /** Answers with a key, and is of that key in the audit. */
  readonly signsIn?: true;
  /** Has a row in the audit, although it needs nothing of a key. */
  readonly audited?: true;
  /** Any other parameter is refused by name; a call without this ignores what its query holds. */
  readonly query?: Parameters;
  readonly headers?: Parameters;
  readonly body?: Body;
  /**
   * The path of a member of the body that is kept letter by letter: the input gets its text beside it, in a member with
   * the suffix `Text`. Numbers elsewhere must be exact as doubles.
   */
  readonly verbatim?: string;
  readonly responses: Responses;
  /** Answers with an `ETag`, and with 304 to who has that already (`If-None-Match`): for what is asked again and again. */
  readonly revalidates?: true;
  /** The codes of its refusals, except those that `errorsOf` adds. */
  readonly errors?: readonly ErrorCode[];
  /** A body, which the acceptance tests send to the running bus. */
  readonly example?: unknown;
}

export interface DescribedCall extends Description {
  readonly method: Method;
  readonly path: string;
}

/** The parameters of a path: `topic` and `id` of `/v1/topics/{topic}/held/{id}`. */
type PathParameter<Path> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathParameter<Rest>
  : never;

/** What a handler gets, parsed by the entry. */
export interface Input<Name extends string, Of extends Description> {
  readonly path: { readonly [Parameter in PathParameter<Name>]: string };
  readonly query: Of['query'] extends Parameters ? ParameterValues<Of['query']> : undefined;
  readonly headers: Of['headers'] extends Parameters ? ParameterValues<Of['headers']> : undefined;
  readonly body: Of['body'] extends EventsBody
    ? EventRequest
    : Of['body'] extends z.ZodType
      ? z.output<Of['body']>
      : undefined;
  /** The network address that the request came from. */
  readonly address: string;
  /** The hosts under which the bus itself is reached: an endpoint there would send events round in a circle. */
  readonly ownHosts: readonly string[];
}

type Result<Of extends Description> = Of['responses'] extends { 204: null }
  ? Promise<void>
  : Of['responses'] extends { 200: AnswerName; 201: AnswerName }
    ? Promise<{ readonly created: boolean; readonly document: object }>
    : Promise<object>;

/** Carries out a call: a use case with what it was asked. The principal of a call for anyone is undefined. */
type Handler<Tools, Name extends string, Of extends Description> = (
  tools: Tools,
  principal: Of['caller'] extends 'anyone' ? undefined : Principal,
  input: Input<Name, Of>,
) => Result<Of>;

/** A call with its handler, whose input has the types of the entry only there. */
export interface Call<Tools> extends DescribedCall {
  // biome-ignore lint/suspicious/noExplicitAny: what it takes depends on the entry.
  readonly handle: (tools: Tools, principal: any, input: any) => Promise<unknown>;
}

/** Describes the calls of a noun, whose handlers work with `Tools`. */
export const callsWith =
  <Tools>() =>
  <const Name extends CallName, const Of extends Description>(
    name: Name,
    description: Of,
    handle: Handler<Tools, Name, Of>,
  ): Call<Tools> => ({ ...describe(name, description), handle });

/** Describes a call that another function than the API's carries out. */
export function describe(name: CallName, description: Description): DescribedCall {
  const [method, path] = name.split(' ') as [Method, string];
  return { method, path, ...description };
}

/** A `GET` needs `read`, any other method `manage`, unless its entry says so. Without a key nothing is needed. */
export const needsOf = ({ method, caller, needs }: DescribedCall): Needs =>
  caller === 'anyone' ? 'nothing' : (needs ?? (method === 'GET' ? 'read' : 'manage'));

/**
 * Whether a call has a row in the audit when it succeeds. What publishes is traced instead: a row for each request would
 * cost more than its events.
 */
export const isAudited = (call: DescribedCall): boolean =>
  (call.changes ?? call.method !== 'GET') &&
  (call.audited === true || call.caller === 'anyone' || needsOf(call) === 'manage');

/** What a call needs, of what the path names. */
export function needFor(call: DescribedCall, path: Readonly<Record<string, string>>): Need {
  const needs = needsOf(call);
  if (needs === 'publish') return { publish: path.topic ?? '' };
  return needs === 'invoke' ? { invoke: path.receiver ?? '' } : needs;
}

export const nameOf = ({ method, path }: DescribedCall) => `${method} ${path}` as CallName;

/** The media types of a body that is one JSON document. A PATCH is a merge patch (RFC 7396), whichever it says. */
export const bodyTypesOf = (method: Method): readonly string[] =>
  method === 'PATCH' ? ['application/json', 'application/merge-patch+json'] : ['application/json'];

export const isEvents = (body: Body): body is EventsBody => 'events' in body;

/** The names in the braces of a path. */
export const pathParameters = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** Every code that a call may refuse with: its own, and those that follow from what it takes. */
export function errorsOf(call: DescribedCall): ErrorCode[] {
  const { caller, body, query, headers, errors = [] } = call;
  const parsesBody = body !== undefined && !(isEvents(body) && body.events === 'every form');
  // A publish looks its target up as it is named: a name that is not valid is an unknown one.
  const parsesNames = body === undefined || parsesBody;
  const hasName = parsesNames && pathParameters(call.path).some((name) => name !== 'id');
  return [
    ...errors,
    ...(parsesBody ? (['malformed_json', 'unsupported_media_type'] as const) : []),
    // Whatever its codings are, it must be decoded.
    ...(body !== undefined ? (['malformed_body', 'unsupported_encoding', 'request_too_large'] as const) : []),
    ...(parsesBody || hasName || query !== undefined || headers !== undefined
      ? (['invalid_request'] as const)
      : []),
    // A person whose groups have no role is forbidden every call that takes a key.
    ...(caller === 'anyone' ? [] : (['forbidden', 'unauthorized', 'too_many_wrong_keys'] as const)),
    ...(call.method === 'PUT' ? (['aws_limit'] as const) : []),
    'internal',
    'unavailable',
  ];
}
