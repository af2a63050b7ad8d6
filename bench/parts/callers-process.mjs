// An emulator in a process of its own, with as many access tokens as it is told to make. Its parent gets them all.

import { startEmulator } from '@esauth/emulator';

const emulator = await startEmulator({
  users: { jane: { password: 'secret-of-jane', roles: ['viewer', 'monitoring_user'] } },
});
const tokens = Array.from({ length: Number(process.argv[2]) }, () => emulator.authorization('jane'));
process.on('disconnect', () => process.exit());
process.send({ url: emulator.url, tokens });
