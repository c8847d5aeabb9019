/** Every bound that is not a user's option, and the default of each that is, in one place. Units last in the names. */
export const LIMITS = {
  /** Body of one request, before and after decompression (OTLP recommends 64 MiB). */
  requestBodyBytes: 64 * 1024 * 1024,
  /** Largest window a zstd frame may ask for: what RFC 8878 tells every decoder to support. */
  zstdWindowBytes: 8 * 1024 * 1024,
  /** Largest first guess at the size of what is being compressed. */
  inflateChunkBytes: 256 * 1024,
  /** Kept between two calls to join a batch's segments for gzip. */
  compressScratchBytes: 4 * 1024 * 1024,
  /** Memory of what reads and writes deflate; one that a large body made grow past this is replaced after it. */
  deflateMemoryBytes: 4 * 1024 * 1024,
  /** A larger segment is compressed anew: to carry its matches over would take six times its bytes at once. */
  recodedSegmentBytes: 8 * 1024 * 1024,
  /** A zstd WASM instance whose heap grew past this is replaced after the call; normal batches need 4 MB. */
  zstdHeapBytes: 16 * 1024 * 1024,
  /** Members of one gzip body; senders write one. An empty one is 20 bytes, and each costs a call. */
  gzipMembers: 10_000,
  /** Blocks with codes of their own in one deflate body: so many, and one more for each so many of its bytes. Each costs
   *  2 us whatever it holds, and can be had for 12 bytes; compressors write them for some thousands. */
  deflateTables: 10_000,
  deflateTableBytes: 64,
  /** Frames of one zstd body; senders write one. */
  zstdFrames: 256,
  /** Nesting of an AnyValue, protobuf or JSON; protobuf's own default for messages is 100. */
  valueDepth: 64,
  /** Pieces of one singular message in a request that repeats it; protobuf merges them, senders write one. */
  messageParts: 10_000,
  /** Nesting of any JSON text we parse: a map of maps takes four levels for one of `valueDepth`, a request 20 around it. */
  jsonDepth: 288,
  /** Header block of one HTTP request. */
  headerBytes: 16 * 1024,
  connections: 10_000,
  /** Connections over the limit that still get a 503 in words; beyond them they are closed at once. */
  refusedConnections: 256,
  /** For a sender that is still sending to read its refusal. */
  lingerMs: 1000,
  /** The same where an engine can only count: bytes of a refused body that are read and thrown away. */
  lingerBytes: 256 * 1024 * 1024,
  /** Bytes of a refused request that are read and thrown away so that its connection can be kept. */
  drainedBytes: 64 * 1024,
  /** For a WebSocket that was told goodbye to answer. */
  webSocketCloseMs: 2000,
  headerTimeoutMs: 10_000,
  /** Between two reads of one request's body. */
  idleTimeoutMs: 30_000,
  /** For the whole of one request. */
  readTimeoutMs: 300_000,
  keepAliveTimeoutMs: 65_000,
  /** Of one HTTP/2 connection at a time. */
  grpcStreams: 256,
  /** Of one gRPC listener at a time. */
  grpcCalls: 20_000,
  /** Calls that watch (grpc.health.v1) of one connection and of one listener; a client has one for each service. */
  grpcWatchesOfConnection: 8,
  grpcWatches: 10_000,
  /** How often health is looked at while somebody watches it. */
  healthLookMs: 1000,
  /** What the sender of one call may send ahead of its reader: 20 MB/s over 50 ms. */
  grpcWindowBytes: 1024 * 1024,
  grpcConnectionWindowBytes: 4 * 1024 * 1024,
  /** Headers of one call, and frames that break HTTP/2 or streams over the limit before the connection is cut. */
  grpcHeaderPairs: 128,
  grpcInvalidFrames: 100,
  grpcRejectedStreams: 100,
  /** Calls that one connection may reset (CVE-2023-44487): a burst, then so many a second. Deadlines reset, too, and
   *  all calls of a connection may have the same. */
  grpcResetBurst: 600,
  grpcResetsPerSecond: 33,
  grpcPingBurst: 200,
  grpcPingsPerSecond: 50,
  grpcSettingsBurst: 20,
  grpcSettingsPerSecond: 1,
  /** Of one grpc.health.v1 request. */
  healthRequestBytes: 1024,
  /** A silent connection is pinged after this long at the latest: node:http2 reads no more of one whose client broke the
   *  rules, says nothing of it, and so does not see it close either. Clients may ping every 5 minutes, as with grpc-go. */
  grpcKeepaliveTimeMs: 30_000,
  grpcKeepaliveTimeoutMs: 20_000,
  grpcPingIntervalMs: 300_000,
  /** Queue of one exporter, over all its scopes. */
  queueItems: 1_000_000,
  queueBytes: 64 * 1024 * 1024,
  /** Default where a queue counts requests; the Go collector's. */
  queueRequests: 1000,
  queueConsumers: 1000,
  /** How much of a queue one scope may fill by itself, where several are let in. */
  queueScopeShare: 0.5,
  /** What a scope may bring at once after a pause: as much as in this time at its rate. */
  scopeBurstMs: 1000,
  scopeBurstMaxMs: 60_000,
  /** A refusal waits so long at most where its scope was told to wait and did not; half of it at least. */
  refusalHoldMs: 1000,
  /** Refusals of one scope that begin to wait in a second; the others are answered at once. */
  heldRefusalsPerSecond: 256,
  /** For an attempt that was aborted to end by itself; then it counts as failed and its late answer as none. */
  abortGraceMs: 500,
  /** Longest wait before a retry while the process drains. */
  drainBackoffMs: 500,
  /** Kept for reuse by the buffer pool, over all size classes. */
  pooledBytes: 64 * 1024 * 1024,
  /** A request up to this size is copied to others that wait for the same batch; a larger one waits in its own memory. */
  gatheredBytes: 16 * 1024,
  /** One that is changed, and so has to be copied, up to this size. */
  splicedBytes: 1024 * 1024,
  /** Pieces of memory that small requests are copied to: the first, and each from the fifth on. */
  gatherFirstBytes: 4 * 1024,
  gatherBytes: 64 * 1024,
  /** The walk's memory; one that a large request made grow past this is replaced after it. */
  walkMemoryBytes: 4 * 1024 * 1024,
  /** A batch that is cut by bytes may come to so many times its bytes: each part repeats the headers of its items. */
  cutGrowth: 4,
  /** What one batch processor holds of several scopes or metadata combinations; over it the largest batch is sent. */
  batchedBytes: 16 * 1024 * 1024,
  /** Distinct metadata combinations of one batch processor. */
  batchMetadataCardinality: 1000,
  /** Batches that one queue makes at a time, of as many scopes, signals and metadata combinations. */
  queueBatchGroups: 3000,
  /** Distinct scopes one process counts; one more is refused. */
  scopes: 1000,
  /** Between two writes of a kept ledger while it changes: a crash forgets what came in since. */
  ledgerWriteIntervalMs: 5000,
  /** A stop waits so long for the last write. */
  ledgerCloseMs: 5000,
  /** A kept ledger that is larger is neither written nor read. */
  ledgerFileBytes: 64 * 1024 * 1024,
  /** Retry-After when nothing better is known. */
  retryAfterMs: 1000,
  /** A destination's Retry-After is believed up to here. */
  retryAfterMaxMs: 3_600_000,
  shutdownTimeoutMs: 10_000,
  /** Between two looks at the configuration files. */
  reloadIntervalMs: 2000,
  /** Files one file exporter holds open; the longest unused is closed. */
  openFiles: 100,
  /** Text of the debug exporter that waits for a slow reader of stdout. */
  debugBufferBytes: 256 * 1024,
  /** Bytes of a destination's answer that are read. */
  responseBodyBytes: 64 * 1024,
  /** Characters of a foreign message that reach a log line or an answer. */
  messageChars: 300,
  /** Characters of our message in an OTLP answer. */
  answerChars: 1000,
  /** Kinds of audit events told apart by client and user in one second; what comes over that is counted without them. */
  auditKinds: 500,
  /** Audit records that wait for a disk that cannot be written; those over it are counted as lost. */
  auditPending: 10_000,
  /** Audit records written, and forced to the disk, at once. */
  auditCommit: 1000,
  /** A CRITICAL audit event waits so long for the disk; then the log counts as failing. */
  auditCommitMs: 5000,
  /** Between two attempts to write an audit log that cannot be written. */
  auditRetryMs: 1000,
  /** Characters of one text in an audit record, and of one of its details. */
  auditTextChars: 256,
  auditDetailChars: 4096,
  /** Entries in the details of one audit record. */
  auditDetails: 32,
  /** Characters of one YAML text: it is read at once, while nothing else runs. A Kubernetes ConfigMap holds half of it. */
  configChars: 2 * 1024 * 1024,
  configSources: 100,
  configExpansions: 1000,
  /** Values of one YAML text with its anchors multiplied out. */
  configValues: 100_000,
  /** Shortest HS256 secret: as many bits as the hash has (RFC 7518 3.2). */
  tokenSecretBytesMin: 32,
  /** A longer token is refused unread. */
  tokenBytes: 8 * 1024,
  /** Verified tokens that are remembered by their hash; the oldest is forgotten, and verified again. */
  cachedTokens: 10_000,
  /** Signatures that are checked at a time; one more is told to try again. */
  tokenChecksAtOnce: 64,
  /** Failed checks of one address in `authFailureWindowMs` before it is locked out. */
  authFailures: 20,
  authFailureWindowMs: 10_000,
  /** First lock-out of an address; each further one in a row lasts twice as long, up to the most. */
  authLockoutMs: 10_000,
  authLockoutMaxMs: 300_000,
  /** Addresses whose failures are remembered; the longest quiet one is forgotten. */
  authAddresses: 10_000,
  /** Longest life of a token that `periscope token create` makes. */
  tokenLifeMaxMs: 366 * 24 * 3_600_000,
  /** Scopes of one token. */
  tokenScopes: 100,
  /** Void tokens that a revocation file may list. */
  revokedTokens: 100_000,
  /** A key set or key file; larger ones are not read. */
  keyFileBytes: 256 * 1024,
  /** One-time tickets that are open at a time. */
  tickets: 10_000,
  ticketLifeMs: 60_000,
  /** The link that a start prints: read by a person, later and on another screen. Good once, too. */
  linkLifeMs: 3_600_000,
  /** Browsers that are signed in to the page; one more signs the oldest out. */
  sessions: 1000,
  sessionLifeMs: 12 * 3_600_000,
  /** Of one regular expression in a configuration: its machine, and the states kept of it (about 0.5 kB each). */
  regexpInstructions: 20_000,
  regexpStates: 1000,
  /** Largest count of x{n,m}; RE2's. */
  regexpRepeats: 1000,
  /** Parentheses in a condition of `filter`, and its characters. */
  conditionDepth: 100,
  conditionChars: 16 * 1024,
  /** Texts that a processor may put into one request: an action multiplies its value by the items of a sender. */
  changedBytes: 64 * 1024 * 1024,
  /** Longest text that groups are extracted from: it takes time in proportion to text and pattern. */
  extractBytes: 16 * 1024,
  /** Characters of one SQL text: the body of an API request holds no more. */
  sqlChars: 64 * 1024,
  /** What a SQL text may come to when it is read, each `*` and each alias written out; parts and nesting of one type. */
  sqlColumns: 10_000,
  sqlExpressions: 40_000,
  sqlTypeParts: 1000,
  sqlTypeDepth: 50,
  /** What one call of a function may make of a number: characters of `repeat`, members of `range`. */
  sqlAmount: 1_000_000,
  /** SQL texts, by their characters, whose syntax trees were judged and are remembered. */
  sqlVerdictChars: 1024 * 1024,
  /** Between two interrupts of a query whose time is over. */
  sqlInterruptAgainMs: 20,
  /** A query that was interrupted and runs on for so long costs the process its life: three times what one with a whole
   *  thread's share of a core should have, as `queryNiceness` leaves it a third of that. */
  sqlStuckMs: 3000,
  /** A user's query: its time, its rows unless it asks for more, the most it may ask for, and bytes of the rows. */
  sqlTimeoutMs: 5000,
  sqlRows: 10_000,
  sqlRowsMax: 100_000,
  sqlBytes: 16 * 1024 * 1024,
  /** Entries of the prompt's history. */
  sqlHistory: 1000,
  /** Queries that run at a time, and of one scope: fewer than libuv has threads in the analytics process. */
  sqlQueries: 4,
  sqlQueriesPerScope: 3,
  sqlWaiting: 256,
  sqlWaitingPerScope: 64,
  /** After so many queries of a scope DuckDB is made to forget what they let go of: 50 kB each at most. */
  sqlSweptQueries: 250,
  tablesTimeoutMs: 5000,
  /** libuv's threads in the analytics process. */
  analyticsPoolThreads: 16,
  /** By how much the threads that answer questions are nicer than those that load and receive. On a full core each then
   *  has a third of the share of one of these. */
  queryNiceness: 5,
  /** Heaps that glibc spreads the threads of the analytics process over; its own choice is eight a core, and what was freed
   *  in one is of no use to the others. `MALLOC_ARENA_MAX` of our own environment goes before. */
  analyticsHeaps: 2,
  /** DuckDB's threads of one scope, where there are as many cores. */
  duckdbThreads: 4,
  /** One frame on the pipe to the analytics process: a batch, or the rows of a query. */
  analyticsFrameBytes: 256 * 1024 * 1024,
  /** Memory that the analytics process reads its pipe into; a longer frame has more as long as it is read. */
  analyticsReadBytes: 4 * 1024 * 1024,
  /** Rows that are loaded at once; fewer wait so long for more: a load costs 2 ms however few they are. At 400,000 a second
   *  the time ends first. */
  windowFlushRows: 131_072,
  windowFlushMs: 200,
  /** Rows that wait to be loaded, over all scopes, before the pipe is left alone. */
  windowPendingRows: 262_144,
  /** Files of windows that nobody has written to for their age are looked for so often. */
  windowSweepMs: 60_000,
  /** Scopes that have a database of their own in the analytics process, by default. */
  windowScopes: 128,
  /** A scope whose windows are empty, and that nobody asks, gives up its database. */
  scopeStoreIdleMs: 600_000,
  /** The analytics process says how it is, and drops what is too old; after so many it said nothing it is killed. */
  analyticsTickMs: 1000,
  analyticsSilentTicks: 20,
  /** Over its memory by so much it ends its queries; by twice as much itself, by five times where that is bounded, too. */
  analyticsSlackBytes: 256 * 1024 * 1024,
  /** What it may have beside its memory where the system can be told to give no more, threads left out. */
  analyticsDataSlackBytes: 768 * 1024 * 1024,
  analyticsMemoryTickMs: 100,
  /** A query that has not ended so many looks after it was told to is taken for the one that does not hear: on a busy
   *  machine an interrupt takes its time. */
  analyticsDeafTicks: 3,
  /** The same where no query can be told to end, after so many looks. */
  analyticsMemoryTicks: 20,
  /** For the analytics process to be ready, and to end by itself. */
  analyticsStartMs: 15_000,
  analyticsStopMs: 5000,
  /** Before it is started again after it died: twice as long each time, and as at first after it has lived so long. */
  analyticsRestartMs: 200,
  analyticsRestartMaxMs: 30_000,
  analyticsHealthyMs: 60_000,
  /** A scope whose query cost the process its life asks nothing for so long, twice as long each time. */
  sqlStrikeMs: 10_000,
  sqlStrikeMaxMs: 600_000,
  /** Queries that stay open, of a scope and of all; those asked for several times count once. */
  standingQueriesPerScope: 32,
  standingQueries: 128,
  /** The budget of one run of them: its time, its rows, and bytes of the rows, of which the latest are kept. */
  standingTimeoutMs: 2000,
  standingRows: 5000,
  standingBytes: 1024 * 1024,
  /** Of all results that are kept. */
  standingBytesAll: 64 * 1024 * 1024,
  /** Columns that tell rows apart. */
  standingKeyColumns: 16,
  /** How many of them run at a time, and how often it is asked whose tables have changed. */
  standingRuns: 2,
  standingTickMs: 100,
  /** Between two runs of one. Over its budget so often in a row, it waits twice as long each time, up to the second figure. */
  standingStrikes: 3,
  standingIntervalMs: 1000,
  standingIntervalMaxMs: 30_000,
  /** Bytes of what the analytics process wrote to stderr that a fault tells. */
  analyticsStderrBytes: 4096,
  /** Connections of the API. */
  apiConnections: 1000,
  /** Body of one API request. */
  apiBodyBytes: 64 * 1024,
  /** Rows of MASTER_PERF in one request, either way. */
  perfRows: 1000,
  /** Of MASTER_PERF in a scope's window: rows of its history, things whose latest state is known, and rows that one load
   *  adds (then only the last of each series or attribute set). */
  perfHistoryRows: 10_000,
  perfKeys: 5000,
  perfFound: 1000,
  perfRules: 1000,
  /** To read MASTER_PERF of one scope, and to answer it. */
  perfQueryMs: 5000,
  perfAnswerBytes: 16 * 1024 * 1024,
  /** Of one message to the live stream. */
  streamMessageBytes: 64 * 1024,
  streamSubscriptions: 16,
  /** Characters of the `id` of a subscription. */
  streamIdChars: 64,
  /** A client that is silent is pinged after this long, and has so long to answer. */
  streamPingMs: 25_000,
  streamPongMs: 8000,
  /** A client that is subscribed to nothing, and says nothing, has so long. */
  streamEmptyMs: 60_000,
  /** Until it is known who asks for a connection. */
  streamAuthMs: 5000,
  /** What a client is told to wait for a connection of its scope to end. */
  streamRetryAfterMs: 5000,
  /** So long before its token ends a client is told. */
  streamTokenNoticeMs: 60_000,
  /** Between two deltas. */
  streamTickMs: 1000,
  /** What the socket of one client holds before its messages wait, and how much of them may wait; then the oldest go. */
  streamSocketBytes: 256 * 1024,
  streamQueueBytes: 1024 * 1024,
  /** A client that has not caught up for so long is let go. */
  streamSlowMs: 30_000,
  /** Messages over its rate that a client is answered in a row. */
  streamRefusedMessages: 20,
  /** Clients whose messages are counted; the longest quiet one is forgotten. */
  streamClients: 10_000,
  /** Of each second, for looking at what somebody watches; each scope and signal that is watched has its part of it. What
   *  there is no time for is counted as skipped. */
  streamScanMs: 100,
  /** Of each scope and signal that is watched, items a second that are looked at, and what may be left of that for later:
   *  who exports each few seconds is seen as a whole. Of more, batches are taken from everywhere, the rest is skipped. */
  streamScanItems: 20_000,
  streamScanBurstItems: 100_000,
  /** Memory for the names and series of what is watched, over all scopes, and the least that a scope's signal has. */
  streamDictionaryBytes: 64 * 1024 * 1024,
  streamDictionaryBytesMin: 512 * 1024,
  /** Besides: Resource messages of which is known whether a watcher wants them. What is over it is found out again. */
  streamResourceBytes: 16 * 1024 * 1024,
  streamResourceBytesMin: 128 * 1024,
  /** Series, records or spans that one subscription may ask for. */
  streamItems: 1000,
  /** Characters of one text in the stream, and attributes of one item. */
  streamTextChars: 4096,
  streamAttributes: 128,
  /** A series that brought nothing for so long makes room for another. */
  streamSeriesIdleMs: 300_000,
  /** Different activities of one second. */
  streamActivities: 200,
  /** Activities that a new subscriber is shown. */
  streamRecentActivities: 500,
  /** Connections of the listener for own metrics: scrapers and people. */
  metricsConnections: 100,
  /** Rows of one kind that wait in the columns of a scan, and their texts and lists: a request of 64 MiB may hold thirty
   *  million empty points, and a bucket count of one byte becomes eight. */
  scanRows: 4_000_000,
  scanHeapBytes: 256 * 1024 * 1024,
  /** The memory of a scan: its dictionaries, its columns, the request that it reads. A multiple of 64 KiB. */
  scanMemoryBytes: 2 * 1024 * 1024 * 1024,
  /** What a scan without rows keeps of it beside its dictionaries: the columns of a load, which the next one fills again. */
  scanKeptBytes: 64 * 1024 * 1024,
  /** A window's slices, which are dropped whole: a twelfth of its rows and of its hour. */
  windowSliceMs: 300_000,
  windowSliceRows: 400_000,
  windowSliceBytes: 64 * 1024 * 1024,
  /** Full slices of a scope that wait to be compressed together, and how long the first of them waits at least, unless they
   *  are twice as much: what is dropped sooner is not compressed. */
  windowLooseBytes: 32 * 1024 * 1024,
  windowLooseMs: 5000,
  /** Dictionaries of one scope and signal that are larger begin anew: 200 to 300 bytes a series. */
  windowDictionaryBytes: 96 * 1024 * 1024,
  /** The view `series` is made anew at most so often. */
  windowFiguresIntervalMs: 1000,
  /** Requests, and bytes of them, that an application has handed to its embedded collector and that are not answered yet. */
  embeddedRequests: 10_000,
  embeddedBytes: 128 * 1024 * 1024,
  /** Log lines of an embedded collector that its application has not taken, being busy; those over it are counted only. */
  embeddedLines: 1000,
  /** JavaScript heap of its thread: over the first for so many looks in a row the thread ends, and V8 ends it at so much more. */
  embeddedHeapMb: 512,
  embeddedHeapSlackMb: 1536,
  embeddedHeapLookMs: 100,
  embeddedHeapLooks: 5,
  /** Before it is started again after its thread ended: twice as long each time, so many times in a row; one that has lived
   *  so long begins anew. */
  embeddedRestarts: 3,
  embeddedRestartMs: 200,
  embeddedHealthyMs: 60_000,
  /** After its deadline, for the thread to end by itself. */
  embeddedStopMs: 5000,
  /** A process that ends at once waits so long for it. */
  embeddedExitMs: 500,
  /** Connections of a health listener: probes and people. */
  healthConnections: 100,
} as const;
