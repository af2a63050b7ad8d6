// The API that the demo protects: what an application has to write, and nothing else.

import { esauth, identityOf, requirePrivileges, requireRoles, type Verifier } from '@esauth/express';
import express, { type Express } from 'express';

/**
 * @param verifier how callers are recognised; an application makes it with `createVerifier({ nodes })`.
 * @param index whoever may read it may see the reports.
 */
export function createApi(verifier: Verifier, index: string): Express {
  const api = express();
  api.use(esauth(verifier));

  api.get('/me', (req, res) => {
    const { username, realm, roles, authenticationType, apiKey } = identityOf(req);
    res.json({ username, realm: realm.name, roles, authenticationType, apiKey: apiKey?.name });
  });

  api.get('/admin', requireRoles('superuser'), (_req, res) => {
    res.json({ welcome: true });
  });

  // API keys have no roles. What they may do, Elasticsearch knows.
  const readReports = requirePrivileges({ index: [{ names: index, privileges: ['read'] }] });
  api.get('/reports', readReports, (_req, res) => {
    res.json({ reports: [] });
  });
  return api;
}
