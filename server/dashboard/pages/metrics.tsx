import type { JSX } from 'preact';
import { records, type Cell } from '../data/api.ts';
import { useRows } from '../data/live.ts';
import { address, show } from '../data/place.ts';
import { metricList, type MetricType } from '../model/metric-queries.ts';
import { NothingSent } from '../parts/empty.tsx';
import { FaultLine, PageHead } from '../parts/panel.tsx';
import { RangePicker } from '../parts/range.tsx';
import { Search } from '../parts/search.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { MetricChart } from './metric-chart.tsx';

export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly series: number;
  readonly services: readonly string[];
}
const rowOf = (row: Record<string, Cell>): MetricRow => ({
  name: String(row['name']),
  type: String(row['type']) as MetricType,
  unit: String(row['unit'] ?? ''),
  description: String(row['description'] ?? ''),
  series: Number(row['series']),
  services: (row['services'] as readonly string[] | null) ?? [],
});

const TYPE_LETTERS: Readonly<Record<MetricType, string>> = {
  gauge: 'G',
  sum: 'Σ',
  histogram: 'H',
  exponential_histogram: 'E',
  summary: 'Q',
};

/** All metrics by name, and the one that is chosen over time. */
export function Metrics(): JSX.Element {
  const { q = '', metric = '', type = '' } = address.value.query;
  const list = useRows(() => metricList(q), [q], 10_000);
  const rows = list.value === undefined ? [] : records(list.value).map(rowOf);
  const fits = rows.filter(({ name }) => name === metric);
  const chosen = fits.find((row) => row.type === type) ?? fits[0] ?? (metric === '' ? rows[0] : undefined);
  const nothing = list.value !== undefined && rows.length === 0 && q === '';
  return (
    <>
      <PageHead title="Metrics" sub={list.value === undefined ? '' : `${rows.length} metrics`}>
        <RangePicker />
      </PageHead>
      <div class="page-body fills">
        <FaultLine fault={list.fault} />
        {nothing ? (
          <NothingSent signal="metrics" what="metrics" />
        ) : (
          <div class={`split ${metric === '' ? '' : 'chosen'}`}>
            <div class="panel split-list">
              <div class="split-search">
                <Search
                  label="Search metrics"
                  placeholder="name, service, key=value"
                  value={q}
                  onChange={(value) => show({ q: value }, true)}
                />
              </div>
              <VirtualList
                label="Metrics"
                items={rows}
                keyOf={(row) => `${row.name} ${row.type}`}
                rowHeight={46}
                onOpen={(row) => show({ metric: row.name, type: row.type, by: undefined, agg: undefined, service: undefined })}
                rowClass={(row) => (row === chosen ? 'chosen' : '')}
              >
                {(row) => <MetricLine row={row} />}
              </VirtualList>
              {rows.length === 0 && q !== '' && <p class="quiet-note">Nothing fits “{q}”.</p>}
            </div>
            <div class="split-main">
              {chosen !== undefined && <MetricChart key={`${chosen.name} ${chosen.type}`} row={chosen} />}
              {chosen === undefined && metric !== '' && list.value !== undefined && (
                <p class="quiet-note">No metric “{metric}” is in the window.</p>
              )}
            </div>
          </div>
        )}
      </div>
    </>
  );
}

function MetricLine({ row }: { readonly row: MetricRow }): JSX.Element {
  const { name, type, services, series } = row;
  return (
    <div class="metric-line" data-metric={name} title={row.description}>
      <span class="metric-type" title={type.replaceAll('_', ' ')}>
        {TYPE_LETTERS[type] ?? '?'}
      </span>
      <span class="change-what">
        <span class="cut mono">{name}</span>
        <span class="muted cut">
          {services.length === 1 ? services[0] : `${services.length} services`} · {series} series
        </span>
      </span>
    </div>
  );
}
