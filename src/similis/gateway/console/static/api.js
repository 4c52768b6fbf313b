// Calls of the REST interface. The session is a cookie that scripts cannot read; changes also need its CSRF token,
// which lives in the memory of this page only.

let token = "";
let onSignedOut = () => {};

export const setToken = (value) => { token = value; };
export const whenSignedOut = (step) => { onSignedOut = step; };

/** An error of the service, or of the way to it: code, message, hint, requestId, status (0: no answer), retryAfter (seconds). */
export class ApiError extends Error {
  constructor({ code = "unknown", message = "", hint = "", request_id: requestId = "" }, status, retryAfter = 0) {
    super(message);
    Object.assign(this, { code, hint, requestId, status, retryAfter });
  }
}

/** Whether an error only says that the page was left. */
export const isAbort = (error) => error?.name === "AbortError";

async function answerOf(path, options) {
  try {
    return await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError({ code: "no_answer" }, 0); // its words are put in by whoever shows it, in the page's language
  }
}

async function errorOf(response) {
  const told = await response.json().catch(() => ({}));
  const wait = Number(response.headers.get("retry-after")) || 0;
  return new ApiError({ message: `Status ${response.status}.`, ...told }, response.status, wait);
}

async function request(path, method, body, { signal, raw = false } = {}) {
  const headers = {};
  const asker = token;
  if (method !== "GET") headers["x-similis-csrf"] = token;
  const json = body !== undefined && !(body instanceof FormData);
  if (json) headers["content-type"] = "application/json";
  const response = await answerOf(path, { method, headers, signal, body: json ? JSON.stringify(body) : body });
  if (!response.ok) {
    const error = await errorOf(response);
    // One that comes late must not end the session that somebody began meanwhile, nor empty the sign-in.
    if (response.status === 401 && token && asker === token && !path.startsWith("/console/session")) onSignedOut();
    throw error;
  }
  if (raw) return response;
  return response.status === 204 ? null : response.json();
}

const at = (path) => (path.startsWith("/") && !path.startsWith("/api/") && !path.startsWith("/console/") ? `/api/v1${path}` : path);

/** Paths are below /api/v1. Options: signal; raw gives the Response. */
export const api = {
  get: (path, options) => request(at(path), "GET", undefined, options),
  post: (path, body, options) => request(at(path), "POST", body, options),
  patch: (path, body, options) => request(at(path), "PATCH", body, options),
  put: (path, body, options) => request(at(path), "PUT", body, options),
  delete: (path, options) => request(at(path), "DELETE", undefined, options),
  /** Anything outside of the REST interface, such as /metrics. */
  outside: (path, options) => request(path, "GET", undefined, { raw: true, ...options }),
};

/** A path with its parts escaped: path`/instances/${name}/search`. */
export const path = (parts, ...values) => String.raw({ raw: parts }, ...values.map(encodeURIComponent));

/** A query from what is given: query({ num: 5, filter: undefined }) is "?num=5". */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** A multipart form from what is given. */
export function form(values) {
  const made = new FormData();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") made.append(name, value);
  }
  return made;
}
