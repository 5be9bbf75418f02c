import { path } from '../../api/call.ts';
import type { ReceiverWhole } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Loading, Page, Problem } from '../../ui/basics.tsx';
import { Json } from '../../ui/json.tsx';
import { stateTone } from './state.ts';
import { receiverWords } from './words.ts';

export default function ReceiverPage({ receiver = '' }: { readonly receiver?: string }) {
  const t = useWords(receiverWords);
  const read = useRead<ReceiverWhole>(path`/receivers/${receiver}`, { pollSeconds: 5 });
  return (
    <Page title={receiver} trail={[{ to: '/receivers', name: t('title') }]}>
      {read.error !== null && <Problem error={read.error} retry={() => void read.refetch()} />}
      {read.data === undefined ? (
        <Loading />
      ) : (
        <>
          <Badge tone={stateTone(read.data.state)}>{read.data.state}</Badge>
          <Json value={read.data} label={receiver} />
        </>
      )}
    </Page>
  );
}
