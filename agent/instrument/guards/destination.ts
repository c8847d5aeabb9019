import { isLocal, type Settings } from '../settings.ts';

/** Why an agent of scope ENTERPRISE does not send there; undefined when it does. What leaves the machine is encrypted. */
export function refusedByEnterprise({ otlp: { url }, scope }: Settings): string | undefined {
  if (scope.claim !== 'ENTERPRISE' || isLocal(url) || url.startsWith('https:')) return undefined;
  return `cannot send to ${new URL(url).origin}: enterprise data leaves this machine by https only`;
}

/** Why one of scope LOCAL-SANDBOX does not send there; undefined when it does. What is tried out stays on the machine. */
export function refusedBySandbox({ otlp: { url }, scope }: Settings): string | undefined {
  return scope.claim !== 'LOCAL-SANDBOX' || isLocal(url)
    ? undefined
    : `cannot send to ${new URL(url).origin}: a local sandbox sends to this machine only`;
}
