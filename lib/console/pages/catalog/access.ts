import type { Catalog } from '../../api/types.ts';
import type { Translate } from '../../app/words.ts';

type Mode = Catalog['topics'][number]['access']['publish'];

/** Who may, in words. */
export const whoMay = (mode: Mode, t: Translate<'owners' | 'request' | 'anyone'>): string =>
  mode === 'owner' ? t('owners') : t(mode);
