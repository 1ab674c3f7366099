// The identity provider: npm oidc-provider, with a grant of the members' own (number and password), and access tokens as
// JWTs for the API's resource. It keeps the members as they were taken over: the number of the card is a claim.
//   node id_provider.mjs MODULES KEYS PORT FIRST MEMBERS UNCONFIRMED
// KEYS is its key set. Each member of UNCONFIRMED has not shown who he is, and gets no scope `card`.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, keys, port, first, members, unconfirmed] = process.argv.slice(2);
const { Provider, errors } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')));
const AUDIENCE = 'https://api.todock.example';
const LIFE = 900; // seconds of an access token

const known = new Map(Array.from({ length: Number(members) }, (_, at) => [
  String(Number(first) + at),
  { subject: `member-${String(at + 1).padStart(2, '0')}`, confirmed: at % Number(unconfirmed) !== Number(unconfirmed) - 1 },
]));
const numbers = new Map([...known].map(([number, { subject }]) => [subject, number]));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: ['app-1', 'app-2', 'site', 'kiosk', 'statement-batch'].map((id) => ({
    client_id: id, token_endpoint_auth_method: 'none', redirect_uris: [], response_types: [], grant_types: ['password'],
  })),
  jwks: JSON.parse(fs.readFileSync(keys, 'utf8')),
  scopes: ['orders', 'card'],
  cookies: { keys: ['of the example'] },
  ttl: { AccessToken: LIFE },
  extraTokenClaims: (_, token) => ({ member_number: numbers.get(token.accountId) }),
  features: { devInteractions: { enabled: false }, resourceIndicators: { enabled: true } },
});

async function onPassword(ctx) {
  const { client, params: { username, password } } = ctx.oidc;
  const member = known.get(username);
  if (!member || password !== `secret of ${username}`) throw new errors.InvalidGrant('no such member');
  const token = new provider.AccessToken({
    accountId: member.subject, client, gty: 'password', scope: member.confirmed ? 'orders card' : 'orders',
    resourceServer: new provider.ResourceServer(AUDIENCE, {
      audience: AUDIENCE, scope: 'orders card', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
    }),
  });
  ctx.body = {
    access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration, scope: token.scope,
  };
}
provider.registerGrantType('password', onPassword, ['username', 'password']);
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
