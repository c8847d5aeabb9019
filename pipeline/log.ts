/** Our own log. Never an item's content, never a secret; callers on a data path use `limited`. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** At most one line per `key` and 10 s; the next line carries how many were held back. */
  limited(key: string, message: string, fields?: LogFields): void;
}
export type LogFields = Readonly<Record<string, string | number | boolean>>;
