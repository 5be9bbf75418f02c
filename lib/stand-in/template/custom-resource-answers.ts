import type { Clock, Random } from '../engines/engine.ts';
import type { CustomResourceAnswers } from './resource.ts';

export interface AnswerBox extends CustomResourceAnswers {
  /** Takes the body that was PUT to a path; false when nothing waits there. */
  take(path: string, body: string): boolean;
  /** The same for a whole URL; undefined when it is not one of this box. */
  takeUrl(url: string, body: string): boolean | undefined;
}

const prefix = '/cloudformation/';

export const isAnswerPath = (path: string) => path.startsWith(prefix);

/** Where the functions of custom resources send their answers: paths of the AWS endpoint. */
export function createAnswerBox(host: {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
}): AnswerBox {
  const waiting = new Map<string, (answer: unknown) => void>();
  function take(path: string, body: string): boolean {
    const resolve = waiting.get(path);
    if (resolve === undefined) return false;
    waiting.delete(path);
    resolve(parsed(body));
    return true;
  }

  return {
    take,
    takeUrl: (url, body) =>
      url.startsWith(`${host.endpoint}${prefix}`) ? take(new URL(url).pathname, body) : undefined,
    expect(timeoutMs) {
      const path = `${prefix}${host.random.uuid()}`;
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const cancelTimer = host.clock.setTimer(timeoutMs, () => resolve(undefined));
      waiting.set(path, resolve);
      return {
        responseUrl: host.endpoint + path,
        answer: promise,
        cancel() {
          cancelTimer();
          waiting.delete(path);
        },
      };
    },
  };
}

/** An answer that is not JSON is passed on as it is; the deployment rejects it. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
