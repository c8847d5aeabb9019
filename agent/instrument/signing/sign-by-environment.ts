import { signRequests } from './signer.ts';
import { requestSigner } from './webhook-signature.ts';

/** Signs what this thread exports with AGENT_WEBHOOK_SECRET, where that is set. */
export function signByEnvironment({ AGENT_WEBHOOK_SECRET: secret = '' }: Readonly<Record<string, string | undefined>>): void {
  signRequests(requestSigner(secret));
}
