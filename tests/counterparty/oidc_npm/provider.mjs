// An OpenID Connect provider with one client and a few people, for tests/counterparty/test_oidc.py. Whoever signs in gives a name of
// PEOPLE and any password; what is known of them stands in the ID token. Its keys are made anew at each start.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";

const { PORT, REDIRECT, CLIENT_SECRET, PEOPLE, KEY_KIND = "rsa" } = process.env;
const people = JSON.parse(PEOPLE);
const pair = KEY_KIND === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ec", { namedCurve: "P-256" });
const algorithm = KEY_KIND === "rsa" ? "RS256" : "ES256";
const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [{
    client_id: "tocsin", client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT], id_token_signed_response_alg: algorithm,
    response_types: ["code"], grant_types: ["authorization_code"], token_endpoint_auth_method: "client_secret_basic",
  }],
  jwks: { keys: [{ ...pair.privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: algorithm }] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  scopes: ["openid", "email", "groups"],
  conformIdTokenClaims: false,
  cookies: { keys: ["for a test"] },
  pkce: { methods: ["S256"], required: () => true },
  findAccount: (_context, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
});
provider.listen(Number(PORT), "127.0.0.1", () => console.log("ready"));
