import type { Hold } from '../../api/types.ts';
import type { Tone } from '../../ui/basics.tsx';

export const holdTone = (state: Hold['state']): Tone =>
  state === 'holding' ? 'warn' : state === 'releasing' ? 'info' : 'quiet';
