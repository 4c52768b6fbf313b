// Pages by what stands behind the # of the address: #/search/shoes is the page "search" on the instance "shoes".

const PAGES = {
  welcome: () => import("./pages/welcome/index.js"),
  search: () => import("./pages/search/index.js"),
  add: () => import("./pages/add/index.js"),
  instance: () => import("./pages/instances/instance.js"),
  instances: () => import("./pages/instances/index.js"),
  tasks: () => import("./pages/tasks/index.js"),
  keys: () => import("./pages/keys/index.js"),
  connections: () => import("./pages/connections/index.js"),
  health: () => import("./pages/health/index.js"),
};

/** Pages that are about one instance. */
export const OF_INSTANCE = ["search", "add", "instance", "tasks"];

/** The address of a page. Parameters go behind a question mark. */
export function address(page, instance, parameters) {
  const query = parameters ? `?${new URLSearchParams(parameters)}` : "";
  return `#/${page}${instance ? `/${encodeURIComponent(instance)}` : ""}${query}`;
}

/** What the address says: { page, instance, parameters }. */
export function place() {
  const [route, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page = "", instance = ""] = route.split("/");
  return { page: page in PAGES ? page : "", instance: decoded(instance), parameters: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function go(page, instance, parameters) {
  location.hash = address(page, instance, parameters);
}

/** Draws the page and its frame anew, for what they show has changed. */
export const again = () => dispatchEvent(new HashChangeEvent("hashchange"));

/** The module of a page; it has show(root, { instance, parameters, signal }). */
export const load = (page) => PAGES[page]();
