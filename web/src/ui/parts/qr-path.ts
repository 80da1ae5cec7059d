// A QR code as one SVG path. Its own chunk, fetched when someone first invites. Pure.

import { qrModules } from "./qr-modules.ts";

/** Scanners need four modules of quiet around the code (ISO/IEC 18004). */
const QUIET_MODULES = 4;

export interface QrPath {
  /** Side of the square in modules, quiet zone included. */
  readonly sideModules: number;
  readonly path: string;
}

/** Level M survives a scratched or glaring screen; L is for print. Throws RangeError above 666 bytes. */
export function qrPath(text: string): QrPath {
  const rows = qrModules(text);
  let path = "";
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x++;
      path += `M${from + QUIET_MODULES} ${y + QUIET_MODULES}h${x - from + 1}v1h${from - x - 1}z`;
    }
  });
  return { sideModules: rows.length + 2 * QUIET_MODULES, path };
}
