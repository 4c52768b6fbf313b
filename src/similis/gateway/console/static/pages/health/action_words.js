// What was done, in words: the actions of the audit log.

import { messages } from "../../i18n.js";

export const action = messages("action", {
  en: {
    "picture.add": "Picture added", "picture.upload": "Picture uploaded", "picture.show": "Picture looked at", "picture.update": "Picture changed",
    "picture.delete": "Pictures deleted", "picture.search": "Search", "picture.compare": "Pictures compared", "picture.duplicates": "Duplicates looked for",
    "filter.check": "Filter checked",
    "instance.create": "Instance made", "instance.list": "Instances listed", "instance.show": "Instance looked at", "instance.set": "Settings of the instance changed",
    "instance.delete": "Instance deleted", "instance.rebuild": "Index built anew", "instance.move": "Instance moved to another index",
    "tuning.start": "Tuning", "tuning.show": "Tuning looked at", "tuning.undo": "Tuning undone",
    "key.create": "Access key made", "key.list": "Access keys listed", "key.reveal": "Secret of an access key shown", "key.set": "Limits of an access key changed", "key.disable": "Access key disabled",
    "session.start": "Signed in", "session.end": "Signed out",
    "connection.create": "Connection made", "connection.list": "Connections listed", "connection.show": "Connection looked at",
    "connection.check": "Connection tried", "connection.delete": "Connection deleted",
    "task.start": "Task begun", "task.list": "Tasks listed", "task.show": "Task looked at", "task.failures": "Failures of a task read",
    "task.resume": "Task resumed", "task.cancel": "Task cancelled", "task.end": "Task ended", "export.read": "Export read",
    "keyring.rotate": "Keys changed", "keyring.prune": "Leftover keys removed",
    "customer.show": "What a customer owns looked at", "customer.export": "What a customer owns taken out", "customer.erase": "What a customer owned erased",
    "retention.remove": "Pictures removed, their time being over", "audit.read": "Activity read", "audit.lost": "Activity that could not be written down",
    "service.start": "Service started",
  },
  zh: {
    "picture.add": "添加图片", "picture.upload": "上传图片", "picture.show": "查看图片", "picture.update": "修改图片",
    "picture.delete": "删除图片", "picture.search": "搜索", "picture.compare": "比较图片", "picture.duplicates": "查找重复图片",
    "filter.check": "检查筛选表达式",
    "instance.create": "创建实例", "instance.list": "列出实例", "instance.show": "查看实例", "instance.set": "更改实例设置",
    "instance.delete": "删除实例", "instance.rebuild": "重建索引", "instance.move": "更换实例的索引",
    "tuning.start": "调优", "tuning.show": "查看调优", "tuning.undo": "撤销调优",
    "key.create": "创建访问密钥", "key.list": "列出访问密钥", "key.reveal": "显示访问密钥的密码", "key.set": "更改访问密钥的限制", "key.disable": "停用访问密钥",
    "session.start": "登录", "session.end": "退出",
    "connection.create": "创建存储连接", "connection.list": "列出存储连接", "connection.show": "查看存储连接",
    "connection.check": "测试存储连接", "connection.delete": "删除存储连接",
    "task.start": "启动任务", "task.list": "列出任务", "task.show": "查看任务", "task.failures": "读取任务的失败明细",
    "task.resume": "继续任务", "task.cancel": "取消任务", "task.end": "任务结束", "export.read": "读取导出内容",
    "keyring.rotate": "更换密钥", "keyring.prune": "清除遗留密钥",
    "customer.show": "查看客户的数据", "customer.export": "导出客户的数据", "customer.erase": "清除客户的数据",
    "retention.remove": "清除到期图片", "audit.read": "读取操作记录", "audit.lost": "未能写入的操作记录",
    "service.start": "服务启动",
  },
});
