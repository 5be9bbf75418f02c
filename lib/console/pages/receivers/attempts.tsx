import { useSearchParameter } from '../../app/address.ts';
import { Deliveries } from '../events/deliveries-table.tsx';
import { StateField } from '../events/state-field.tsx';

/** The latest attempts at a receiver, live. */
export function Attempts({ receiver }: { readonly receiver: string }) {
  const [state, setState] = useSearchParameter('state', '');
  return (
    <>
      <search className="fields">
        <StateField value={state} onChange={setState} />
      </search>
      <Deliveries key={state} query={{ receiver, state }} ofReceiver />
    </>
  );
}
