// From where this page may load the shop's pictures is in its content security policy: the hosts of the picture URLs
// that the session reached when the page was asked for. A page that was asked for by a stranger – before the sign-in,
// or by a link on another site, with which browsers send no cookie – has to come again.

const ALLOWED = document.querySelector("meta[name=picture-origins]").content.split(" ");
const CAME_AGAIN = location.search === "?again";
if (CAME_AGAIN) history.replaceState(history.state, "", location.pathname + location.hash);

/** Loads the page again where it must not load pictures from one of these origins; then this never ends. */
export async function comeAgainForPictures(origins) {
  if (CAME_AGAIN || origins.every((origin) => ALLOWED.includes(origin))) return;
  location.replace(`${location.pathname}?again${location.hash}`);
  await new Promise(() => {});
}
