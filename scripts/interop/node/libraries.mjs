// Asks each library of Node what it thinks of tokens. It is started by ../libraries.py with the URL of
// a server, and reads lines of JSON: {"audience": ..., "tokens": [{"what", "token", "good"}]}. For each
// it writes a line: what a library got wrong.

import http from 'node:http';
import readline from 'node:readline';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.INTEROP_MODULES}/`);
const express = require('express');
const { auth } = require('express-oauth2-jwt-bearer');
const { expressjwt } = require('express-jwt');
const fastifyJwt = require('@fastify/jwt');
const Fastify = require('fastify');
const jsonwebtoken = require('jsonwebtoken');
const jwksRsa = require('jwks-rsa');
const passport = require('passport');
const passportJwt = require('passport-jwt');
const jose = await import(require.resolve('jose'));

const [issuer, audience] = process.argv.slice(2);
const algorithms = ['ES256'];
const discovered = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
const { jwks_uri: jwksUri, issuer: saysIssuer } = await discovered.json();
if (saysIssuer !== issuer) throw new Error(`the metadata are of ${saysIssuer}, not ${issuer}`);
const jwksOptions = { jwksUri, cache: true, rateLimit: true, jwksRequestsPerMinute: 10 };

const keys = jwksRsa(jwksOptions);
async function publicKey(kid) {
  return (await keys.getSigningKey(kid)).getPublicKey();
}

const remote = jose.createRemoteJWKSet(new URL(jwksUri));
const libraries = {
  'jsonwebtoken with jwks-rsa': (token) =>
    new Promise((resolve, reject) => {
      const key = (header, done) => publicKey(header.kid).then((key) => done(null, key), done);
      const wanted = { algorithms, audience, issuer };
      jsonwebtoken.verify(token, key, wanted, (error) => (error ? reject(error) : resolve()));
    }),
  jose: (token) => jose.jwtVerify(token, remote, { issuer, audience, typ: 'at+jwt', algorithms }),
};

// The others are parts of a server: each guards a path of its own.
const app = express();
app.get('/express-oauth2-jwt-bearer', auth({ issuerBaseURL: issuer, audience, strict: true }));
const expressSecret = jwksRsa.expressJwtSecret(jwksOptions);
app.get('/express-jwt', expressjwt({ secret: expressSecret, audience, issuer, algorithms }));
passport.use(
  new passportJwt.Strategy(
    {
      secretOrKeyProvider: jwksRsa.passportJwtSecret(jwksOptions),
      jwtFromRequest: passportJwt.ExtractJwt.fromAuthHeaderAsBearerToken(),
      audience,
      issuer,
      algorithms,
    },
    (claims, done) => done(null, { id: claims.sub }),
  ),
);
app.get('/passport-jwt', passport.authenticate('jwt', { session: false }));
app.use((_request, response) => response.json({}));
app.use((error, _request, response, _next) => {
  response.status(error.status ?? error.statusCode ?? 500).json({ error: String(error) });
});

const fastify = Fastify();
await fastify.register(fastifyJwt, {
  decode: { complete: true },
  secret: (_request, token) => publicKey(token.header.kid),
  verify: { algorithms, allowedAud: audience, allowedIss: issuer },
});
fastify.get('/@fastify/jwt', { onRequest: (request) => request.jwtVerify() }, async () => ({}));

const server = http.createServer(app).listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));
await fastify.listen({ port: 0, host: '127.0.0.1' });

/// A 401 refuses; every other answer but 200 is a fault.
function guarded(port, path) {
  return async (token) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    if (answer.status === 401) throw new Error('refused');
    if (answer.status !== 200) {
      process.stderr.write(`${path} answers ${answer.status}: ${await answer.text()}\n`);
      process.exit(1);
    }
  };
}

for (const name of ['express-oauth2-jwt-bearer', 'express-jwt', 'passport-jwt']) {
  libraries[name] = guarded(server.address().port, `/${name}`);
}
libraries['@fastify/jwt'] = guarded(fastify.server.address().port, '/@fastify/jwt');

for await (const line of readline.createInterface({ input: process.stdin })) {
  const wrong = [];
  for (const [name, verify] of Object.entries(libraries)) {
    for (const { what, token, good } of JSON.parse(line)) {
      const reason = await verify(token).then(() => null, String);
      if ((reason === null) !== good) {
        wrong.push(`${name} ${good ? 'refuses' : 'accepts'} ${what}${reason ? `: ${reason}` : ''}`);
      }
    }
  }
  process.stdout.write(`${JSON.stringify({ libraries: Object.keys(libraries), wrong })}\n`);
}
process.exit(0);
