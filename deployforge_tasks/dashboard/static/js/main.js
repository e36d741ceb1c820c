// Starts what a page needs; each part is a module of its own, and a page works without any of them.
import { localTimes } from "./times.js";

localTimes(document);
