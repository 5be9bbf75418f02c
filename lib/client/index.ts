export {
  type Client,
  type ClientOptions,
  createClient,
  type PublishAnswer,
  type PublishOptions,
  type ReceiverSettings,
  type TopicSettings,
} from './client.ts';
export type { CloudEvent, EntryResult, EntryStatus, EventInput, EventShorthand } from './cloud-event.ts';
export { BusbarError, type Problem, PublishInterruptedError, PublishRejectedError } from './errors.ts';
export { createReceiver, type Receiver, type ReceiverOptions } from './receiver.ts';
export type { ClientClock, RetryOptions } from './retry.ts';
export {
  type Delivery,
  VerificationError,
  type VerificationFailure,
  type VerifyOptions,
  verify,
} from './verify.ts';
