/** Folders with the state of collectors that this process has embedded, and whose they are. */
const claimed = new Map<string, object>();

/** Whether `owner` has the folder for itself; asking twice is once. */
export function claimFolder(directory: string, owner: object): boolean {
  const holder = claimed.get(directory) ?? owner;
  if (holder !== owner) return false;
  claimed.set(directory, owner);
  return true;
}

export function releaseFolders(owner: object): void {
  for (const [directory, holder] of claimed) if (holder === owner) claimed.delete(directory);
}
