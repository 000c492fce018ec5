// Signs and verifies with sigstore for JavaScript, as its library offers it:
//
//     node client.cjs sign    MODULES message|statement FILE BUNDLE SIGNING_CONFIG   (token on stdin)
//     node client.cjs verify  MODULES BUNDLE FILE TRUSTED_ROOT IDENTITY ISSUER
const fs = require('fs');
const { createRequire } = require('module');

const [, , action, modules, ...rest] = process.argv;
const load = createRequire(`${modules}/package.json`);
const { bundleFromJSON, bundleToJSON } = load('@sigstore/bundle');
const { SigningConfig, TrustedRoot } = load('@sigstore/protobuf-specs');

const json = (path) => JSON.parse(fs.readFileSync(path, 'utf8'));

async function sign(kind, file, bundle, signingConfig) {
  const token = fs.readFileSync(0, 'utf8').trim();
  const { bundleBuilderFromSigningConfig } = load('@sigstore/sign');
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: SigningConfig.fromJSON(json(signingConfig)),
    identityProvider: { getToken: async () => token },
    bundleType: kind === 'message' ? 'messageSignature' : 'dsseEnvelope',
  });
  const artifact = { data: fs.readFileSync(file), type: 'application/vnd.in-toto+json' };
  const made = await builder.create(artifact);
  fs.writeFileSync(bundle, JSON.stringify(bundleToJSON(made)));
}

function verify(bundle, file, trustedRoot, identity, issuer) {
  const { Verifier, toSignedEntity, toTrustMaterial } = load('@sigstore/verify');
  const material = toTrustMaterial(TrustedRoot.fromJSON(json(trustedRoot)));
  const entity = toSignedEntity(bundleFromJSON(json(bundle)), fs.readFileSync(file));
  new Verifier(material).verify(entity, {
    subjectAlternativeName: new RegExp(`^${identity.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    extensions: { issuer },
  });
}

const actions = { sign, verify };
Promise.resolve()
  .then(() => actions[action](...rest))
  .catch((error) => {
    console.error(`${error.name}: ${error.code ?? ''} ${error.message} ${error.cause ?? ''}`);
    process.exitCode = 1;
  });
