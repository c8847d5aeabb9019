import type { PlainAttributes } from '../../pipeline/otlp/encode.ts';

/** Attributes that make rows of MASTER_PERF of what the shop sends anyway. */
export const imageLatencyAttributes = {
  'perf.category': 'R2',
  'perf.type': 'performance',
  'perf.topic': 'GetObject',
  'perf.sub_cat': 'Latency',
  'perf.id': 'r2.getObject',
  'perf.pattern': 'time_measurement',
  'perf.locations': 'catalog/images',
  'perf.impact': 'Product pages wait for their image',
} as const satisfies PlainAttributes;

export interface StartRow {
  readonly body: string;
  readonly attributes: PlainAttributes;
}

/** What the storefront logs when it starts. */
export const START_ROWS: readonly StartRow[] = [
  {
    body: 'path hardening is on',
    attributes: {
      'perf.category': 'Security',
      'perf.type': 'configuration',
      'perf.topic': 'Path Hardening',
      'perf.sub_cat': 'Initialization',
      'perf.id': 'getScopedKey',
      'perf.value': 'ENABLED',
      'perf.pattern': 'security_pattern',
      'perf.locations': 'storefront/images',
      'perf.impact': 'Zero traversal protection',
    },
  },
  {
    body: 'S3 client is ready',
    attributes: {
      'perf.category': 'R2',
      'perf.type': 'configuration',
      'perf.topic': 'S3 Client',
      'perf.sub_cat': 'Initialization',
      'perf.id': 's3Client',
      'perf.value': 'READY',
      'perf.pattern': 'connection_pattern',
      'perf.locations': 'storefront/images',
      'perf.impact': 'Storage backend ready',
    },
  },
];
