import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Page } from '../../ui/basics.tsx';
import { TextField } from '../../ui/form.tsx';
import { useSettled } from '../../ui/settled.ts';
import { Tabs } from '../../ui/tabs.tsx';
import { Delayed } from './delayed.tsx';
import { HeldEverywhere } from './held.tsx';
import { Refused } from './refused.tsx';
import { Schedules } from './schedules.tsx';
import { Transactions } from './transactions.tsx';
import { waitingWords } from './words.ts';

const parts = ['delayed', 'held', 'transactions', 'schedules', 'refused'] as const;

/** What has not gone out yet: for its time, for a release, for a decision. */
export default function WaitingPage({ part = 'delayed' }: { readonly part?: string }) {
  const t = useWords(waitingWords);
  const [topic, setTopic] = useSearchParameter('topic', '');
  const [receiver, setReceiver] = useSearchParameter('receiver', '');
  const chosen = { topic: useSettled(topic.trim()), receiver: useSettled(receiver.trim()) };
  const addressOf = (name: string) => (name === 'delayed' ? '/waiting' : `/waiting/${name}`);
  const tabs = parts.map((name) => ({ to: addressOf(name), name: t(name) }));
  return (
    <Page title={t('title')} lead={t('lead')}>
      <Tabs label={t('parts')} tabs={tabs} at={addressOf(part)} />
      {['delayed', 'held', 'transactions'].includes(part) && (
        <search className="fields" aria-label={t('filters')}>
          <TextField label={t('topic')} value={topic} onChange={setTopic} />
          <TextField label={t('receiver')} value={receiver} onChange={setReceiver} />
        </search>
      )}
      {part === 'held' ? (
        <HeldEverywhere targets={chosen} />
      ) : part === 'transactions' ? (
        <Transactions targets={chosen} />
      ) : part === 'schedules' ? (
        <Schedules />
      ) : part === 'refused' ? (
        <Refused />
      ) : (
        <Delayed targets={chosen} />
      )}
    </Page>
  );
}
