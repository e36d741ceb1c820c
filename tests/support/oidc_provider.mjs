// A real OpenID Connect provider (npm oidc-provider) on a free port of this machine, with a few people.
// Usage: node oidc_provider.mjs <folder with node_modules> <config as JSON>; prints its address.
// POST /lie?kind=… makes it sign wrongly from then on, as an attacker who holds its network (or its key) would.
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, text] = process.argv.slice(2);
const config = JSON.parse(text);
const { default: Provider } = await import(
  pathToFileURL(join(folder, "node_modules", "oidc-provider", "lib", "index.js")).href
);
const key = { ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), kid: "one", use: "sig" };
let lie = "";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const signed = (head, claims) => {
  const body = `${encode(head)}.${encode(claims)}`;
  return `${body}.${sign("sha256", Buffer.from(body), createPrivateKey({ key, format: "jwk" })).toString("base64url")}`;
};

// What becomes of an honest token, by the kind of lie.
const lies = {
  forged: ([head, claims, signature]) => `${encode(head)}.${encode({ ...claims, groups: ["release-team"], sub: "root" })}.${signature}`,
  none: ([head, claims]) => `${encode({ ...head, alg: "none" })}.${encode(claims)}.`,
  shared: ([head, claims]) => {
    const body = `${encode({ ...head, alg: "HS256" })}.${encode(claims)}`;
    return `${body}.${createHmac("sha256", config.secret).update(body).digest("base64url")}`;
  },
  audience: ([head, claims]) => signed(head, { ...claims, aud: "another-client" }),
  party: ([head, claims]) => signed(head, { ...claims, aud: [claims.aud, "another-client"], azp: "another-client" }),
  issuer: ([head, claims]) => signed(head, { ...claims, iss: "https://evil.example" }),
  nonce: ([head, claims]) => signed(head, { ...claims, nonce: "of-another-sign-on" }),
  expired: ([head, claims]) => signed(head, { ...claims, iat: claims.iat - 7200, exp: claims.exp - 7200 }),
  future: ([head, claims]) => signed(head, { ...claims, iat: claims.iat + 7200 }),
  timeless: ([head, { exp, ...claims }]) => signed(head, claims),
};

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: config.client,
        client_secret: config.secret,
        redirect_uris: config.redirects,
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    scopes: ["openid", "email", "groups"],
    conformIdTokenClaims: config.onlyUserinfo === true,
    cookies: { keys: ["a key of these tests"] },
    jwks: { keys: [key] },
    findAccount: (_, id) =>
      config.people[id] && { accountId: id, claims: () => ({ sub: id, email: `${id}@people.example`, ...config.people[id] }) },
  });
  provider.use(async (context, next) => {
    if (context.path === "/lie") {
      lie = context.query.kind ?? "";
      context.status = 204;
      return;
    }
    await next();
    if (context.path === "/token" && context.body?.id_token && lie) {
      const [head, claims, signature] = context.body.id_token.split(".");
      const parts = [JSON.parse(Buffer.from(head, "base64url")), JSON.parse(Buffer.from(claims, "base64url")), signature];
      context.body = { ...context.body, id_token: lies[lie](parts) };
    }
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
