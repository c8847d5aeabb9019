#!/usr/bin/env node
import { paint } from '../../terminal/colour.ts';
import { surfaceOf } from '../../terminal/surface.ts';
import { signByEnvironment } from '../signing/sign-by-environment.ts';
import { examine, type Mark } from './examination.ts';

const USAGE = `periscope-agent doctor [program.js]

Says which copies of @opentelemetry/api an app in this folder may load, what the agent reads from the environment, and where
data goes; sends one test point and says what came back. Exit code 0: the point was taken and nothing stands in the way.
`;

async function main([command, program]: readonly string[]): Promise<number> {
  if (command !== 'doctor') {
    process.stdout.write(USAGE);
    return command === undefined || command === '--help' || command === 'help' ? 0 : 2;
  }
  const surface = surfaceOf(process.stdout, process.env);
  const signs: Readonly<Record<Mark, string>> = surface.unicode
    ? { ok: '✓', bad: '✗', off: '○', note: '·' }
    : { ok: '+', bad: '!', off: 'o', note: '-' };
  const colours: Readonly<Partial<Record<Mark, string>>> = { ok: '#16a34a', bad: '#dc2626' };
  signByEnvironment(process.env);
  const sections = await examine({ folder: process.cwd(), environment: process.env, program });
  for (const { title, lines } of sections) {
    process.stdout.write(`${paint(title, { bold: true }, surface.colours)}\n`);
    for (const { mark, text } of lines) {
      const colour = colours[mark];
      process.stdout.write(`  ${paint(signs[mark], colour === undefined ? {} : { colour }, surface.colours)} ${text}\n`);
    }
  }
  return sections.some(({ lines }) => lines.some(({ mark }) => mark === 'bad')) ? 1 : 0;
}

// Who reads may stop before the end, as `head` does.
process.stdout.on('error', () => undefined);
main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`cannot examine: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
