import type { CatalogTopic } from '../../api/types.ts';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Empty, Section } from '../../ui/basics.tsx';
import { ChoiceField } from '../../ui/form.tsx';
import { Json } from '../../ui/json.tsx';
import { common } from '../../ui/words.ts';
import { schemaRows } from './schema-rows.ts';
import { catalogWords } from './words.ts';

/** The schema of a topic: its fields as a table, the whole beside it, and its earlier versions. */
export function Schema({ topic }: { readonly topic: CatalogTopic }) {
  const t = useWords(catalogWords);
  const [version, setVersion] = useSearchParameter('version', '');
  const latest = String(topic.schemaVersion ?? '');
  const choices = Object.fromEntries(
    topic.versions.map(({ version: each, since }) => [
      String(each),
      t('versionSince', { version: String(each), since: since.slice(0, 10) }),
    ]),
  );
  return (
    <Section
      title={t('schema')}
      actions={
        topic.versions.length > 1 && (
          <ChoiceField
            label={t('versions')}
            value={version === '' ? latest : version}
            choices={choices}
            onChange={(next) => setVersion(next === latest ? '' : next)}
          />
        )
      }
    >
      {topic.schema === undefined ? (
        <Empty title={t('schemaNone')}>{t('schemaNoneNext')}</Empty>
      ) : (
        <div className="columns">
          <Fields schema={topic.schema} />
          <div className="stack">
            <h3>{t('asJson')}</h3>
            <Json value={topic.schema} label={t('asJson')} />
          </div>
        </div>
      )}
    </Section>
  );
}

function Fields({ schema }: { readonly schema: NonNullable<CatalogTopic['schema']> }) {
  const t = useWords(catalogWords);
  const c = useWords(common);
  const { rows, isPartial } = schemaRows(schema);
  if (rows.length === 0)
    return <p>{schema === false ? t('nothing') : typeof schema === 'object' ? '' : t('anyValue')}</p>;
  const described =
    typeof schema === 'object' && typeof schema.description === 'string' ? schema.description : undefined;
  return (
    <div className="stack">
      {described !== undefined && <p>{described}</p>}
      <div className="table">
        <section
          className="table-scroll"
          aria-label={t('schema')}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
          tabIndex={0}
        >
          <table>
            <thead>
              <tr>
                <th scope="col">{t('field')}</th>
                <th scope="col">{t('type')}</th>
                <th scope="col">{t('required')}</th>
                <th scope="col">{t('meaning')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ path, type, required, description, limits }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: alternatives may have the same field.
                <tr key={`${path} ${index}`}>
                  <td data-name={t('field')}>
                    <code>{path}</code>
                  </td>
                  <td data-name={t('type')} className="kept-whole">
                    {type === '' ? t('anyValue') : type}
                  </td>
                  <td data-name={t('required')}>
                    {required ? <Badge tone="info">{c('yes')}</Badge> : c('no')}
                  </td>
                  <td data-name={t('meaning')}>
                    <span className="stack tight">
                      {description !== '' && <span>{description}</span>}
                      {limits.map((limit) => (
                        <code key={limit}>{limit}</code>
                      ))}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        {isPartial && <p>…</p>}
      </div>
    </div>
  );
}
