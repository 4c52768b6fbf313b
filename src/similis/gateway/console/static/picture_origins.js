// From where this page may load the shop's pictures is in its content security policy: the hosts of the picture URLs
// that the session reached when the page was asked for. If another one is needed – after the sign-in, or because a URL
// was set – the page has to come again.

const ALLOWED = document.querySelector("meta[name=picture-origins]").content.split(" ");
const CAME_AGAIN = location.search === "?again";
if (CAME_AGAIN) history.replaceState(history.state, "", location.pathname + location.hash);
let hopeless = null;

/** Loads the page again where the pictures of these instances need it, and tells whether it does. */
export function comeAgainForPictures(instances) {
  const wanted = new Set(instances.filter((each) => each.picture_url).map((each) => new URL(each.picture_url).origin));
  const missing = [...wanted].filter((origin) => !ALLOWED.includes(origin));
  if (CAME_AGAIN) hopeless ??= missing; // of these the service gave none: there are too many
  const again = missing.some((origin) => !hopeless?.includes(origin));
  if (again) location.replace(`${location.pathname}?again${location.hash}`);
  return again;
}
