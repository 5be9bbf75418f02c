import { App, DefaultStackSynthesizer, type IStackSynthesizer } from 'aws-cdk-lib';
import declaration from '../busbar.config.ts';
import { BusStack } from '../lib/stacks/bus-stack.ts';

const app = new App({ analyticsReporting: false });
const prefix: string = app.node.tryGetContext('prefix') ?? 'busbar';
// Without hyphens: else the names of the bus `a` could be those of the bus `a-b`, and so could its rights.
if (!/^[a-z][a-z0-9]{0,15}$/.test(prefix)) {
  throw new Error(
    `The context value prefix is ${JSON.stringify(prefix)}. It starts every name: 1 to 16 of a-z and 0-9.`,
  );
}
const tableKeyArn: string | undefined = app.node.tryGetContext('tableKey');
if (tableKeyArn !== undefined && !/^arn:[^:]+:kms:[^:]+:\d{12}:key\/[\w-]+$/.test(tableKeyArn)) {
  throw new Error(
    `The context value tableKey is ${JSON.stringify(tableKeyArn)}. Give the ARN of a KMS key: arn:aws:kms:…:key/…, no alias.`,
  );
}
// The bootstrap rule would make the template ask SSM, which only a real deployment has.
const synthesizer = new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer;
new BusStack(app, 'Busbar', {
  stackName: prefix === 'busbar' ? 'Busbar' : `Busbar-${prefix}`,
  description: 'Busbar, a serverless event bus',
  prefix,
  declaration,
  tableKeyArn,
  synthesizer,
});
