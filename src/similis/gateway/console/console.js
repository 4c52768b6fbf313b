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
  showTasks(one);
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

const PAUSE = 1000; // between looks at a task that goes on
const pause = () => new Promise((done) => setTimeout(done, PAUSE));
let watch = 0; // another instance, or another import, begins another watch

let shown; // the instance whose tasks are on the page

function showTasks(one) {
  if (one?.name !== shown) {
    showImports([]);
    $("exported").textContent = "";
    $("export-link").hidden = true;
  }
  shown = one?.name;
  watch += 1;
  if (one) attempt(watchImports);
}

// Shows the last imports of the instance for as long as one of them goes on.
async function watchImports() {
  const mine = (watch += 1);
  const name = $("instance").value;
  let running = false;
  for (;;) {
    const { tasks } = await call("GET", `${instancePath()}/imports?num=5`);
    if (mine !== watch) return;
    showImports(tasks);
    if (!tasks.some((task) => task.status === "processing")) break;
    running = true;
    await pause();
    if (mine !== watch) return;
  }
  if (running) await refresh(name);
}

function showImports(tasks) {
  const task = tasks.find((each) => each.status === "processing");
  $("imports").replaceChildren(...tasks.map(importLine));
  $("begin-import").disabled = Boolean(task);
  $("cancel").hidden = !task || task.cancelling;
  $("cancel").value = task ? task.id : "";
  $("import-progress").hidden = !task;
  if (!task) return;
  if (task.total_bytes) Object.assign($("import-progress"), { max: task.total_bytes, value: task.read_bytes });
  else $("import-progress").removeAttribute("value");
}

function importLine(task) {
  const place = `${task.connection}:${task.bucket ?? ""}${task.path}`;
  const counts = `${task.added.toLocaleString("en")} added, ${task.replaced.toLocaleString("en")} of them replaced,`
    + ` ${task.deleted.toLocaleString("en")} deleted, ${task.failed.toLocaleString("en")} failed`;
  const line = node("li", `${task.kind} from ${place}: ${task.cancelling ? "stopping" : task.status}`, node("small", counts));
  if (task.message) line.append(node("small", task.message));
  if (task.failures_url) line.append(download(task.failures_url, "Failed lines"));
  return line;
}

function download(address, text) {
  const link = node("a", text);
  link.href = address;
  return link;
}

async function beginImport() {
  const rebuild = $("rebuild").checked;
  if (rebuild && !confirm(`Replace all pictures of ${$("instance").value} by those of the import?`)) return;
  const source = { connection: $("connection").value, bucket: $("bucket").value || null, path: $("path").value };
  await call("POST", `${instancePath()}/imports`, { ...source, rebuild });
  $("rebuild").checked = false;
  attempt(watchImports);
}

async function cancelImport() {
  await call("POST", `/tasks/${$("cancel").value}/cancel`);
  attempt(watchImports);
}

async function exportAll() {
  const name = $("instance").value;
  $("export-link").hidden = true;
  let task = await call("POST", `${instancePath()}/exports`);
  while (task.status === "processing") {
    await pause();
    task = await call("GET", `/tasks/${task.id}`);
  }
  if (name !== $("instance").value) return;
  $("exported").textContent = task.message || `${task.added.toLocaleString("en")} pictures. The link is valid for two hours.`;
  Object.assign($("export-link"), { href: task.export_url ?? "", hidden: !task.export_url });
}

// Who may not see connections writes their names.
async function suggestConnections() {
  const { connections } = await call("GET", "/connections").catch(() => ({ connections: [] }));
  $("connections").replaceChildren(...connections.map((each) => new Option(each.name, each.name)));
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
    await suggestConnections();
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
$("import").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(beginImport);
});
$("cancel").addEventListener("click", () => attempt(cancelImport));
$("export").addEventListener("click", () => attempt(() => busy("export", "exported", exportAll)));
$("compare").addEventListener("click", () => attempt(() => busy("compare", "duplicates", findDuplicates)));
dropTarget($("search-drop"), $("search-file"), ([file]) => search(file));
dropTarget($("add-drop"), $("add-files"), add);
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file && !$("work").hidden && !$("tools").hidden) attempt(() => search(file));
});
