import { splice } from './splice.ts';
import { faultPosition, itemCount, markCount, markRows, run } from './walk.ts';

/** What the module gives to walk-machine.ts. */
export { faultPosition, itemCount, markCount, markRows, run, splice };
