// Runs in the Node judge's environment: reads one order a line from stdin, carries it out with an official SDK, answers a line.
//
// An order: `version` (20201214 or 2019-03-25), `action`, `parameters` (by their names on the wire), `pictures` (name →
// Base64; sent by the upload flow), `client` (fields of the SDK's Config), `runtime` (fields of its RuntimeOptions),
// `upload` (host and port that the client asks for uploads instead of openplatform.aliyuncs.com).
'use strict';
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');
const { Readable } = require('node:stream');

const load = createRequire(process.argv[2] + '/');
const sdk = load('@alicloud/imagesearch20201214');
const core = load('@alicloud/openapi-core').$OpenApiUtil;
const { RuntimeOptions } = load('@darabonba/typescript');
const ClientOf2019 = load('@alicloud/imagesearch-2019-03-25');

const PATIENCE = 60000; // milliseconds: the machine may be busy
const lowerFirst = (name) => name[0].toLowerCase() + name.slice(1);

async function current({ action, parameters, pictures, client, runtime, upload }) {
  const config = new core.Config({
    protocol: 'HTTP', regionId: 'cn-shanghai', readTimeout: PATIENCE, connectTimeout: PATIENCE, ...client,
  });
  const caller = new sdk.default(config);
  if (upload) caller._openPlatformEndpoint = upload;
  const advance = Object.keys(pictures ?? {}).length > 0;
  const Request = sdk[action + (advance ? 'AdvanceRequest' : 'Request')];
  const byWireName = Object.entries(Request.names());
  const request = new Request(Object.fromEntries(
    byWireName.filter(([, wire]) => wire in parameters).map(([own, wire]) => [own, parameters[wire]])));
  for (const [name, content] of Object.entries(pictures ?? {})) {
    request[lowerFirst(name) + 'Object'] = Readable.from([Buffer.from(content, 'base64')]);
  }
  const verb = lowerFirst(action) + (advance ? 'Advance' : 'WithOptions');
  const response = await caller[verb](request, new RuntimeOptions(runtime ?? {}));
  return response.body.toMap();
}

async function of2019({ action, parameters, client }) {
  const caller = new ClientOf2019({ ...client, apiVersion: '2019-03-25' });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return caller[lowerFirst(action)](new URLSearchParams(parameters).toString(), headers, { timeout: PATIENCE });
}

async function carryOut(order) {
  try {
    return { body: await (order.version === '2019-03-25' ? of2019 : current)(order) };
  } catch (error) {
    const { code, message, statusCode, requestId, data, accessDeniedDetail } = error;
    return { error: {
      type: error.name, text: String(error), code, message, status: statusCode, request_id: requestId, data,
      denied: accessDeniedDetail,
    } };
  }
}

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await carryOut(JSON.parse(line))) + '\n');
  }
})();
