// The drawings, by the name of their product.

import * as home from "./home.js";
import * as wear from "./wear.js";

export const DRAWINGS = { ...wear, ...home };
