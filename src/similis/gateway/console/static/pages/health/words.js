// The words of the page of health and activity.

import { messages } from "../../i18n.js";

export const t = messages("health", {
  en: {
    service: "Service", ready: "Ready", closed: "Ready", loading: "Not ready", silent: "No answer", since: "Running since {when}, {time}",
    "ready.text": "It answers, and its models are loaded.", "loading.text": "It answers, but cannot take pictures yet.", "closed.text": "It is ready; its figures are not let through to this page.", "silent.text": "It does not answer. This page goes on asking.",
    now: "Now", "now.note": "Of this gateway, in the last five minutes at most; asked every two seconds while this page is seen.",
    rate: "Calls a second", errors: "Refused or failed a second", p95: "Search, slowest of twenty", memory: "Memory", processors: "Processors busy",
    "p95.note": "{time} or less", none: "–",
    calls: "Calls since the start", kind: "Kind", search: "Searches", add: "Pictures added", other: "Other calls", cloud: "Cloud protocol",
    number: "Calls", failed: "Refused", broken: "Failed", half: "Half within", most: "95 % within", above: "above {time}",
    "calls.note": "Of REST; those of the cloud protocol are one kind. Calls of this page itself are not counted.",
    instances: "Instances", instance: "Instance", pictures: "Pictures", capacity: "Capacity", used: "Used", no_instances: "There is none yet.",
    activity: "Activity", "activity.note": "The audit log, the newest first. Names of pictures of deleted instances can no longer be read.",
    all: "All instances", changes: "Only changes", refresh: "Refresh", older: "Show older ones", when: "When", who: "Who", what: "What", subject: "To what", outcome: "Outcome",
    erased: "(no longer readable)", ok: "Done", nothing: "Nothing yet.",
  },
  zh: {
    service: "服务", ready: "就绪", closed: "就绪", loading: "未就绪", silent: "无响应", since: "启动于 {when}，已运行 {time}",
    "ready.text": "服务正常响应，模型已加载。", "loading.text": "服务有响应，但暂时不能处理图片。", "closed.text": "服务已就绪，但其统计数据未对此页面开放。", "silent.text": "服务没有响应，此页面会继续尝试。",
    now: "实时", "now.note": "仅此网关，最多显示最近五分钟；页面可见时每两秒刷新一次。",
    rate: "每秒调用数", errors: "每秒被拒绝或失败数", p95: "搜索耗时（P95）", memory: "内存", processors: "占用处理器",
    "p95.note": "不超过 {time}", none: "–",
    calls: "启动以来的调用", kind: "类型", search: "搜索", add: "添加图片", other: "其他调用", cloud: "云协议",
    number: "调用数", failed: "被拒绝", broken: "失败", half: "P50 耗时", most: "P95 耗时", above: "超过 {time}",
    "calls.note": "统计 REST 调用；云协议调用合并为一类。不含此页面自身的请求。",
    instances: "实例", instance: "实例", pictures: "图片数", capacity: "容量", used: "使用率", no_instances: "还没有实例。",
    activity: "操作记录", "activity.note": "审计日志，最新的在前。已删除实例的图片名称无法再读取。",
    all: "全部实例", changes: "仅变更操作", refresh: "刷新", older: "显示更早的记录", when: "时间", who: "操作者", what: "操作", subject: "对象", outcome: "结果",
    erased: "（已无法读取）", ok: "成功", nothing: "暂无记录。",
  },
});
