import { Construct } from 'constructs';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';

/** The web page of the bus. Its function is granted nothing but its log. */
export class Console extends Construct {
  readonly console: BusFunction;

  constructor(scope: Construct, id: string, { place }: Pick<BusPartProps, 'place'>) {
    super(scope, id);
    this.console = new BusFunction(this, 'Console', {
      name: 'console',
      prefix: place.prefix,
      description: 'Serves the files of the console',
      timeoutSeconds: 10,
      environment: {},
    });
  }
}
