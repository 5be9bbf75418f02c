import { BusbarError, invalidField } from '../../core/kernel/errors.ts';
import { agreedByToken, hashToken, readRate } from '../../core/registry/handshake.ts';
import { followSoon } from './polling.ts';
import type { ValidateTools } from './validate.ts';
import { endSchedule } from './validate.ts';

/**
 * The owner of an endpoint agrees by calling the URL that it was sent (section 4.1.3). The token is sufficient proof:
 * whoever registered the receiver never sees it.
 * @throws BusbarError unknown_validation, invalid_request.
 */
export async function takeCallback(
  tools: Pick<ValidateTools, 'registry' | 'mappings' | 'offloads' | 'validations' | 'clock' | 'log'>,
  name: string,
  token: string,
  allowedRate: string | undefined,
): Promise<{ readonly receiver: string; readonly state: 'granted' }> {
  const rate = readRate(allowedRate);
  if (rate === 'malformed') {
    const detail = 'must be * or a whole number above 0, in requests per minute';
    throw invalidField('webhook-allowed-rate', detail);
  }
  const { was, now } = await tools.registry.changeReceiver(name, (receiver) => {
    const agreed = receiver && agreedByToken(receiver, hashToken(token), rate, tools.clock.now());
    if (agreed !== undefined) return agreed;
    throw new BusbarError(
      'unknown_validation',
      'This validation URL is unknown or no longer valid. Use the URL of the latest validation request.',
    );
  });
  if (now !== was) tools.log('info', 'An endpoint agreed by its callback', { receiver: name });
  if (await followSoon(tools, now)) await endSchedule(tools, name);
  return { receiver: name, state: 'granted' };
}
