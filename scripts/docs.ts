import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiCalls } from '../lib/api/calls.ts';
import { writeTables } from '../lib/api/page.ts';

/** Writes what docs/api.md says of each call: `npm run docs`. */
const file = join(import.meta.dirname, '..', 'docs', 'api.md');
writeFileSync(file, writeTables(readFileSync(file, 'utf8'), apiCalls));
