// The aggregator: npm oidc-provider, whose refresh tokens rotate and are good once, and the banks' figures behind it.
//   node aggregator.mjs MODULES FOLDER PORT TENANTS SPARE
// FOLDER/provider.jsonl is what it keeps, FOLDER/tokens.tsv the grants that customers had given before the story begins,
// FOLDER/calls.jsonl its own log: who asked for what. /_… is for the story: a day passes, a customer consents.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, folder, port, tenants, spare] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')));
const LIFE = 30; // seconds of an access token: short, so that refresh tokens rotate while one watches
const SCOPE = 'openid offline_access accounts';
const CALLBACK = 'https://card.example/link/callback';

const kept = new Map();
const file = fs.openSync(path.join(folder, 'provider.jsonl'), 'a');
const calls = fs.createWriteStream(path.join(folder, 'calls.jsonl'), { flags: 'a' });
function write(key, value) {
  if (value === null) kept.delete(key); else kept.set(key, value);
  fs.writeSync(file, `${JSON.stringify([key, value])}\n`);
}
const byAccount = new Map(); // an account's refresh tokens that are good still

class FileAdapter {
  constructor(name) { this.name = name; }
  async upsert(id, payload) {
    write(`${this.name}:${id}`, payload);
    if (this.name === 'RefreshToken') byAccount.set(payload.accountId, [...(byAccount.get(payload.accountId) ?? []).slice(-9), id]);
  }
  async find(id) { return kept.get(`${this.name}:${id}`); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async destroy(id) { write(`${this.name}:${id}`, null); }
  async consume(id) { const key = `${this.name}:${id}`; write(key, { ...kept.get(key), consumed: Math.floor(Date.now() / 1000) }); }
  async revokeByGrantId(grant) { for (const [key, value] of [...kept]) if (value.grantId === grant) write(key, null); }
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: FileAdapter,
  clients: [{
    client_id: 'office', client_secret: 'office-secret', redirect_uris: [CALLBACK], response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  }],
  rotateRefreshToken: true, // for a client with a secret it would not, by default
  pkce: { required: () => false },
  scopes: SCOPE.split(' '),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  ttl: { AccessToken: LIFE, RefreshToken: 30 * 86400, Grant: 30 * 86400, AuthorizationCode: 600, IdToken: 3600 },
  cookies: { keys: ['of the example'] },
});
provider.proxy = true;
const counts = { revoked: 0, refreshed: 0, consents: 0, refused: 0 };
provider.on('grant.revoked', () => { counts.revoked += 1; });
provider.on('grant.error', (_, error) => { if (error.error === 'invalid_grant') counts.refused += 1; });
provider.on('grant.success', (context) => {
  if (context.oidc.params.grant_type === 'refresh_token') counts.refreshed += 1;
  else counts.consents += 1;
});

async function grantOf(account) {
  const grant = new provider.Grant({ accountId: account, clientId: 'office' });
  grant.addOIDCScope(SCOPE);
  return grant.save();
}
async function token(account) { // what a customer's consent of some months ago has left
  const client = await provider.Client.find('office');
  return new provider.RefreshToken({
    accountId: account, client, grantId: await grantOf(account), scope: SCOPE, gty: 'authorization_code', rotations: 0,
    iiat: Math.floor(Date.now() / 1000), authTime: 1,
  }).save();
}
async function consent(account) { // a customer's browser: the code that the callback brings; the consent before ends
  for (const id of byAccount.get(account) ?? []) write(`RefreshToken:${id}`, null);
  byAccount.delete(account);
  const client = await provider.Client.find('office');
  return new provider.AuthorizationCode({
    accountId: account, client, grantId: await grantOf(account), scope: SCOPE, gty: 'authorization_code',
    redirectUri: CALLBACK, sessionUid: account, authTime: Math.floor(Date.now() / 1000),
  }).save();
}

let day = 1;
function drawn(...parts) { return crypto.createHash('sha256').update(parts.join('|')).digest().readUInt32BE(0); }
function figures(tenant) { // the banks': some accounts are overdrawn
  const count = 1 + (drawn(tenant) % 3);
  return Array.from({ length: count }, (_, at) => ({
    number: `${tenant}-${at + 1}`,
    bank: ['Aoba', 'Hinode', 'Minato', 'Wakaba'][drawn(tenant, at) % 4],
    currency: 'JPY',
    balance: (drawn(tenant, at, day) % 9_000_000) - 500_000,
    day,
  }));
}

async function onAccounts(request, response) {
  const shown = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const found = await provider.AccessToken.find(shown);
  const status = found?.isValid ? 200 : 401;
  note(request, status, found?.accountId ?? '');
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(status === 200 ? { tenant: found.accountId, accounts: figures(found.accountId) } : { error: 'invalid_token' }));
}

function note(request, status, tenant) {
  const caller = (request.headers['user-agent'] ?? '').split('/')[0];
  calls.write(`${JSON.stringify({ at: Date.now() / 1000, caller, method: request.method, path: request.url.split('?')[0], tenant, status })}\n`);
}

async function onStory(request, response) {
  const url = new URL(request.url, 'http://story');
  let said = counts;
  if (url.pathname === '/_day') { day += 1; said = { day }; }
  if (url.pathname === '/_consent') said = { code: await consent(url.searchParams.get('tenant')) };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
}

const callback = provider.callback();
const server = http.createServer((request, response) => {
  const at = request.url.split('?')[0];
  if (at === '/token') response.on('finish', () => note(request, response.statusCode, ''));
  const handled = at.startsWith('/_') ? onStory(request, response)
    : at === '/link/accounts' ? onAccounts(request, response) : callback(request, response);
  Promise.resolve(handled).catch((error) => { console.error(error); response.destroy(); });
});
server.keepAliveTimeout = 60_000;

const lines = [];
for (let each = 1; each <= Number(tenants); each += 1) {
  const name = `t-${String(each).padStart(5, '0')}`;
  lines.push(`${name}\t${await token(name)}\n`);
}
for (let each = 1; each <= Number(spare); each += 1) lines.push(`spare-${each}\t${await token(`spare-${each}`)}\n`);
fs.writeFileSync(path.join(folder, 'tokens.part'), lines.join(''));
fs.renameSync(path.join(folder, 'tokens.part'), path.join(folder, 'tokens.tsv'));
server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
