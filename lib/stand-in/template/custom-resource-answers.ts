import type { Clock, Random } from '../engines/engine.ts';
import type { CustomResourceAnswers } from './resource.ts';

export interface AnswerBox extends CustomResourceAnswers {
  /** Takes the body that was PUT to a path; false when nothing waits at it. */
  take(path: string, body: string): boolean;
}

const prefix = '/cloudformation/';

export const isAnswerPath = (path: string) => path.startsWith(prefix);

/** The place where functions of custom resources send their answers, below the AWS endpoint. */
export function createAnswerBox(host: {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
}): AnswerBox {
  const waiting = new Map<string, (answer: unknown) => void>();
  return {
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
    take(path, body) {
      const resolve = waiting.get(path);
      if (resolve === undefined) return false;
      waiting.delete(path);
      resolve(parsed(body));
      return true;
    },
  };
}

/** An answer that is no JSON is handed on as it is; whoever waits refuses what it cannot read. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
