// What vitest's JSON reports of a run say, read by .ci/run.
//   node .ci/reports.mjs failed REPORT    the files that failed, one a line
//   node .ci/reports.mjs summary FOLDER   names of failed tests, then the last line: tests: N passed, N failed
// A report `X-again.json` is of the files of `X.json` that failed, run once more alone: for these files it counts instead, and
// what passed then is named as unsteady.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const AGAIN = '-again.json';
const MESSAGE_LINES = 12;

const read = (path) => JSON.parse(readFileSync(path, 'utf8')).testResults;
const failedTests = (file) => file.assertionResults.filter((test) => test.status === 'failed');
const isFailed = (file) => file.status === 'failed' || failedTests(file).length > 0;

/** A file that cannot be loaded has no test of its own to name. */
function* failures(file) {
  for (const test of failedTests(file)) yield [`${file.name} > ${test.fullName}`, test.failureMessages.join('\n')];
  if (isFailed(file) && failedTests(file).length === 0) yield [file.name, file.message];
}

function tell(what, file) {
  for (const [name, message] of failures(file))
    process.stdout.write(`${what}: ${name}\n${message.split('\n', MESSAGE_LINES).join('\n')}\n`);
}

function* counted(folder) {
  for (const name of readdirSync(folder).filter((each) => !each.endsWith(AGAIN))) {
    const again = join(folder, `${basename(name, '.json')}${AGAIN}`);
    const second = new Map(existsSync(again) ? read(again).map((file) => [file.name, file]) : []);
    for (const file of read(join(folder, name))) {
      const last = second.get(file.name) ?? file;
      if (isFailed(file) && !isFailed(last)) tell('unsteady, passed when run again', file);
      yield last;
    }
  }
}

function summary(folder, steps) {
  let passed = 0;
  let failed = 0;
  for (const file of counted(folder)) {
    tell('failed', file);
    passed += file.assertionResults.filter((test) => test.status === 'passed').length;
    failed += [...failures(file)].length;
  }
  if (steps.length > 0) process.stdout.write(`failed steps: ${steps.join(', ')}\n`);
  // A step that failed without a failing test counts as one.
  if (failed === 0) failed = steps.length;
  process.stdout.write(`tests: ${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0;
}

const [command, path] = process.argv.slice(2);
if (command === 'failed') for (const file of read(path).filter(isFailed)) process.stdout.write(`${file.name}\n`);
if (command === 'summary') process.exitCode = summary(path, (process.env.FAILED_STEPS ?? '').split(',').filter(Boolean)) ? 0 : 1;
