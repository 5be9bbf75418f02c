import * as z from 'zod';
import { bridgeNameSchema, bridgeSchema } from '../../connectors/rocketmq/bridge.ts';
import { declaredRocketMqTargetSchema } from '../../connectors/rocketmq/target.ts';
import { BusbarError } from '../kernel/errors.ts';
import { nameSchema, parseSpec } from '../kernel/spec.ts';
import { vpcSchema } from '../kernel/vpc.ts';
import { checkKind, receiverFields } from '../registry/receiver.ts';
import { subscriptionSchema } from '../registry/subscription.ts';
import { topicSchema } from '../registry/topic.ts';
import { orderAttribute } from '../routing/order.ts';

/**
 * What busbar.config.ts says. An endpoint that differs between stages is a parameter of the stack: its name, and
 * the value that stands when the deployment gives none.
 */
const endpointParameterSchema = z.strictObject({
  parameter: z
    .string()
    .regex(/^[A-Za-z0-9]{1,255}$/, 'is not a CloudFormation parameter name: use letters and digits'),
  default: z.string(),
});

/** Where the template lists the parameters that stand for endpoints, for whoever deploys it to a laptop. */
export const endpointParametersMetadata = 'Busbar::EndpointParameters';

const declaredReceiverSchema = receiverFields
  // Credentials have no place in a template; over the API they are set all the same, and a deployment keeps them.
  .omit({ secret: true, oauth2: true })
  .extend({
    endpoint: z.union([z.string().max(2048), endpointParameterSchema]).optional(),
    rocketmq: declaredRocketMqTargetSchema.optional(),
  })
  .superRefine(checkKind);

export const declarationSchema = z.strictObject({
  topics: z.record(nameSchema, topicSchema).default({}),
  receivers: z.record(nameSchema, declaredReceiverSchema).default({}),
  /** Topic to receiver to subscription. */
  subscriptions: z.record(nameSchema, z.record(nameSchema, subscriptionSchema)).default({}),
  /** What consumer groups of RocketMQ bring to topics, whether those are declared here or made over the API. */
  bridges: z.record(bridgeNameSchema, bridgeSchema).default({}),
  /** For the function that sends to receivers which are topics of RocketMQ, however those are made. */
  rocketmq: z.strictObject({ vpc: vpcSchema.optional() }).optional(),
});

export type Declaration = z.infer<typeof declarationSchema>;
/** What a team writes: the parts may be left out. */
export type DeclarationInput = z.input<typeof declarationSchema>;
export type DeclaredReceiver = Declaration['receivers'][string];

/** @throws BusbarError invalid_request, naming every wrong field and every name that nothing declares. */
export function parseDeclaration(value: unknown): Declaration {
  const declaration = parseSpec(declarationSchema, value);
  for (const [topic, receivers] of Object.entries(declaration.subscriptions)) {
    if (!Object.hasOwn(declaration.topics, topic)) {
      throw undeclared(`subscriptions.${topic}`, `the topic ${topic}`, 'topics');
    }
    for (const receiver of Object.keys(receivers)) {
      if (!Object.hasOwn(declaration.receivers, receiver)) {
        throw undeclared(`subscriptions.${topic}.${receiver}`, `the receiver ${receiver}`, 'receivers');
      }
    }
  }
  requireOwnGroups(declaration.bridges);
  return declaration;
}

/** Two bridges of one group would each get a part of its messages, by two subscriptions that RocketMQ wants to be one. */
function requireOwnGroups(bridges: Declaration['bridges']): void {
  const names = new Map<string, string>();
  for (const [name, { endpoint, group }] of Object.entries(bridges)) {
    const identity = JSON.stringify([endpoint.toLowerCase(), group]);
    const other = names.get(identity);
    if (other !== undefined) {
      const [path, detail] = [`bridges.${name}.group`, `is that of the bridge ${other}: give each its own`];
      throw new BusbarError('invalid_request', `${path}: ${detail}.`, { fields: [{ path, detail }] });
    }
    names.set(identity, name);
  }
}

export const isOrderedTopic = ({ topics }: Declaration, topic: string): boolean =>
  Object.hasOwn(topics, topic) && orderAttribute(topics[topic] ?? {}) !== undefined;

/** The receivers that are subscribed to an ordered topic, and so have an ordered lane. */
export function orderedReceivers(declaration: Declaration): string[] {
  const ordered = Object.entries(declaration.subscriptions).flatMap(([topic, receivers]) =>
    isOrderedTopic(declaration, topic) ? Object.keys(receivers) : [],
  );
  return [...new Set(ordered)];
}

function undeclared(path: string, what: string, where: string): BusbarError {
  const detail = `names ${what}, which is not declared under ${where}`;
  return new BusbarError('invalid_request', `${path}: ${detail}.`, { fields: [{ path, detail }] });
}

/** What busbar.config.ts exports, checked while the stack is synthesized. */
export function defineBus(input: DeclarationInput): Declaration {
  return parseDeclaration(input);
}
