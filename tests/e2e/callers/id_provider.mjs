// oidc-provider for services that call each other: client credentials, access tokens as JWTs (resource indicators) or
// opaque, introspection and revocation. Its signing keys are in a file, the first one signs; a restart reads it anew.
// Grants of tokens are kept in a file, so that opaque ones outlive a restart.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, keys, kept, port] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')));

const found = new Map(fs.existsSync(kept) ? JSON.parse(fs.readFileSync(kept, 'utf8')) : []);
const keep = () => fs.writeFileSync(kept, JSON.stringify([...found]));
class FileAdapter {
  constructor(name) { this.name = name; }
  async upsert(id, payload) { found.set(`${this.name}:${id}`, payload); keep(); }
  async find(id) { return found.get(`${this.name}:${id}`); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async destroy(id) { found.delete(`${this.name}:${id}`); keep(); }
  async consume() { /* nothing here is good once */ }
  async revokeByGrantId() { /* there are no grants */ }
}

const client = (id) => ({
  client_id: id, client_secret: `${id}-secret`, redirect_uris: [], response_types: [], grant_types: ['client_credentials'],
});
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: FileAdapter,
  clients: [client('partner'), client('banyan')],
  jwks: JSON.parse(fs.readFileSync(keys, 'utf8')),
  scopes: ['orders'],
  cookies: { keys: ['a key for tests'] },
  ttl: { ClientCredentials: 600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_, resource) => ({
        scope: 'orders', audience: resource, accessTokenFormat: resource.endsWith('opaque') ? 'opaque' : 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
