// The words of the page of access keys.

import { messages } from "../../i18n.js";

export const t = messages("keys", {
  en: {
    what: "Programs and people sign in with an access key. Its role says what it may do, its instances where. Secrets are kept encrypted and are never shown again.",
    create: "Make a key", keys: "Keys in use", ended: "Disabled and ended: {count}", none: "No key is in use.",
    id: "Key", role: "Role", instances: "Instances", all: "All", made: "Made", ends: "Ends", never: "Never", qps: "Calls a second", unlimited: "No limit",
    state: "State", action: "Action", disabled: "Disabled", over: "Ended", yours: "Yours", disable: "Disable", disable_one: "Disable {id}",
    reader: "Reader", writer: "Writer", admin: "Admin",
    "reader.may": "Searches, and sees figures and attributes.", "writer.may": "Also adds, changes, deletes, imports and exports pictures.",
    "admin.may": "Also makes and deletes instances. With all instances: keys, connections, the audit log.",
    "instances.note": "Of all others the key learns nothing.",
    lifetime: "Ends after", minutes: "minutes", permanent: "Never", temporary: "Some minutes, with a security token", "minutes.note": "1 to 720.",
    "qps.note": "Empty sets no limit.",
    secret: "Access key", "secret.once": "This is shown only now. Copy it to where it will be used.", "secret.form": "For the console, the command line and REST",
    parts: "Its parts, for SDKs", "part.id": "AccessKeyId", "part.secret": "AccessKeySecret", "part.token": "SecurityToken", close: "I have kept it",
    "disable.title": "Disable this key?", "disable.text": "Whoever uses {id} is refused from now on. This cannot be undone.",
    "disable.yours": "You are signed in with this key: you will be signed out.", disabled_now: "The key is disabled.",
  },
  zh: {
    what: "程序和人员凭访问密钥登录。角色决定能做什么，实例决定能访问哪里。密钥内容加密保存，之后不再显示。",
    create: "创建密钥", keys: "使用中的密钥", ended: "已禁用和已过期：{count}", none: "没有使用中的密钥。",
    id: "密钥", role: "角色", instances: "实例", all: "全部", made: "创建时间", ends: "到期时间", never: "永不", qps: "每秒调用数", unlimited: "不限",
    state: "状态", action: "操作", disabled: "已禁用", over: "已过期", yours: "当前使用", disable: "禁用", disable_one: "禁用 {id}",
    reader: "读取者", writer: "写入者", admin: "管理员",
    "reader.may": "可搜索，可查看统计和属性。", "writer.may": "还可添加、修改、删除、导入和导出图片。",
    "admin.may": "还可创建和删除实例；若可访问全部实例，还可管理密钥、存储连接和审计日志。",
    "instances.note": "该密钥无法获知其他实例的任何信息。",
    lifetime: "有效期", minutes: "分钟数", permanent: "永久", temporary: "临时，附带安全令牌", "minutes.note": "1 到 720 分钟。",
    "qps.note": "留空表示不限。",
    secret: "访问密钥", "secret.once": "仅显示这一次，请立即复制到使用的地方。", "secret.form": "用于控制台、命令行和 REST",
    parts: "各组成部分（用于 SDK）", "part.id": "AccessKeyId", "part.secret": "AccessKeySecret", "part.token": "SecurityToken", close: "我已保存",
    "disable.title": "禁用此密钥？", "disable.text": "此后使用 {id} 的请求都会被拒绝，且无法恢复。",
    "disable.yours": "这是您当前登录所用的密钥，禁用后您将退出登录。", disabled_now: "密钥已禁用。",
  },
});
