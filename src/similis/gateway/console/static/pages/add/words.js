// The words of the page that adds pictures.

import { messages } from "../../i18n.js";

export const t = messages("add", {
  en: {
    pictures: "Pictures", drop: "Drop pictures or folders here, or choose", formats: "PNG, JPEG, WebP, BMP, GIF, TIFF or PPM. Similis keeps features, never the picture.",
    folder: "Choose a folder", options: "How they are added",
    naming: "ProductId", "naming.folder": "Folder, else file name", "naming.stem": "File name without its ending", "naming.typed": "The same for all",
    "naming.note": "Names the product that a picture shows. The file name becomes its PicName.", typed: "ProductId of all",
    category: "Category", tell: "Recognise it", crop: "Find the main subject", "crop.note": "Otherwise the whole picture counts.",
    duplicates: "Near-identical pictures", allow: "Add them", report: "Add them, and list them", refuse: "Leave them out",
    more: "More", shrink: "Make pictures smaller that are too large", "shrink.note": "The service takes 4 MB and sides of 4,096 pixels at most.",
    whole: "Whole number", text: "Text", custom: "Custom content", "custom.note": "Comes back with every match; kept encrypted.", attributes: "Attributes for all of them, to filter by",
    chosen: "{pictures} of {products}", "pictures.one": "1 picture", "pictures.many": "{count} pictures", "products.one": "1 product", "products.many": "{count} products",
    none: "There is no picture among the {count} files.", others: "Left out, no pictures: {count}.",
    clashes: "Left out, because another one has the same ProductId and PicName: {count}. Take the folder as ProductId if that is not meant.",
    "unread.some": "Left out, cannot be read: {count}.",
    example: "Examples", file: "File", product: "ProductId", picture: "PicName", start: "Add {pictures}", clear: "Clear",
    progress: "Progress", running: "Adding …", waiting: "The service asks to wait; going on in a moment.", stopped: "Stopped. Nothing is lost: what is left can still be added.",
    cancelled: "Cancelled. What was added stays.", ended: "Done.", "ended.failed": "Done, but not all could be added.",
    added: "added", replaced: "of them replaced", failed: "failed", left: "left", rate: "{rate} pictures a second", "time.left": "{time} left", took: "in {time}",
    cancel: "Cancel", "go.on": "Go on", search: "Search among them", leave: "You may go to other pages meanwhile; only keep this window open.",
    recent: "Added last", failures: "Not added", message: "What is wrong", first: "The first {count} are shown.", save: "Save the list", again: "Try these again",
    similar: "Near-identical to pictures that were there", to: "Like", ended_elsewhere: "{count} pictures were added to {name}.", ended_elsewhere_failed: "{count} pictures were added to {name}, {failed} were not.",
    unread: "The file cannot be read.", "unread.hint": "See that it is still there and try again.",
    large: "The file has more than 4 MB.", "large.hint": "Let the page make it smaller (under “More”), or do so yourself.", "large.unread": "This browser cannot make it smaller. Do so yourself, or save it as JPEG.",
    stopped_elsewhere: "Adding pictures to {name} has stopped.",
  },
  zh: {
    pictures: "图片", drop: "将图片或文件夹拖到此处，或点击选择", formats: "支持 PNG、JPEG、WebP、BMP、GIF、TIFF 和 PPM。Similis 只保存特征，不保存图片。",
    folder: "选择文件夹", options: "添加方式",
    naming: "商品 ID（ProductId）", "naming.folder": "文件夹名，没有则用文件名", "naming.stem": "文件名（不含扩展名）", "naming.typed": "全部相同",
    "naming.note": "标识图片所属的商品。文件名用作图片名称（PicName）。", typed: "统一的商品 ID",
    category: "类目", tell: "自动识别", crop: "识别主体", "crop.note": "不勾选则使用整张图片。",
    duplicates: "近似重复的图片", allow: "照常添加", report: "添加并列出", refuse: "不添加",
    more: "更多选项", shrink: "自动缩小过大的图片", "shrink.note": "服务最大接受 4 MB、边长 4,096 像素的图片。",
    whole: "整数", text: "文本", custom: "自定义内容", "custom.note": "随每条搜索结果返回，加密保存。", attributes: "统一设置的属性，可用于筛选",
    chosen: "{pictures}，{products}", "pictures.one": "1 张图片", "pictures.many": "{count} 张图片", "products.one": "1 个商品", "products.many": "{count} 个商品",
    none: "所选 {count} 个文件中没有图片。", others: "已跳过 {count} 个非图片文件。",
    clashes: "已跳过 {count} 张与其他图片的商品 ID 和图片名称相同的图片。如非预期，请以文件夹名作为商品 ID。",
    "unread.some": "已跳过 {count} 个无法读取的文件或文件夹。",
    example: "示例", file: "文件", product: "商品 ID", picture: "图片名称", start: "添加 {pictures}", clear: "清空",
    progress: "进度", running: "正在添加…", waiting: "服务要求稍候，即将继续。", stopped: "已停止。剩余图片仍可继续添加。",
    cancelled: "已取消。已添加的图片会保留。", ended: "全部完成。", "ended.failed": "已完成，但部分图片未能添加。",
    added: "已添加", replaced: "其中替换", failed: "失败", left: "剩余", rate: "每秒 {rate} 张", "time.left": "预计剩余 {time}", took: "用时 {time}",
    cancel: "取消", "go.on": "继续", search: "去搜索", leave: "期间可以浏览其他页面，请勿关闭此窗口。",
    recent: "最近添加", failures: "未能添加", message: "原因", first: "仅显示前 {count} 条。", save: "保存列表", again: "重试这些图片",
    similar: "与已有图片近似重复", to: "近似于", ended_elsewhere: "已向 {name} 添加 {count} 张图片。", ended_elsewhere_failed: "已向 {name} 添加 {count} 张图片，{failed} 张失败。",
    unread: "无法读取该文件。", "unread.hint": "请确认文件仍然存在，然后重试。",
    large: "文件超过 4 MB。", "large.hint": "请在“更多选项”中勾选自动缩小，或自行缩小。", "large.unread": "此浏览器无法缩小该图片，请自行缩小或另存为 JPEG。",
    stopped_elsewhere: "向 {name} 添加图片的任务已停止。",
  },
});

/** "24 pictures", "1 product". */
export const counted = (count, what, shown) => (count === 1 ? t(`${what}.one`) : t(`${what}.many`, { count: shown }));
