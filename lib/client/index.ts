export {
  type Client,
  type ClientOptions,
  createClient,
  type ReceiverSettings,
  type TopicSettings,
} from './client.ts';
export type { CloudEvent, EntryResult, EntryStatus, EventInput, EventShorthand } from './cloud-event.ts';
export { BusbarError, type Problem, PublishInterruptedError, PublishRejectedError } from './errors.ts';
export {
  type Handler,
  type NewestOptions,
  newestOnly,
  type OnceOptions,
  type OnEvent,
  once,
  RetryLaterError,
} from './idempotency.ts';
export { JsonText } from './json-text.ts';
export { type MemoryStoreOptions, memoryStore } from './memory-store.ts';
export {
  type OutboxEvent,
  type OutboxOptions,
  type OutboxWrite,
  outboxAttributes,
  outboxEntry,
  outboxItem,
} from './outbox.ts';
export type { PublishAnswer, PublishOptions } from './publish.ts';
export type { EventFormat } from './received-event.ts';
export { createReceiver, type Receiver, type ReceiverOptions } from './receiver.ts';
export type { ClientClock, RetryOptions } from './retry.ts';
export {
  type BeginOptions,
  type CheckerOptions,
  type CheckVerdict,
  createChecker,
  type Transaction,
  type TransactionEvent,
} from './transactions.ts';
export {
  type Delivery,
  VerificationError,
  type VerificationFailure,
  type VerifyOptions,
  verify,
} from './verify.ts';
export type { Begun, Work, WorkStore } from './work-store.ts';
