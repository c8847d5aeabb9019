/** Every bound of reading a configuration file, which a program of its own does. */
export const CONFIG_FILE_LIMITS = {
  /** Of the file. */
  bytes: 1024 * 1024,
  /** Keys of attributes whose answer a filter keeps. */
  filteredKeys: 1000,
} as const;
