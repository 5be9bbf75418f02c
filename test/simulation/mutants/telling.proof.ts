import { vi } from 'vitest';
import { findEach } from './hunt.ts';
import { tellingMutants } from './list/telling.ts';

vi.setConfig({ testTimeout: 180_000 });

findEach(tellingMutants);
