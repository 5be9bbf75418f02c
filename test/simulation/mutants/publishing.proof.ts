import { vi } from 'vitest';
import { findEach } from './hunt.ts';
import { publishingMutants } from './list/publishing.ts';
import { timeMutants } from './list/time.ts';

vi.setConfig({ testTimeout: 180_000 });

findEach([...publishingMutants, ...timeMutants]);
