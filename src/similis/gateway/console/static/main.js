// Begins: who is signed in? Then the frame and the page that the address names; otherwise the sign-in.

import { whenSignedOut } from "./api.js";
import { show } from "./dom.js";
import { address, load, OF_INSTANCE, place } from "./router.js";
import * as session from "./session.js";
import { closedPage, frame } from "./shell.js";
import { signInPage } from "./sign_in.js";
import { errorBox } from "./ui/feedback.js";

let leaving = new AbortController();

/** Draws all anew: after the sign-in, the sign-out, another language. */
async function draw() {
  if (!session.current()) {
    leaving.abort();
    document.title = "Similis";
    show(document.body, signInPage(begin, draw));
    return;
  }
  const { page, instance, parameters } = await settled();
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { body, main, title } = frame({ page, instance, redraw: draw, onSignOut });
  document.body.classList.remove("unfolded");
  show(document.body, body, document.querySelector("body > .toasts")); // what was just told may lead to another page
  document.title = `${title} – Similis`;
  try {
    const module = session.mayOpen(page) ? await load(page) : closedPage;
    if (!signal.aborted) await module.show(main, { instance, parameters, signal });
  } catch (error) {
    if (!signal.aborted) main.append(errorBox(error));
  }
  if (!signal.aborted) main.dataset.ready = page; // for whoever drives this page
}

/** The place to be: an instance that is there, a page that fits. */
async function settled() {
  const wanted = place();
  const names = session.instances().map((each) => each.name);
  if (!names.length && OF_INSTANCE.includes(wanted.page || "search")) return { page: "welcome", instance: "", parameters: wanted.parameters };
  const page = wanted.page || "search";
  if (!OF_INSTANCE.includes(page)) return { ...wanted, page };
  const instance = names.includes(wanted.instance) ? wanted.instance : names[0];
  if (page !== wanted.page || instance !== wanted.instance) history.replaceState(null, "", address(page, instance));
  return { ...wanted, page, instance };
}

async function begin() {
  await session.refreshInstances();
  await draw();
}

async function onSignOut() {
  await session.signOut();
  history.replaceState(null, "", location.pathname);
  location.reload(); // nothing of what was shown stays in memory
}

whenSignedOut(() => {
  session.forget();
  draw();
});

let drawn = "";
addEventListener("hashchange", async () => {
  await draw();
  // A new page is told to those who cannot see it, and what had the focus is gone with the old one.
  if (drawn !== place().page || document.activeElement === document.body) document.querySelector("main h1")?.focus();
  drawn = place().page;
});

try {
  if (await session.restore()) await begin();
  else await draw();
} catch (error) {
  show(document.body, errorBox(error));
}
drawn = place().page;
