// A QR code as one SVG path. Its own chunk, fetched when someone first invites. Pure.

import { encode } from "uqr";

/** Scanners need four modules of quiet around the code (ISO/IEC 18004). */
const QUIET_MODULES = 4;

export interface QrPath {
  /** Side of the square in modules, quiet zone included. */
  readonly sideModules: number;
  readonly path: string;
}

export function qrPath(text: string): QrPath {
  // M survives a scratched or glaring screen; L is for print.
  const { data, size } = encode(text, { ecc: "M", border: QUIET_MODULES });
  let path = "";
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x++;
      path += `M${from} ${y}h${x - from + 1}v1h${from - x - 1}z`;
    }
  });
  return { sideModules: size, path };
}
