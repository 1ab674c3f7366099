// The identity provider that stays: npm oidc-provider, client credentials, access tokens as JWTs for the API's resource.
//   node id_provider.mjs MODULES KEYS PORT PARTNERS READER
// KEYS is its key set, of which the first one signs; a restart reads it anew. READER may not ask for contracts.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, keys, port, partners, reader] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')));
const SCOPES = 'plans contracts';
const LIFE = 120; // seconds of an access token

const clients = Array.from({ length: Number(partners) }, (_, at) => `partner-${String(at + 1).padStart(2, '0')}`);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: clients.map((id) => ({
    client_id: id, client_secret: `${id}-secret`, scope: id === reader ? 'plans' : SCOPES,
    redirect_uris: [], response_types: [], grant_types: ['client_credentials'],
  })),
  jwks: JSON.parse(fs.readFileSync(keys, 'utf8')),
  scopes: SCOPES.split(' '),
  cookies: { keys: ['of the example'] },
  ttl: { ClientCredentials: LIFE },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: SCOPES, audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
