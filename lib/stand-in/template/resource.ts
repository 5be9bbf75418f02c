import { z } from 'zod';
import type { Input, Output, PolicyDocument, Service } from '../engines/engine.ts';
import type { HttpApis } from '../engines/http/apis.ts';
import type { FunctionUrls } from '../engines/http/function-urls.ts';
import type { Iam } from '../iam/iam.ts';
import type { StackIdentity } from './parameters.ts';

/** The account as seen by the resources of a template. Everything is done as its owner, as CloudFormation does. */
export interface Account {
  readonly account: string;
  readonly region: string;
  call(service: Service, action: string, input: Input): Promise<Output>;
  readonly iam: Iam;
  readonly httpApis: HttpApis;
  readonly functionUrls: FunctionUrls;
  /** Where requests to an HTTP API, and below a path to function URLs, arrive, such as `http://127.0.0.1:4100`. */
  apiEndpoint(apiId: string): string;
  /** The directory of the Lambda code asset with this S3 key. */
  codeDirectory(s3Key: string): string;
  readonly customResources: CustomResourceAnswers;
}

/** Where the function of a custom resource sends its answer. */
export interface CustomResourceAnswers {
  /** Opens a URL and waits for one PUT to it, for at most `timeoutMs`; undefined when none arrives. */
  expect(timeoutMs: number): {
    readonly responseUrl: string;
    readonly answer: Promise<unknown>;
    cancel(): void;
  };
}

/** What a resource type gets besides its properties. */
export interface ResourceContext {
  readonly logicalId: string;
  readonly type: string;
  readonly stack: StackIdentity;
  readonly account: Account;
  readonly uuid: () => string;
  /** The name that CloudFormation would generate. */
  name(options: { maxLength: number; suffix?: string }): string;
  /** The identifier that API Gateway would generate. */
  id(): string;
}

/** A created resource: its physical id, and what cannot be read back later. */
export interface Placed {
  readonly physicalId: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

/** The values of `Ref` and `Fn::GetAtt` for a resource. */
export interface ResourceValues {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * How one CloudFormation resource type is created here. The schema contains every property that is supported or
 * waived, and rejects others by name. Changing a property in `replacedBy` replaces the resource.
 */
export interface ResourceType<P> {
  readonly type: string;
  readonly properties: z.ZodObject & z.ZodType<P>;
  readonly replacedBy: readonly (keyof P & string)[];
  /** The property that names the resource, if any: a named resource cannot be replaced. */
  readonly nameProperty?: keyof P & string;
  create(properties: P, context: ResourceContext): Promise<Placed>;
  update(placed: Placed, properties: P, previous: P, context: ResourceContext): Promise<Placed>;
  /** Succeeds when the resource no longer exists. */
  delete(placed: Placed, properties: P, context: ResourceContext): Promise<void>;
  values(placed: Placed, properties: P, context: ResourceContext): Promise<ResourceValues>;
}

/** A resource type with its property type erased. Each method gets what its own schema parsed. */
export type AnyResourceType = ResourceType<Readonly<Record<string, unknown>>>;

/**
 * Erases the property type for the registry. This is safe because a deployment passes only what the type's own schema
 * parsed.
 */
export function resourceType<P>(definition: ResourceType<P>): AnyResourceType {
  return definition as unknown as AnyResourceType;
}

/** A property without meaning on this machine: read and dropped. The reason is for the reader. */
export const waived = (_reason: string) =>
  z
    .unknown()
    .transform(() => undefined)
    .optional();

/** CloudFormation also accepts numbers and booleans as strings. */
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

/** An IAM policy document. An element that the local IAM does not read is rejected by name. */
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

/** A member of an answer that must be a string. */
export function textMember(output: Output, name: string): string {
  const value = output?.[name];
  if (typeof value !== 'string') throw new TypeError(`The engine's answer has no ${name}.`);
  return value;
}

/** Runs a deletion; succeeds when there is nothing to delete. */
export async function unlessGone(deletion: () => unknown, goneCodes: readonly string[]): Promise<void> {
  try {
    await deletion();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string' || !goneCodes.includes(code)) throw error;
  }
}

/** Runs the later steps of a creation. If one fails, undoes the first, so the next deployment starts clean. */
export async function orUndo<T>(steps: () => Promise<T>, undo: () => Promise<unknown>): Promise<T> {
  try {
    return await steps();
  } catch (error) {
    await undo();
    throw error;
  }
}
