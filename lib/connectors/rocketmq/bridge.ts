import * as z from 'zod';
import { bridgeNameSchema } from '../../core/bridge/name.ts';
import { nameSchema } from '../../core/kernel/spec.ts';
import { vpcSchema } from '../../core/kernel/vpc.ts';

/** A bridge brings what a consumer group of RocketMQ gets to topics of the bus. It is declared, never made at run time. */

/** `host:port`, or several parted by `;`: each a DNS name or an IPv4 address, which is all that the client reads. */
const endpointsForm = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?:[1-9]\d{0,4}$/;
const isEndpoints = (text: string) =>
  text.split(';').every((one) => endpointsForm.test(one) && Number(one.split(':')[1]) <= 65_535);

/** What RocketMQ takes as the name of a topic or group (its TopicValidator and Validators). */
const rocketMqNameSchema = z
  .string()
  .regex(/^[%|a-zA-Z0-9_-]{1,127}$/, 'is not a valid RocketMQ name: use 1 to 127 letters, digits and %|-_');

const tagsForm = /^(\*|[^|\s]+(\s*\|\|\s*[^|\s]+)*)$/;

const bridgeTopicSchema = z.strictObject({
  /** The topic of the bus. */
  topic: nameSchema,
  /** Which messages: tags such as `created || paid`, or an expression of SQL 92 over properties. All when left out. */
  tags: z.string().max(1024).regex(tagsForm, 'is not a list of tags such as created || paid').optional(),
  sql: z.string().min(1).max(1024).optional(),
  /** Properties that become no attribute of the event: such as are too long, or nobody's business. */
  dropProperties: z.array(z.string().min(1).max(255)).max(32).optional(),
});

export const bridgeSchema = z
  .strictObject({
    /** Of the proxy (gRPC). */
    endpoint: z
      .string()
      .max(1000)
      .refine(
        isEndpoints,
        'is not an endpoint of a RocketMQ proxy: host:port without a scheme, several parted by ;',
      ),
    /** The consumer group, of its own for this bridge. */
    group: rocketMqNameSchema,
    /** Topic of RocketMQ to topic of the bus; the name alone where there is nothing else to say. */
    topics: z
      .record(rocketMqNameSchema, z.union([nameSchema.transform((topic) => ({ topic })), bridgeTopicSchema]))
      .refine((topics) => Object.keys(topics).length > 0, 'names no topic')
      .refine(
        (topics) => Object.keys(topics).length <= 20,
        'names more than 20 topics. Declare another bridge',
      )
      .refine(
        (topics) => Object.values(topics).every((one) => !('tags' in one && 'sql' in one)),
        'has a topic with tags and sql. Give one of the two',
      ),
    /** The secret in AWS Secrets Manager that holds `{"accessKey", "secretKey"}` as JSON: its name, or its whole ARN. */
    secret: z
      .string()
      .regex(
        /^(arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]{1,512}|[\w/+=.@-]{1,505})$/,
        'is neither a name nor an ARN of a secret in AWS Secrets Manager',
      )
      .optional(),
    /** True when left out. */
    tls: z.boolean().optional(),
    /**
     * True lets its events bring a source of `/applications/…`, such as those of another bus that mirrors a topic. They
     * are refused when left out, since whoever writes to the topic of RocketMQ could pose as an application.
     */
    trustSources: z.boolean().optional(),
    /** Where the proxy can be reached only from there; it needs a way to AWS as well. */
    vpc: vpcSchema.optional(),
    /** How many messages are taken at a time: 32, the most that RocketMQ gives, when left out. */
    batch: z.int().min(1).max(32).optional(),
    /** How many batches of a topic are under way at once: 4 when left out. */
    parallel: z.int().min(1).max(16).optional(),
    /** A batch that takes longer to be published has the bridge hold back: 5 when left out. */
    slowSeconds: z.number().min(0.1).max(60).optional(),
    /**
     * For how long messages are hidden that are under way: 120 when left out. So long they wait after the bridge was
     * killed.
     */
    invisibleSeconds: z.int().min(90).max(43_200).optional(),
  })
  .transform((bridge) => ({
    ...bridge,
    tls: bridge.tls ?? true,
    batch: bridge.batch ?? 32,
    parallel: bridge.parallel ?? 4,
    slowSeconds: bridge.slowSeconds ?? 5,
    invisibleSeconds: bridge.invisibleSeconds ?? 120,
  }));

export type Bridge = z.infer<typeof bridgeSchema>;
export type BridgeTopic = Bridge['topics'][string];

/** A bridge as its function is told of it. */
export const writeBridge = (name: string, bridge: Bridge): string => JSON.stringify({ name, bridge });

/** @throws Error when it is not what `writeBridge` wrote. */
export function parseBridge(text: string): { readonly name: string; readonly bridge: Bridge } {
  return z.strictObject({ name: bridgeNameSchema, bridge: bridgeSchema }).parse(JSON.parse(text));
}

/**
 * For how long a message is hidden that the bus could not take: longer each time, because RocketMQ gives a message up
 * after a number of deliveries (16 unless the group says otherwise), and an outage must not use them up. With 16
 * deliveries it is kept for about ten hours.
 */
export function hideSecondsAfter(attempt: number): number {
  return Math.min(10 * 2 ** Math.min(Math.max(0, attempt - 1), 12), 3600);
}

const secretSchema = z.object({
  accessKey: z.string().min(1),
  secretKey: z.string().min(1),
  securityToken: z.string().min(1).optional(),
});
export type RocketMqSecret = z.infer<typeof secretSchema>;

/**
 * Reads the text of a secret that holds credentials of RocketMQ.
 * @throws Error that says what it must be, and quotes none of it.
 */
export function parseRocketMqSecret(name: string, text: string): RocketMqSecret {
  const parsed = secretSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    `The secret ${name} must be JSON such as {"accessKey": "…", "secretKey": "…"}, with a securityToken where there is one.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error quotes the text, which is a secret; the schema refuses what is no object.
    return undefined;
  }
}
