// An OpenID provider on loopback, for clients that log in as a person does:
//
//     node provider.mjs MODULES PORT
//
// Whoever logs in is whom they say, with that address. Codes with PKCE, and the device flow.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , modules, port] = process.argv;
const entry = createRequire(`${modules}/package.json`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(entry));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'sigstore',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/auth/callback', 'http://localhost/auth/callback'],
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  // The identity is in the token itself, where a certificate authority looks for it.
  conformIdTokenClaims: false,
  features: { deviceFlow: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true }),
  }),
});
provider.listen(Number(port), '127.0.0.1');
