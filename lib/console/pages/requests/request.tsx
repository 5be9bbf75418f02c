import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { Application, Request } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Empty, Facts, Loading, Page, Problem, Section } from '../../ui/basics.tsx';
import { Json } from '../../ui/json.tsx';
import { Time } from '../../ui/time.tsx';
import { Outcome } from '../catalog/filter-editor.tsx';
import { Decide, Withdraw } from './decide.tsx';
import { isToDecide, kindName, requestTone } from './state.ts';
import { requestWords } from './words.ts';

/** A request: what is asked for, what it would have matched, and the decision. */
export default function RequestPage({ id = '' }: { readonly id?: string }) {
  const t = useWords(requestWords);
  const rights = useRights();
  const read = useRead<Request>(path`/requests/${id}`, { pollSeconds: 5 });
  const request = read.data;
  return (
    <Page
      title={request === undefined ? t('request') : `${request.application}: ${kindName(request.kind, t)}`}
      trail={[{ to: '/requests', name: t('title') }]}
      actions={request !== undefined && <Badge tone={requestTone(request.state)}>{request.state}</Badge>}
    >
      {read.error !== null && <Problem error={read.error} retry={() => void read.refetch()} />}
      {request === undefined ? (
        read.error === null && <Loading />
      ) : (
        <>
          <About request={request} />
          {request.kind === 'quotas' && <Quotas request={request} />}
          {request.spec !== undefined && (
            <Section title={t('spec')}>
              <Json value={request.spec} label={t('spec')} />
            </Section>
          )}
          {request.kind === 'subscribe' && <Tried request={request} />}
          {isToDecide(request, rights) && <Decide id={id} />}
          {request.state === 'open' && rights.acts && request.application === rights.me?.application && (
            <Withdraw id={id} />
          )}
        </>
      )}
    </Page>
  );
}

function About({ request }: { readonly request: Request }) {
  const t = useWords(requestWords);
  const { topic, receiver, filter, decidedBy } = request;
  return (
    <Section title={t('about')}>
      <Facts
        facts={[
          [t('kind'), kindName(request.kind, t)],
          [
            t('application'),
            <Link key="by" href={`/applications/${request.application}`}>
              {request.application}
            </Link>,
          ],
          [
            t('topic'),
            topic === undefined ? undefined : (
              <Link key="topic" href={`/catalog/${topic}`}>
                {topic}
              </Link>
            ),
          ],
          [t('receiver'), receiver],
          [t('reason'), request.reason],
          [t('asked'), <Time key="asked" at={request.createdAt} />],
          [
            t('decidedAt'),
            request.decidedAt === undefined ? undefined : <Time key="at" at={request.decidedAt} />,
          ],
          [t('decidedBy'), decidedBy?.application],
          [t('note'), request.note],
        ]}
      />
      {request.kind === 'subscribe' && (
        <>
          <h3>{t('filter')}</h3>
          {filter === undefined ? <p>{t('everything')}</p> : <Json value={filter} label={t('filter')} />}
        </>
      )}
    </Section>
  );
}

/** The filter, run over the latest events when it was asked for. */
function Tried({ request: { dryRun } }: { readonly request: Request }) {
  const t = useWords(requestWords);
  return (
    <Section title={t('dryRun')}>
      {dryRun === undefined || dryRun.events === 0 ? (
        <Empty title={t('dryRunNone')} />
      ) : (
        <>
          <Outcome run={dryRun} />
          {dryRun.samples.some((sample) => !Object.hasOwn(sample, 'data')) && <p>{t('dryRunHidden')}</p>}
        </>
      )}
    </Section>
  );
}

function Quotas({ request: { application, quotas = {} } }: { readonly request: Request }) {
  const t = useWords(requestWords);
  const now = useRead<Application>(path`/applications/${application}`).data?.quotas ?? {};
  return (
    <Section title={t('quotas')}>
      <div className="table">
        <div className="table-scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('quota')}</th>
                <th scope="col" className="numeric">
                  {t('now')}
                </th>
                <th scope="col" className="numeric">
                  {t('wanted')}
                </th>
              </tr>
            </thead>
            <tbody>
              {(Object.entries(quotas) as [keyof typeof quotas, number][]).map(([name, wanted]) => (
                <tr key={name}>
                  <td data-name={t('quota')}>
                    <code>{name}</code>
                  </td>
                  <td data-name={t('now')} className="numeric">
                    {now[name] ?? t('preset')}
                  </td>
                  <td data-name={t('wanted')} className="numeric">
                    {wanted}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </Section>
  );
}
