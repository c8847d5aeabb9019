import { expect, it } from 'vitest';
import { hasRoomForThread } from '../../../../agent/instrument/export/address-space.ts';

const limits = (addressSpace: string): string => `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max address space         ${addressSpace.padEnd(20)} unlimited            bytes
Max open files            1024                 4096                 files
`;
const status = (kilobytes: number): string =>
  `Name:\tnode\nVmPeak:\t  9999999 kB\nVmSize:\t ${kilobytes} kB\nVmRSS:\t   50000 kB\n`;
const files =
  (addressSpace: string, kilobytes: number) =>
  (path: string): string =>
    path === '/proc/self/limits' ? limits(addressSpace) : status(kilobytes);

it('has room for a thread where nothing limits the addresses of the process, and where nobody says so', () => {
  expect(hasRoomForThread(files('unlimited', 700_000))).toBe(true);
  expect(hasRoomForThread(() => '')).toBe(true);
  const none = (): never => {
    throw new Error('ENOENT');
  };
  expect(hasRoomForThread(none)).toBe(true);
});

it('has room where two gigabytes are left, and none where it is a byte less', () => {
  const gigabyte = 2 ** 30;
  expect(hasRoomForThread(files(String(4 * gigabyte), 1024 * 1024))).toBe(true);
  expect(hasRoomForThread(files(String(3 * gigabyte), 1024 * 1024))).toBe(true);
  expect(hasRoomForThread(files(String(3 * gigabyte - 1), 1024 * 1024))).toBe(false);
});
