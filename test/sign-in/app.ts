import { App } from 'aws-cdk-lib';
import { defineBus } from '../../lib/connectors/declaration.ts';
import { BusStack } from '../../lib/stacks/bus-stack.ts';

/** As bin/app.ts, with the declaration that the test gives in its environment. */
const app = new App({ analyticsReporting: false });
new BusStack(app, 'Busbar', {
  stackName: 'Busbar',
  prefix: 'busbar',
  declaration: defineBus(JSON.parse(process.env.TEST_DECLARATION ?? '{}')),
});
