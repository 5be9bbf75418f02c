import { z } from 'zod';
import type { Input, Output, PolicyDocument, Service } from '../engines/engine.ts';
import type { HttpApis } from '../engines/http/apis.ts';
import type { Iam } from '../iam/iam.ts';
import type { StackIdentity } from './parameters.ts';

/** The account as the resources of a template see it. Everything is done as its owner, as by CloudFormation. */
export interface Account {
  readonly account: string;
  readonly region: string;
  call(service: Service, action: string, input: Input): Promise<Output>;
  readonly iam: Iam;
  readonly httpApis: HttpApis;
  /** Where requests to an HTTP API arrive, such as `http://127.0.0.1:4100`. */
  apiEndpoint(apiId: string): string;
  /** The directory of the Lambda code asset that the template calls by this S3 key. */
  codeDirectory(s3Key: string): string;
  readonly customResources: CustomResourceAnswers;
}

/** Where the function of a custom resource sends its answer. */
export interface CustomResourceAnswers {
  /** Opens a URL and waits for one PUT to it, for at most `timeoutMs`; undefined when none came. */
  expect(timeoutMs: number): {
    readonly responseUrl: string;
    readonly answer: Promise<unknown>;
    cancel(): void;
  };
}

/** What a resource type is given beside its properties. */
export interface ResourceContext {
  readonly logicalId: string;
  readonly type: string;
  readonly stack: StackIdentity;
  readonly account: Account;
  readonly uuid: () => string;
  /** The name that CloudFormation would make for the resource. */
  name(options: { maxLength: number; suffix?: string }): string;
  /** The identifier that API Gateway would make for it. */
  id(): string;
}

/** A resource that stands: its physical id and whatever else cannot be asked for later. */
export interface Placed {
  readonly physicalId: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

/** What `Ref` and `Fn::GetAtt` give for a resource. */
export interface ResourceValues {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * How one CloudFormation resource type is made here. The schema holds every property that is honoured or
 * waived, and refuses the rest by name; `replacedBy` are the properties whose change makes a new resource.
 */
export interface ResourceType<P> {
  readonly type: string;
  readonly properties: z.ZodObject & z.ZodType<P>;
  readonly replacedBy: readonly (keyof P & string)[];
  /** The property that gives the resource a name of its own, if any: such a resource cannot be replaced. */
  readonly nameProperty?: keyof P & string;
  create(properties: P, context: ResourceContext): Promise<Placed>;
  update(placed: Placed, properties: P, previous: P, context: ResourceContext): Promise<Placed>;
  /** Bears that the resource is gone already. */
  delete(placed: Placed, properties: P, context: ResourceContext): Promise<void>;
  values(placed: Placed, properties: P, context: ResourceContext): Promise<ResourceValues>;
}

/** A resource type of which the kind of properties is forgotten: each method takes what its schema gave. */
export type AnyResourceType = ResourceType<Readonly<Record<string, unknown>>>;

/** Widens a resource type for the registry: the deployment hands back only what the type's own schema parsed. */
export function resourceType<P>(definition: ResourceType<P>): AnyResourceType {
  return definition as unknown as AnyResourceType;
}

/** A property that has no meaning on this machine; the reason is for the reader. It is read and dropped. */
export const waived = (_reason: string) =>
  z
    .unknown()
    .transform(() => undefined)
    .optional();

/** CloudFormation takes numbers and booleans as strings too. */
export const integer = z
  .union([
    z.number().int(),
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number),
  ])
  .describe('an integer');
export const decimal = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
]);
export const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]);

const oneOrMany = z.union([z.string(), z.array(z.string())]);
const conditionValue = z.union([z.string(), z.boolean(), z.array(z.string())]);

/** An IAM policy document; an element that the local IAM does not read is refused by name. */
export const policyDocument = z
  .strictObject({
    Version: z.string().optional(),
    Id: z.string().optional(),
    Statement: z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]).pipe(
      z.array(
        z.strictObject({
          Sid: z.string().optional(),
          Effect: z.enum(['Allow', 'Deny']),
          Principal: z.union([z.literal('*'), z.record(z.string(), oneOrMany)]).optional(),
          Action: oneOrMany.optional(),
          NotAction: oneOrMany.optional(),
          Resource: oneOrMany.optional(),
          NotResource: oneOrMany.optional(),
          Condition: z.record(z.string(), z.record(z.string(), conditionValue)).optional(),
        }),
      ),
    ),
  })
  .transform((document) => document as PolicyDocument);

/** The member of an answer that must be a string. */
export function textMember(output: Output, name: string): string {
  const value = output?.[name];
  if (typeof value !== 'string') throw new TypeError(`The engine's answer has no ${name}.`);
  return value;
}

/** Runs a deletion and bears that there is nothing to delete. */
export async function unlessGone(deletion: () => unknown, goneCodes: readonly string[]): Promise<void> {
  try {
    await deletion();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string' || !goneCodes.includes(code)) throw error;
  }
}

/** Runs the later steps of a creation; when one fails, undoes the first, so that the next deploy starts clean. */
export async function orUndo<T>(steps: () => Promise<T>, undo: () => Promise<unknown>): Promise<T> {
  try {
    return await steps();
  } catch (error) {
    await undo();
    throw error;
  }
}
