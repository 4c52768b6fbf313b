// Begins: who is signed in? Then the frame and the page that the address names; otherwise the sign-in.

import { whenSignedOut } from "./api.js";
import { show } from "./dom.js";
import { address, load, OF_INSTANCE, place } from "./router.js";
import * as session from "./session.js";
import { closedPage, frame } from "./shell.js";
import { signInPage } from "./sign_in.js";
import { errorBox, errorLine, toast } from "./ui/feedback.js";

let leaving = new AbortController();
let chosen = ""; // the instance that was last looked at, for pages that are about none
let begun = false;

/** Draws all anew: after the sign-in, the sign-out, another language. */
async function draw() {
  // A dialog that is only removed would never say that it is closed, and who waits for it would wait for ever.
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  if (!session.current()) {
    leaving.abort();
    document.title = "Similis";
    replace(signInPage(begin, draw));
    return;
  }
  const { page, instance, parameters } = await settled();
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { body, main, title } = frame({ page, instance, redraw: draw, onSignOut });
  document.body.classList.remove("unfolded");
  replace(body, document.querySelector("body > .toasts")); // what was just told may lead to another page
  document.title = `${title} – Similis`;
  try {
    const module = session.mayOpen(page) ? await load(page) : closedPage;
    if (!signal.aborted) await module.show(main, { instance, parameters, signal });
  } catch (error) {
    if (!signal.aborted) main.append(errorBox(error));
  }
  if (!signal.aborted) main.dataset.ready = page; // for whoever drives this page
}

/** Shows other elements. A choice that had the focus keeps it; else a new page is told to those who cannot see it. */
function replace(...elements) {
  const held = document.activeElement?.dataset.choice;
  show(document.body, ...elements);
  if (held) document.querySelector(`[data-choice="${held}"]`)?.focus();
  if (begun && document.activeElement === document.body) document.querySelector("main h1")?.focus();
  begun = true;
}

/** The place to be: an instance that is there, a page that fits. */
async function settled() {
  const wanted = place();
  const names = session.instances().map((each) => each.name);
  if (!names.length && OF_INSTANCE.includes(wanted.page || "search")) return { page: "welcome", instance: "", parameters: wanted.parameters };
  const page = wanted.page || "search";
  const instance = [wanted.instance, chosen].find((each) => names.includes(each)) ?? names[0] ?? "";
  chosen = instance;
  if (!OF_INSTANCE.includes(page) || (page === wanted.page && instance === wanted.instance)) return { ...wanted, page, instance };
  history.replaceState(null, "", address(page, instance));
  return { page, instance, parameters: new URLSearchParams() }; // those that were given are about something else
}

async function begin() {
  await session.refreshInstances();
  await draw();
}

async function onSignOut() {
  try {
    await session.signOut();
  } catch (error) {
    // Another window has ended or renewed the session: see what there is now.
    if (error.code === "csrf_failed" || error.status === 401) location.reload();
    else toast(errorLine(error));
    return;
  }
  history.replaceState(null, "", location.pathname);
  location.reload(); // nothing of what was shown stays in memory
}

whenSignedOut(() => {
  if (!session.current()) return; // the sign-in is there already, perhaps with half a key
  session.forget();
  draw();
});

addEventListener("hashchange", draw);

try {
  if (await session.restore()) await begin();
  else await draw();
} catch (error) {
  show(document.body, errorBox(error));
}
