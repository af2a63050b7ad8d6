/** How a wrong option is complained about: at once, by its name, and without its value. */

/** @throws TypeError */
export function refuse(option: string, wanted: string): never {
  throw new TypeError(`startEmulator: option "${option}" must be ${wanted}`);
}

/** @throws TypeError unless `fine` */
export function check(option: string, fine: boolean, wanted: string): void {
  if (!fine) refuse(option, wanted);
}

/** @throws TypeError if there is a member that nobody knows */
export function checkNames(value: object, known: readonly string[], path = ''): void {
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw new TypeError(`startEmulator: unknown option "${path}${name}"`);
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
