// A search as programs: curl, Python, the official SDK. Keys are read from SIMILIS_KEY, so none is ever in a text to copy.

/**
 * What the texts are made of: { origin, instance, fields }; fields are as state.js has them, but `file` is a name.
 */
export const SNIPPETS = { curl, python, sdk };

const given = (fields) => Object.entries(fields).filter(([, value]) => value !== undefined);
const shell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const python_text = (text) => JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
const literal = (value) => (typeof value === "boolean" ? (value ? "True" : "False") : typeof value === "number" ? String(value) : python_text(value));
const address = ({ origin, instance }) => `${origin}/api/v1/instances/${encodeURIComponent(instance)}/search`;

function curl({ fields: { file, ...rest }, ...where }) {
  // --form-string takes a value as it is; -F would read files for "@" and "<".
  const forms = given(rest).map(([name, value]) => `--form-string ${shell(`${name}=${value}`)}`);
  if (file) forms.unshift(`-F ${shell(`file=@"${file.replace(/[\\"]/g, "\\$&")}"`)}`);
  return [`curl -s -H "Authorization: Bearer $SIMILIS_KEY"`, ...forms, shell(address(where))].join(" \\\n  ");
}

function python({ fields: { file, ...rest }, ...where }) {
  // Without a file httpx would send no multipart form: then each text is a part without a name of a file.
  const value = (each) => (file ? literal(each) : `(None, ${python_text(String(each))})`);
  const lines = given(rest).map(([name, each]) => `        ${python_text(name)}: ${value(each)},\n`).join("");
  return `import os

import httpx

answer = httpx.post(
    ${python_text(address(where))},
    headers={"Authorization": f"Bearer {os.environ['SIMILIS_KEY']}"},
    ${file ? "data" : "files"}={
${lines}    },
${file ? `    files={"file": open(${python_text(file)}, "rb")},\n` : ""}    timeout=30,
)
answer.raise_for_status()
for match in answer.json()["matches"]:
    print(f"{match['score']:.2f}", match["product_id"], match["pic_name"])
`;
}

/** Names of the SDK's request for ours; the score is a text there. */
function sdkArguments({ instance, fields: { file, min_score: least, distinct_product: distinct, ...rest } }) {
  return given({
    instance_name: instance, ...rest, distinct_product_id: distinct, score_threshold: least === undefined ? undefined : least.toFixed(2),
  });
}

function sdk(search) {
  const { file } = search.fields;
  const request = file ? "SearchImageByPicAdvanceRequest" : "SearchImageByNameRequest";
  const values = sdkArguments(search).map(([name, value]) => `    ${name}=${literal(value)},\n`).join("");
  const { host, protocol } = new URL(search.origin);
  return `import os

from alibabacloud_imagesearch20201214.client import Client
from alibabacloud_imagesearch20201214.models import ${request}
from alibabacloud_tea_openapi.models import Config
${file ? "from alibabacloud_tea_util.models import RuntimeOptions\n" : ""}
key_id, secret, *token = os.environ["SIMILIS_KEY"].split(":")
client = Client(
    Config(
        access_key_id=key_id,
        access_key_secret=secret,
        security_token=token[0] if token else None,
        region_id="cn-shanghai",
        endpoint=${python_text(host)},
        protocol=${python_text(protocol.slice(0, -1).toUpperCase())},
    )
)
${file ? `client._open_platform_endpoint = ${python_text(host)}  # where uploads are asked for\n` : ""}request = ${request}(
${values}${file ? `    pic_content_object=open(${python_text(file)}, "rb"),\n` : ""})
answer = client.${file ? "search_image_by_pic_advance(request, RuntimeOptions())" : "search_image_by_name(request)"}.body
for match in answer.auctions or []:
    print(f"{match.score:.2f}", match.product_id, match.pic_name)
`;
}
