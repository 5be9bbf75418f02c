import { Link } from 'wouter';
import { useWords, words } from '../app/words.ts';
import { Page } from '../ui/basics.tsx';

const unknownWords = words({
  en: { title: 'There is no such page', overview: 'To the overview' },
  zh: { title: '没有此页面', overview: '返回总览' },
});

export default function Unknown() {
  const t = useWords(unknownWords);
  return (
    <Page title={t('title')}>
      <Link href="/">{t('overview')}</Link>
    </Page>
  );
}
