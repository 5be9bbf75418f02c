import { byDelivery, type Checker } from './checker.ts';

/** The id of a delivery is the same over all its attempts, and no other delivery has it. */
export const stableDeliveryId: Checker = {
  name: 'stable-delivery-id',
  *check({ attempts }) {
    const owners = new Map<string, string>();
    for (const [key, group] of byDelivery(attempts)) {
      const ids = new Set(group.map(({ deliveryId }) => deliveryId));
      const about = key.split(' ');
      if (ids.size > 1) yield { message: `${key} came under the ids ${[...ids].join(' and ')}.`, about };
      for (const id of ids) {
        const owner = owners.get(id);
        if (owner !== undefined) yield { message: `${id} is the id of ${owner} and of ${key}.`, about };
        owners.set(id, key);
      }
    }
  },
};
