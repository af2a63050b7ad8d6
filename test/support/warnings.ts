// What the process warned of while a test did something. Node's own listener is put aside meanwhile, so that
// expected warnings do not fill the report.

export interface ProcessWarning {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}

export async function warningsDuring(action: () => unknown): Promise<readonly ProcessWarning[]> {
  const heard: ProcessWarning[] = [];
  const others = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning: Error & { readonly code?: string }) => {
    heard.push({ name: warning.name, code: warning.code, message: warning.message });
  });
  try {
    await action();
    // Node reports in the next tick.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('warning');
    for (const listener of others) process.on('warning', listener);
  }
  return heard;
}
