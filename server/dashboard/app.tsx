import type { FunctionComponent, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PagePath } from '../routes/page-paths.ts';
import { signedOut } from './data/api.ts';
import { listenToKeys } from './data/keys.ts';
import { address, followLinks } from './data/place.ts';
import { start } from './data/session.ts';
import { Activity } from './pages/activity.tsx';
import { Logs } from './pages/logs.tsx';
import { Metrics } from './pages/metrics.tsx';
import { Overview } from './pages/overview.tsx';
import { Traces } from './pages/traces.tsx';
import { Perf } from './pages/perf.tsx';
import { Sql } from './pages/sql.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { Help } from './parts/help.tsx';
import { PAGES, Shell } from './parts/shell.tsx';

const VIEWS: Readonly<Record<PagePath, FunctionComponent>> = {
  '/': Overview,
  '/metrics': Metrics,
  '/logs': Logs,
  '/traces': Traces,
  '/perf': Perf,
  '/activity': Activity,
  '/sql': Sql,
};

export function App(): JSX.Element {
  const [help, setHelp] = useState(false);
  useEffect(() => {
    void start();
    document.addEventListener('click', followLinks);
    const unlisten = listenToKeys(() => setHelp(true));
    return () => {
      document.removeEventListener('click', followLinks);
      unlisten();
    };
  }, []);
  const page = PAGES.find(({ path }) => path === address.value.path);
  useEffect(() => {
    document.title = page === undefined || page.path === '/' ? 'Periscope' : `${page.name} · Periscope`;
  }, [page]);
  if (signedOut.value) return <SignIn />;
  const View = VIEWS[address.value.path];
  return (
    <>
      <Shell help={() => setHelp(true)}>
        <View key={address.value.path} />
      </Shell>
      <Help open={help} close={() => setHelp(false)} />
    </>
  );
}
