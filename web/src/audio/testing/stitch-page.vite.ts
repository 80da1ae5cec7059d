// Builds stitch-page.html into the folder given by `--outDir`; never part of the product's build.

import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: {
    target: "es2022",
    emptyOutDir: true,
    rollupOptions: { input: `${import.meta.dirname}/stitch-page.html` },
  },
});
