import { vi } from 'vitest';
import { findEach } from './hunt.ts';
import { breakerMutants } from './list/breaker.ts';
import { deliveryMutants } from './list/delivery.ts';

vi.setConfig({ testTimeout: 180_000 });

findEach([...deliveryMutants, ...breakerMutants]);
