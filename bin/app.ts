import { App, DefaultStackSynthesizer, type IStackSynthesizer } from 'aws-cdk-lib';
import declaration from '../busbar.config.ts';
import { BusStack } from '../lib/stacks/bus-stack.ts';

const app = new App({ analyticsReporting: false });
const prefix: string = app.node.tryGetContext('prefix') ?? 'busbar';
// No hyphens: otherwise names and permissions of a bus `a` could also match those of a bus `a-b`.
if (!/^[a-z][a-z0-9]{0,15}$/.test(prefix)) {
  throw new Error(
    `The context value prefix is ${JSON.stringify(prefix)}; it must have 1 to 16 characters of a-z and 0-9, because it begins every name.`,
  );
}
const tableKeyArn: string | undefined = app.node.tryGetContext('tableKey');
if (tableKeyArn !== undefined && !/^arn:[^:]+:kms:[^:]+:\d{12}:key\/[\w-]+$/.test(tableKeyArn)) {
  throw new Error(
    `The context value tableKey is ${JSON.stringify(tableKeyArn)}; it must be the ARN of a KMS key (arn:aws:kms:…:key/…), not an alias.`,
  );
}
// The bootstrap rule would make the template read SSM, which exists only in a real deployment.
const synthesizer = new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer;
new BusStack(app, 'Busbar', {
  stackName: prefix === 'busbar' ? 'Busbar' : `Busbar-${prefix}`,
  description: 'Busbar, a serverless event bus',
  prefix,
  declaration,
  tableKeyArn,
  synthesizer,
});
