import { vi } from 'vitest';
import { findEach } from './hunt.ts';
import { accessMutants } from './list/access.ts';

vi.setConfig({ testTimeout: 180_000 });

findEach(accessMutants);
