/**
 * Where the state of a scan lies in the memory of its machine, shared by wasm/scan and its host. Addresses are bytes, all
 * of 32-bit words; what is not fixed lies in blocks that the state has address and size of. All of a scan is in this
 * memory and nothing in the instance, so that a copy of it is the scan.
 */
export const SIGNAL_METRICS = 0;
export const SIGNAL_LOGS = 1;
export const SIGNAL_TRACES = 2;

/** What became of a request. */
export const OK = 0;
export const NOT_CANONICAL = 1;
export const BROKEN = 2;
/** The columns take no more. */
export const FULL = 3;

/** Allocator: the first byte that no block has, and the first free block. */
export const TOP = 4096;
export const FREE = 4100;
/** See state.ts. */
export const STATE = 4608;
/** Words of it: address and size of blocks, then numbers. */
export const STATE_BODY = 0;
export const STATE_SCRATCH = 2;
export const STATE_EXPECTED = 4;
export const STATE_SETS = 6;
export const STATE_DEPTH_MAX = 13;

/** Numbers for runs of bytes. */
export const INTERNER_BYTES = 64;
export const TEXTS = 4864;
export const SCOPE_MESSAGES = TEXTS + INTERNER_BYTES;
export const RESOURCE_MESSAGES = SCOPE_MESSAGES + INTERNER_BYTES;
export const METRICS = RESOURCE_MESSAGES + INTERNER_BYTES;
export const ATTRIBUTES = METRICS + INTERNER_BYTES;
/** Numbers for pairs of numbers. */
export const RESOURCES = ATTRIBUTES + INTERNER_BYTES;
export const INSTRUMENTATION_SCOPES = RESOURCES + INTERNER_BYTES;
export const ORIGINS = INSTRUMENTATION_SCOPES + INTERNER_BYTES;
export const CONTEXTS = ORIGINS + INTERNER_BYTES;
export const SERIES = CONTEXTS + INTERNER_BYTES;
/**
 * Words of an interner: how many entries, then address and size of the block of entries and of slots, the size of an entry
 * as a power of two, address and size of the keys.
 */
export const COUNT = 0;
export const ENTRIES = 2;
export const SLOTS = 4;
export const ENTRY_SHIFT = 6;
export const KEYS = 7;
/** Words of an entry. Runs: place in the keys and length. Pairs: the two. Both: hash, and what is noted of it. */
export const NOTE = 3;

/** Where the tables of columns are: metrics have five, logs and traces one. */
export const TABLE_BYTES = 64;
export const TABLES = 5632;
export const GAUGE = 0;
export const SUM = 1;
export const HISTOGRAM = 2;
export const EXPONENTIAL_HISTOGRAM = 3;
export const SUMMARY = 4;
export const LOGS = 5;
export const SPANS = 6;
/**
 * Words of a table: rows, rows there is room for; address and size of the columns and of the heap; bytes in the heap;
 * bounds of rows and of bytes in the heap; bytes a row, and how many of them are in columns of 16, of 8 and of 4.
 */
export const ROWS = 0;
export const ROOM = 1;
export const COLUMNS = 2;
export const HEAP = 4;
export const HEAP_LENGTH = 6;
export const ROWS_MAX = 7;
export const HEAP_MAX = 8;
export const SHAPE = 9;

/** What points of histograms, exponential histograms and summaries mean by each key below 128: three tables. */
export const SHAPES = 6144;
/** Metrics that wait to be read: metric-queue.ts. */
export const QUEUE = 6592;
export const QUEUE_LENGTH = 32;
/** Runs that are shorter are known by their digest. */
export const DIGEST_BYTES = 512;
/** Keys of it: random bytes that the host writes, twice as many and an odd 64-bit number. */
export const HASH_KEYS = 8192;
export const HASH_KEYS_BYTES = 2 * DIGEST_BYTES + 8;
/** First byte of the blocks. */
export const BLOCKS = 9472;

/**
 * Columns by the bytes a row of those before them: a table is one block, its columns stand behind each other, those of 8
 * bytes a row first, then of 4 and 1. Ids of 16 bytes stand first of all.
 */
export const POINT_TIME = 0;
export const POINT_START = 8;
export const POINT_VALUE = 16;
export const POINT_EXEMPLARS = 24;
export const POINT_SERIES = 32;
export const POINT_FLAGS = 36;
export const POINT_ROW = 40;

/** What the three kinds of distributions have in common stands at the same places. */
export const DISTRIBUTION_TIME = 0;
export const DISTRIBUTION_START = 8;
export const DISTRIBUTION_COUNT = 16;
export const DISTRIBUTION_SUM = 24;

export const SUMMARY_QUANTILES = 32;
export const SUMMARY_SERIES = 40;
export const SUMMARY_FLAGS = 44;
export const SUMMARY_ROW = 48;

export const BUCKETS_MIN = 32;
export const BUCKETS_MAX = 40;
export const BUCKETS_EXEMPLARS = 48;

export const HISTOGRAM_COUNTS = 56;
export const HISTOGRAM_BOUNDS = 64;
export const HISTOGRAM_SERIES = 72;
export const HISTOGRAM_FLAGS = 76;
export const HISTOGRAM_PRESENT = 80;
export const HISTOGRAM_ROW = 81;

export const EXPONENTIAL_ZERO_COUNT = 56;
export const EXPONENTIAL_ZERO_THRESHOLD = 64;
export const EXPONENTIAL_POSITIVE = 72;
export const EXPONENTIAL_NEGATIVE = 80;
export const EXPONENTIAL_SERIES = 88;
export const EXPONENTIAL_FLAGS = 92;
export const EXPONENTIAL_SCALE = 96;
export const EXPONENTIAL_POSITIVE_OFFSET = 100;
export const EXPONENTIAL_NEGATIVE_OFFSET = 104;
export const EXPONENTIAL_PRESENT = 108;
export const EXPONENTIAL_ROW = 109;

/** Bits of `present`. */
export const HAS_SUM = 1;
export const HAS_MIN = 2;
export const HAS_MAX = 4;

export const RECORD_TRACE_ID = 0;
export const RECORD_TIME = 16;
export const RECORD_SPAN_ID = 24;

export const LOG_BODY = 32;
export const LOG_ORIGIN = 40;
export const LOG_ATTRIBUTES = 44;
export const LOG_SEVERITY_TEXT = 48;
export const LOG_EVENT_NAME = 52;
export const LOG_FLAGS = 56;
export const LOG_SEVERITY_NUMBER = 60;
export const LOG_BODY_IS_TEXT = 61;
export const LOG_ROW = 62;

export const SPAN_DURATION = 32;
export const SPAN_PARENT = 40;
export const SPAN_EVENTS = 48;
export const SPAN_LINKS = 56;
export const SPAN_ORIGIN = 64;
export const SPAN_ATTRIBUTES = 68;
export const SPAN_NAME = 72;
export const SPAN_TRACE_STATE = 76;
export const SPAN_STATUS_MESSAGE = 80;
export const SPAN_FLAGS = 84;
export const SPAN_KIND = 88;
export const SPAN_STATUS_CODE = 89;
export const SPAN_ROW = 90;
