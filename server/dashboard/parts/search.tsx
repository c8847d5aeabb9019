import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

interface SearchProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder: string;
  readonly label: string;
}

const QUIET_MS = 250;

/** A search that follows while one types, a moment later. */
export function Search({ value, onChange, placeholder, label }: SearchProps): JSX.Element {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setTyped(value), [value]);
  const tell = (text: string, afterMs: number): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(text), afterMs);
  };
  return (
    <label class="search grow">
      <Icon name="search" />
      <span class="unseen">{label}</span>
      <input
        type="search"
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          tell(event.currentTarget.value, QUIET_MS);
        }}
        onKeyDown={(event) => event.key === 'Enter' && tell(event.currentTarget.value, 0)}
      />
    </label>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly onChange: (value: string) => void;
}

/** One of a few. */
export function Choice({ name, value, options, onChange }: ChoiceProps): JSX.Element {
  const known = options.some(([each]) => each === value);
  return (
    <label class="select">
      <span class="name">{name}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {!known && <option value={value}>{value}</option>}
        {options.map(([each, label]) => (
          <option key={each} value={each}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
