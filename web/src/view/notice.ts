// What is said of an event of the session; null where the lists show it by themselves. Pure.

import type { UserId } from "../lib/index.ts";
import type { SessionNews } from "../session/index.ts";
import type { Notice } from "./view.ts";

export function noticeOf(
  event: SessionNews,
  me: UserId | null,
  nameOf: (userId: UserId) => string,
): Notice | null {
  switch (event.code) {
    case "left":
      return event.name ? { code: "left", name: event.name } : null;
    case "director-changed": {
      if (!event.former) return null;
      const isMe = event.userId === me;
      return {
        code: "director-changed",
        name: nameOf(event.userId),
        isMe,
        formerName: nameOf(event.former),
      };
    }
    case "started-without": {
      const names = event.userIds.map(nameOf).filter((name) => name !== "");
      return names.length > 0 ? { code: "started-without", names } : null;
    }
    case "bad-piece":
    case "source-silent":
      return { code: event.code, name: nameOf(event.from), fileName: event.fileName };
    case "peer-dropped":
      if (event.reason === "version") return { code: "error", error: "wire-version", fileName: null };
      return {
        code: event.reason === "unproven" ? "link-unproven" : "peer-dropped",
        name: nameOf(event.from),
      };
    case "measured":
      return { code: "measured" };
    case "lined-up":
      return event.by && event.by !== me ? { code: "lined-up", name: nameOf(event.by) } : null;
    case "queue-refused":
      return event;
    case "file-refused":
      return { code: "error", error: event.error, fileName: event.fileName };
    default:
      return null;
  }
}
