/** Takes the place of `egg-logger` in bundles: it would write below $HOME, and the bus always hands in a logger. */
export class EggLogger {
  constructor() {
    throw new Error('The RocketMQ client was made without a logger. Make it with clientOptions().');
  }
}
