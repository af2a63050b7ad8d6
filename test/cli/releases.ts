// Every release that the emulator can be.

export const releases: readonly string[] = [
  '7.17',
  ...Array.from({ length: 20 }, (_, minor) => `8.${minor}`),
  ...Array.from({ length: 6 }, (_, minor) => `9.${minor}`),
];

/** Whether a release is one, or a later one. */
export function isSince(release: string, since: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}
