import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Coding, SiteFile } from '../core/console/file.ts';

/** The files of the console beside the bundle, as `lib/stacks/site.ts` has put them there. */
export interface Site {
  readonly files: ReadonlyMap<string, SiteFile>;
  /** The bytes of a file in base64, as a Lambda function returns them. Each is read once. */
  body(path: string, coding: Coding): string;
}

/** Opens them. @throws Error when the bundle was made without them. */
export function openSite(): Site {
  const directory = fileURLToPath(new URL('./site/', import.meta.url));
  const listed = JSON.parse(readFileSync(join(directory, 'files.json'), 'utf8')) as SiteFile[];
  const read = new Map<string, string>();
  return {
    files: new Map(listed.map((file) => [file.path, file])),
    body(path, coding) {
      const name = coding === 'identity' ? path : `${path}.${coding}`;
      const body = read.get(name) ?? readFileSync(join(directory, name)).toString('base64');
      read.set(name, body);
      return body;
    },
  };
}
