import { useWords } from '../../app/words.ts';
import { ChoiceField } from '../../ui/form.tsx';
import { deliveriesWords } from './deliveries-words.ts';

/** Which attempts: all, or those of one outcome. */
export function StateField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (state: string) => void;
}) {
  const t = useWords(deliveriesWords);
  return (
    <ChoiceField
      label={t('state')}
      value={value}
      choices={{
        '': t('any'),
        delivered: 'delivered',
        failed: 'failed',
        'dead-lettered': 'dead-lettered',
      }}
      onChange={onChange}
    />
  );
}
