// oidc-provider as an aggregator has it: refresh tokens that rotate and are good once, kept in a file.
// Beside its own endpoints it mints grants and codes for tests, breaks on demand, and counts what it did.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, file, port] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')));

const kept = new Map();
if (fs.existsSync(file)) for (const line of fs.readFileSync(file, 'utf8').split('\n')) if (line) keep(...JSON.parse(line));
const log = fs.openSync(file, 'a');
function keep(key, value) { if (value === null) kept.delete(key); else kept.set(key, value); }
function write(key, value) { keep(key, value); fs.writeSync(log, JSON.stringify([key, value]) + '\n'); }

class FileAdapter {
  constructor(name) { this.name = name; }
  async upsert(id, payload) { write(`${this.name}:${id}`, payload); }
  async find(id) { return kept.get(`${this.name}:${id}`); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async destroy(id) { write(`${this.name}:${id}`, null); }
  async consume(id) { const key = `${this.name}:${id}`; write(key, { ...kept.get(key), consumed: Math.floor(Date.now() / 1000) }); }
  async revokeByGrantId(grant) { for (const [key, value] of [...kept]) if (value.grantId === grant) write(key, null); }
}

const client = (id, extra = {}) => ({
  client_id: id, client_secret: `${id}-secret`, redirect_uris: ['https://client.test/cb'], response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'], ...extra,
});
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: FileAdapter,
  clients: [
    client('card'), client('other'), client('a-client-that-signs-assertions', { token_endpoint_auth_method: 'client_secret_jwt', token_endpoint_auth_signing_alg: 'HS256' }),
    client('posting', { token_endpoint_auth_method: 'client_secret_post' }),
    { ...client('public', { token_endpoint_auth_method: 'none' }), client_secret: undefined },
  ],
  rotateRefreshToken: true,
  pkce: { required: () => false },
  scopes: ['openid', 'offline_access', 'accounts', 'cards'],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  ttl: { AccessToken: 3600, RefreshToken: 30 * 86400, Grant: 30 * 86400, AuthorizationCode: 600, IdToken: 3600 },
  cookies: { keys: ['a key for tests'] }, jwks: undefined,
});
provider.proxy = true;
const counts = { token: 0, used: 0, wrong: 0, reused: 0, revoked: 0 };
provider.on('grant.revoked', () => { counts.revoked += 1; });
provider.on('grant.success', () => { counts.used += 1; });
provider.on('grant.error', (_, error) => { if (error.error === 'invalid_client') counts.wrong += 1; });

const SCOPE = 'openid offline_access accounts cards';
async function grantOf(account, clientId) {
  const grant = new provider.Grant({ accountId: account, clientId });
  grant.addOIDCScope(SCOPE);
  return grant.save();
}
async function minted(kind, account, clientId) {
  const owner = await provider.Client.find(clientId);
  const common = { accountId: account, client: owner, grantId: await grantOf(account, clientId), scope: SCOPE, gty: 'authorization_code' };
  const made = kind === 'code'
    ? new provider.AuthorizationCode({ ...common, redirectUri: 'https://client.test/cb', sessionUid: 's', authTime: 1 })
    : new provider.RefreshToken({ ...common, rotations: 0, iiat: Math.floor(Date.now() / 1000), authTime: 1 });
  return made.save();
}

let fault = {}; // fail: so many 500s (-1: all) · cut: lose so many answers · kill: a process, after the token was used · slow: ms · limit: 429 · bind: tokens to a key
let grace = 0; // seconds in which a used token gets the same answer again
const given = new Map();
const callback = provider.callback();

async function body(request) { const parts = []; for await (const part of request) parts.push(part); return Buffer.concat(parts); }

async function control(request, response) {
  const url = new URL(request.url, 'http://x');
  const asked = Object.fromEntries(url.searchParams);
  let said = {};
  if (url.pathname === '/_mint') said = { tokens: await Promise.all(asked.accounts.split(',').map((each) => minted(asked.kind, each, asked.client ?? 'card'))) };
  else if (url.pathname === '/_spend') await fetch(`http://127.0.0.1:${internal.address().port}/token`, { method: 'POST', headers: { authorization: asked.authorization }, body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: asked.token }) });
  else if (url.pathname === '/_fault') { fault = Object.fromEntries(Object.entries(asked).map(([key, value]) => [key, Number(value)])); grace = fault.grace ?? grace; }
  else if (url.pathname === '/_alive') said = { alive: [...kept].filter(([key, value]) => key.startsWith('RefreshToken:') && !value.consumed).map(([, value]) => value.accountId) };
  else said = counts;
  response.setHeader('content-type', 'application/json').end(JSON.stringify(said));
}

async function onToken(request, response) {
  counts.token += 1;
  const sent = await body(request);
  if (fault.fail) { fault.fail -= 1; response.writeHead(500).end('no'); return; }
  if (fault.limit) { response.writeHead(429, { 'retry-after': '60' }).end(); return; }
  if (fault.slow) await new Promise((resolve) => { setTimeout(resolve, fault.slow); });
  const shown = new URLSearchParams(sent.toString()).get('refresh_token');
  const again = given.get(shown);
  if (again && Date.now() < again.until) { response.writeHead(200, { 'content-type': 'application/json' }).end(again.answer); return; }
  const inner = await fetch(`http://127.0.0.1:${internal.address().port}${request.url}`, { method: 'POST', headers: clean(request.headers), body: sent });
  let answer = Buffer.from(await inner.arrayBuffer());
  if (inner.status === 200 && fault.bind) answer = Buffer.from(JSON.stringify({ ...JSON.parse(answer), token_type: 'DPoP' }));
  if (inner.status === 200 && grace) given.set(shown, { until: Date.now() + grace * 1000, answer });
  if (inner.status === 200 && fault.kill) { const pid = fault.kill; fault = {}; try { process.kill(pid, 'SIGKILL'); } catch { /* it is gone */ } response.destroy(); return; }
  if (inner.status === 200 && fault.cut) { fault.cut -= 1; response.destroy(); return; }
  response.writeHead(inner.status, { 'content-type': inner.headers.get('content-type') ?? 'text/plain', 'cache-control': 'no-store' }).end(answer);
}

function clean(headers) {
  const { connection, 'content-length': length, 'transfer-encoding': coding, host, ...rest } = headers;
  return rest;
}

const internal = http.createServer(callback).listen(0, '127.0.0.1');
http.createServer((request, response) => {
  const handled = request.url.startsWith('/_') ? control(request, response)
    : request.url === '/token' ? onToken(request, response) : callback(request, response);
  Promise.resolve(handled).catch((error) => { console.error(error); response.destroy(); });
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
