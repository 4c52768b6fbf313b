// The words of the page of connections.

import { messages } from "../../i18n.js";

export const t = messages("connections", {
  en: {
    what: "A connection leads to storage that pictures are imported from. What is secret of it is kept encrypted and never shown.",
    create: "Make a connection", connections: "Connections", none: "There is none yet.",
    name: "Name", "name.note": "1 to 40 letters, digits, _ or -.", provider: "Kind of storage",
    oss: "Alibaba Cloud OSS", s3: "S3 or compatible", file: "Directory of the service's machine",
    place: "Place", instances: "Instances", all: "All", credentials: "Credentials", stored: "Stored", environment: "Of the service", "no.credentials": "None needed", action: "Action",
    region: "Region", "region.note": "Such as {example}.", endpoint: "Endpoint", "endpoint.note": "Host, or http(s)://host:port; of S3 also {bucket}.host. Empty takes the region's own.",
    bucket: "Bucket", "bucket.note": "The only one that is reached. Empty leaves it to each import.",
    root: "Directory", "root.note": "Absolute path; it lies in one that SIMILIS_IMPORT_ROOTS names.", folder: "Folder in it", "folder.note": "The only one that is reached. Empty takes the directory itself.",
    role_arn: "Role to assume", "role_arn.note": "Its ARN; empty reads with the access key itself.",
    access_key_id: "AccessKeyId", access_key_secret: "AccessKeySecret", security_token: "SecurityToken", token_note: "Only with a temporary key.",
    given: "Access key of the storage", "given.note": "Empty takes what the service's environment has.", "instances.note": "Which may import by it.",
    check: "Check", check_one: "Check {name}", "check.title": "Check {name}", "check.what": "Goes through all that an import needs, up to the first step that is not good.",
    path: "Path of increment.meta", "path.note": "/ or /a/b. Empty does not look for it.", instance: "Instance to import into", "any.instance": "None in particular", leave: "Close",
    good: "All good.", bad: "Not all is good.", "step.good": "Good", "step.bad": "Not good",
    "step.connection": "Connection", "step.role": "Role", "step.bucket": "Bucket", "step.region": "Region", "step.path": "Path", "step.increment.meta": "increment.meta",
    delete: "Delete", delete_one: "Delete {name}", "delete.title": "Delete {name}?", "delete.text": "The connection and its credentials are deleted. What was imported by it stays.",
    deleted: "The connection is deleted.", made: "The connection is there. Check it before the first import.",
  },
  zh: {
    what: "存储连接指向待导入图片所在的存储。其中的机密信息加密保存，不再显示。",
    create: "创建连接", connections: "存储连接", none: "还没有存储连接。",
    name: "名称", "name.note": "1 到 40 个字母、数字、_ 或 -。", provider: "存储类型",
    oss: "阿里云 OSS", s3: "S3 或兼容存储", file: "服务所在机器的目录",
    place: "位置", instances: "实例", all: "全部", credentials: "凭证", stored: "已保存", environment: "使用服务的环境", "no.credentials": "无需凭证", action: "操作",
    region: "地域", "region.note": "例如 {example}。", endpoint: "Endpoint", "endpoint.note": "主机名或 http(s)://host:port；S3 也可写作 {bucket}.host。留空使用地域默认值。",
    bucket: "Bucket", "bucket.note": "只能访问此 Bucket。留空则由每次导入指定。",
    root: "目录", "root.note": "绝对路径，须位于 SIMILIS_IMPORT_ROOTS 所列目录之下。", folder: "其中的文件夹", "folder.note": "只能访问此文件夹。留空则使用目录本身。",
    role_arn: "扮演的角色", "role_arn.note": "角色 ARN。留空则直接使用访问密钥读取。",
    access_key_id: "AccessKeyId", access_key_secret: "AccessKeySecret", security_token: "SecurityToken", token_note: "仅临时密钥需要。",
    given: "存储的访问密钥", "given.note": "留空则使用服务环境中的凭证。", "instances.note": "可使用此连接导入的实例。",
    check: "检查", check_one: "检查 {name}", "check.title": "检查 {name}", "check.what": "逐项检查导入所需的条件，直到第一个未通过的步骤。",
    path: "increment.meta 所在路径", "path.note": "/ 或 /a/b。留空则不检查。", instance: "导入的目标实例", "any.instance": "不指定", leave: "关闭",
    good: "全部通过。", bad: "未全部通过。", "step.good": "通过", "step.bad": "未通过",
    "step.connection": "连接", "step.role": "角色", "step.bucket": "Bucket", "step.region": "地域", "step.path": "路径", "step.increment.meta": "increment.meta",
    delete: "删除", delete_one: "删除 {name}", "delete.title": "删除 {name}？", "delete.text": "将删除该连接及其凭证。通过它导入的内容会保留。",
    deleted: "连接已删除。", made: "连接已创建。首次导入前请先检查。",
  },
});
