// The door: the command as a function, for tests and for tools that have streams of their own.

export { run } from './run.js';
export type { Input, Io, Output } from './terminal/io.js';
