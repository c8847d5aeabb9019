import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { address } from '../data/place.ts';
import { signIn } from '../data/session.ts';
import { Icon, Logo } from '../parts/icon.tsx';

/** For a browser that nobody knows (yet, or any more). */
export function SignIn(): JSX.Element {
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string>();
  const [waits, setWaits] = useState(false);
  const used = address.value.query['link'] === 'used';
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setWaits(true);
    setFault(await signIn(token));
    setWaits(false);
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <span class="brand">
          <Logo />
          Periscope
        </span>
        {used && (
          <div class="fault waits" role="alert">
            <Icon name="alert" />
            That link has been used or is too old. It is good once.
          </div>
        )}
        <p class="soft">
          Open the link that the collector printed when it started, or show a token. On the same machine the owner's lies in{' '}
          <code>.periscope/token</code>; others are made by <code>npx periscope token create</code>.
        </p>
        <label class="search">
          <span class="unseen">Token</span>
          <input
            type="password"
            autocomplete="off"
            placeholder="Token"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {fault !== undefined && (
          <div class="fault" role="alert">
            <Icon name="alert" />
            {fault}
          </div>
        )}
        <button type="submit" class="button primary" disabled={token.trim() === '' || waits}>
          Sign in
        </button>
        <p class="muted">The token stays in this page; the browser gets a session that ends after twelve hours.</p>
      </form>
    </main>
  );
}
