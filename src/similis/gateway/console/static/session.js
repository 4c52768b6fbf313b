// Who is signed in, and which instances the key reaches.

import { api, setToken } from "./api.js";
import { comeAgainForPictures } from "./picture_origins.js";

const RANK = { reader: 1, writer: 2, admin: 3 };

let session = null;
let reached = [];

function take(answer) {
  session = answer?.signed_in ? answer : null;
  setToken(session?.csrf ?? "");
  return session;
}

export const current = () => session;

/** Whether the key has at least this role. */
export const can = (role) => Boolean(session) && RANK[session.role] >= RANK[role];

/** Whether the key is bound to no instance, as what concerns all of them needs. */
export const reachesAll = () => Boolean(session) && session.instances.length === 0;

const OF_WRITERS = ["add", "tasks"];
const OF_OWNERS = ["connections", "keys"];

/** Whether the key may use a page. */
export function mayOpen(page) {
  if (OF_OWNERS.includes(page)) return can("admin") && reachesAll();
  return can(OF_WRITERS.includes(page) ? "writer" : "reader");
}

export const restore = async () => begin(await api.get("/console/session"));
export const signIn = async (key) => begin(await api.post("/console/session", { key }));

async function begin(answer) {
  if (answer.signed_in) await comeAgainForPictures(answer.picture_origins);
  return take(answer);
}

export async function signOut() {
  await api.delete("/console/session");
  forget();
}

export function forget() {
  take(null);
  reached = [];
}

export const instances = () => reached;
export const instance = (name) => reached.find((each) => each.name === name);

/** Asks for the instances anew. */
export async function refreshInstances(options) {
  reached = (await api.get("/instances", options)).instances;
  return reached;
}
