/** One round of the page bench: a line of history.jsonl. */
export interface PageRecord {
  readonly bench: 'page';
  readonly session: string;
  readonly at: string;
  readonly round: number;
  readonly version: string;
  readonly machine: string;
  readonly browser: string;
  /** On the chart that is dragged. */
  readonly points: number;
  /** From the click on the link until the overview can be used. */
  readonly usableMs: number;
  readonly framesPerS: number;
  readonly frameMedianMs: number;
  readonly frameP95Ms: number;
  /** All files of the page, gzipped. */
  readonly gzipBytes: number;
}
