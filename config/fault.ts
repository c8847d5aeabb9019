/** Where a value of a configuration was written. Lines and columns count from 1. */
export interface Position {
  /** A file's path as given, `--set`, or `environment variable X`. */
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a configuration. `error` stops a start, `warning` is said and lived with. */
export interface Fault {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** As the Go collector writes it: `receivers::otlp::protocols`. '' = the whole configuration. */
  readonly path: string;
  readonly position?: Position | undefined;
  /** The nearest valid name. */
  readonly suggestion?: string | undefined;
  /** Set when a component of the Go collector is used that we do not have: `--skip-unsupported` leaves it out. */
  readonly unsupported?: { readonly kind: string; readonly id: string; readonly replacement: string } | undefined;
}

/** `gateway.yaml:3:5: receivers::otpl: unknown receiver "otpl"; did you mean "otlp"?` */
export function formatFault(fault: Fault): string {
  const { position } = fault;
  const where = position === undefined ? '' : `${position.source}:${position.line}:${position.column}: `;
  const path = fault.path === '' ? '' : `${fault.path}: `;
  const suggestion = fault.suggestion === undefined ? '' : `; did you mean "${fault.suggestion}"?`;
  return `${where}${path}${fault.message}${suggestion}`;
}

/** In the order of the text: by source, line, column; faults without a position last. */
export function sortFaults(faults: readonly Fault[]): Fault[] {
  const key = (fault: Fault): [string, number, number] =>
    fault.position === undefined ? ['\uffff', 0, 0] : [fault.position.source, fault.position.line, fault.position.column];
  return [...faults].sort((left, right) => {
    const [leftSource, leftLine, leftColumn] = key(left);
    const [rightSource, rightLine, rightColumn] = key(right);
    if (leftSource !== rightSource) return leftSource < rightSource ? -1 : 1;
    return leftLine - rightLine || leftColumn - rightColumn;
  });
}
