import { childTrace } from '../../core/deliver/delivery.ts';
import { unwritable } from '../../core/deliver/fault.ts';
import { busHop, hopsAttribute, passOn, readHops } from '../../core/event/hops.ts';
import type { EndpointPolicy } from '../../core/kernel/endpoint.ts';
import { redact } from '../../core/registry/redact.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type { KindSender, Sender } from '../kind.ts';
import type { RocketMq } from './client.ts';
import { messageOf } from './cloud-message.ts';
import { rocketMqHop } from './hop.ts';
import { rocketMq, timeoutSeconds } from './kind.ts';
import type { RocketMqReceiver } from './receiver.ts';
import { outcomeOfRocketMq, rocketMqRefusal } from './target.ts';

export interface RocketMqSenderTools {
  readonly rocketmq: RocketMq;
  readonly clock: Clock;
  readonly random: Random;
  readonly endpoints: EndpointPolicy;
  readonly rocketMqEndpoints: readonly string[];
  /** What tells this bus from all others (core/hops). */
  readonly busId: string;
}

export const createRocketMqSender = (tools: RocketMqSenderTools): KindSender<RocketMqReceiver> => ({
  field: rocketMq.field,
  open: async (receiver) => openSender(tools, receiver),
});

/**
 * Sends to a topic of RocketMQ by one client for the whole batch, which is opened with the first message and closed
 * with the last: its heartbeats would stand still while the function is frozen.
 */
function openSender(tools: RocketMqSenderTools, receiver: RocketMqReceiver): Sender {
  const { rocketmq: target } = receiver;
  const place = rocketMqHop(target.endpoint, target.topic);
  const credentials = rocketMq.credentials(receiver);
  let opening: ReturnType<RocketMq['openProducer']> | undefined;
  const open = () => {
    opening ??= tools.rocketmq.openProducer(
      {
        endpoint: target.endpoint,
        tls: target.tls ?? true,
        timeoutSeconds: timeoutSeconds(receiver),
        ...(target.credentials !== undefined && { credentials: target.credentials }),
      },
      { topics: [target.topic] },
    );
    return opening;
  };
  const failed = (failure: Parameters<typeof outcomeOfRocketMq>[0]) => {
    const outcome = outcomeOfRocketMq(failure);
    return { ...outcome, message: redact(outcome.message, credentials) };
  };

  return {
    async send({ delivery, attempt, message, spanId }) {
      // The proxy was registered before the operator's list was shortened.
      const refusal = rocketMqRefusal(target.endpoint, {
        policy: tools.endpoints,
        allowed: tools.rocketMqEndpoints,
      });
      if (refusal !== undefined) {
        return { kind: 'failure', failure: 'forbidden', message: `The endpoint ${refusal}.` };
      }
      const { topic, receiver: name } = delivery;
      const from = busHop(tools.busId, topic === undefined ? { receiver: name } : { topic });
      const passage = passOn(hopsOf(delivery.body), from, place);
      if (passage.kind === 'stopped') return passage;
      let written: ReturnType<typeof messageOf>;
      try {
        written = messageOf({
          delivery,
          attempt,
          nowMs: tools.clock.now(),
          target,
          format: receiver.format === 'structured' ? 'structured' : 'binary',
          laneGroup: message.group,
          hops: passage.hops,
          traceparent: childTrace(delivery.traceparent, tools.random, spanId),
        });
      } catch (error) {
        return unwritable(error);
      }
      const opened = await open();
      if (opened.kind === 'failure') return failed(opened);
      const sent = await opened.producer.send(written);
      if (sent.kind === 'failure') return failed(sent);
      return { kind: 'answer', status: 200, retryAfter: undefined, response: `Stored as ${sent.messageId}` };
    },
    async close() {
      // Whoever awaited a client that could not be opened for a fault of ours was told so.
      const opened = await opening?.catch(() => undefined);
      if (opened?.kind === 'open') await opened.producer.close();
    },
  };
}

/** The body was read before, when the batch was sorted out. */
const hopsOf = (body: string) => readHops((JSON.parse(body) as Record<string, unknown>)[hopsAttribute]);
