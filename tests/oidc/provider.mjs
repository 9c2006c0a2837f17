// A real provider for the tests: node provider.mjs PORT URL-OF-THE-SERVICE. Whoever comes is signed in as the user that was
// posted to /test/user last.
import http from "node:http";
import Provider from "oidc-provider";

const [port, service] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const users = {};
let current = "";

const provider = new Provider(issuer, {
  clients: [{
    client_id: "fupan",
    client_secret: "a secret of the test",
    redirect_uris: [`${service}/login/provider/callback`],
    post_logout_redirect_uris: [`${service}/login`],
    backchannel_logout_uri: `${service}/login/provider/logout`,
    backchannel_logout_session_required: true,
  }],
  claims: { openid: ["sub", "sid"], email: ["email", "email_verified"], profile: ["name", "groups"] },
  cookies: { keys: ["a key of the test"] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // Its own guard would not call the service on this machine.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...users[id] }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("backchannel.error", (_, error) => console.error(error));

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  const { params, prompt, session } = details;
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: current } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const callback = provider.callback();
http.createServer((request, response) => {
  if (request.url === "/test/user") {
    let body = "";
    request.on("data", (part) => { body += part; });
    request.on("end", () => {
      const { sub, ...claims } = JSON.parse(body);
      users[sub] = claims;
      current = sub;
      response.end("ok");
    });
    return;
  }
  if (request.url.startsWith("/interaction/")) {
    interaction(request, response).catch((error) => { console.error(error); response.statusCode = 500; response.end(); });
    return;
  }
  callback(request, response);
}).listen(Number(port), "127.0.0.1", () => console.log("listening"));
