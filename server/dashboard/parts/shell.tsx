import type { ComponentChildren, JSX } from 'preact';
import type { PagePath } from '../../routes/page-paths.ts';
import { reachable, scope } from '../data/api.ts';
import { paused } from '../data/live.ts';
import { address, linkTo } from '../data/place.ts';
import { choose, currentScope, scopes, signOut } from '../data/session.ts';
import { switchTheme, theme } from '../data/theme.ts';
import { Icon, Logo, type IconName } from './icon.tsx';

export interface PageEntry {
  readonly path: PagePath;
  readonly name: string;
  readonly icon: IconName;
  /** After `g`. */
  readonly key: string;
}
export const PAGES: readonly PageEntry[] = [
  { path: '/', name: 'Overview', icon: 'overview', key: 'o' },
  { path: '/metrics', name: 'Metrics', icon: 'metrics', key: 'm' },
  { path: '/logs', name: 'Logs', icon: 'logs', key: 'l' },
  { path: '/traces', name: 'Traces', icon: 'traces', key: 't' },
  { path: '/perf', name: 'Perf', icon: 'perf', key: 'p' },
  { path: '/activity', name: 'Activity', icon: 'activity', key: 'a' },
  { path: '/sql', name: 'SQL', icon: 'sql', key: 's' },
];

function Nav(): JSX.Element {
  return (
    <nav class="nav" aria-label="Pages">
      {PAGES.map(({ path, name, icon, key }) => (
        <a key={path} href={linkTo(path)} aria-current={address.value.path === path ? 'page' : undefined} title={name}>
          <Icon name={icon} />
          <span>{name}</span>
          <kbd aria-hidden="true">g {key}</kbd>
        </a>
      ))}
    </nav>
  );
}

/** Whose data one sees: colour and icon of the scope on every page. With several, a choice. */
function ScopeChip(): JSX.Element {
  const row = currentScope();
  const all = scopes.value;
  return (
    <div class="scope-chip" title={`Scope ${scope.value}`}>
      <span class="scope-icon" aria-hidden="true">
        {row?.icon ?? '○'}
      </span>
      <span class="scope-name">{scope.value === '' ? '…' : scope.value}</span>
      {row !== undefined && <span class="scope-tier">{row.tier}</span>}
      {all.length > 1 && (
        <select aria-label="Scope" value={scope.value} onChange={(event) => choose(event.currentTarget.value)}>
          {all.map(({ scope: name, icon }) => (
            <option key={name} value={name}>
              {icon} {name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function LinkState(): JSX.Element {
  const [tone, words] =
    reachable.value === 'no'
      ? ['bad', 'No connection']
      : reachable.value === 'unknown'
        ? ['', 'Connecting']
        : paused.value
          ? ['warn', 'Paused']
          : ['good beats', 'Live'];
  return (
    <span class="link-state" role="status">
      <span class={`dot ${tone}`} />
      <span>{words}</span>
    </span>
  );
}

const THEME_WORDS = { auto: 'as the system', light: 'light', dark: 'dark' } as const;

export function Shell({ help, children }: { readonly help: () => void; readonly children: ComponentChildren }): JSX.Element {
  const themeLabel = `Colours: ${THEME_WORDS[theme.value]}`;
  return (
    <div class="shell">
      <div class="rail">
        <a class="brand" href={linkTo('/')} aria-label="Periscope, overview">
          <Logo />
          <span>Periscope</span>
        </a>
        <Nav />
        <div class="rail-end">
          <ScopeChip />
          <div class="rail-tools">
            <LinkState />
            <button type="button" class="icon-button" title={themeLabel} aria-label={themeLabel} onClick={switchTheme}>
              <Icon name={theme.value === 'auto' ? 'auto' : theme.value === 'dark' ? 'moon' : 'sun'} />
            </button>
            <button type="button" class="icon-button" title="Keys (?)" aria-label="Keyboard help" onClick={help}>
              <Icon name="help" />
            </button>
            <button type="button" class="icon-button" title="Sign out" aria-label="Sign out" onClick={() => void signOut()}>
              <Icon name="leave" />
            </button>
          </div>
        </div>
      </div>
      <main class="main">
        {reachable.value === 'no' && (
          <div class="banner bad" role="alert">
            <Icon name="alert" />
            No connection to the collector. What you see is from before; it goes on by itself when the collector is back.
          </div>
        )}
        {children}
      </main>
    </div>
  );
}
