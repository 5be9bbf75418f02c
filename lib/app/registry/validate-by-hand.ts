import type { Principal } from '../../core/access/access.ts';
import { invalidField } from '../../core/kernel/errors.ts';
import { isPending, reopened } from '../../core/registry/handshake.ts';
import { showReceiver } from '../../core/registry/kinds.ts';
import type { ShownReceiver } from '../../core/registry/receiver.ts';
import { followSoon } from './polling.ts';
import { changeOwnReceiver } from './receivers.ts';
import { ask, endSchedule, expectValidation, type ValidateTools } from './validate.ts';

/**
 * Asks the endpoint of a receiver again, by hand.
 * @throws BusbarError unknown_receiver, forbidden; invalid_request when it needs no agreement.
 */
export async function validateReceiver(
  tools: ValidateTools,
  principal: Principal,
  name: string,
): Promise<ShownReceiver> {
  const handshake = { receiver: name, validate: 'handshake' } as const;
  await expectValidation(tools, handshake);
  const receiver = await changeOwnReceiver(tools, principal, name, (was) => {
    if (was.validate !== 'handshake') {
      const detail = 'is none, so there is nothing to ask. Put the receiver with validate: handshake';
      throw invalidField('validate', detail);
    }
    return reopened(was, tools.clock.now());
  });
  if (isPending(receiver)) await expectValidation(tools, handshake);
  const asked = await ask(tools, receiver);
  const followed = await followSoon(tools, asked);
  if (followed && !isPending(asked)) await endSchedule(tools, name);
  return showReceiver(tools.sinks, asked, tools.clock.now());
}
