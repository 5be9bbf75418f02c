import { randomBytes } from 'node:crypto';

/**
 * Takes the place of `address` in bundles. The client makes message ids of the machine's MAC address, the process
 * id, the second and a counter. Instances of a Lambda function may share the first two, and then two messages get
 * the same id; and finding the address starts a process. Six random bytes are what the id needs instead.
 */
const mac = randomBytes(6)
  .toString('hex')
  .replace(/(..)(?!$)/g, '$1:');

export default {
  mac(callback: (error: Error | null, mac: string) => void): void {
    callback(null, mac);
  },
};
