import type { AttributeValue } from '@opentelemetry/api';
import type { Environment } from '../environment.ts';
import type { Detector } from '../settings.ts';
import { pairsOf } from './pairs.ts';
import type { Section } from './section.ts';

export interface ResourceSettings {
  readonly resourceAttributes: Readonly<Record<string, AttributeValue>>;
  readonly detectors: readonly Detector[];
}

type Test = (value: unknown) => boolean;
const isText: Test = (value) => typeof value === 'string';
const isFlag: Test = (value) => typeof value === 'boolean';
const isDouble: Test = (value) => typeof value === 'number';
const isWhole: Test = (value) => Number.isSafeInteger(value);
const listOf =
  (isElement: Test): Test =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isElement);

const TYPES: Readonly<Record<string, Test>> = {
  string: isText,
  bool: isFlag,
  int: isWhole,
  double: isDouble,
  string_array: listOf(isText),
  bool_array: listOf(isFlag),
  int_array: listOf(isWhole),
  double_array: listOf(isDouble),
};
const TYPE_NAMES = Object.keys(TYPES);
/** By the names of the schema. */
const DETECTORS: Readonly<Record<string, readonly Detector[]>> = {
  host: ['host', 'os'],
  process: ['process'],
  service: ['serviceinstance'],
};
const DETECTION = 'detection/development';
const SERVICE = { variable: 'OTEL_SERVICE_NAME', attribute: 'service.name' };

/** Detection is off where the file asks for none. */
export function resourceOf(section: Section | undefined, environment: Environment): ResourceSettings {
  if (section === undefined) return { resourceAttributes: {}, detectors: [] };
  const detection = section.section(DETECTION);
  const asked = detection?.sections('detectors').flatMap((each) => each.only() ?? []) ?? [];
  for (const name of asked) {
    if (!Object.hasOwn(DETECTORS, name))
      section.findings.note(`${section.pathOf(DETECTION)}.${name}`, 'the agent has no such detector');
  }
  detection?.end({ attributes: 'the agent keeps all that its detectors find' });
  const listed = pairsOf(section, 'attributes_list', () => true);
  const written = section.sections('attributes').flatMap(attributeOf);
  section.end({ schema_url: 'the agent sends no schema URL of its resource' });
  const service = asked.includes('service') ? environment[SERVICE.variable] : undefined;
  return {
    resourceAttributes: {
      ...(service === undefined || service === '' ? {} : { [SERVICE.attribute]: service }),
      ...listed,
      ...Object.fromEntries(written),
    },
    detectors: ['env', ...asked.flatMap((name) => DETECTORS[name] ?? [])],
  };
}

/** None where the value is null. */
function attributeOf(section: Section): readonly (readonly [name: string, value: AttributeValue])[] {
  const name = section.text('name');
  const type = section.choice('type', TYPE_NAMES) ?? 'string';
  const value = section.any('value');
  section.end();
  if (name === undefined || name === '') section.findings.fault(section.pathOf('name'), 'it is missing');
  if (value === undefined) section.findings.fault(section.pathOf('value'), 'it is missing');
  if (name === undefined || value === undefined || value === null) return [];
  if (!TYPES[type]!(value)) section.findings.fault(section.pathOf('value'), `it is no ${type}`);
  return [[name, value as AttributeValue]];
}
