import * as z from 'zod';
import { applicationSchema } from '../access/application.ts';
import { makeTopicsModes } from '../access/topic-access.ts';
import { bridgeNameSchema } from '../bridge/name.ts';
import { type BusbarError, invalidField } from '../kernel/errors.ts';
import { nameSchema, parseSpec } from '../kernel/spec.ts';
import type { Kinds, Named } from '../registry/kinds.ts';
import { subscriptionSchema } from '../registry/subscription.ts';
import { topicSchema } from '../registry/topic.ts';
import { orderAttribute } from '../routing/order.ts';
import { settingOf, signInSchema } from '../sign-in/sign-in.ts';

/** The owner of a declared resource that names none. */
export const ownerDefault = 'admin';

/** Where the template lists the parameters that stand for endpoints, for whoever deploys it to a laptop. */
export const endpointParametersMetadata = 'Busbar::EndpointParameters';

/** What the kinds of receivers and sources add to busbar.config.ts. */
export interface DeclaredKinds {
  readonly receivers: Kinds;
  /** What a bridge says, and what two bridges must not both say. */
  readonly bridges: {
    readonly schema: z.ZodType<object>;
    claimOf(bridge: object): { readonly path: string; readonly identity: string };
  };
  /** Settings of the functions that kinds have for themselves, each under the field of its kind. */
  readonly functions: z.ZodRawShape;
}

/** What members may do. */
const membersSchema = z.strictObject({ makeTopics: z.enum(makeTopicsModes).default('freely') });

const schemaOf = ({ receivers, bridges, functions }: DeclaredKinds) =>
  z.strictObject({
    applications: z.record(nameSchema, applicationSchema).default({}),
    members: membersSchema.default({ makeTopics: 'freely' }),
    oidc: signInSchema.optional(),
    topics: z.record(nameSchema, topicSchema).default({}),
    receivers: z.record(nameSchema, receivers.declaredReceiverSchema).default({}),
    /** Topic to receiver to subscription. */
    subscriptions: z.record(nameSchema, z.record(nameSchema, subscriptionSchema)).default({}),
    /** Receivers that may be removed with what waits for them. */
    dropWaitingOf: z.array(nameSchema).max(100).default([]),
    /** What is brought to topics from elsewhere, whether those are declared here or made over the API. */
    bridges: z.record(bridgeNameSchema, bridges.schema).default({}),
    // The types know what all kinds share; a kind knows its own.
    ...(functions as object),
  });

/** A declaration, as far as all kinds go; the fields of kinds stand beside these. */
export interface Declaration extends Omit<z.infer<ReturnType<typeof schemaOf>>, 'receivers'> {
  readonly receivers: Readonly<Record<string, DeclaredReceiver>>;
}
export type DeclaredReceiver = z.infer<Kinds['declaredReceiverSchema']> & Named;

/** @throws BusbarError invalid_request, naming every wrong field and every name that nothing declares. */
export function parseDeclaration(kinds: DeclaredKinds, value: unknown): Declaration {
  const declaration = parseSpec(schemaOf(kinds), value);
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
  requireOwnClaims(kinds, declaration.bridges);
  requireTwoLevels(declaration.applications);
  if (declaration.oidc !== undefined) settingOf(declaration.oidc);
  return declaration;
}

/** A parent that is not declared may have been made over the API; whether it may be one is checked when it is deployed. */
function requireTwoLevels(applications: Declaration['applications']): void {
  for (const [name, { parent }] of Object.entries(applications)) {
    if (name.startsWith('busbar')) {
      throw invalidField(
        `applications.${name}`,
        'begins with busbar, which is reserved. Give it another name',
      );
    }
    if (parent === undefined || !Object.hasOwn(applications, parent)) continue;
    if (parent === name || applications[parent]?.parent !== undefined) {
      const detail =
        parent === name ? 'is the application itself' : `is ${parent}, which has a parent of its own`;
      throw invalidField(
        `applications.${name}.parent`,
        `${detail}. An application has either a parent or children`,
      );
    }
  }
}

/** Two bridges that read the same would each get only a part of it. */
function requireOwnClaims(kinds: DeclaredKinds, bridges: Declaration['bridges']): void {
  const names = new Map<string, string>();
  for (const [name, bridge] of Object.entries(bridges)) {
    const claim = kinds.bridges.claimOf(bridge);
    const other = names.get(claim.identity);
    if (other !== undefined) {
      const path = `bridges.${name}.${claim.path}`;
      const detail = `is that of the bridge ${other}: give each its own`;
      throw invalidField(path, detail);
    }
    names.set(claim.identity, name);
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
  return invalidField(path, `names ${what}, which is not declared under ${where}`);
}
