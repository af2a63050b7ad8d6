/** What clients ask of nodes, to find all of them, and the health of the cluster as a line of text. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, emulated } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

describe('the one node', () => {
  const sections = async (path: string): Promise<string[]> => {
    const { nodes } = (await cluster.ask(`GET ${path}`)).json;
    return Object.keys(Object.values(nodes)[0] as object).filter((name) => /^(http|settings)$/.test(name));
  };

  test('listens where it was asked', async () => {
    const { json } = await cluster.ask('GET /_nodes/_all/http');
    const [{ http }] = Object.values(json.nodes) as [{ http: { publish_address: string } }];
    expect(`http://${http.publish_address}`).toBe(cluster.url);
    expect(json._nodes).toEqual({ total: 1, successful: 1, failed: 0 });
  });

  test('shows what of it is asked for', async () => {
    expect(await sections('/_nodes')).toEqual(['settings', 'http']);
    expect(await sections('/_nodes/http')).toEqual(['http']);
    expect(await sections('/_nodes/_local/settings')).toEqual(['settings']);
  });
});

describe('the health in a line', () => {
  const text = async (query: string): Promise<string> => (await cluster.ask(`GET /_cat/health${query}`)).text;

  test('is a text, of the columns that are asked for', async () => {
    const response = await cluster.ask('GET /_cat/health');
    expect(response.header('content-type')).toEqual(['text/plain; charset=UTF-8']);
    expect(response.text).toMatch(
      /^\d{10} \d\d:\d\d:\d\d docker-cluster green 1 1 0 0 0 0 0 0 0 - 100\.0%\n$/,
    );
    expect(await text('?h=cl,status,none,node.total')).toBe('docker-cluster green 1\n');
  });

  test('has a head on request, with numbers below the ends of their names', async () => {
    expect(await text('?h=status,node.total,cluster&v')).toBe(
      'status node.total cluster\ngreen           1 docker-cluster\n',
    );
  });

  test('is JSON on request', async () => {
    const { json } = await cluster.ask('GET /_cat/health?h=status,shards&format=json');
    expect(json).toEqual([{ status: 'green', shards: '0' }]);
  });

  test('shows what is lost', async () => {
    const older = await emulated({ version: '8.15' });
    await older.ask('PUT /docs', { body: { settings: { number_of_replicas: 1 } } });
    const { text } = await older.ask('GET /_cat/health?h=status,shards,pri,unassign,unassign.pri,asp');
    expect(text).toBe('yellow 1 1 1 50.0%\n');
    await older.close();
  });
});
