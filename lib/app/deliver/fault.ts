import type { Sender } from '../../connectors/kind.ts';
import { busFault, faultReceivesMax, reasonOf, recordUnattempted } from '../../core/deliver/fault.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { redact } from '../../core/registry/redact.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import { type Decision, type DeliverTools, postpone } from './batch.ts';

/** What is done when the bus itself fails between receiving and posting: nothing may leave a message without a decision. */

/** Stands for a sender that could not be opened: each attempt of the batch fails for that reason. */
export function failingSender(
  tools: Pick<DeliverTools, 'sinks' | 'log'>,
  receiver: Receiver,
  error: unknown,
): Sender {
  const outcome = brokenOff(tools, receiver, error, 'The bus could not prepare the attempt');
  return { send: async () => outcome, close: async () => undefined };
}

/** The outcome of an attempt that threw. */
export function brokenOff(
  tools: Pick<DeliverTools, 'sinks' | 'log'>,
  receiver: Receiver,
  error: unknown,
  what = 'The attempt broke off inside the bus',
): Outcome {
  const reason = redact(reasonOf(error), tools.sinks.of(receiver).credentials(receiver));
  tools.log('error', 'An attempt broke off', { receiver: receiver.receiver, reason });
  return busFault(`${what}: ${reason}`);
}

/** What is done with a message that broke the code around its attempt: it comes again, and dies in the end. */
export function faulted(
  tools: Pick<DeliverTools, 'clock' | 'random' | 'log'>,
  receiver: string,
  message: ReceivedMessage,
  error: unknown,
  deliveryId = message.messageId,
): Decision {
  const reason = reasonOf(error);
  tools.log('error', 'A message broke off', { receiver, messageId: message.messageId, reason });
  if (message.receives < faultReceivesMax) return postpone(tools, message, bus.ownFaultSeconds);
  const why = {
    cause: 'bus-fault',
    detail: `The bus failed ${message.receives} times to handle the message: ${reason}`,
  };
  return {
    message,
    done: true,
    deadLetter: recordUnattempted({ deliveryId, receiver }, why, tools.clock.now()),
  };
}
