import { createHash } from 'node:crypto';
import { AwsError, type EpochMs, type Host } from '../engine.ts';
import { constraint } from './errors.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const validityMs = 10 * 60 * 1000;
const tokenMaxLength = 36;

const rows = 'dynamodb.tokens';

interface Remembered {
  readonly fingerprint: string;
  readonly untilMs: EpochMs;
}

/** The `ClientRequestToken`s of the write transactions of the last ten minutes. */
export class Tokens {
  readonly #host: Host;
  /** In the order in which they expire. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(host: Host) {
    this.#host = host;
    for (const [token, value] of host.store.load(rows)) this.#remembered.set(token, value as Remembered);
  }

  /** Whether the same request was made before. Throws when the token was used for another request. */
  isRepeat(token: string, transactItems: unknown): boolean {
    if (token.length < 1 || token.length > tokenMaxLength) {
      throw constraint(
        'clientRequestToken',
        `'${token}'`,
        `Member must have length between 1 and ${tokenMaxLength}`,
      );
    }
    this.#forgetInvalid();
    const remembered = this.#remembered.get(token);
    if (remembered === undefined) return false;
    if (remembered.fingerprint === fingerprintOf(transactItems)) return true;
    throw new AwsError(
      'IdempotentParameterMismatchException',
      'The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical',
    );
  }

  remember(token: string, transactItems: unknown): void {
    const remembered: Remembered = {
      fingerprint: fingerprintOf(transactItems),
      untilMs: this.#host.clock.now() + validityMs,
    };
    this.#remembered.set(token, remembered);
    this.#host.store.put(rows, token, remembered);
  }

  #forgetInvalid(): void {
    const nowMs = this.#host.clock.now();
    for (const [token, { untilMs }] of this.#remembered) {
      if (untilMs > nowMs) return;
      this.#remembered.delete(token);
      this.#host.store.delete(rows, token);
    }
  }
}

/** Equal for requests with the same content, whatever the order of their members. */
function fingerprintOf(transactItems: unknown): string {
  return createHash('sha256').update(canonicalJson(transactItems)).digest('base64');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
    );
  });
}
