// The words of the page of imports and exports.

import { messages } from "../../i18n.js";

export const t = messages("tasks", {
  en: {
    import: "Import", "import.what": "Adds and deletes what a file increment.meta beside the pictures says.",
    connection: "Connection", bucket: "Bucket", folder: "Folder", path: "Path of increment.meta", "path.note": "/ or /a/b.",
    "no.connections": "There is no connection for this instance yet.", "make.connection": "Make a connection",
    rebuild: "Rebuild the instance from it", "rebuild.note": "Fills it anew beside the old one, and swaps when all is done.",
    more: "More", callback: "URL that is told of the end", "callback.note": "Gets a signed POST.",
    start: "Start import", "rebuild.title": "Rebuild {name}?", "rebuild.action": "Rebuild",
    "rebuild.text": "Pictures that are not in increment.meta will be gone. Until it has ended, nothing can be added, changed or deleted; searches go on.",
    export: "Export", "export.what": "Writes names, categories, regions and attributes of all pictures as increment.meta – no pictures, no features.", "start.export": "Start export",
    tasks: "Tasks", none: "There is none yet.", refresh: "Refresh", "show.more": "Show older ones",
    task: "{kind} {id}", "kind.import": "Import", "kind.rebuild": "Rebuild", "kind.export": "Export", "kind.rekey": "Change of key",
    processing: "Running", cancelling: "Stopping", success: "Done", fail: "Failed", cancelled: "Cancelled",
    progress: "Progress of {kind} {id}", bytes: "{done} of {total}", lines: "lines", added: "added", replaced: "of them replaced", deleted: "deleted", failed: "failed", pictures: "pictures",
    waiting: "Looking for increment.meta …", rate: "{rate} lines a second", left: "{time} left", began: "Begun {when}", took: "took {time}",
    cancel: "Cancel", cancel_one: "Cancel {kind} {id}", failures: "See what failed", report: "Save the error report", file: "Save increment.meta", again: "Once more",
    "failures.title": "What failed", line: "Line", product: "ProductId", picture: "PicName", message: "What is wrong", first: "The first {count} are shown; the report has all.",
  },
  zh: {
    import: "导入", "import.what": "按图片旁的 increment.meta 文件批量添加和删除图片。",
    connection: "存储连接", bucket: "Bucket", folder: "文件夹", path: "increment.meta 所在路径", "path.note": "/ 或 /a/b。",
    "no.connections": "还没有可用于此实例的存储连接。", "make.connection": "创建连接",
    rebuild: "以此重建实例", "rebuild.note": "在旧数据旁重新填充，全部完成后一次性切换。",
    more: "更多选项", callback: "结束时通知的 URL", "callback.note": "将收到带签名的 POST 请求。",
    start: "开始导入", "rebuild.title": "重建 {name}？", "rebuild.action": "重建",
    "rebuild.text": "不在 increment.meta 中的图片将被移除。重建期间不能添加、修改或删除图片；搜索不受影响。",
    export: "导出", "export.what": "将所有图片的名称、类目、主体区域和属性导出为 increment.meta，不含图片和特征。", "start.export": "开始导出",
    tasks: "任务", none: "还没有任务。", refresh: "刷新", "show.more": "显示更早的任务",
    task: "{kind} {id}", "kind.import": "导入", "kind.rebuild": "重建", "kind.export": "导出", "kind.rekey": "更换密钥",
    processing: "进行中", cancelling: "正在停止", success: "已完成", fail: "失败", cancelled: "已取消",
    progress: "{kind} {id} 的进度", bytes: "{done} / {total}", lines: "行", added: "已添加", replaced: "其中替换", deleted: "已删除", failed: "失败", pictures: "图片",
    waiting: "正在查找 increment.meta…", rate: "每秒 {rate} 行", left: "预计剩余 {time}", began: "开始于 {when}", took: "用时 {time}",
    cancel: "取消", cancel_one: "取消{kind} {id}", failures: "查看失败项", report: "保存错误报告", file: "保存 increment.meta", again: "再次执行",
    "failures.title": "失败项", line: "行号", product: "商品 ID", picture: "图片名称", message: "原因", first: "仅显示前 {count} 条，完整内容见错误报告。",
  },
});
