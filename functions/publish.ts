import middy from '@middy/core';
import { authenticate } from '../lib/app/access/authenticate.ts';
import { type Act, createAuditor } from '../lib/app/audit/auditor.ts';
import { ownersOf } from '../lib/app/audit/owners.ts';
import { publish } from '../lib/app/publish/publish.ts';
import type { EntryResult } from '../lib/app/publish/results.ts';
import type { Principal } from '../lib/core/access/access.ts';
import { targetOf as auditTargetOf, isCounted } from '../lib/core/audit/audit.ts';
import { directPublisher } from '../lib/core/event/publisher.ts';
import type { Target } from '../lib/core/event/target.ts';
import { BusbarError } from '../lib/core/kernel/errors.ts';
import { stringifyExact } from '../lib/core/kernel/exact-numbers.ts';
import { notUtf8 } from '../lib/core/kernel/json.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { audit, keys, rates, spans, tokens, wrongKeys } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';
import { publishing } from '../lib/runtime/tools.ts';
import {
  type ApiAnswer,
  type ApiEvent,
  bodyBytes,
  credentialsOf,
  jsonAnswer,
  problems,
} from './middleware/api.ts';

/**
 * What a producer with IAM rights invokes this function with: the same bodies as over HTTP, as text, with their
 * content type. The answer is that of the API; a refusal is an error of the function.
 */
export interface DirectPublish {
  readonly topic?: string;
  readonly receiver?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it would be posted, or the JSON value itself. */
  readonly body: unknown;
}

export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { ...publishing, audit, keys, rates, spans, tokens, wrongKeys });

  const auditor = createAuditor(tools);

  const overHttp = middy<ApiEvent, ApiAnswer>()
    .use(problems(runtime.log))
    .handler(async (event) => {
      let principal: Principal | undefined;
      const names = namesOf(event);
      try {
        principal = await authenticate(tools, credentialsOf(event));
        const answer = await publish(tools, principal, targetOf(names), {
          contentType: event.headers['content-type'],
          headers: event.headers,
          body: await bodyBytes(event),
        });
        return jsonAnswer(202, answer);
      } catch (error) {
        if (error instanceof BusbarError && isCounted(error.status)) {
          await auditor.refused(actOf(names, event, principal), error.status);
        }
        throw error;
      }
    });

  function actOf(names: Names, { requestContext }: ApiEvent, principal: Principal | undefined): Act {
    const path = 'topic' in names ? '/v1/topics/{topic}/events' : '/v1/receivers/{receiver}/events';
    return {
      principal,
      call: `POST ${path}`,
      target: auditTargetOf(path, names),
      requestId: requestContext.requestId,
      owners: () => ownersOf(tools, names),
    };
  }

  /** IAM has let the caller in, who may publish to everything, as an admin may. */
  const direct = (event: DirectPublish): Promise<{ events: EntryResult[] }> => {
    const principal = { application: 'direct', role: 'admin' } as const;
    const headers = Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    const request = {
      contentType: event.contentType ?? 'application/json',
      headers: Object.fromEntries(headers),
      body: Buffer.from(directText(event.body), 'utf8'),
    };
    return publish(tools, principal, targetOf(event), request, directPublisher);
  };

  return (event: ApiEvent | DirectPublish, context: never): Promise<unknown> =>
    'requestContext' in event ? overHttp(event, context) : direct(event);
}

type Names = Readonly<Record<string, string>>;

/** The two calls of this function, as they are written in a URL; names have no characters that need an escape. */
const calls = /^\/v1\/(?:topics\/(?<topic>[^/]+)|receivers\/(?<receiver>[^/]+))\/events\/?$/;

/**
 * What a request names. The API has matched the path; the URL of the function passes any request on.
 * @throws BusbarError unknown_route.
 */
function namesOf({ pathParameters, rawPath, requestContext }: ApiEvent): Names {
  // Test events of the Lambda console have no method.
  const method = requestContext.http?.method;
  const names = pathParameters ?? (method === 'POST' ? calls.exec(rawPath)?.groups : undefined);
  if (names !== undefined) return definedOf(names);
  throw new BusbarError(
    'unknown_route',
    `There is no ${method} ${rawPath} here. This URL only takes events: POST /v1/topics/{topic}/events and POST /v1/receivers/{receiver}/events. All other calls are at the URL of the API, the output ApiUrl of the stack.`,
  );
}

const definedOf = (names: Readonly<Record<string, string | undefined>>): Names =>
  Object.fromEntries(
    Object.entries(names).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

/** @throws BusbarError malformed_json, invalid_request when the runtime of Lambda has already rounded a number. */
function directText(body: unknown): string {
  if (typeof body !== 'string') {
    requireSafe(body ?? null);
    return stringifyExact(body ?? null);
  }
  if (!body.isWellFormed()) throw notUtf8();
  return body;
}

function requireSafe(value: unknown): void {
  if (
    typeof value === 'number' &&
    !(Number.isSafeInteger(value) || Math.abs(value) < Number.MAX_SAFE_INTEGER)
  ) {
    throw new BusbarError(
      'invalid_request',
      `body has the number ${value}, which Lambda may have rounded before this function. Send the body as text, which is kept as it is.`,
    );
  }
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(requireSafe);
}

function targetOf(names: { topic?: string | undefined; receiver?: string | undefined }): Target {
  if (names.topic !== undefined && names.receiver === undefined) return { topic: names.topic };
  if (names.receiver !== undefined && names.topic === undefined) return { receiver: names.receiver };
  throw new BusbarError('invalid_request', 'Name one target: a topic, or a receiver.');
}

export const handler = lazy(() => create(systemRuntime()));
