import type { Socket } from 'node:net';
import { Failed } from './failure.ts';
import type { HttpRequest } from './http.ts';

/** A request as bytes. */
export interface WrittenRequest {
  send(socket: Socket): void;
}

/** RFC 9110, sections 5.1 and 5.5. */
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Writes a request as HTTP/1.1.
 * @throws Failed `unwritable`, naming the header that cannot be written, without its value: it may be a secret.
 */
export function writeRequest(url: URL, { method, headers, body }: HttpRequest): WrittenRequest {
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  // Some servers send a body to a HEAD, which would be taken for the next response.
  head += method === 'HEAD' ? 'connection: close\r\n' : 'connection: keep-alive\r\n';
  for (const [name, value] of Object.entries(headers)) {
    if (!fieldName.test(name)) {
      throw new Failed('unwritable', `Invalid header name ${JSON.stringify(name)}.`);
    }
    if (!fieldValue.test(value)) {
      throw new Failed('unwritable', `Invalid ${name} header: it has characters that no header can have.`);
    }
    head += `${name}: ${value}\r\n`;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (bytes !== undefined || method === 'POST' || method === 'PUT') {
    head += `content-length: ${bytes?.byteLength ?? 0}\r\n`;
  }
  head += '\r\n';
  return {
    send(socket) {
      socket.cork();
      socket.write(head, 'latin1');
      if (bytes !== undefined && bytes.byteLength > 0) socket.write(bytes);
      socket.uncork();
    },
  };
}
