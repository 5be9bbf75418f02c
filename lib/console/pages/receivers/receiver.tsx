import { path } from '../../api/call.ts';
import type { ReceiverStatistics, ReceiverWhole } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Loading, Page, Problem } from '../../ui/basics.tsx';
import { useRange } from '../../ui/range.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { Actions } from './actions.tsx';
import { Attempts } from './attempts.tsx';
import { DeadLetters } from './dead-letters.tsx';
import { Health } from './health.tsx';
import { Settings } from './settings.tsx';
import { stateTone } from './state.ts';
import { receiverWords } from './words.ts';

/** One receiver: how it does, what was tried, what became a dead letter, and how it is set. */
export default function ReceiverPage({
  receiver = '',
  part = 'health',
}: {
  readonly receiver?: string;
  readonly part?: string;
}) {
  const t = useWords(receiverWords);
  const { range, buttons } = useRange();
  const at = path`/receivers/${receiver}`;
  const read = useRead<ReceiverWhole>(at, { pollSeconds: 5 });
  const statistics = useRead<ReceiverStatistics>(`${at}/statistics`, {
    query: { since: range.since, step: range.step },
    pollSeconds: 10,
    keep: true,
  });
  const here = `/receivers/${encodeURIComponent(receiver)}`;
  const { data } = read;
  return (
    <Page
      title={receiver}
      trail={[{ to: '/receivers', name: t('title') }]}
      lead={
        data !== undefined && (
          <>
            <Badge tone={stateTone(data.state)}>{data.state}</Badge> <code>{data.endpoint}</code> ·{' '}
            {t('owner')}: {data.owner}
          </>
        )
      }
      actions={data !== undefined && <Actions receiver={data} waiting={statistics.data?.now.waiting} />}
    >
      <Tabs
        label={t('parts')}
        at={part === 'health' ? here : `${here}/${part}`}
        tabs={[
          { to: here, name: t('health') },
          { to: `${here}/attempts`, name: t('attempts') },
          { to: `${here}/dead-letters`, name: t('deadLetters') },
          { to: `${here}/settings`, name: t('settings') },
        ]}
      />
      {read.error !== null && <Problem error={read.error} retry={() => void read.refetch()} />}
      {data === undefined ? (
        read.isPending && <Loading />
      ) : part === 'attempts' ? (
        <Attempts receiver={receiver} />
      ) : part === 'dead-letters' ? (
        <DeadLetters receiver={receiver} hasRedrive={data.redrive !== undefined} />
      ) : part === 'settings' ? (
        <Settings receiver={data} />
      ) : (
        <Health receiver={data} statistics={statistics} range={range} ranges={buttons} />
      )}
    </Page>
  );
}
