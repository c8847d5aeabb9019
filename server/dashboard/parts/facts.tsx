import type { JSX } from 'preact';

interface FactsProps {
  readonly title: string;
  readonly facts: Readonly<Record<string, string>>;
  /** A click on a value: shows only what has it. */
  readonly onChoose?: (key: string, value: string) => void;
}

/** Attributes, by the alphabet. */
export function Facts({ title, facts, onChoose }: FactsProps): JSX.Element | null {
  const entries = Object.entries(facts).toSorted(([left], [right]) => (left < right ? -1 : 1));
  if (entries.length === 0) return null;
  return (
    <section>
      <h3 class="facts-title">{title}</h3>
      <dl class="facts">
        {entries.map(([key, value]) => (
          <>
            <dt>{key}</dt>
            <dd>
              {onChoose === undefined ? (
                value
              ) : (
                <button type="button" class="fact" title="Show only what has this" onClick={() => onChoose(key, value)}>
                  {value}
                </button>
              )}
            </dd>
          </>
        ))}
      </dl>
    </section>
  );
}
