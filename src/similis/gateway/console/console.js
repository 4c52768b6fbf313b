"use strict";
// The access key and the pictures live in the memory of this page only: nothing is written to any storage.
const $ = (id) => document.getElementById(id);
let key = "";
let instances = [];
const seen = new Map(); // "instance\nproduct\npicture" -> object URL of a picture added from this page

class ApiError extends Error {}

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${key}` };
  if (body && !(body instanceof FormData)) headers["content-type"] = "application/json";
  const payload = body instanceof FormData || !body ? body : JSON.stringify(body);
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers, body: payload });
  } catch {
    throw new ApiError("The service does not answer. Is it still running?");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  const error = await response.json().catch(() => ({ message: `Status ${response.status}.`, hint: "" }));
  throw new ApiError(`${error.message} ${error.hint}`);
}

// Runs a step and shows its error, if any.
async function attempt(step) {
  $("error").hidden = true;
  try {
    await step();
  } catch (error) {
    $("error").textContent = error instanceof ApiError ? error.message : "Something went wrong in this page.";
    $("error").hidden = false;
    if (!(error instanceof ApiError)) throw error;
  }
}

function node(tag, text, ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

async function refresh(chosen) {
  instances = (await call("GET", "/instances")).instances;
  $("instance").replaceChildren(...instances.map((each) => new Option(`${each.name} (${each.type})`, each.name)));
  if (chosen) $("instance").value = chosen;
  $("new").open = !instances.length;
  showFigures();
}

function showFigures() {
  const one = instances.find((each) => each.name === $("instance").value);
  showTuning(one?.tuning);
  $("duplicates").textContent = "";
  $("groups").replaceChildren();
  $("tools").hidden = !one;
  $("figures").textContent = one
    ? `${one.picture_count.toLocaleString("en")} of ${one.capacity.toLocaleString("en")} pictures · ${one.model}`
    : "There is no instance yet. Create one to begin.";
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function showTuning(tuning) {
  $("undo").hidden = !tuning?.adopted;
  $("tuning").textContent = tuning
    ? `${tuning.reason} Right best match: ${percent(tuning.recall_before)} before, ${percent(tuning.recall_after)} after;`
      + ` right among the ten best: ${percent(tuning.precision_before)} before, ${percent(tuning.precision_after)} after`
      + ` (difference ${percent(tuning.gain_low)} to ${percent(tuning.gain_high)});`
      + ` ${tuning.queries.toLocaleString("en")} queries, ${tuning.products.toLocaleString("en")} products.`
    : "";
}

// Runs a step that takes long, with its button out of reach.
async function busy(button, told, step) {
  $(button).disabled = true;
  $(told).textContent = "Working …";
  try {
    await step();
  } catch (error) {
    $(told).textContent = "";
    throw error;
  } finally {
    $(button).disabled = false;
  }
}

async function tune() {
  const name = $("instance").value;
  const tuning = await call("POST", `${instancePath()}/tuning`, {});
  await refresh(name);
  showTuning(tuning);
}

async function undo() {
  const name = $("instance").value;
  await call("DELETE", `${instancePath()}/tuning`);
  await refresh(name);
}

const GROUPS_SHOWN = 100;

async function findDuplicates() {
  const answer = await call("GET", `${instancePath()}/duplicates`);
  $("duplicates").textContent = answer.groups.length
    ? `${answer.groups.length.toLocaleString("en")} groups among ${answer.pictures.toLocaleString("en")} pictures`
      + `${answer.groups.length > GROUPS_SHOWN ? `; the largest ${GROUPS_SHOWN} are shown` : ""}.`
    : `None among ${answer.pictures.toLocaleString("en")} pictures.`;
  const named = (each) => `${each.product_id} · ${each.pic_name} (${each.similarity.toFixed(3)})`;
  $("groups").replaceChildren(
    ...answer.groups.slice(0, GROUPS_SHOWN).map((group) => node("li", "", ...group.map((each) => node("small", named(each)))))
  );
}

const instancePath = () => `/instances/${encodeURIComponent($("instance").value)}`;

async function search(file) {
  if (!file) return;
  $("results").replaceChildren();
  $("category").textContent = "Searching …";
  showQuery(file);
  const form = new FormData();
  form.append("file", file, "picture");
  try {
    const answer = await call("POST", `${instancePath()}/search`, form);
    drawRegion(answer.region);
    describe(answer);
    $("results").replaceChildren(...answer.matches.map(result));
  } catch (error) {
    $("category").textContent = "";
    throw error;
  }
}

function showQuery(file) {
  URL.revokeObjectURL($("query-picture").src);
  $("found").hidden = true;
  $("query-picture").src = URL.createObjectURL(file);
  $("query").hidden = false;
}

// Regions are "x1,x2,y1,y2" in pixels of the picture as it is shown upright.
async function drawRegion(region) {
  const picture = $("query-picture");
  await picture.decode().catch(() => {});
  if (!region || !picture.naturalWidth) return;
  const [x1, x2, y1, y2] = region.split(",").map(Number);
  const box = $("found").style;
  box.left = `${(100 * x1) / picture.naturalWidth}%`;
  box.width = `${(100 * (x2 - x1)) / picture.naturalWidth}%`;
  box.top = `${(100 * y1) / picture.naturalHeight}%`;
  box.height = `${(100 * (y2 - y1)) / picture.naturalHeight}%`;
  $("found").hidden = false;
}

function describe(answer) {
  const named = answer.categories.find((each) => each.category_id === answer.category_id);
  const milliseconds = Object.values(answer.milliseconds).reduce((sum, each) => sum + each, 0);
  const category = named ? `Category: ${named.name}. ` : "";
  $("category").textContent = `${category}${answer.found} found in ${Math.round(milliseconds)} ms.`;
}

function result(match) {
  const url = seen.get([$("instance").value, match.product_id, match.pic_name].join("\n"));
  const picture = document.createElement(url ? "img" : "span");
  if (url) Object.assign(picture, { src: url, alt: "" });
  else picture.className = "blank";
  const attributes = Object.entries(match).filter(([name, value]) => /^(int|str)_attr|^custom/.test(name) && value !== null);
  const text = node("div", match.product_id, node("small", match.pic_name));
  if (attributes.length) text.append(node("small", attributes.map(([name, value]) => `${name}: ${value}`).join(" · ")));
  return node("li", "", picture, text, node("strong", match.score.toFixed(3)));
}

async function add(files) {
  if (!files.length) return;
  const name = $("instance").value;
  const product = $("product").value.trim();
  let done = 0, failed = 0;
  $("failures").replaceChildren();
  Object.assign($("progress"), { max: files.length, value: 0, hidden: false });
  for (const file of files) {
    try {
      await addOne(name, file, product || file.name.replace(/\.[^.]*$/, ""));
      done += 1;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed += 1;
      $("failures").append(node("li", `${file.name}: ${error.message}`));
    }
    $("progress").value += 1;
    $("added").textContent = `${done} added${failed ? `, ${failed} failed` : ""} of ${files.length}.`;
  }
  $("progress").hidden = true;
  await refresh(name);
}

async function addOne(instance, file, product) {
  const form = new FormData();
  form.append("file", file, "picture");
  form.append("product_id", product);
  form.append("pic_name", file.name);
  await call("POST", `/instances/${encodeURIComponent(instance)}/pictures`, form);
  const place = [instance, product, file.name].join("\n");
  URL.revokeObjectURL(seen.get(place));
  seen.set(place, URL.createObjectURL(file));
}

function dropTarget(area, input, take) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    attempt(() => take(files));
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    area.addEventListener(kind, (event) => {
      event.preventDefault();
      area.classList.toggle("over", kind === "dragover");
      if (kind === "drop") attempt(() => take([...event.dataTransfer.files]));
    });
  }
}

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  key = $("key").value.trim();
  attempt(async () => {
    await refresh();
    $("key").value = "";
    $("sign-in").hidden = true;
    $("work").hidden = false;
  });
});
$("create").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const made = await call("POST", "/instances", { name: $("name").value, type: $("type").value });
    $("create").reset();
    await refresh(made.name);
  });
});
$("instance").addEventListener("change", showFigures);
$("tune").addEventListener("click", () => attempt(() => busy("tune", "tuning", tune)));
$("undo").addEventListener("click", () => attempt(() => busy("undo", "tuning", undo)));
$("compare").addEventListener("click", () => attempt(() => busy("compare", "duplicates", findDuplicates)));
dropTarget($("search-drop"), $("search-file"), ([file]) => search(file));
dropTarget($("add-drop"), $("add-files"), add);
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file && !$("work").hidden && !$("tools").hidden) attempt(() => search(file));
});
