// As much of curl as the lines that the emulator prints need, for machines without it.

import { readFileSync } from 'node:fs';
import { request as plainly } from 'node:http';
import { request as secured } from 'node:https';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cacert: { type: 'string' },
    user: { type: 'string', short: 'u' },
    header: { type: 'string', short: 'H', multiple: true },
    data: { type: 'string', short: 'd' },
  },
});
const [url = ''] = positionals;
const request = url.startsWith('https:') ? secured : plainly;
const headers = Object.fromEntries((values.header ?? []).map((line) => line.split(': ')));
const options = {
  auth: values.user,
  headers,
  method: values.data === undefined ? 'GET' : 'POST',
  ca: values.cacert && readFileSync(values.cacert),
};
request(url, options, (response) => response.pipe(process.stdout)).end(values.data);
