import { adler32 } from './adler.ts';
import { alignStream, beginStream, endStream, writeAt, writtenTo } from './bit-writer.ts';
import { begin, inflate, inputAt, outputAt, tokenCount } from './inflate.ts';
import { recode } from './recode.ts';

/** What the module gives to deflate-machine.ts. */
export { adler32, alignStream, begin, beginStream, endStream, inflate, inputAt, outputAt, recode, tokenCount, writeAt, writtenTo };
