// A promise that a test fulfils by hand, in place of sleeping "until the others have queued".

export interface OpenableGate {
  readonly opened: Promise<void>;
  open(): void;
}

export function openableGate(): OpenableGate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
