// The application: wires the modules, owns the page's life, answers snapshot().

export { App } from "./app.ts";
