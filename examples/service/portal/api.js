// The service's answers. Every page goes through here, so that each form is sent once, every refusal
// arrives as a `Problem`, and a session that ended is renewed without losing the request.

/** A refusal of the service: problem details as in RFC 9457. */
export class Problem extends Error {
  constructor(details) {
    super(details.detail || details.title || "The service did not answer as expected.");
    this.details = details;
    this.code = details.code;
    this.status = details.status;
  }
}

/** A key for `once`: make one for each form that a person sends, and keep it until it is answered. */
export const newKey = () => crypto.randomUUID();

let renew = null;

/** Sets the function that signs in again; it resolves once there is a session. */
export const onSessionEnded = (signIn) => { renew = signIn; };

export const get = (path) => call("GET", path);
export const put = (path, body) => call("PUT", path, body);
export const remove = (path) => call("DELETE", path);

/** Sends a form. The service acts once for each key. */
export const post = (path, body = {}, key = newKey()) => call("POST", path, body, key);

async function call(method, path, body, key) {
  for (;;) {
    const answer = await send(method, path, body, key);
    const details = await read(answer);
    if (answer.ok) return details;
    const ended = answer.status === 401 && path !== "/v1/session" && renew;
    if (!ended) throw new Problem({ status: answer.status, ...details });
    await renew();
  }
}

async function send(method, path, body, key) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const text = body === undefined ? undefined : JSON.stringify(body);
  try {
    return await fetch(path, { method, headers, body: text, credentials: "same-origin", cache: "no-cache" });
  } catch {
    throw new Problem({ code: "unreachable", detail: "The service cannot be reached. Nothing is lost: try again." });
  }
}

async function read(answer) {
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch {
    return {};
  }
}
