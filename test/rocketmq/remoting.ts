import { createHmac } from 'node:crypto';
import { connect } from 'node:net';

/**
 * RocketMQ's own protocol, as far as it makes topics, groups and users: the admin tools do the same, but each call of
 * them starts a Java of its own, which takes seconds.
 */
export async function remotingCall(
  port: number,
  request: {
    readonly code: number;
    readonly fields?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly credentials?: { readonly accessKey: string; readonly secretKey: string };
  },
): Promise<void> {
  const body = Buffer.from(request.body ?? '');
  const { credentials } = request;
  const fields: Record<string, string> = { ...request.fields };
  if (credentials !== undefined) {
    fields.AccessKey = credentials.accessKey;
    const sorted = Object.keys(fields)
      .sort()
      .map((name) => fields[name] ?? '');
    fields.Signature = createHmac('sha1', credentials.secretKey)
      .update(Buffer.concat([Buffer.from(sorted.join('')), body]))
      .digest('base64');
  }
  const header = Buffer.from(
    JSON.stringify({
      code: request.code,
      language: 'JAVA',
      version: 453,
      opaque: 1,
      flag: 0,
      extFields: fields,
      serializeTypeCurrentRPC: 'JSON',
    }),
  );
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(4 + header.length + body.length, 0);
  // The first of the four bytes says that the header is JSON, by being 0.
  frame.writeUInt32BE(header.length, 4);
  const answer = await exchange(port, Buffer.concat([frame, header, body]));
  if (answer.code !== 0) throw new Error(`RocketMQ refused the call ${request.code}: ${answer.remark}`);
}

function exchange(port: number, frame: Buffer): Promise<{ code: number; remark?: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let got = Buffer.alloc(0);
    socket.setTimeout(10_000, () => socket.destroy(new Error('RocketMQ did not answer within 10 s')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('RocketMQ closed the connection without an answer')));
    socket.on('connect', () => socket.write(frame));
    socket.on('data', (data) => {
      got = Buffer.concat([got, data]);
      if (got.length < 8 || got.length < 4 + got.readUInt32BE(0)) return;
      const headerLength = got.readUInt32BE(4) & 0xffffff;
      resolve(JSON.parse(got.subarray(8, 8 + headerLength).toString('utf8')));
      socket.destroy();
    });
  });
}
