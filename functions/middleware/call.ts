import { BusbarError } from '../../lib/core/errors.ts';
import { nameSchema } from '../../lib/core/registry.ts';
import { type ApiAnswer, type ApiEvent, bodyBytes, jsonAnswer } from './api.ts';

/** The answers of calls. */
export const ok = (document: unknown) => jsonAnswer(200, document);
export const put = ({ created, document }: { created: boolean; document: unknown }) =>
  jsonAnswer(created ? 201 : 200, document);
/** The answer to a deletion, once it is done. */
export const gone = async (done: Promise<void>): Promise<ApiAnswer> => {
  await done;
  return { statusCode: 204 };
};

/** A name of the path. @throws BusbarError invalid_request. */
export function name(event: ApiEvent, parameter: 'topic' | 'receiver' | 'schedule'): string {
  const parsed = nameSchema.safeParse(event.pathParameters?.[parameter]);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues[0]?.message ?? 'is no name';
  throw new BusbarError('invalid_request', `${parameter} ${detail}.`, {
    fields: [{ path: parameter, detail }],
  });
}

/** A part of the path that may hold anything; the API has unescaped it, so that it cannot hold a slash. */
export const text = (event: ApiEvent, parameter: string): string => event.pathParameters?.[parameter] ?? '';

/** A body whose events keep their data letter by letter. */
export const eventRequest = (event: ApiEvent) => ({
  contentType: event.headers['content-type'],
  headers: event.headers,
  body: bodyBytes(event),
});

/** What a call takes in its query. @throws BusbarError invalid_request for anything else. */
export function query<Name extends string>(event: ApiEvent, ...names: Name[]): Partial<Record<Name, string>> {
  const given = event.queryStringParameters ?? {};
  const unknown = Object.keys(given).find((parameter) => !names.includes(parameter as Name));
  if (unknown !== undefined) {
    throw new BusbarError('invalid_request', `${unknown} is no parameter here; ${names.join(', ')} are.`, {
      fields: [{ path: unknown, detail: 'is no parameter here' }],
    });
  }
  return given as Partial<Record<Name, string>>;
}

export function flag(event: ApiEvent, parameter: string): boolean {
  const value = event.queryStringParameters?.[parameter];
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new BusbarError('invalid_request', `${parameter} is ${JSON.stringify(value)}; it is true or false.`);
}

/** How the bus itself is reached: an endpoint there would send events round in a circle. */
export function ownHosts(event: ApiEvent): string[] {
  return [event.headers.host, event.requestContext.domainName].filter((host) => host !== undefined);
}
