import { useWords, words } from '../../app/words.ts';
import { Page } from '../../ui/basics.tsx';

const overviewWords = words({
  en: { title: 'Overview' },
  zh: { title: '总览' },
});

export default function OverviewPage() {
  const t = useWords(overviewWords);
  return <Page title={t('title')}>{''}</Page>;
}
