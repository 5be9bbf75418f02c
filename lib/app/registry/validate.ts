import type { Sinks } from '../../connectors/kind.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import {
  applyAnswer,
  askIsDue,
  asking,
  createToken,
  hashToken,
  isPending,
  judgeAnswer,
  requestedRate,
} from '../../core/registry/handshake.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { redact } from '../../core/registry/redact.ts';
import type { ValidateMode } from '../../core/registry/validation.ts';
import type { Watches } from '../../runtime/aws/watches.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Http } from '../../runtime/http/http.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import { followState, type PollingTools } from './polling.ts';

/** How long an endpoint may take to answer the handshake: a PUT waits for it. */
const validationTimeoutSeconds = 8;

export interface ValidateTools extends PollingTools {
  readonly sinks: Sinks;
  readonly registry: RegistryStore;
  readonly validations: Watches;
  readonly http: Http;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The DNS name by which the bus introduces itself to endpoints. */
  readonly origin: string;
  /** The URL at which the owner of an endpoint reaches the bus; undefined when it is unknown. */
  readonly apiUrl: string | undefined;
}

/**
 * Called before a receiver that may become pending is written: it makes sure that the endpoint will be asked again. A
 * pending receiver never lacks its schedule, even after a crash.
 */
export async function expectValidation(
  tools: Pick<ValidateTools, 'validations'>,
  receiver: { readonly receiver: string; readonly validate?: ValidateMode | undefined },
): Promise<void> {
  if (receiver.validate === 'handshake') await tools.validations.start(receiver.receiver);
}

/** Asks the endpoint of a receiver that was just written, unless it has already agreed. */
export async function validateWritten(tools: ValidateTools, written: Receiver): Promise<Receiver> {
  if (!isPending(written)) return written;
  // The schedule may have found nothing to do and ended meanwhile.
  await tools.validations.start(written.receiver);
  const asked = await ask(tools, written);
  if (!isPending(asked)) await endSchedule(tools, written.receiver);
  return asked;
}

/**
 * Looks after a receiver whose endpoint has not agreed yet: asks it when that is due. It is called every few minutes as
 * long as the receiver is pending, and completes what a crash left undone.
 */
export async function continueValidation(tools: ValidateTools, name: string): Promise<void> {
  let receiver = await tools.registry.receiver(name);
  if (receiver !== undefined && isPending(receiver)) {
    if (!askIsDue(receiver, tools.clock.now())) return;
    receiver = await ask(tools, receiver);
  }
  if (receiver !== undefined) await followState(tools, receiver);
  if (receiver === undefined || !isPending(receiver)) await endSchedule(tools, name);
}

/** A receiver may become pending while its schedule is deleted: then it gets a new one. */
export async function endSchedule(
  tools: Pick<ValidateTools, 'registry' | 'validations'>,
  name: string,
): Promise<void> {
  await tools.validations.stop(name);
  const current = await tools.registry.receiver(name);
  if (current !== undefined && isPending(current)) await tools.validations.start(name);
}

/** Sends the validation request (section 4.1) and stores the result. */
export async function ask(tools: ValidateTools, receiver: Receiver): Promise<Receiver> {
  const { receiver: name, endpoint } = receiver;
  const sink = tools.sinks.of(receiver);
  const token = createToken(tools.random);
  const change = async (to: (was: Receiver) => Receiver) => {
    const { now } = await tools.registry.changeReceiver(name, (was) => {
      if (was === undefined)
        throw new BusbarError(
          'unknown_receiver',
          `The receiver ${name} was deleted while its endpoint was asked.`,
        );
      return to(was);
    });
    return now;
  };
  await change((was) => asking(was, endpoint, hashToken(token), tools.clock.now()));
  const rate = requestedRate(receiver);
  const result = await tools.http.send({
    method: 'OPTIONS',
    url: endpoint,
    headers: {
      ...sink.askHeaders?.(receiver),
      'user-agent': 'busbar/1',
      'webhook-request-origin': tools.origin,
      ...(rate !== undefined && { 'webhook-request-rate': String(rate) }),
      // An endpoint that has agreed is only asked whether it still agrees.
      ...(tools.apiUrl !== undefined &&
        isPending(receiver) && { 'webhook-request-callback': callbackUrl(tools.apiUrl, name, token) }),
    },
    timeoutMs: validationTimeoutSeconds * 1000,
  });
  const nowMs = tools.clock.now();
  const judged = judgeAnswer(result, tools.origin, nowMs);
  // An endpoint may echo what it was sent.
  const answer =
    judged.kind === 'granted'
      ? judged
      : { ...judged, detail: redact(judged.detail, [...sink.credentials(receiver), token]) };
  tools.log(answer.kind === 'granted' ? 'info' : 'warn', `An endpoint was asked: ${answer.kind}`, {
    receiver: name,
    ...(answer.kind !== 'granted' && { detail: answer.detail }),
  });
  return await change((was) => applyAnswer(was, endpoint, answer, nowMs));
}

const callbackUrl = (apiUrl: string, receiver: string, token: string) =>
  `${apiUrl}/v1/receivers/${receiver}/validation?token=${token}`;
