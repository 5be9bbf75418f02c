/**
 * Why RocketMQ did not do what it was asked. `unreachable`, `timeout`, `throttled` and `broker` may pass by
 * themselves; `timeout` may mean that it was done all the same. `expired` is a receipt that no longer counts: the
 * message was acknowledged, or is on its way to somebody again.
 */
export type RocketMqFailureKind =
  | 'unreachable'
  | 'timeout'
  | 'throttled'
  | 'broker'
  | 'expired'
  | 'unauthorized'
  | 'not-found'
  | 'too-large'
  | 'refused';

export interface RocketMqFailure {
  readonly kind: 'failure';
  readonly failure: RocketMqFailureKind;
  /** Whether trying the same again is in vain until somebody changes something. */
  readonly permanent: boolean;
  /** The cause, for people. It never holds a credential. */
  readonly message: string;
}

const permanentKinds: readonly RocketMqFailureKind[] = [
  'expired',
  'unauthorized',
  'not-found',
  'too-large',
  'refused',
];

export function rocketMqFailure(failure: RocketMqFailureKind, message: string): RocketMqFailure {
  return { kind: 'failure', failure, permanent: permanentKinds.includes(failure), message };
}

/**
 * What a status code of RocketMQ 5 stands for
 * (https://github.com/apache/rocketmq-apis/blob/main/apache/rocketmq/v2/definition.proto, `enum Code`). A code that
 * is not known counts as passing, because a retry that is in vain does less harm than an event given up.
 */
export function failureOfRocketMqCode(code: number): RocketMqFailureKind {
  switch (code) {
    case 40013:
      return 'expired';
    case 40100:
    case 40300:
      return 'unauthorized';
    case 40800:
    case 50400:
    case 50401:
    case 50402:
      return 'timeout';
    case 42900:
    case 42901:
    case 42902:
    case 40200:
      return 'throttled';
    case 41300:
    case 41301:
    case 43100:
    case 43101:
      return 'too-large';
  }
  if (code >= 40400 && code < 40500) return 'not-found';
  if (code >= 40000 && code < 50000) return 'refused';
  // Not implemented, or not supported in this version.
  if (code === 50100 || (code >= 50500 && code < 50600)) return 'refused';
  return 'broker';
}

/** What a status of gRPC itself stands for (https://grpc.io/docs/guides/status-codes/). */
export function failureOfGrpcCode(code: number): RocketMqFailureKind {
  switch (code) {
    case 3:
    case 9:
    case 11:
    case 12:
      return 'refused';
    case 4:
      return 'timeout';
    case 5:
      return 'not-found';
    case 7:
    case 16:
      return 'unauthorized';
    case 8:
      return 'throttled';
    case 14:
      return 'unreachable';
    default:
      return 'broker';
  }
}
