// Builds stitch-page.html, seam-page.html and role-page.html into the folder given by `--outDir`; never part of the product's build.

import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  worker: { format: "es" },
  build: {
    target: "es2022",
    emptyOutDir: true,
    rollupOptions: {
      input: ["stitch-page", "seam-page", "role-page"].map((page) => `${import.meta.dirname}/${page}.html`),
    },
  },
});
