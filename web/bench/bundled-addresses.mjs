// What the bundler makes of an import `x?worker&url` is the address of a script of its own. Without it there is none, and a simulated
// device loads no such script: an empty address lets the modules around it be imported by Node alone.

import { registerHooks } from "node:module";

registerHooks({
  load: (url, context, next) =>
    url.endsWith("?worker&url")
      ? { format: "module", source: 'export default "";', shortCircuit: true }
      : next(url, context),
});
